"""What a sender is answered: the reason of each drop, the same answer to a retry, the way back."""

from __future__ import annotations

import base64
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from askfirst.http.set_cookie import deletes
from askfirst.terms.token import State, sign_state
from askfirst_collector.store.sqlite import SqliteEvents
from tests.unit.ingest.world import MARKETING

from .world import NOW, VISIT, World, site_policy


def test_each_drop_says_its_reason_at_its_place(world: World) -> None:
    """Typed reasons under a valid receipt; the rest of the batch is stored."""
    handle = world.grant(statistics=2)
    events: list[dict[str, object]] = [
        {**VISIT, "purpose": "no-such"},
        VISIT,
        {**VISIT, "extra": 1},
        {**VISIT, "type": "click"},
        {**VISIT, "screen": "huge"},
        {**VISIT, "page": 7},
        {**VISIT, "observed": {"ip": ["IE"]}},
        MARKETING,
        VISIT,
    ]
    answer = world.post(world.body(*events), handle=handle)
    assert answer.body["stored"] == 2
    assert [(drop["index"], drop["reason"]) for drop in answer.body["dropped"]] == [
        (0, "unknown-purpose"),
        (2, "bad-event"),
        (3, "bad-event"),
        (4, "bad-event"),
        (5, "bad-event"),
        (6, "bad-event"),
        (7, "no-grant"),
    ]


def test_a_field_that_nobody_agreed_to_is_not_decoded(tmp_path: Path) -> None:
    """What is at level 0 may be anything: it is not read, so it cannot be wrong."""
    with closing(World(tmp_path / "data", site_policy("minimal"))) as world:
        handle = world.grant()
        event = {**VISIT, "cookies": "not even a jar", "action": [1, 2, 3]}
        assert world.post(world.body(event), handle=handle).body["stored"] == 1
        (row,) = world.rows()
        assert not {"cookies", "action"} & row.values.keys()


def test_bots_are_told_so_and_not_stored(world: World) -> None:
    """A program under a valid receipt is dropped with its reason."""
    bot = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
    answer = world.post(world.body(), handle=world.grant(), agent=bot)
    assert answer.reasons == ["bot"]
    assert world.rows() == []


def test_a_drop_is_noted_once_a_batch_and_says_nothing_but_its_reason(world: World) -> None:
    """Of visitors with a grant, for the table of drops; without a grant nothing is noted (M20)."""
    handle = world.grant(statistics=2)
    bad = [{**VISIT, "page": 7}, {**VISIT, "page": 8}, {**VISIT, "purpose": "no-such"}]
    answer = world.post(world.body(*bad, VISIT), handle=handle)
    assert answer.body["stored"] == 1
    (drop,) = world.rows(drops=True)
    (visit,) = world.rows()
    assert (drop.purpose, drop.values) == ("statistics", {"action": ("bad-event",)})
    assert drop.pseudonym == visit.pseudonym
    world.post(world.body(*bad), handle="e" * 64)
    assert len(world.rows(drops=True)) == 1


def test_a_placed_collector_that_is_not_known_is_told_so(world: World) -> None:
    """M49: nothing is stored for a collector that nobody registered."""
    answer = world.post(world.body(collector="c" * 22), handle=world.grant())
    assert answer.reasons == ["unknown-collector"]


def test_a_receipt_has_a_daily_limit(world: World) -> None:
    """At most 500 events of a receipt in a day; retries do not count, the next day is new."""
    handle = world.grant()
    last = b""
    for _ in range(5):
        last = world.body(*[VISIT] * 99)
        assert world.post(last, handle=handle).body["stored"] == 99
    assert world.post(last, handle=handle).body["stored"] == 99
    answer = world.post(world.body(*[VISIT] * 7), handle=handle)
    assert (answer.body["stored"], set(answer.reasons)) == (5, {"over-daily-limit"})
    assert world.post(world.body(), handle=handle).reasons == ["over-daily-limit"]
    assert world.post(world.body(), handle=world.grant()).body["stored"] == 1
    assert len(world.rows()) == 501
    world.now += 86_400
    assert world.post(world.body(), handle=handle).body["stored"] == 1


# Retries


