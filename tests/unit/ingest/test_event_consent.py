"""Who may be stored: without a valid grant nothing is written, wherever it was lost."""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

import askfirst
from askfirst.client import Caller
from askfirst_collector.ingest import events as events_module
from askfirst_collector.ingest.events import open_events
from askfirst_collector.runtime.open import close_services, open_services
from askfirst_collector.store.events import Batch
from askfirst_collector.store.sqlite import SqliteEvents
from askfirst_collector.usecases.visitor_rights import restrict
from tests.unit.ingest.world import MARKETING

from .world import SAME_ORIGIN, VISIT, Answered, World, site_policy


def test_without_a_valid_grant_nothing_is_written_anywhere(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """M20, M43: no receipt, unknown, ended, run out, restricted, other site, refused purpose."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.WARNING, "asyncio")  # the loop of the test itself
    other = site_policy(site="other")
    world.parts.registry.publish(other)
    withdrawn, restricted, partial = world.grant(), world.grant(), world.grant(marketing=2)
    world.post(world.body(), handle=withdrawn)
    world.withdraw(withdrawn)
    restrict(world.parts, "example", restricted)
    refused = world.grant(marketing=2, statistics=0)
    here = world.grant()
    world.post(world.body(MARKETING), handle=world.grant(marketing=2))
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


def test_without_a_host_policy_nothing_is_stored(tmp_path: Path) -> None:
    """M32: a host policy that cannot be read any more stops everything, at the next event."""
    host = tmp_path / "host.toml"
    host.write_bytes(
        (Path(askfirst.__file__).parent / "policies" / "host-default.toml").read_bytes()
    )
    with closing(World(tmp_path / "data")) as world:
        handle = world.grant()
        parts = open_services(
            world.folder, host_policy=host, now=lambda: world.now, urandom=os.urandom
        )
        world.events = open_events(parts)
        assert world.post(world.body(), handle=handle).body["stored"] == 1
        host.write_text("nonsense")
        world.now += 5
        assert world.post(world.body(), handle=handle).reasons == ["no-grant"]
        close_services(parts)


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
    handle = world.grant(statistics=2, marketing=2)
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
    handle = world.grant(statistics=2, marketing=2)
    events = world.parts.events
    assert isinstance(events, SqliteEvents)
    world.post(world.body(), handle=world.grant())  # so that there is a spool
    spool = events.spool.path
    assert spool is not None

    async def race() -> list[Answered]:
        with closing(sqlite3.connect(spool, isolation_level=None)) as lock:
            lock.execute("BEGIN IMMEDIATE")
            judged = asyncio.Event()
            append = events.append

            async def watched(batch: Batch) -> bytes:
                judged.set()
                return await append(batch)

            monkeypatch.setattr(events, "append", watched)
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
    assert [row.purpose for row in world.rows()] == ["statistics"] * 2


def _choice(world: World, handle: str, purpose: str) -> int:
    standing = world.parts.ledger.consent_status("example", handle)
    assert standing is not None
    return standing.choices[purpose].detail
