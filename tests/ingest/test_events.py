"""Events come in: who may be stored is judged first, and nothing beyond the terms is written."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import logging
import os
import re
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import askfirst
from askfirst.client import Caller
from askfirst.terms.edition import Choice, bounded_terms
from askfirst.terms.policy import read_policy
from askfirst.terms.token import State, sign_state
from askfirst_collector.ingest import events as events_module
from askfirst_collector.ingest.events import open_events
from askfirst_collector.runtime.open import close_parts, open_parts
from askfirst_collector.store.events import Batch, StoreAway
from askfirst_collector.usecases.visitor_rights import restrict
from tests.support.site_keys import new_site_key

from .world import AGENT, NOW, ORIGIN, SAME_ORIGIN, VISIT, Answered, World, site_policy

SECRET = base64.urlsafe_b64encode(bytes(range(16))).rstrip(b"=").decode()
SECRET_HANDLE = hashlib.sha256(bytes(range(16))).hexdigest()
MARKETING = {**VISIT, "purpose": "marketing"}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with closing(World(tmp_path / "data")) as opened:
        yield opened


# What is stored


def test_a_row_holds_what_was_agreed_to_at_its_level(world: World) -> None:
    """M25, M26: every value of the row, none finer than the terms, and the time of arrival."""
    handle = world.grant()
    event = {
        **VISIT,
        "page": "/coffee/beans?ref=x#frag",
        "referrer": "https://www.search.example.co.uk",
        "screen": [1366, 768],
        "cookies": {"enabled": True, "names": ["_ga"]},
    }
    answer = world.post(
        world.body(event), handle=handle, headers=[(b"accept-language", b"en-GB,en;q=0.9")]
    )
    assert (answer.status, answer.body) == (202, {"stored": 1, "dropped": []})
    (row,) = world.rows()
    assert dict(row.values) == {
        "time": ("2026-11-22", "14", "05"),
        "page": ("/coffee", "/coffee/beans", "none"),
        "referrer": ("other", "example.co.uk"),
        "browser": ("Firefox", "140"),
        "os": ("Linux", "unknown"),
        "screen": ("desktop", "1300x700"),
        "ip": ("unknown",),
        "language": ("en",),
        "cookies": ("enabled",),
    }
    assert (row.site, row.collector, row.purpose, row.type) == (
        "example",
        "",
        "statistics",
        "page_view",
    )
    assert (row.closes, row.period, row.min_cell_size) == ("day", "2026-11-22", 5)
    assert (row.retention_days, row.keep_rows_days) == (365, 30)
    assert row.pseudonym is not None
    assert len(row.pseudonym) == 32


def test_the_least_detail_has_no_pseudonym_and_first_levels_only(world: World) -> None:
    """M27: with detail 1 two page views of one visitor share nothing that is theirs."""
    handle = world.grant(statistics=1)
    world.post(world.body(VISIT, VISIT), handle=handle)
    for row in world.rows():
        assert row.pseudonym is None
        assert {len(value) for value in row.values.values()} == {1}


def test_a_pseudonym_lives_with_its_period_or_with_its_grant(tmp_path: Path) -> None:
    """M27: level 1 changes with the day, level 2 stays with the receipt; purposes never share."""
    for name, changes in (("standard", True), ("full", False)):
        with closing(World(tmp_path / name, site_policy(name))) as world:
            handle = world.grant(statistics=3, marketing=3)
            world.post(world.body(VISIT, VISIT, MARKETING), handle=handle)
            world.now += 86_400
            world.post(world.body(VISIT), handle=handle)
            seen = {(row.purpose, row.period): row.pseudonym for row in world.rows()}
            assert len(world.rows()) == 4
            assert len(set(seen.values())) == (3 if changes else 2)
            assert seen["marketing", "2026-11-22"] != seen["statistics", "2026-11-22"]


def test_rows_of_a_receipt_are_kept_no_longer_than_its_grant(world: World) -> None:
    """With `visitor: receipt` the days that rows are kept end with the grant."""
    handle = world.grant()
    standing = world.parts.ledger.standing("example", handle)
    assert standing is not None
    world.now = standing.expires - 10 * 86_400
    world.post(world.body(), handle=handle)
    (row,) = world.rows()
    assert row.keep_rows_days == 9


def test_an_action_is_stored_by_its_listed_name(tmp_path: Path) -> None:
    """Names and values that are not listed never come in."""
    document = site_policy().document
    purposes = json.loads(json.dumps(document["purposes"]))
    purposes["statistics"]["actions"] = {"order": {"size": ["s", "m"]}}
    with closing(
        World(tmp_path / "data", read_policy({**document, "purposes": purposes}))
    ) as world:
        handle = world.grant()
        for name, size in (("order", "m"), ("order", "id-of-alice"), ("id-of-alice", "m")):
            action = {"name": name, "properties": {"size": size}}
            world.post(world.body({**VISIT, "type": "action", "action": action}), handle=handle)
        assert sorted(row.values["action"] for row in world.rows()) == [
            ("order", "size=m"),
            ("order", "size=other"),
            ("other", "none"),
        ]


EVENTS = st.fixed_dictionaries(
    {
        "purpose": st.sampled_from(["statistics", "marketing", "preferences", "nothing"]),
        "type": st.sampled_from(["page_view", "action"]),
    },
    optional={
        "page": st.text(max_size=60).map(lambda text: f"/{text}"),
        "referrer": st.none() | st.text(max_size=60),
        "screen": st.sampled_from(["phone", [390, 844], [2560, 1440], [0, 0]]),
        "cookies": st.fixed_dictionaries({"enabled": st.booleans(), "names": st.just(["_ga"])}),
        "action": st.fixed_dictionaries({"name": st.text(max_size=9)}),
    },
)


@pytest.mark.parametrize("name", ["minimal", "standard", "full"])
def test_no_row_is_finer_than_its_terms(tmp_path: Path, name: str) -> None:
    """M25: whatever is sent, a row has only attributes and levels of its effective terms."""
    with closing(World(tmp_path / "data", site_policy(name))) as world:
        site = world.parts.registry.site("example")
        assert site is not None
        handles = {detail: world.grant(statistics=detail, marketing=detail) for detail in (1, 2, 3)}

        @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
        @given(st.lists(EVENTS, min_size=1, max_size=8), st.sampled_from([1, 2, 3]), st.text())
        def holds(events: list[dict[str, object]], detail: int, language: str) -> None:
            before = len(world.rows())
            headers = [(b"accept-language", language.encode("utf-8", "replace"))]
            answer = world.post(world.body(*events), handle=handles[detail], headers=headers)
            assert answer.status in (202, 422)
            if answer.status == 422:  # a lone surrogate or NUL
                return
            rows = world.rows()
            assert len(rows) == before + answer.body["stored"]
            for row in rows:
                best = bounded_terms(site.editions, row.purpose, Choice(3, 1), site.host).scope
                assert row.values.keys() <= best.as_dict().keys() - {"visitor", "user_id"}
                assert all(len(row.values[each]) <= best.level(each) for each in row.values)
            world.parts.events.drop(rows[0].key) if rows else None

        holds()


def test_canaries_reach_no_file_and_no_log(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """M25: agent, address, e-mail, query, fragment, cookie, action, batch: none is in the files."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.WARNING, "asyncio")  # the loop of the test itself
    handle = world.grant(statistics=3, marketing=3)
    event = {
        "page": "/users/canary1@example.org/2f1de3a4b5c6d7e8?canary3=canary4#canary5",
        "referrer": "https://canary6:canary7@news.example/canary8?canary9=1#canary10",
        "screen": "phone",
        "cookies": {"enabled": True, "names": ["canary11"], "canary12": 1},
        "action": {"name": "canary13", "properties": {"canary14": "canary15"}},
    }
    headers = [
        (b"accept-language", b"en-canary16"),
        (b"referer", b"https://example.org/canary17"),
        (b"x-forwarded-for", b"198.51.100.99"),
        (b"cookie", b"canary18=canary19"),
        (b"x-canary20", b"canary21"),
    ]
    bodies = [
        world.body(
            {**event, "purpose": purpose, "type": kind}, batch=f"canary22{purpose[:1]}{kind:_<13}"
        )
        for purpose in ("statistics", "marketing")
        for kind in ("page_view", "action")
    ]
    bodies += [
        world.body({**VISIT, "purpose": "canary23"}, batch="canary24-canary24-cana"),
        world.body({**VISIT, "canary25": "canary26"}),
        world.body({**VISIT, "screen": "canary27"}),
        world.body({**VISIT, "observed": {"ip": ["canary28"]}}),
        world.body(vouch="canary29"),
        world.body(collector="canary30"),
        world.body(canary31=1),
        b'{"canary32',
    ]
    agent = "Mozilla/5.0 (X11; Linux x86_64; canary33) Gecko/20100101 Firefox/140.0.canary34"
    for body in bodies:
        assert world.post(body, handle=handle, headers=headers, agent=agent).status in (
            202,
            400,
            422,
        )
    assert len(world.rows()) >= 3
    whole = b"".join(world.files().values()) + caplog.text.encode()
    assert re.findall(rb"[^\0]{0,9}canary[\w-]*", whole) == []
    assert b"2f1de3a4b5c6d7e8" not in whole
    for address in (b"203.0.113", b"198.51.100", bytes([203, 0, 113, 7]), bytes([203, 0, 113])):
        assert address not in whole
    events = b"".join(held for name, held in world.files().items() if "events" in name)
    assert handle.encode() not in events
    assert bytes.fromhex(handle) not in events


