"""The ledger on real files, in several processes: one order, nothing lost, nothing brought back."""

from __future__ import annotations

import hashlib
import hmac
import json
import multiprocessing
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Literal

import pytest
from sqlalchemy import event

from askfirst.client import PendingEntry
from askfirst.errors import CollectorUnavailable, Refused
from askfirst_collector.ingest.pending import owe, tell_all
from askfirst_collector.jobs.upkeep import end_orphans
from askfirst_collector.ledger.entries import ConsentStatus
from askfirst_collector.runtime.after_restore import reconcile
from askfirst_collector.services import Services
from askfirst_collector.store.events import Authorized
from askfirst_collector.store.periods import IN_UTC
from askfirst_collector.usecases import visitor_rights as rights
from askfirst_collector.usecases.record_consent import record, record_now
from tests.support.collectors import HANDLE, NOON, OTHER, Clock, bytes_of, decision, opened, policy
from tests.unit.ledger.test_standings import send

POLICY = policy()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def parts(tmp_path: Path, clock: Clock) -> Iterator[Services]:
    with opened(tmp_path, clock) as found:
        found.registry.publish(POLICY)
        yield found


def forget_evidence(parts: Services, now: float) -> int:
    return parts.ledger.forget_evidence("shop", now - POLICY.evidence_days * 86_400)


def standing(parts: Services, handle: str = HANDLE) -> ConsentStatus:
    found = parts.ledger.consent_status("shop", handle)
    assert found is not None
    return found


def test_a_grant_leaves_its_record(parts: Services) -> None:
    """M17: every field that proves what was agreed to, and how; the hour and nothing finer."""
    chosen = {"statistics": 1, "marketing": 0, "preferences": 1}
    record_now(parts, decision(POLICY, "save", chosen))
    (entry,) = parts.ledger.history("shop", HANDLE)
    body = dict(entry.body)
    notice = parts.notices.words(body.pop("notice"))
    assert notice is not None
    assert json.loads(notice)["purposes"].keys() == POLICY.purposes.keys()
    assert body == {
        "v": 2,
        "kind": "grant",
        "site": "shop",
        "handle": HANDLE,
        "hour": "2026-11-22T12:00:00Z",
        "edition": {"number": 1, "hash": POLICY.hash},
        "language": "en",
        "choices": {name: {"detail": chosen[name], "edition": 1} for name in sorted(chosen)},
        "granted": ["preferences", "statistics"],
        "denied": ["marketing"],
        "collectors": [],
        "method": "save",
        "controller": POLICY.controller.name,
        "jurisdiction": "EU",
        "retention": {"preferences": 365, "statistics": 365},
        "recipients": [],
        "status": "granted",
        "until": "2027-07-01T00:00:00Z",
    }


@pytest.mark.file
def test_nothing_is_overwritten(parts: Services, tmp_path: Path) -> None:
    """M17: changes and withdrawals append; not even our own SQL can alter or delete an entry."""
    record_now(parts, decision(POLICY))
    record_now(parts, decision(POLICY, "save", {"marketing": 0}))
    record_now(parts, decision(POLICY, "withdraw"))
    kinds = [entry.body["kind"] for entry in parts.ledger.history("shop", HANDLE)]
    assert kinds == ["grant", "change", "withdraw"]
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as other:
        for statement in (
            "DELETE FROM entry WHERE idx = 0",
            "UPDATE entry SET kind = 'grant' WHERE idx = 2",
            "UPDATE entry SET leaf = x'00'",
        ):
            with pytest.raises(sqlite3.IntegrityError, match="only grows"):
                other.execute(statement)


def test_a_language_carries_no_id(parts: Services, tmp_path: Path) -> None:
    """M18: a language that the policy does not have is not written down, whatever it says."""
    record_now(parts, decision(POLICY, lang="x-canary-10.9.8.7"))
    assert b"canary" not in bytes_of(tmp_path)


