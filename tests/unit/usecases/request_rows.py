"""Use case by face, of requests that come by mail; see `rows.py`."""

from __future__ import annotations

import json
from datetime import date

from askfirst.gate.receipt import handle_of
from askfirst_collector.catalogue.requests import today
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.usecases.evidence import ask_evidence, open_evidence
from askfirst_collector.usecases.record_consent import record_now
from askfirst_collector.usecases.requests import close_request, enter_request
from tests.support.collectors import decision, policy
from tests.support.people import admin
from tests.system.isolation.world import CLUB, World

from .faces import Command, Form, Row, Values

SECRET = "A" * 22
CONTACT = "Anna, 1 Quay Street"
_POLICY = policy(site=CLUB, origins=["https://club.example"])


def entered(world: World, kind: str = "erasure") -> int:
    """A request that came today, as the real clock and the world's have it."""
    day = min(today(world.parts.now()), date.today())  # noqa: DTZ011
    return enter_request(
        world.parts, ON_THE_MACHINE, CLUB, kind, received=day, contact=CONTACT
    ).number


def receipt_file(world: World) -> str:
    """What a visitor of club downloaded."""
    handle = handle_of(SECRET.encode())
    assert handle is not None
    answer = decision(_POLICY, handle=handle)
    recorded = record_now(world.parts, type(answer)(**{**vars(answer), "site": CLUB}))
    return json.dumps({"receipt": recorded.receipt, "secret": SECRET})


def _entered(world: World) -> Values:
    return {"number": str(entered(world))}


def _with_receipt(world: World) -> Values:
    file = world.parts.folder.ledger.parent.parent / "receipt.json"
    text = receipt_file(world)
    file.write_text(text, "utf-8")
    return {**_entered(world), "receipt": text, "file": str(file)}


def _closed(world: World) -> Values:
    values = _entered(world)
    close_request(world.parts, ON_THE_MACHINE, int(values["number"]), "refused")
    return values


def _leaf(world: World) -> Values:
    receipt_file(world)
    ((site, handle),) = world.parts.ledger.handles()
    return {"leaf": world.parts.ledger.history(site, handle)[0].leaf.hex()}


def _asked(world: World) -> Values:
    """Another host admin asked for evidence."""
    bob = admin(world.parts, "bob")
    return {"id": ask_evidence(world.parts, bob, _leaf(world)["leaf"])}


def _opened(world: World) -> Values:
    values = _asked(world)
    open_evidence(world.parts, world.people["ada"], values["id"])
    return values


_FIELDS = {"site": CLUB, "kind": "access", "contact": CONTACT, "received": "2026-11-20"}
_ONE = {"number": "{number}"}
ROWS = (
    Row(
        "enter_request",
        ("request.enter",),
        {
            "dashboard": Form("/requests", _FIELDS),
            "command": Command(
                ("request", "add", CLUB, "access", "--contact", CONTACT, "--received", "2026-11-20")
            ),
        },
    ),
    Row(
        "enter_request",
        (),
        {
            "dashboard": Form("/requests", {**_FIELDS, "site": "nowhere"}),
            "command": Command(("request", "add", "nowhere", "access", "--contact", CONTACT)),
        },
        case="no-site",
        allowed=False,
    ),
    Row(
        "identify_request",
        ("request.identify",),
        {
            "dashboard": Form("/requests/{number}/identify", {"receipt": "{receipt}"}, _ONE),
            "command": Command(("request", "identify", "{number}", "{file}")),
        },
        prepare=_with_receipt,
    ),
    Row(
        "extend_request",
        ("request.extend",),
        {
            "dashboard": Form("/requests/{number}/extend", {}, _ONE),
            "command": Command(("request", "extend", "{number}")),
        },
        prepare=_entered,
    ),
    Row(
        "close_request",
        ("request.close",),
        {
            "dashboard": Form(
                "/requests/{number}/close", {"outcome": "partly", "answer": "Dear Anna"}, _ONE
            ),
            "command": Command(("request", "close", "{number}", "partly", "--answer", "Dear Anna")),
        },
        prepare=_entered,
    ),
    Row(
        "close_request",
        (),
        {
            "dashboard": Form("/requests/{number}/close", {"outcome": "partly"}, _ONE),
            "command": Command(("request", "close", "{number}", "partly")),
        },
        case="twice",
        allowed=False,
        prepare=_closed,
    ),
    Row(
        "ask_evidence",
        ("evidence.ask",),
        {"dashboard": Form("/evidence", {"leaf": "{leaf}"})},
        prepare=_leaf,
    ),
    Row(
        "open_evidence",
        ("evidence.open",),
        {"dashboard": Form("/evidence/{id}/open", {}, {"id": "{id}"})},
        prepare=_asked,
    ),
    Row(
        "read_evidence",
        ("evidence.read",),
        {"dashboard": Form("/evidence/{id}/read", {}, {"id": "{id}"})},
        prepare=_opened,
    ),
)
