"""Bad input at `/askfirst/events` of a relay: refused as the collector itself refuses it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.system.relay.test_http_collector import VISIT
from tests.system.relay.world import Site, World

pytestmark = pytest.mark.anyio

BATCH = "b" * 22
GOOD: dict[str, Any] = {"v": 1, "batch": BATCH, "events": [VISIT]}
HOSTILE: list[tuple[Any, int, str]] = [
    (b"", 400, "not-json"),
    (b"[" * 60_000, 400, "too-deep"),
    (b'{"v":1,"v":1}', 400, "duplicate-key"),
    (b'{"v":NaN}', 400, "not-json"),
    (b'{"v":1e400}', 422, "bad-shape"),
    (b'{"v":' + b"9" * 5000 + b"}", 422, "bad-shape"),
    (b'{"site":"\\ud800"}', 422, "bad-shape"),
    (b'{"site":"\\u0000"}', 422, "bad-shape"),
    (b'{"site":"\xff"}', 400, "not-utf-8"),
    (b" " * 65_537, 413, "too-large"),
    (b"null", 422, "bad-shape"),
    (b"[]", 422, "bad-shape"),
    ({**GOOD, "v": True}, 422, "unknown-version"),
    ({**GOOD, "v": 2}, 422, "unknown-version"),
    ({**GOOD, "batch": "short"}, 422, "bad-shape"),
    ({**GOOD, "events": []}, 422, "bad-shape"),
    ({**GOOD, "events": {}}, 422, "bad-shape"),
    ({**GOOD, "events": [VISIT] * 101}, 413, "too-many-events"),
    ({**GOOD, "extra": 1}, 422, "unknown-field"),
    ({**GOOD, "gpc": 1}, 422, "bad-shape"),
    ({**GOOD, "handle": "a" * 64}, 422, "bad-shape"),
    ({**GOOD, "secret": BATCH}, 422, "bad-shape"),
    ({**GOOD, "site": "other"}, 422, "bad-shape"),
    ({**GOOD, "collector": 1}, 422, "bad-shape"),
]
# An event each that is dropped by itself.
BAD_EVENTS: list[Any] = [
    1,
    None,
    [],
    {},
    {**VISIT, "type": "other"},
    {**VISIT, "purpose": "p" * 82},
    {**VISIT, "extra": 1},
    {**VISIT, "observed": {"ip": ["XX"]}},
    {**VISIT, "page": 1},
    {**VISIT, "page": "/" + "a" * 2048},
    {**VISIT, "referrer": 1},
    {**VISIT, "screen": [1]},
    {**VISIT, "screen": [True, False]},
    {**VISIT, "screen": {"a": 1}},
    {**VISIT, "cookies": []},
    {**VISIT, "cookies": {"enabled": True, "values": []}},
    {**VISIT, "type": "action", "action": "signup"},
    {**VISIT, "type": "action", "action": {"properties": {}}},
    {**VISIT, "type": "action", "action": {"name": "signup", "properties": []}},
    {**VISIT, "type": "action", "action": {"name": "signup", "properties": {"plan": {}}}},
]


async def arrived(world: World) -> Site:
    site = world.site()
    await site.browser.get("/")
    await site.accept()
    world.wire.sent.clear()
    return site


async def test_hostile_bodies(world: World) -> None:
    """4xx with a reason, never 500, and the collector hears nothing of it."""
    site = await arrived(world)
    for body, status, reason in HOSTILE:
        got = await site.browser.post_json("/askfirst/events", body)
        assert (got.status, got.json["reason"]) == (status, reason), body
    kind = [(b"content-type", b"application/json"), (b"sec-fetch-site", b"same-origin")]
    for headers, status, reason in (
        ([*kind, (b"content-encoding", b"gzip")], 415, "encoded-body"),
        ([(b"content-type", b"text/html"), kind[1]], 415, "unsupported-media-type"),
        ([kind[0]], 403, "cross-origin"),
        ([kind[0], (b"sec-fetch-site", b"cross-site")], 403, "cross-origin"),
        ([kind[0], (b"origin", b"null")], 403, "cross-origin"),
        ([kind[0], (b"origin", b"https://evil.example")], 403, "cross-origin"),
    ):
        body = json.dumps(GOOD).encode()
        got = await site.browser.send("POST", "/askfirst/events", body, headers)
        assert (got.status, got.json["reason"]) == (status, reason), headers
    got = await site.browser.get("/askfirst/events")
    assert (got.status, got.one(b"allow")) == (405, b"POST")
    assert bytes(world.wire.sent) == b""
    await site.app.aclose()


async def test_a_bad_event_is_dropped_by_itself(world: World) -> None:
    """The others of its batch are stored."""
    site = await arrived(world)
    told = (await site.send(*BAD_EVENTS, VISIT)).json
    assert told["stored"] == 1
    assert told["dropped"] == [
        {"index": index, "reason": "bad-event"} for index in range(len(BAD_EVENTS))
    ]
    await site.app.aclose()


async def test_fractions_are_numbers_of_an_action(world: World) -> None:
    """A price may have cents: its bucket is what leaves."""
    site = await arrived(world)
    action = {"name": "signup", "properties": {"seats": 10.5, "plan": None}}
    event = {**VISIT, "type": "action", "action": action}
    assert (await site.send(event)).json == {"stored": 1, "dropped": []}
    (row,) = [row for row in world.rows() if row.type == "action"]
    assert row.values["action"] == ("signup", "plan=none&seats=10-49")
    await site.app.aclose()


async def test_naughty_strings(world: World, corpus: Path) -> None:
    """Every naughty string in every field: taken or refused, and never on the wire as it was."""
    site = await arrived(world)
    strings = json.loads((corpus / "naughty" / "blns.json").read_text("utf-8"))
    for n, text in enumerate(strings[::3]):
        event = {**VISIT, "type": "action", "referrer": text, "screen": text}
        action = {"name": text, "properties": {text: text}}
        events = [
            {**event, "screen": "phone", "cookies": {"enabled": True, "names": [text]}},
            {**event, "screen": "phone", "action": action},
            {**VISIT, "page": "/search?q=" + text},
            {**VISIT, "purpose": text},
            event,
        ]
        body = {"v": 1, "batch": f"{n:022}", "events": events}
        data = json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass")
        got = await site.browser.post_json("/askfirst/events", data)
        assert got.status == 202 or 400 <= got.status < 500, (got.status, got.body)
    long = [text.encode() for text in strings if len(text) > 12 and text.isascii()]
    assert [text for text in long if text in world.wire.sent] == []
    await site.app.aclose()