def test_leaves_are_what_the_design_says(parts: Services) -> None:
    """SHA-256(0x00 ‖ HMAC(entry salt, JCS(entry))), stored from the first entry on."""
    record_now(parts, decision(POLICY))
    (entry,) = parts.ledger.history("shop", HANDLE)
    jcs = json.dumps(entry.body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    inner = hmac.digest(entry.salt, jcs.encode(), hashlib.sha256)
    assert parts.ledger.leaves()[entry.index :] == [hashlib.sha256(b"\0" + inner).digest()]
    assert len(entry.salt) == 32


def test_order_is_the_index_and_never_a_clock(parts: Services, clock: Clock) -> None:
    """A clock that goes backwards does not bring a withdrawn grant back."""
    record_now(parts, decision(POLICY))
    granted = standing(parts).index
    clock.now -= 86_400
    record_now(parts, decision(POLICY, "withdraw"))
    assert not standing(parts).alive
    assert standing(parts).index == granted + 1


def test_a_dead_handle_never_lives_again(parts: Services, clock: Clock) -> None:
    """Not after a withdrawal, not after its evidence is forgotten, not after it ran out."""
    record_now(parts, decision(POLICY))
    record_now(parts, decision(POLICY, "withdraw"))
    record_now(parts, decision(POLICY, handle=OTHER))
    for later in (0, 340 * 86_400, 1500 * 86_400, 3000 * 86_400):
        clock.now = NOON + later
        forget_evidence(parts, clock.now)
        with pytest.raises(Refused) as refused:
            record_now(parts, decision(POLICY))
        assert refused.value.reason == "handle-ended"
    with pytest.raises(Refused, match="handle-ended"):
        record_now(parts, decision(POLICY, handle=OTHER))
    assert parts.ledger.history("shop", OTHER) == parts.ledger.history("shop", HANDLE) == ()


def test_evidence_is_kept_for_its_days_and_no_longer(
    parts: Services, clock: Clock, tmp_path: Path
) -> None:
    """M28: what proves a grant goes when its time is over; its leaf stays."""
    record_now(parts, decision(POLICY))
    record_now(parts, decision(POLICY, "withdraw"))
    hour = NOON - NOON % 3600
    leaves = parts.ledger.leaves()
    assert forget_evidence(parts, hour + POLICY.evidence_days * 86_400 - 1) == 0
    assert forget_evidence(parts, hour + POLICY.evidence_days * 86_400) == 1
    assert HANDLE.encode() not in bytes_of(tmp_path)
    assert parts.ledger.leaves() == leaves


def test_every_worker_sees_a_withdrawal_at_once(parts: Services, tmp_path: Path) -> None:
    """Standings are remembered, and yet exact: another worker's commit is seen by the next call."""
    with opened(tmp_path) as other:
        record_now(other, decision(POLICY))
        assert standing(parts).alive
        judged = Authorized("shop", HANDLE, standing(parts).index)
        assert standing(parts) is standing(parts)
        assert parts.ledger.ended({judged}) == set()
        record_now(other, decision(POLICY, "save", {"marketing": 0}))
        assert parts.ledger.ended({judged}) == {judged}
        assert standing(parts).choices["marketing"].detail == 0
        record_now(other, decision(POLICY, "withdraw"))
        assert not standing(parts).alive
        assert other.ledger.erase("shop", HANDLE, generation=0)
        assert parts.ledger.consent_status("shop", HANDLE) is None


def test_a_grant_runs_out_by_itself(parts: Services, clock: Clock) -> None:
    """A remembered standing ends at its time without anybody writing."""
    expires = record_now(parts, decision(POLICY)).expires
    clock.now = expires - 1
    assert standing(parts).alive
    clock.now = expires
    assert (standing(parts).alive, standing(parts).ended) == (False, True)


def test_grants_of_strangers_do_not_empty_the_memory(parts: Services) -> None:
    """What another handle does leaves a remembered standing as it is."""
    record_now(parts, decision(POLICY))
    before = standing(parts)
    record_now(parts, decision(POLICY, handle=OTHER))
    assert standing(parts) is before


def grant_many(folder: Path, worker: int, count: int) -> None:
    with opened(folder) as parts:
        for number in range(count):
            record_now(parts, decision(POLICY, handle=f"{worker:032x}{number:032x}"))


@pytest.mark.file
def test_two_processes_lose_no_entry(parts: Services, tmp_path: Path) -> None:
    """Appends of several workers take one place each, without a gap."""
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=grant_many, args=(tmp_path, n, 25)) for n in (1, 2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as other:
        rows = other.execute("SELECT idx, handle FROM entry ORDER BY idx").fetchall()
    assert [index for index, _ in rows] == list(range(51))  # the first is the policy's
    assert len({handle for _, handle in rows if handle}) == 50


def change_often(folder: Path, purpose: str, count: int) -> None:
    with opened(folder) as parts:
        for number in range(count):
            record_now(parts, decision(POLICY, "save", {purpose: number % 2 * 2}))


def test_concurrent_answers_merge(parts: Services, tmp_path: Path) -> None:
    """No update is lost: each answer is merged with what the other process wrote before it."""
    record_now(parts, decision(POLICY, "save", {"preferences": 2}))
    context = multiprocessing.get_context("spawn")
    workers = [
        context.Process(target=change_often, args=(tmp_path, name, 20))
        for name in ("statistics", "marketing")
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    details = {name: choice.detail for name, choice in standing(parts).choices.items()}
    assert details == {"preferences": 2, "statistics": 2, "marketing": 2}
    assert len(parts.ledger.history("shop", HANDLE)) == 41


def quarrel(folder: Path, method: str) -> str:
    with opened(folder) as parts:
        for _ in range(20):
            try:
                record_now(parts, decision(POLICY, method))  # type: ignore[arg-type]
            except Refused as refused:
                return refused.reason
    return "taken"


def test_in_a_conflict_withdrawal_wins(parts: Services, tmp_path: Path) -> None:
    """However a grant and a withdrawal interleave, the handle is dead when both are answered."""
    record_now(parts, decision(POLICY))
    context = multiprocessing.get_context("spawn")
    with context.Pool(2) as pool:
        said = pool.starmap(quarrel, [(tmp_path, "accept_all"), (tmp_path, "withdraw")], 1)
    assert said[1] == "taken"
    assert not standing(parts).alive
    kinds = [entry.body["kind"] for entry in parts.ledger.history("shop", HANDLE)]
    assert kinds.index("withdraw") == len(kinds) - 1


@pytest.mark.file
def test_a_lock_held_too_long_is_away(parts: Services, tmp_path: Path) -> None:
    """A grant that cannot be recorded in 2 s is not given; nothing of it is stored."""
    with closing(sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(CollectorUnavailable):
            record_now(parts, decision(POLICY))
    assert parts.ledger.consent_status("shop", HANDLE) is None
    assert record_now(parts, decision(POLICY)).status == "granted"


def record_many(parts: Services, count: int) -> None:
    for number in range(count):
        record_now(parts, decision(POLICY, handle=f"{number:064x}"))


@pytest.mark.file
def test_a_full_disk_is_away(parts: Services, caplog: pytest.LogCaptureFixture) -> None:
    """No entry is half written, and the log says what happened without saying to whom."""
    limit = "PRAGMA max_page_count=1"
    listener = lambda connection, *_: connection.execute(limit)  # noqa: E731
    event.listen(parts.engine, "checkout", listener)
    with pytest.raises(CollectorUnavailable):
        record_many(parts, 100)
    event.remove(parts.engine, "checkout", listener)
    assert "SQLITE_FULL" in caplog.text
    assert "0" * 40 not in caplog.text
    assert "shop" not in caplog.text


@pytest.mark.file
def test_a_ledger_that_was_replaced_takes_nothing(parts: Services, tmp_path: Path) -> None:
    """SQLite writes on to a file that was removed; that is not acknowledged."""
    (tmp_path / "ledger.db").rename(tmp_path / "gone.db")
    with pytest.raises(CollectorUnavailable):
        record_now(parts, decision(POLICY))


def test_refusals_are_counted_without_anybody_in_them(parts: Services) -> None:
    """One number for each site, edition and day."""
    for _ in range(3):
        parts.ledger.tally_refusal("shop", 1, IN_UTC)
    assert parts.ledger.refusals("shop", "2026-11-22", "2026-11-23") == {1: 3}
    assert parts.ledger.refusals("shop", "2026-11-23", "2026-11-24") == {}


def test_the_key_of_a_grant_exists_only_where_it_was_agreed_to(parts: Services) -> None:
    """A pseudonym as long as the grant needs `visitor` at level 2; without it no key is drawn."""
    record_now(parts, decision(POLICY))
    record_now(parts, decision(POLICY, "save", {"statistics": 1}, handle=OTHER))
    assert parts.salts.grants() == [HANDLE]
    record_now(parts, decision(POLICY, "withdraw"))
    assert parts.salts.grants() == []


def test_keys_that_nobody_has_are_destroyed(parts: Services) -> None:
    """What a crash between two files leaves behind is mended by a job."""
    record_now(parts, decision(POLICY))
    parts.salts.new_grant_key(OTHER)
    assert end_orphans(parts) == 1
    assert parts.salts.grants() == [HANDLE]


@pytest.mark.anyio
@pytest.mark.parametrize("by", ["the job", "another withdrawal", "a start that is owed it"])
async def test_an_erasure_that_broke_off_is_finished_before_its_key_goes(
    parts: Services, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    """M29, M50: killed between the ledger and the rows, they are found by the key that is left."""
    record_now(parts, decision(POLICY))
    await send(parts, HANDLE)
    keys = parts.events.periods()
    assert [row for key in keys for row in parts.events.rows(key)]

    def die() -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(parts.events, "barrier", die)
        with pytest.raises(KeyboardInterrupt):
            rights.erase(parts, "shop", HANDLE)
    assert parts.salts.grants() == [HANDLE]
    if by == "the job":
        end_orphans(parts)
        assert parts.ledger.history("shop", HANDLE) == ()
    elif by == "another withdrawal":
        record_now(parts, decision(POLICY, "withdraw"))
    else:
        # A power cut while its visitor tried again, and another's withdrawal was on its way.
        await owe(parts.spool, parts, PendingEntry("shop", HANDLE, "erase"))
        last = {"do": "end", "mark": "00" * 32, "idx": parts.ledger.newest() + 1, "leaf": "00" * 8}
        parts.revocations.append(last)
        assert reconcile(parts)
    assert parts.salts.grants() == []
    assert not [row for key in keys for row in parts.events.rows(key)]


@pytest.mark.anyio
@pytest.mark.parametrize("method", ["withdraw", "reject_all"])
async def test_an_end_that_was_recorded_while_the_salts_are_away_is_owed(
    parts: Services, monkeypatch: pytest.MonkeyPatch, method: Literal["withdraw", "reject_all"]
) -> None:
    """M11: the visitor hears that it was withdrawn, and its key goes as soon as it can."""
    record_now(parts, decision(POLICY))
    await send(parts, HANDLE)

    def away(_: str) -> None:
        raise CollectorUnavailable("salts")

    withdrawal = decision(POLICY, method)
    with monkeypatch.context() as patched:
        patched.setattr(parts.salts, "end_grant", away)
        with pytest.raises(CollectorUnavailable):
            await record(parts, withdrawal)
        assert parts.ledger.has_ended("shop", HANDLE)
        await owe(parts.spool, parts, PendingEntry("shop", HANDLE, "answer", withdrawal))
        assert parts.salts.grants() == [HANDLE]
    assert await tell_all(parts)
    assert parts.salts.grants() == []
    with pytest.raises(Refused, match="ended"):
        await owe(parts.spool, parts, PendingEntry("shop", HANDLE, "answer", withdrawal))
