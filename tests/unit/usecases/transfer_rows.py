"""Use case by face, of deliveries to third parties; see `rows.py`."""

from __future__ import annotations

from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.usecases.transfers import create_transfer
from tests.support.collectors import policy, purposes
from tests.system.isolation.world import CLUB, World

from .faces import Call, Command, Form, Row, Values

_CLUB = {"site": CLUB}
_NAME, _URL = "Tide Charts Ltd", "https://hooks.example/in"
_RECIPIENT = {"name": _NAME, "role": "processor", "country": "IE"}
_PAGE, _API = "/sites/{site}/transfers", "/v1/admin/sites/{site}/transfers"
_WEBHOOK = {"what": "events", "way": "webhook", "url": _URL}
_WORDS = (CLUB, "statistics", _NAME, _URL)
_STORAGE = {
    "what": "figures",
    "way": "s3",
    "url": "https://s3.example/bucket",
    "key_id": "AKIDEXAMPLE",
    "secret": "a secret key",
    "region": "eu-central-1",
}


def _named(world: World) -> Values:
    """The policy of club names a recipient."""
    own = purposes("standard", statistics={"recipients": [_RECIPIENT]})
    origins = ["https://club.example"]
    world.parts.registry.publish(policy("standard", site=CLUB, origins=origins, purposes=own))
    return {}


def _delivered(world: World) -> Values:
    _named(world)
    names = {"purpose": "statistics", "recipient": _NAME}
    entry, _ = create_transfer(world.parts, ON_THE_MACHINE, CLUB, **names, **_WEBHOOK)
    return {"id": entry.id}


ROWS = (
    Row(
        "create_transfer",
        ("transfer.create",),
        {
            "dashboard": Form(_PAGE, {"recipient": f"statistics/{_NAME}", **_WEBHOOK}, _CLUB),
            "api": Call(
                "POST", _API, {"purpose": "statistics", "recipient": _NAME, **_WEBHOOK}, _CLUB
            ),
            "command": Command(("transfer", "add", *_WORDS, "--what", "events")),
        },
        prepare=_named,
    ),
    Row(
        "create_transfer",
        ("transfer.create",),
        {
            "dashboard": Form(_PAGE, {"recipient": f"statistics/{_NAME}", **_STORAGE}, _CLUB),
            "api": Call(
                "POST", _API, {"purpose": "statistics", "recipient": _NAME, **_STORAGE}, _CLUB
            ),
            "command": Command(
                (
                    *("transfer", "add", *_WORDS[:3], _STORAGE["url"]),
                    *("--s3-key-id", "AKIDEXAMPLE", "--s3-secret-file", "FILE"),
                    *("--s3-region", "eu-central-1"),
                ),
                "a secret key\n",
            ),
        },
        case="storage",
        prepare=_named,
    ),
    Row(
        "create_transfer",
        (),
        {
            "dashboard": Form(_PAGE, {"recipient": f"statistics/{_NAME}", **_WEBHOOK}, _CLUB),
            "api": Call(
                "POST", _API, {"purpose": "statistics", "recipient": _NAME, **_WEBHOOK}, _CLUB
            ),
            "command": Command(("transfer", "add", *_WORDS, "--what", "events")),
        },
        case="unnamed",
        allowed=False,
    ),
    Row(
        "remove_transfer",
        ("transfer.remove",),
        {
            "dashboard": Form(f"{_PAGE}/end", {"id": "{id}"}, _CLUB),
            "api": Call("DELETE", f"{_API}/{{id}}", fills={**_CLUB, "id": "{id}"}),
            "command": Command(("transfer", "remove", *_WORDS[:3], "--what", "events")),
        },
        prepare=_delivered,
    ),
    Row(
        "remove_transfer",
        (),
        {
            "dashboard": Form(f"{_PAGE}/end", {"id": "f" * 16}, _CLUB),
            "api": Call("DELETE", f"{_API}/{'f' * 16}", fills=_CLUB),
            "command": Command(("transfer", "remove", *_WORDS[:3])),
        },
        case="unknown",
        allowed=False,
    ),
)
