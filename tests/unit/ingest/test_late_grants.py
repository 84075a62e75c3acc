"""A grant that takes longer than two seconds is none; one that was committed all the same ends."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from askfirst.client import Decision
from askfirst.errors import CollectorUnavailable, Refused
from askfirst_collector.closing.consents import read_consents
from askfirst_collector.ingest.pending import EventConsentStatuses, tell_all
from askfirst_collector.services import Services
from askfirst_collector.store.periods import IN_UTC
from askfirst_collector.usecases import record_consent as consents
from askfirst_collector.usecases.record_consent import record, record_now
from tests.support.collectors import HANDLE, OTHER, decision, opened, policy
from tests.system.relay.world import eventually
from tests.unit.closing.house import key_of

pytestmark = pytest.mark.anyio
SITE = policy()


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Services]:
    with opened(tmp_path / "data") as found:
        found.registry.publish(SITE)
        yield found


def methods(parts: Services, handle: str = HANDLE) -> list[tuple[str, str]]:
    """Kind and method of each entry."""
    return [(e.body["kind"], e.body["method"]) for e in parts.ledger.history("shop", handle)]


def counted(parts: Services) -> set[object]:
    return set(read_consents(parts.ledger, key_of("2026-11-22"), IN_UTC).groups)


def grant(method: str = "accept_all", **choices: int) -> Decision:
    return decision(SITE, method, choices, adult=True)  # type: ignore[arg-type]


async def test_what_is_not_committed_in_time_is_rolled_back(
    parts: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program holds the ledger for a while: nothing is recorded when it lets go."""
    monkeypatch.setattr(consents, "SECONDS", 0.2)
    with closing(sqlite3.connect(parts.folder.ledger, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(CollectorUnavailable):
            await record(parts, grant())
        other.execute("ROLLBACK")
    # Whatever still runs in a thread is over after this.
    await asyncio.get_running_loop().shutdown_default_executor()
    assert methods(parts) == []
    assert parts.spool.handles() == []


class Stalled(consents.Attempt):
    """The disk takes its time once the commit has begun."""

    begun = threading.Event()
    goes_on = threading.Event()

    def commit(self) -> None:
        super().commit()
        self.begun.set()
        assert self.goes_on.wait(60)


@pytest.fixture
def stalled(monkeypatch: pytest.MonkeyPatch) -> type[Stalled]:
    Stalled.begun.clear()
    Stalled.goes_on.clear()
    monkeypatch.setattr(consents, "SECONDS", 0.2)
    monkeypatch.setattr(consents, "Attempt", Stalled)
    return Stalled


async def test_what_was_committed_late_ends_and_is_not_counted(
    parts: Services, stalled: type[Stalled]
) -> None:
    """M50: that it ends is on disk before the visitor hears 503; no event is taken meanwhile."""
    with pytest.raises(CollectorUnavailable):
        await record(parts, grant())
    assert parts.spool.handles() == [HANDLE]
    stalled.goes_on.set()
    await eventually(lambda: methods(parts) == [("grant", "accept_all")])
    assert EventConsentStatuses(parts.ledger, parts.spool).consent_status("shop", HANDLE) is None
    assert await tell_all(parts)
    assert methods(parts) == [("grant", "accept_all"), ("withdraw", "rollback")]
    assert parts.ledger.has_ended("shop", HANDLE)
    assert counted(parts) == set()
    record_now(parts, decision(SITE, handle=OTHER, adult=True))
    assert counted(parts) == {("granted", "1")}


async def test_who_is_cancelled_does_not_forget_it(parts: Services, stalled: type[Stalled]) -> None:
    """The gate's own patience ends first: the same."""
    task = asyncio.create_task(record(parts, grant()))
    await asyncio.to_thread(stalled.begun.wait, 60)
    task.cancel()
    with pytest.raises((asyncio.CancelledError, CollectorUnavailable)):
        await task
    assert parts.spool.handles() == [HANDLE]
    stalled.goes_on.set()
    await eventually(lambda: methods(parts) == [("grant", "accept_all")])
    assert await tell_all(parts)
    assert methods(parts)[-1] == ("withdraw", "rollback")


async def test_what_was_granted_before_stays(parts: Services, stalled: type[Stalled]) -> None:
    """Only what the visitor was not told of is taken back; the rest was recorded long ago."""
    first, other = "statistics", next(name for name in SITE.asked if name != "statistics")
    record_now(parts, grant("save", **{first: 2}))
    with pytest.raises(CollectorUnavailable):
        await record(parts, grant("save", **{first: 2, other: 2}))
    stalled.goes_on.set()
    await eventually(lambda: methods(parts)[-1] == ("change", "save"))
    assert await tell_all(parts)
    assert methods(parts)[-1] == ("change", "rollback")
    latest = parts.ledger.latest("shop", HANDLE)
    assert latest is not None
    assert latest.body["granted"] == [first]
    assert {latest.choices[first].detail, latest.choices[other].detail} == {2, 0}
    assert latest.body["retention"].keys() == {first}
    assert not parts.ledger.has_ended("shop", HANDLE)
    assert counted(parts) == {("granted", "1")}
    assert not read_consents(parts.ledger, key_of("2026-11-22", purpose=other), IN_UTC).groups


async def test_a_grant_that_comes_after_its_end_finds_a_dead_handle(parts: Services) -> None:
    """A relay gave it up while it was on its way: whichever of the two arrives first."""
    record_now(parts, decision(SITE, "rollback", {"statistics": 0}))
    assert methods(parts) == []
    with pytest.raises(Refused, match="handle-ended"):
        record_now(parts, grant())
    assert methods(parts) == []
    with pytest.raises(Refused, match="choices-contradict-method"):
        record_now(parts, decision(SITE, "rollback", {"statistics": 2}))


async def test_what_fails_behind_the_commit_ends_too(
    parts: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The receipt cannot be signed: 503, and the grant that is in the ledger does not stay."""

    def fail(*_: object) -> None:
        raise CollectorUnavailable("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(parts.receipts, "sign", fail)
        with pytest.raises(CollectorUnavailable):
            await record(parts, grant())
    assert parts.spool.handles() == [HANDLE]
    assert await tell_all(parts)
    assert methods(parts)[-1] == ("withdraw", "rollback")
