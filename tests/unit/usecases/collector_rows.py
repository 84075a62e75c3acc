"""The changes of placed collectors."""

from __future__ import annotations

from askfirst_collector.catalogue.policy_toml import as_toml
from askfirst_collector.usecases.placed_collectors import save_collector
from tests.support.collectors import policy
from tests.support.placing import tides
from tests.system.isolation.world import CLUB, World

from .faces import ACTOR, Call, Command, Form, Row, Values

_SITE = policy(site=CLUB, origins=["https://club.example"])
_NEW = tides(_SITE, collector="winds", pages=["/winds/**"])
_WIDER = tides(_SITE, pages=["/tides/**", "/harbours/*"])
_PLACE = {"site": CLUB}
_TIDES = {"site": CLUB, "collector": "tides"}
_ONE = "/v1/admin/sites/{site}/collectors/{collector}"
_PAGE = "/sites/{site}/collectors/{collector}"
_WINDS = {"site": CLUB, "collector": "winds"}
_EXPECTED = ("collector", "add", "FILE", "--owner", ACTOR, "--expected")


def _own(world: World) -> Values:
    """ada has it: a command gives it to whomever it names."""
    place = world.parts.placed_collectors.get(CLUB, "tides")
    assert place is not None
    save_collector(world.parts, world.people[ACTOR], place.placed, owner=ACTOR)
    return {}


ROWS = (
    Row(
        "save_collector",
        ("collector.add",),
        {
            "dashboard": Form(
                "/sites/{site}/place", {"text": as_toml(_NEW.document), "expected": "0"}, _PLACE
            ),
            "api": Call(
                "PUT",
                _ONE,
                {"document": _NEW.document, "expected": 0},
                _WINDS,
            ),
            "command": Command((*_EXPECTED, "0"), as_toml(_NEW.document)),
        },
    ),
    Row(
        "save_collector",
        ("collector.change",),
        {
            "dashboard": Form(
                f"{_PAGE}/edit", {"text": as_toml(_WIDER.document), "expected": "2"}, _TIDES
            ),
            "api": Call("PUT", _ONE, {"document": _WIDER.document, "expected": 2}, _TIDES),
            "command": Command((*_EXPECTED, "2"), as_toml(_WIDER.document)),
        },
        case="change",
        prepare=_own,
    ),
    Row(
        "save_collector",
        (),
        {
            "dashboard": Form(
                f"{_PAGE}/edit", {"text": as_toml(_WIDER.document), "expected": "1"}, _TIDES
            ),
            "api": Call("PUT", _ONE, {"document": _WIDER.document, "expected": 1}, _TIDES),
            "command": Command((*_EXPECTED, "1"), as_toml(_WIDER.document)),
        },
        case="changed-meanwhile",
        allowed=False,
        prepare=_own,
    ),
    Row(
        "set_collector_state",
        ("collector.change",),
        {
            "dashboard": Form(f"{_PAGE}/state", {"state": "active", "expected": "1"}, _TIDES),
            "api": Call("POST", f"{_ONE}/state", {"state": "active", "expected": 1}, _TIDES),
            "command": Command(("collector", "state", CLUB, "tides", "active", "--expected", "1")),
        },
    ),
    Row(
        "set_collector_state",
        (),
        {
            "dashboard": Form(f"{_PAGE}/state", {"state": "active", "expected": "9"}, _TIDES),
            "api": Call("POST", f"{_ONE}/state", {"state": "active", "expected": 9}, _TIDES),
            "command": Command(("collector", "state", CLUB, "tides", "active", "--expected", "9")),
        },
        case="changed-meanwhile",
        allowed=False,
    ),
    Row(
        "renew_write_key",
        ("collector.change",),
        {
            "dashboard": Form(f"{_PAGE}/key", {"expected": "1"}, _TIDES),
            "api": Call("POST", f"{_ONE}/key?expected=1", fills=_TIDES),
            "command": Command(("collector", "key", CLUB, "tides", "--expected", "1")),
        },
    ),
    Row(
        "renew_write_key",
        (),
        {
            "dashboard": Form(f"{_PAGE}/key", {"expected": "9"}, _TIDES),
            "api": Call("POST", f"{_ONE}/key?expected=9", fills=_TIDES),
            "command": Command(("collector", "key", CLUB, "tides", "--expected", "9")),
        },
        case="changed-meanwhile",
        allowed=False,
    ),
)