def test_a_retry_gets_the_same_answer_for_48_hours(world: World) -> None:
    """Nothing is doubled, also across two midnights; another receipt's batch is another batch."""
    handle = world.grant()
    body = world.body(VISIT, {**VISIT, "purpose": "none"}, VISIT)
    first = world.post(body, handle=handle)
    assert first.body["stored"] == 2
    for hours in (0, 1, 10, 24, 47.9):
        world.now = NOW + hours * 3600
        assert world.post(body, handle=handle).body == first.body
        assert len(world.rows()) == 2
    world.now = NOW
    assert world.post(body, handle=world.grant()).body["stored"] == 2
    assert len(world.rows()) == 4


def test_a_retry_after_the_withdrawal_has_no_grant(world: World) -> None:
    """The receipt is judged first, then the retry."""
    handle = world.grant()
    body = world.body()
    world.post(body, handle=handle)
    world.withdraw(handle)
    assert world.post(body, handle=handle).reasons == ["no-grant"]


def test_a_store_that_is_away_is_503_and_the_retry_succeeds(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """202 means on disk: while the spool is away nothing is acknowledged, and it says when."""
    events = world.parts.events
    assert isinstance(events, SqliteEvents)
    monkeypatch.setattr(events.spool, "_busy_timeout", 50)
    handle = world.grant()
    world.post(world.body(), handle=handle)
    assert events.spool.path is not None
    body = world.body(*[VISIT] * 3)
    with closing(sqlite3.connect(events.spool.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        answer = world.post(body, handle=handle)
        assert answer.status == 503
        assert int(answer.headers[b"retry-after"]) > 0
        assert answer.body["reason"] == "collector-away"
        other.execute("ROLLBACK")
    assert world.post(body, handle=handle).body["stored"] == 3
    assert len(world.rows()) == 4


def test_a_fault_of_ours_is_503_and_says_nothing_of_the_visitor(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever breaks: no 500, and the log has a type, never a value."""

    async def broken(*_: object) -> bytes:
        raise ValueError("canary of a visitor")

    monkeypatch.setattr(world.parts.events, "append", broken)
    answer = world.post(world.body(), handle=world.grant())
    assert answer.status == 503
    assert "ValueError" in caplog.text
    assert "canary" not in caplog.text


# The answer to a page whose receipt is not valid


def _state(granted: int) -> tuple[bytes, bytes]:
    state = State("example", 1, {"statistics": granted}, int(NOW) + 86_400)
    return b"cookie", b"a=b; __Host-askfirst=" + sign_state(state, b"k" * 32).encode()


def _before(granted: int) -> tuple[bytes, bytes]:
    """With pairs, as cookies had them before."""
    claims = json.dumps({"ch": {"statistics": [granted, 1]}}).encode()
    return b"cookie", b"__Host-askfirst=a." + base64.urlsafe_b64encode(claims) + b".c"


@pytest.mark.parametrize(
    ("cookie", "expires"),
    [
        (_state(2), True),
        (_before(3), True),
        (_before(0), False),
        (_state(0), False),
        ((b"cookie", b"__Host-askfirst=nonsense"), False),
        ((b"cookie", b"__Host-askfirst=a.!!!.c"), False),
        (
            (b"cookie", b"__Host-askfirst=a." + base64.urlsafe_b64encode(b'{"ch":[]}') + b".c"),
            False,
        ),
        ((b"cookie", b"other=1"), False),
    ],
)
def test_a_granting_state_cookie_without_a_receipt_is_expired(
    world: World, cookie: tuple[bytes, bytes], expires: bool
) -> None:
    """The page stops sending; a refusal stays where it is (M08)."""
    answer = world.post(world.body(), handle="f" * 64, headers=[cookie])
    assert answer.reasons == ["no-grant"]
    line = answer.headers.get(b"set-cookie", b"")
    assert line.startswith(b"__Host-askfirst=;") is expires
    assert deletes(line, NOW) is expires
    assert (b"; Path=/;" in line and b"; Secure" in line) is expires


def test_a_valid_receipt_keeps_its_state_cookie(world: World) -> None:
    """A refused purpose under a live receipt does not make the browser forget its answer."""
    handle = world.grant(marketing=2)
    answer = world.post(world.body(), handle=handle, headers=[_state(2)])
    assert answer.reasons == ["no-grant"]
    assert b"set-cookie" not in answer.headers
