"""Use case by face: how each change is asked for, and which entries it leaves.

Whoever adds a change adds its row; whoever adds a form, an operation or a command says in
`mapping.py` which change it is.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from askfirst.terms.policy import shipped
from askfirst_collector.catalogue.policy_toml import as_toml
from askfirst_collector.catalogue.relay_keys import MOST
from askfirst_collector.imports.cells import TOTAL, Sums
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.usecases.imported_figures import import_figures
from askfirst_collector.usecases.shares import create_share
from askfirst_collector.usecases.site_keys import create_site_key
from askfirst_collector.usecases.sites import publish_policy
from tests.support.collectors import Clock, policy
from tests.system.isolation.world import CLUB, World

from .faces import Call, Command, Form, Row, Values

_ADMIN = "/v1/admin/sites/{site}"
_CLUB = {"site": CLUB}
_KEY = "0" * 16
_DAY = (datetime.fromtimestamp(Clock().now, UTC) + timedelta(days=9)).date().isoformat()
_PAST = (datetime.fromtimestamp(Clock().now, UTC) - timedelta(days=9)).date().isoformat()
_MATOMO = f"date,nb_uniq_visitors,nb_pageviews\n{_PAST},90,200\n"
_OTHER = "0" * 64  # the hash of nothing
# Of age; nobody has its identity.
_RECIPIENT = "age1d3jknlyql9ptz9lhnmgljyfj9q7lrspekqcdcrgxqqy6n9y9d9usux04nm"
_WIDER = policy("standard", site=CLUB, origins=["https://club.example"])
_HOST_POLICY = shipped("host-default")


def _schedule(world: World) -> Values:
    later = int(world.parts.now()) + 9 * 365 * 86_400
    publish_policy(world.parts, ON_THE_MACHINE, _WIDER, effective=later)
    return {}


def _folder(world: World) -> Values:
    return {"folder": str(world.parts.folder.ledger.parent.parent / "export")}


def _share(world: World) -> Values:
    values: Any = {"purpose": "statistics", "cards": ["Pages"], "days": "28d", "lasts": 9}
    entry, _ = create_share(world.parts, ON_THE_MACHINE, CLUB, **values)
    return {"id": entry.id}


def _ten_keys(world: World) -> Values:
    """As many as a site may have; one is there already."""
    for _ in range(MOST - 1):
        create_site_key(world.parts, ON_THE_MACHINE, CLUB)
    return {}


def _imported(world: World) -> Values:
    sums = Sums()
    day = world.parts.registry.calendar(CLUB).day_of(world.parts.now()) - timedelta(days=9)
    sums.add(day, TOTAL, "", visitors=90, views=200)
    import_figures(world.parts, ON_THE_MACHINE, CLUB, "matomo", sums)
    return {}


ROWS = (
    Row(
        "import_figures",
        ("figures.import",),
        {
            "command": Command(("figures", "import", "matomo", "FILE", "--site", CLUB), _MATOMO),
            "dashboard": Form("/sites/{site}/imported", {"tool": "matomo"}, _CLUB, file=_MATOMO),
        },
    ),
    Row(
        "remove_imported",
        ("figures.remove",),
        {
            "command": Command(("figures", "remove", "matomo", "--site", CLUB)),
            "dashboard": Form("/sites/{site}/imported/forget", {"tool": "matomo"}, _CLUB),
        },
        prepare=_imported,
    ),
    Row(
        "create_share",
        ("share.create",),
        {"dashboard": Form("/sites/{site}/shares", {"card.Pages": "1", "until": _DAY}, _CLUB)},
    ),
    Row(
        "end_share",
        ("share.end",),
        {"dashboard": Form("/sites/{site}/shares/end", {"id": "{id}"}, _CLUB)},
        prepare=_share,
    ),
    Row(
        "create_site_key",
        ("site-key.create",),
        {
            "dashboard": Form("/sites/{site}/keys", fills=_CLUB),
            "api": Call("POST", f"{_ADMIN}/keys", fills=_CLUB),
            "command": Command(("site", "key", CLUB)),
        },
    ),
    Row(
        "create_site_key",
        ("site-key.end", "site-key.create"),
        {"command": Command(("site", "key", CLUB, "--revoke"))},
        case="revoking",
    ),
    Row(
        "create_site_key",
        ("site-key.create",),
        {"command": Command(("site", "key", "marina", "--new"))},
        case="of-a-new-site",
    ),
    Row(
        "create_site_key",
        (),
        {
            "dashboard": Form("/sites/{site}/keys", fills=_CLUB),
            "api": Call("POST", f"{_ADMIN}/keys", fills=_CLUB),
            # A command goes by the real time, at which all but the newest may have ended.
        },
        case="too-many",
        allowed=False,
        prepare=_ten_keys,
    ),
    Row(
        "end_site_key",
        ("site-key.end",),
        {
            "dashboard": Form("/sites/{site}/keys/end", {"id": _KEY}, _CLUB),
            "api": Call("DELETE", f"{_ADMIN}/keys/{{id}}", fills={**_CLUB, "id": _KEY}),
            "command": Command(("site", "keys", CLUB, "--end", _KEY)),
        },
    ),
    Row(
        "end_site_key",
        (),
        {
            "dashboard": Form("/sites/{site}/keys/end", {"id": "1" * 16}, _CLUB),
            "api": Call("DELETE", f"{_ADMIN}/keys/{{id}}", fills={**_CLUB, "id": "1" * 16}),
            "command": Command(("site", "keys", CLUB, "--end", "1" * 16)),
        },
        case="unknown",
        allowed=False,
    ),
    Row(
        "publish_policy",
        ("site.publish",),
        {
            "dashboard": Form(
                "/sites/{site}/publish",
                {"do": "publish", "document": as_toml(_WIDER.document), "expected": "1"},
                _CLUB,
            ),
            "api": Call(
                "PUT", f"{_ADMIN}/policy", {"policy": _WIDER.document, "expected": 1}, _CLUB
            ),
            "command": Command(
                ("policy", "publish", "FILE", "--expected", "1"), as_toml(_WIDER.document)
            ),
        },
    ),
    Row(
        "publish_policy",
        (),
        {
            "dashboard": Form(
                "/sites/{site}/publish",
                {"do": "publish", "document": as_toml(_WIDER.document), "expected": "0"},
                _CLUB,
            ),
            "api": Call(
                "PUT", f"{_ADMIN}/policy", {"policy": _WIDER.document, "expected": 0}, _CLUB
            ),
            "command": Command(
                ("policy", "publish", "FILE", "--expected", "0"), as_toml(_WIDER.document)
            ),
        },
        case="changed-meanwhile",
        allowed=False,
    ),
    Row(
        "unschedule_policy",
        ("site.unschedule",),
        {
            "dashboard": Form("/sites/{site}/unschedule", fills=_CLUB),
            "api": Call("DELETE", f"{_ADMIN}/scheduled", fills=_CLUB),
            "command": Command(("policy", "unschedule", CLUB)),
        },
        prepare=_schedule,
    ),
    Row(
        "unschedule_policy",
        (),
        {
            "dashboard": Form("/sites/{site}/unschedule", {"expected": _OTHER}, _CLUB),
            "api": Call("DELETE", f"{_ADMIN}/scheduled?expected={_OTHER}", fills=_CLUB),
            "command": Command(("policy", "unschedule", CLUB, "--expected", _OTHER)),
        },
        case="changed-meanwhile",
        allowed=False,
        prepare=_schedule,
    ),
    Row(
        "retire_site",
        ("site.delete",),
        {
            "dashboard": Form("/retire-site", {"site": CLUB, "again": CLUB}),
            "api": Call("DELETE", _ADMIN, fills=_CLUB),
            "command": Command(("site", "retire", CLUB, "--yes")),
        },
    ),
    Row(
        "remove_site",
        ("site.delete", "site.remove"),
        {"command": Command(("site", "remove", CLUB, "--yes", "--export", "{folder}"))},
        prepare=_folder,
    ),
    Row(
        "limit_site",
        ("site.limit",),
        {
            "dashboard": Form("/sites/{site}/limit", {"rows": "900"}, _CLUB),
            "api": Call("PUT", f"{_ADMIN}/limit", {"rows_a_day": 900}, _CLUB),
            "command": Command(("site", "limit", CLUB, "900")),
        },
    ),
    Row(
        "save_host_policy",
        ("ceiling.save",),
        {
            "dashboard": Form(
                "/host-policy",
                {"do": "save", "document": as_toml(_HOST_POLICY.document), "expected": "0"},
            ),
            "api": Call(
                "PUT", "/v1/admin/ceiling", {"policy": _HOST_POLICY.document, "expected": 0}
            ),
            "command": Command(("host", "set", "FILE"), as_toml(_HOST_POLICY.document)),
        },
    ),
    Row(
        "save_host_policy",
        (),
        {
            "dashboard": Form(
                "/host-policy",
                {"do": "save", "document": as_toml(_HOST_POLICY.document), "expected": "7"},
            ),
            "api": Call(
                "PUT", "/v1/admin/ceiling", {"policy": _HOST_POLICY.document, "expected": 7}
            ),
            "command": Command(
                ("host", "set", "FILE", "--expected", "7"), as_toml(_HOST_POLICY.document)
            ),
        },
        case="changed-meanwhile",
        allowed=False,
    ),
    Row(
        "review_purpose",
        ("purpose.review",),
        {
            "dashboard": Form("/sites/{site}/review", {"purpose": "statistics"}, _CLUB),
            "command": Command(("site", "review", CLUB, "statistics")),
        },
    ),
    Row(
        "review_purpose",
        (),
        {
            "dashboard": Form("/sites/{site}/review", {"purpose": "nothing"}, _CLUB),
            "command": Command(("site", "review", CLUB, "nothing")),
        },
        case="unknown",
        allowed=False,
    ),
    Row(
        "export_rows",
        ("rows.export",),
        {"command": Command(("export", CLUB, "--rows", "{folder}"))},
        prepare=_folder,
    ),
    Row("create_set_up_link", ("link.create",), {"command": Command(("host", "link"))}),
    Row(
        "record_backup",
        ("backup.make",),
        {"command": Command(("backup", "{folder}", "--recipient", _RECIPIENT))},
        prepare=_folder,
    ),
    # Of a folder that has its ledger for itself; where it is shared: tests/system/machines.
    Row("lose_machine", (), {"command": Command(("machine", "lost", _KEY))}, allowed=False),
    Row("rotate_keys", ("keys.rotate",), {"command": Command(("keys", "rotate", "receipts"))}),
)