# Who may be stored


def test_without_a_valid_grant_nothing_is_written_anywhere(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """M20, M43: no receipt, unknown, ended, run out, restricted, other site, refused purpose."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.WARNING, "asyncio")  # the loop of the test itself
    other = site_policy(site="other")
    world.parts.registry.publish(other)
    withdrawn, restricted, partial = world.grant(), world.grant(), world.grant(marketing=3)
    world.post(world.body(), handle=withdrawn)
    world.withdraw(withdrawn)
    restrict(world.parts, "example", restricted)
    refused = world.grant(marketing=3, statistics=0)
    here = world.grant()
    world.post(world.body(MARKETING), handle=world.grant(marketing=3))
    caplog.clear()
    before = world.files()
    cases = {
        "none": world.post(world.body(), handle=None),
        "unknown": world.post(world.body(), handle="f" * 64),
        "withdrawn": world.post(world.body(), handle=withdrawn),
        "restricted": world.post(world.body(), handle=restricted),
        "other purpose": world.post(world.body(), handle=partial),
        "refused purpose": world.post(world.body(), handle=refused),
        "other site": world.post(world.body(), handle=here, site="other"),
        "bad event": world.post(world.body({"purpose": 1}), handle=None),
        "bad event, ended": world.post(world.body({"purpose": 1}), handle=withdrawn),
    }
    world.now += 400 * 86_400
    cases["run out"] = world.post(world.body(), handle=here)
    for case, answer in cases.items():
        assert answer.status == 202, case
        expected = {"stored": 0, "dropped": [{"index": 0, "reason": "no-grant"}]}
        assert answer.body == expected, case
    assert world.files() == before
    assert caplog.text == ""


def test_nothing_of_the_request_is_looked_at_before_the_receipt(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """M20: agent, language and address are not read where the receipt is not valid."""
    looked: list[str] = []
    real = events_module._raw

    def watched(*arguments: object) -> object:
        looked.append("looked")
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(events_module, "_raw", watched)
    ended = world.grant()
    world.withdraw(ended)
    for handle in (None, "f" * 64, ended):
        world.post(world.body(), handle=handle)
    assert looked == []
    world.post(world.body(), handle=world.grant())
    assert looked == ["looked"]


def test_a_child_is_not_stored_and_neither_is_a_site_for_children(tmp_path: Path) -> None:
    """M30: where the current edition is for children, older grants are void."""
    with closing(World(tmp_path / "data")) as world:
        handle = world.grant()
        assert world.post(world.body(), handle=handle).body["stored"] == 1
        world.parts.registry.publish(site_policy(for_children=True))
        assert world.post(world.body(), handle=handle).reasons == ["no-grant"]


def test_a_wider_edition_does_not_widen_an_older_grant(tmp_path: Path) -> None:
    """M16, M20: old terms bound what is gathered until the visitor is asked again."""
    with closing(World(tmp_path / "data", site_policy("minimal"))) as world:
        old = world.grant()
        world.policy = site_policy("full")
        world.parts.registry.publish(world.policy)
        new = world.grant()
        world.post(world.body(), handle=old)
        world.post(world.body(), handle=new)
        pages = sorted(row.values["page"] for row in world.rows())
        assert pages == [("/coffee",), ("/coffee", "/coffee/beans", "none")]


def test_without_a_ceiling_nothing_is_stored(tmp_path: Path) -> None:
    """M32: a host policy that cannot be read any more stops everything, at the next event."""
    host = tmp_path / "host.toml"
    host.write_bytes(
        (Path(askfirst.__file__).parent / "policies" / "host-default.toml").read_bytes()
    )
    with closing(World(tmp_path / "data")) as world:
        handle = world.grant()
        parts = open_parts(
            world.folder, host_policy=host, now=lambda: world.now, urandom=os.urandom
        )
        world.events = open_events(parts)
        assert world.post(world.body(), handle=handle).body["stored"] == 1
        host.write_text("nonsense")
        world.now += 5
        assert world.post(world.body(), handle=handle).reasons == ["no-grant"]
        close_parts(parts)


@pytest.mark.parametrize(
    ("headers", "body", "caller", "reasons"),
    [
        ([], {}, {}, []),
        ([(b"sec-gpc", b"1")], {}, {}, ["opt-out-signal"]),
        ([(b"Sec-GPC", b"0"), (b"sec-gpc", b"1")], {}, {}, ["opt-out-signal"]),
        ([], {"gpc": True}, {}, ["opt-out-signal"]),
        ([], {}, {"gpc": True}, ["opt-out-signal"]),
        ([(b"sec-gpc", b"0")], {"gpc": False}, {"gpc": True}, ["opt-out-signal"]),
        ([(b"sec-gpc", b"1")], {"gpc": False}, {}, ["opt-out-signal"]),
        ([(b"sec-gpc", b"true")], {}, {}, []),
        ([(b"sec-gpc", b"1;x")], {}, {}, []),
        ([(b"sec-gpc", b"")], {}, {}, []),
        ([(b"dnt", b"1")], {"dnt": True}, {"dnt": True}, []),
    ],
)
def test_an_opt_out_signal_narrows_wherever_it_is_said(
    world: World,
    headers: list[tuple[bytes, bytes]],
    body: dict[str, bool],
    caller: dict[str, bool],
    reasons: list[str],
) -> None:
    """M21: under Sec-GPC nothing is stored for purposes that sell; DNT does not undo an answer."""
    handle = world.grant(statistics=3, marketing=3)
    answer = world.post(
        world.body(VISIT, MARKETING, **body),
        handle=handle,
        headers=headers,
        gpc=caller.get("gpc", False),
        dnt=caller.get("dnt", False),
    )
    assert answer.reasons == reasons
    stored = {row.purpose for row in world.rows()}
    assert stored == ({"statistics"} if reasons else {"statistics", "marketing"})


def test_under_a_signal_a_missing_grant_is_still_only_that(world: World) -> None:
    """M43: without a grant the reason is `no-grant`, whatever the browser signals."""
    signals = [(b"sec-gpc", b"1"), (b"dnt", b"1")]
    for handle in (None, world.grant()):
        answer = world.post(world.body(MARKETING), handle=handle, headers=signals)
        assert answer.reasons == ["no-grant"]


def test_a_withdrawal_is_exact_in_every_worker(world: World) -> None:
    """M20: once a withdrawal is acknowledged, no worker stores a row of that receipt any more."""
    with closing(World(world.folder)) as other:
        handle = world.grant()
        stop = threading.Event()
        counts: list[int] = []

        def keep_sending() -> None:
            while not stop.is_set():
                counts.append(other.post(other.body(VISIT, VISIT), handle=handle).body["stored"])

        sending = threading.Thread(target=keep_sending)
        sending.start()
        while sum(counts) < 6:
            assert sending.is_alive()
        world.withdraw(handle)
        acknowledged = len(world.rows())
        stop.set()
        sending.join()
        assert len(world.rows()) == acknowledged == sum(counts)
        assert other.post(other.body(), handle=handle).reasons == ["no-grant"]


def test_a_choice_that_narrows_while_a_batch_waits_is_judged_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """M20: a batch judged before a change is stored by what holds at the commit, or not at all."""
    handle = world.grant(statistics=3, marketing=3)
    assert world.parts.events.periods() == []

    async def race() -> list[Answered]:
        with closing(sqlite3.connect(world.folder / "events.db", isolation_level=None)) as lock:
            lock.execute("BEGIN IMMEDIATE")
            judged = asyncio.Event()
            append = world.parts.events.append

            async def watched(batch: Batch) -> bytes:
                judged.set()
                return await append(batch)

            monkeypatch.setattr(world.parts.events, "append", watched)
            caller = {"askfirst.caller": Caller("example", handle, False, False)}
            body = world.body(VISIT, MARKETING)
            waiting = asyncio.ensure_future(world.ask(body, SAME_ORIGIN, caller))
            await judged.wait()
            changing = asyncio.to_thread(world.decide, handle, "save", {"marketing": 0})
            changed = asyncio.ensure_future(changing)
            while _choice(world, handle, "marketing"):  # noqa: ASYNC110 - another thread's commit
                await asyncio.sleep(0.001)
            lock.execute("COMMIT")
            await changed
            return [await waiting]

    (answer,) = asyncio.run(race())
    assert answer.body == {"stored": 1, "dropped": [{"index": 1, "reason": "no-grant"}]}
    assert [row.purpose for row in world.rows()] == ["statistics"]


def _choice(world: World, handle: str, purpose: str) -> int:
    standing = world.parts.ledger.standing("example", handle)
    assert standing is not None
    return standing.choices[purpose].detail


# Other reasons


def test_each_drop_says_its_reason_at_its_place(world: World) -> None:
    """Typed reasons under a valid receipt; the rest of the batch is stored."""
    handle = world.grant(statistics=3)
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
    handle = world.grant(statistics=3)
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
    """202 means on disk: while the store is away nothing is acknowledged, and it says when."""
    handle = world.grant()
    body = world.body(*[VISIT] * 3)
    monkeypatch.setattr(world.parts.events, "_busy_timeout", 50)
    with closing(sqlite3.connect(world.folder / "events.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        answer = world.post(body, handle=handle)
        assert answer.status == 503
        assert int(answer.headers[b"retry-after"]) > 0
        assert answer.body["reason"] == "collector-away"
        other.execute("ROLLBACK")
    assert world.post(body, handle=handle).body["stored"] == 3
    assert len(world.rows()) == 3


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
    state = State("example", 1, {"statistics": Choice(granted, 1)}, int(NOW) + 86_400)
    return b"cookie", b"a=b; __Host-askfirst=" + sign_state(state, b"k" * 32).encode()


@pytest.mark.parametrize(
    ("cookie", "expires"),
    [
        (_state(3), True),
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
    expected = b"__Host-askfirst=; Max-Age=0; Path=/; Secure; SameSite=Lax" if expires else None
    assert answer.headers.get(b"set-cookie") == expected


def test_a_valid_receipt_keeps_its_state_cookie(world: World) -> None:
    """A refused purpose under a live receipt does not make the browser forget its answer."""
    handle = world.grant(marketing=3)
    answer = world.post(world.body(), handle=handle, headers=[_state(3)])
    assert answer.reasons == ["no-grant"]
    assert b"set-cookie" not in answer.headers


# Who may send


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([(b"sec-fetch-site", b"same-origin")], 202),
        ([(b"origin", ORIGIN.encode())], 202),
        ([(b"sec-fetch-site", b"same-origin"), (b"origin", b"null")], 202),
        ([(b"sec-fetch-site", b"cross-site"), (b"origin", ORIGIN.encode())], 403),
        ([(b"sec-fetch-site", b"same-site")], 403),
        ([(b"sec-fetch-site", b"none")], 403),
        ([(b"sec-fetch-site", b"same-origin"), (b"sec-fetch-site", b"cross-site")], 403),
        ([(b"origin", b"null")], 403),
        ([(b"origin", b"https://evil.example")], 403),
        ([(b"origin", b"https://example.org.evil.example")], 403),
        ([(b"origin", ORIGIN.encode()), (b"origin", b"https://evil.example")], 403),
        ([], 403),
    ],
)
def test_only_the_site_itself_sends(
    world: World, headers: list[tuple[bytes, bytes]], status: int
) -> None:
    """M47: by Sec-Fetch-Site, or without it by an Origin of the site; `null` alone never."""
    answer = world.post(world.body(), handle=world.grant(), fetch=headers)
    assert answer.status == status
    assert len(world.rows()) == (status == 202)


def test_the_body_may_not_name_another_receipt_or_site(world: World) -> None:
    """Behind a gate the receipt comes by its cookie alone."""
    handle = world.grant()
    for more in ({"handle": handle}, {"secret": SECRET}, {"site": "other"}):
        assert world.post(world.body(**more), handle=None).status == 422
    assert world.rows() == []


def test_a_relay_sends_under_the_key_of_its_site(world: World) -> None:
    """Handle and observed values count only under the key of the named site; headers never."""
    world.parts.registry.publish(site_policy(site="other"))
    handle = world.grant()
    key = new_site_key(world.parts.engine, "example", urandom=lambda n: bytes(n))
    foreign = new_site_key(world.parts.engine, "other", urandom=lambda n: b"x" * n)
    observed = {"browser": ["Firefox", "140", "140.0.1"], "ip": ["IE", "IE-D"]}
    event = {**VISIT, "observed": observed}
    agent = (b"user-agent", b"Relay/1.0 Chrome/99")

    def send(token: str | None, **more: object) -> Answered:
        headers = [agent]
        if token is not None:
            headers.append((b"authorization", token.encode()))
        return world.send(world.body(event, site="example", handle=handle, **more), headers)

    for token in (None, "", "Bearer ", "Bearer wrong", f"Basic {key}", f"Bearer {foreign}"):
        answer = send(token)
        assert (answer.status, answer.body["reason"]) == (401, "wrong-key")
    assert send(f"Bearer {key}").body["stored"] == 1
    (row,) = world.rows()
    assert row.values["browser"] == ("Firefox", "140")
    assert row.values["ip"] == ("IE", "IE-D")
    assert row.values["language"] == ("unknown",)
    assert row.values["time"] == ("2026-11-22", "14", "05")


@pytest.mark.parametrize(
    "observed",
    [{"time": ["2020-01-01"]}, {"visitor": ["x"]}, {"user_id": ["x"]}, {"ip": "IE"}, {"x": ["y"]}],
)
def test_a_relay_cannot_say_time_or_visitor(world: World, observed: dict[str, object]) -> None:
    """`time` is of arrival and pseudonyms are of the receipt, under any key."""
    key = new_site_key(world.parts.engine, "example", urandom=lambda n: bytes(n))
    body = world.body({**VISIT, "observed": observed}, site="example", handle=world.grant())
    answer = world.send(body, [(b"authorization", f"Bearer {key}".encode())])
    assert answer.reasons == ["bad-event"]


def test_a_page_without_a_server_sends_its_secret_from_its_origin(world: World) -> None:
    """Script-only: exact Origin, `secret` hashed at once, the answer readable for that origin."""
    world.grant(SECRET_HANDLE)

    def send(*headers: tuple[bytes, bytes], **more: object) -> Answered:
        agent = (b"user-agent", AGENT.encode())
        kind = (b"content-type", b"text/plain;charset=UTF-8")
        body = world.body(**{"site": "example", "secret": SECRET, **more})
        return world.send(body, [kind, agent, *headers])

    origin = (b"origin", ORIGIN.encode())
    answer = send(origin)
    assert answer.body["stored"] == 1
    assert answer.headers[b"access-control-allow-origin"] == ORIGIN.encode()
    assert send(origin, secret="A" * 22).reasons == ["no-grant"]
    assert send(origin, secret=None).reasons == ["no-grant"]
    assert send(origin, site="none").body["reason"] == "no-such-site"
    for headers in ([], [(b"origin", b"null")], [(b"origin", b"https://evil.example")]):
        assert send(*headers).body["reason"] == "cross-origin"
    assert len(world.rows()) == 1
    assert SECRET.encode() not in b"".join(world.files().values())


def test_one_network_may_send_only_so_much(world: World) -> None:
    """429 for a network beyond its number; another network and a relay are not counted with it."""
    world.limit._most = 3
    caller = {"askfirst.caller": Caller("example", None, False, False)}
    for number in range(5):
        client = (f"203.0.113.{number}", 1)
        answer = world.send(world.body(), SAME_ORIGIN, caller, client=client)
        assert answer.status == (202 if number < 3 else 429)
    assert world.send(world.body(), SAME_ORIGIN, caller, client=("203.0.114.1", 1)).status == 202
    assert world.send(world.body(), SAME_ORIGIN, caller, client=None).status == 202
    key = new_site_key(world.parts.engine, "example", urandom=lambda n: bytes(n))
    bearer = [(b"authorization", f"Bearer {key}".encode())]
    assert world.send(world.body(site="example"), bearer).status == 202
    wrong = [(b"authorization", b"Bearer wrong")]
    assert world.send(world.body(site="example"), wrong).status == 429


# What a site's server sends


def test_a_server_submits_page_views_under_the_same_rules(world: World) -> None:
    """Stored with a grant, silent without one, and it never raises."""
    handle = world.grant()
    headers = [(b"user-agent", AGENT.encode())]

    def submit(payload: dict[str, object], handle: str | None) -> None:
        caller = Caller("example", handle, False, False)
        submitting = world.events.submit(caller, payload, headers=headers, peer="203.0.113.7")
        asyncio.run(submitting)

    payload: dict[str, object] = {"v": 1, "batch": world.batch(), "events": [VISIT]}
    for _ in range(2):
        submit(payload, handle)
    submit({**payload, "batch": world.batch()}, None)
    submit({"v": 2}, handle)
    submit({"events": object()}, handle)
    assert [row.values["browser"] for row in world.rows()] == [("Firefox", "140")]


def test_a_server_is_not_told_that_the_store_is_away(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page goes on unharmed whatever happens to its page view."""

    async def away(*_: object) -> bytes:
        raise StoreAway("disk full")

    monkeypatch.setattr(world.parts.events, "append", away)
    payload = {"v": 1, "batch": world.batch(), "events": [VISIT]}
    caller = Caller("example", world.grant(), False, False)
    asyncio.run(world.events.submit(caller, payload, headers=[], peer=""))
