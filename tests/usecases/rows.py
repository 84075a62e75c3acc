"""Use case by face: how each change is asked for, and which entries it leaves.

Whoever adds a change adds its row; whoever adds a form, an operation or a command says below which
change it is. `NOT_YET` are the ones that still go to a part of the collector directly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from askfirst.terms.policy import shipped
from askfirst_collector.catalogue.policy_toml import as_toml
from tests.collectors import policy
from tests.isolation.world import CLUB, World

from .faces import Call, Command, Form

Step = Form | Call | Command
_ADMIN = "/v1/admin/sites/{site}"
_CLUB = {"site": CLUB}
_KEY = "0" * 16
_WIDER = policy("standard", site=CLUB, origins=["https://club.example"])
_CEILING = shipped("host-default")


def _nothing(world: World) -> None:
    """The world as it is."""


def _schedule(world: World) -> None:
    later = int(world.parts.now()) + 9 * 365 * 86_400
    world.parts.registry.publish(_WIDER, actor="ada", effective=later)


@dataclass(frozen=True)
class Row:
    """One change; a face that is not here does not offer it."""

    change: str
    audit: tuple[str, ...]
    faces: Mapping[str, Step]
    case: str = ""
    allowed: bool = True
    prepare: Callable[[World], None] = _nothing

    def __str__(self) -> str:
        return f"{self.change}-{self.case}" if self.case else self.change


ROWS = (
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
        },
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
        "limit_site",
        ("site.limit",),
        {
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
                {"do": "save", "document": as_toml(_CEILING.document), "expected": "0"},
            ),
            "api": Call("PUT", "/v1/admin/ceiling", {"policy": _CEILING.document, "expected": 0}),
            "command": Command(("host", "set", "FILE"), as_toml(_CEILING.document)),
        },
    ),
    Row(
        "save_webhook",
        ("webhook.set",),
        {"dashboard": Form("/sites/{site}/webhook", {"url": "https://club.example/h"}, _CLUB)},
    ),
    Row("create_set_up_link", ("link.create",), {"command": Command(("host", "link"))}),
)

_TIDE = "/sites/{site}/collectors/{collector}"
FORMS = {
    "POST /sites/{site}/keys": "create_site_key",
    "POST /v1/admin/sites/{site}/keys": "create_site_key",
    "POST /sites/{site}/keys/end": "end_site_key",
    "DELETE /v1/admin/sites/{site}/keys/{id}": "end_site_key",
    "POST /sites/{site}/publish": "publish_policy",
    "PUT /v1/admin/sites/{site}/policy": "publish_policy",
    "POST /sites/{site}/unschedule": "unschedule_policy",
    "DELETE /v1/admin/sites/{site}/scheduled": "unschedule_policy",
    "POST /retire-site": "retire_site",
    "DELETE /v1/admin/sites/{site}": "retire_site",
    "PUT /v1/admin/sites/{site}/limit": "limit_site",
    "POST /host-policy": "save_host_policy",
    "PUT /v1/admin/ceiling": "save_host_policy",
    "POST /host-policy/webhook": "save_webhook",
    "POST /sites/{site}/webhook": "save_webhook",
    f"POST {_TIDE}/webhook": "save_webhook",
}
COMMANDS = {
    "site add": "publish_policy",
    "policy publish": "publish_policy",
    "site key": "create_site_key",
    "site keys": "end_site_key",
    "site retire": "retire_site",
    "site limit": "limit_site",
    "host set": "save_host_policy",
    "host link": "create_set_up_link",
}
# Nothing of the registry changes by these: they look, sign in and out, or are about files.
NO_CHANGES = {
    *("POST /sign-in", "POST /sign-out", "POST /oidc/start", "POST /sites"),
    *("POST /sites/{site}/test", "POST /sites/{site}/test/end"),
    *("POST /v1/admin/ceiling/preview", "POST /v1/admin/sites/{site}/collectors/{name}/check"),
    *("close", "demo", "doctor", "geo", "init", "migrate", "serve", "ledger check"),
    *("collector check", "collector list", "host init", "host show"),
    *("policy check", "policy diff", "policy explain", "site list"),
}
_ONE = "/v1/admin/sites/{site}/collectors/{name}"
NOT_YET = {
    *("POST /setup", "POST /invitation", "POST /account"),
    *("POST /account/sessions", "POST /account/tokens", "POST /account/tokens/end"),
    *("POST /members/invite", "POST /members/withdraw", "POST /members/{name}"),
    *("POST /members/{name}/remove", "POST /members/{name}/sessions"),
    "POST /members/{name}/tokens",
    *("PUT /v1/admin/members/{name}", "DELETE /v1/admin/members/{name}"),
    *("POST /v1/admin/invitations", "DELETE /v1/admin/invitations/{id}"),
    "DELETE /v1/admin/tokens/{id}",
    *(f"POST {_TIDE}/state", f"POST {_TIDE}/key", f"POST {_TIDE}/edit"),
    "POST /sites/{site}/place",
    *(f"PUT {_ONE}", f"POST {_ONE}/state", f"POST {_ONE}/key"),
    *("collector add", "collector state"),
}
# Functions that nobody asks for by a face above: previews, jobs, and what visitors do.
OTHERS = {
    *(
        "preview",
        "preview_publish",
        "asked_again",
        "host_policy_number",
        "follow_file",
        "read_site_keys",
    ),
    *("record", "record_now", "settle", "me", "erase", "restrict", "pseudonyms", "generation"),
}
