"""Answers that wait together are appended together, and stand packed in their rows."""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
import threading
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askfirst.errors import CollectorUnavailable, Refused
from askfirst.terms.canonical import canonical
from askfirst_collector.ledger.leaves import leaf_hash
from askfirst_collector.ledger.packed import pack, unpack
from askfirst_collector.ledger.records import Past
from askfirst_collector.ledger.revocation_log import lacks_only
from askfirst_collector.services import Services
from askfirst_collector.store.faults import fault
from askfirst_collector.store.revocations import Record
from askfirst_collector.usecases import record_consent
from askfirst_collector.usecases.record_consent import _Recording, record, record_now
from tests.support.collectors import HANDLE, OTHER, Clock, decision, opened, policy

pytestmark = pytest.mark.anyio
POLICY = policy()
HASHES = st.binary(min_size=32, max_size=32).map(bytes.hex)
TEXTS = st.text(max_size=20) | HASHES | st.just("0" * 65) | st.just(HANDLE)
BODIES = st.recursive(
    TEXTS | st.integers(-9, 9) | st.none() | st.booleans(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
)


@pytest.fixture
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    # Nothing here is about time: on a busy machine the two seconds of a grant pass before its turn.
    monkeypatch.setattr(record_consent, "SECONDS", 60.0)
    with opened(tmp_path, Clock()) as found:
        found.registry.publish(POLICY)
        yield found


def handles(count: int) -> list[str]:
    return [hashlib.sha256(b"%d" % number).hexdigest() for number in range(count)]


def held(parts: Services, method: str = "accept_all") -> threading.Event:
    """Keeps the thread that appends in its first decision, so that others wait meanwhile."""
    goes_on, begun = threading.Event(), threading.Event()

    def decide(past: Past) -> None:
        begun.set()
        assert goes_on.wait(60)

    threading.Thread(target=parts.ledger.append, args=("shop", OTHER, decide)).start()
    assert begun.wait(60)
    return goes_on


@given(BODIES, st.none() | HASHES | st.just(HANDLE))
def test_a_row_holds_an_entry_to_the_byte(body: object, handle: str | None) -> None:
    """Leaves are of the JSON as it was: whatever stands in it, wherever a handle does."""
    content = canonical({"body": body, "handle": handle})
    assert unpack(pack(content, handle), handle) == content
    # A row of before packing is as it was.
    assert unpack(content, handle) == content


@given(st.binary(max_size=120))
def test_a_damaged_row_is_no_entry(rest: bytes) -> None:
    """Whatever a hand or a disk made of it, there is one error, and nothing is made up."""
    whole = pack(canonical({"kind": "grant", "notice": "ab" * 32}), HANDLE)
    for stored in (b"\1" + rest, whole[:-1], whole[:20] + rest):
        if stored == whole:
            continue
        try:
            content = unpack(stored, HANDLE)
        except ValueError:
            continue
        # What can be read all the same is of another leaf.
        assert leaf_hash(b"salt", content) != leaf_hash(b"salt", unpack(whole, HANDLE))


def test_a_row_that_inflates_without_end_is_no_entry() -> None:
    """Whoever hands over a ledger gets no gigabyte of memory by it; what is long stays unpacked."""
    deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    bomb = b"\1\0" + deflate.compress(bytes(50_000_000)) + deflate.flush()
    with pytest.raises(ValueError, match="ends before its end"):
        unpack(bomb, HANDLE)
    with pytest.raises(ValueError, match="no handle stands beside it"):
        unpack(pack(canonical({"handle": HANDLE}), HANDLE), None)
    long = canonical({"note": "x" * 2_000_000})
    assert unpack(pack(long, HANDLE), HANDLE) == long


@pytest.mark.file
def test_an_entry_takes_few_bytes(parts: Services) -> None:
    """At most 700 with its part of all indexes, of three purposes."""

    def size() -> int:
        parts.ledger.truncate()
        return parts.folder.ledger.stat().st_size

    before, count = size(), 400
    for handle in handles(count):
        record_now(parts, decision(POLICY, handle=handle))
    assert size() - before < 700 * count
    with closing(sqlite3.connect(parts.folder.ledger)) as connection:
        (body,) = connection.execute("SELECT body FROM entry WHERE kind = 'grant'").fetchone()
    assert HANDLE.encode() not in body


async def test_who_waits_is_in_one_commit(parts: Services) -> None:
    """M17: each has its entry and its receipt, in the order in which they asked."""
    goes_on = held(parts)
    waiting = [
        asyncio.ensure_future(record(parts, decision(POLICY, handle=h))) for h in handles(20)
    ]
    await asyncio.sleep(0)
    version = parts.watch.version()
    goes_on.set()
    recorded = await asyncio.gather(*waiting)
    assert all(each.receipt for each in recorded)
    after = parts.watch.version()
    assert after - version == 1  # SQLite counts the commits of others
    order = [h for _, _, h in parts.ledger.handles_since(-1)]
    assert order == handles(20)


async def test_of_one_handle_each_answer_sees_the_one_before(parts: Services) -> None:
    """Within one commit too: grant, change, withdrawal, and a grant that finds a dead handle."""
    goes_on = held(parts)
    answers = [
        decision(POLICY),
        decision(POLICY, "save", dict.fromkeys(POLICY.asked, 1)),
        decision(POLICY, "withdraw"),
        decision(POLICY),
    ]
    waiting = [asyncio.ensure_future(record(parts, answer)) for answer in answers]
    await asyncio.sleep(0)
    goes_on.set()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert [getattr(each, "status", each) for each in outcomes[:3]] == [
        *("granted", "changed", "withdrawn"),
    ]
    assert isinstance(outcomes[3], Refused)
    assert [e.body["kind"] for e in parts.ledger.history("shop", HANDLE)] == [
        *("grant", "change", "withdraw"),
    ]
    assert parts.ledger.has_ended("shop", HANDLE)


async def test_one_that_cannot_be_recorded_fails_alone(
    parts: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """M50: what is not recorded is not said to be; a log that is full takes no grant along."""
    record_now(parts, decision(POLICY))

    def full(*records: object) -> None:
        raise fault("revocations", "OSError")

    monkeypatch.setattr(parts.revocations, "append", full)
    goes_on = held(parts)
    others = [h for h in handles(6) if h not in (HANDLE, OTHER)]
    waiting = [
        asyncio.ensure_future(record(parts, each))
        for each in (
            *(decision(POLICY, handle=h) for h in others[:3]),
            decision(POLICY, "withdraw"),
            decision(POLICY, "save", {"nothing": 2}, handle=others[3]),
            decision(POLICY, handle=others[4]),
        )
    ]
    await asyncio.sleep(0)
    goes_on.set()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(outcomes[3], CollectorUnavailable)
    assert isinstance(outcomes[4], Refused)
    assert all(getattr(outcomes[n], "receipt", None) for n in (0, 1, 2, 5))
    assert not parts.ledger.has_ended("shop", HANDLE)
    known = {h for _, _, h in parts.ledger.handles_since(-1)}
    assert known == {HANDLE, *others[:3], others[4]}
    # Places go on without a gap.
    assert [index for index, *_ in parts.ledger.handles_since(-1)] == [*range(1, 6)]


def test_what_is_written_is_not_written_again(
    parts: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """M50: a fault that shows after the commit fails all of it, and doubles nothing."""

    def fails() -> None:
        raise OSError

    writer = parts.ledger._writer
    watch = SimpleNamespace(present=SimpleNamespace(check=fails))
    monkeypatch.setattr(writer, "_watch", watch)
    decisions = [decision(POLICY, handle=handle) for handle in handles(3)]
    outcomes = writer._round([_Recording(parts, own, None).appending for own in decisions])
    assert [type(outcome) for outcome in outcomes] == [OSError] * 3
    assert [len(parts.ledger.history("shop", handle)) for handle in handles(3)] == [1, 1, 1]


def test_a_closed_ledger_takes_nothing(parts: Services) -> None:
    """What waits is written; what comes later is away, and not lost without a word."""
    record_now(parts, decision(POLICY))
    parts.ledger.close()
    parts.ledger.close()
    with pytest.raises(CollectorUnavailable):
        record_now(parts, decision(POLICY, handle=OTHER))
    assert parts.ledger.latest("shop", HANDLE) is not None


async def test_a_grant_that_comes_right_behind_its_end_ends(parts: Services) -> None:
    """M50: both wait for the same commit; a visitor who was told of none has none."""
    goes_on = held(parts)
    undone = asyncio.ensure_future(record(parts, decision(POLICY, "rollback", {"statistics": 0})))
    await asyncio.sleep(0)
    grant = asyncio.ensure_future(record(parts, decision(POLICY, "save", {"statistics": 2})))
    await asyncio.sleep(0)
    goes_on.set()
    await asyncio.gather(undone, grant)
    status = parts.ledger.consent_status("shop", HANDLE)
    assert status is not None
    assert status.ended


async def test_a_cut_before_a_commit_takes_all_of_its_group_along(
    parts: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """M50: the log has the withdrawal and the ledger not even the grant before it: no restore."""
    record_now(parts, decision(POLICY))
    top = parts.ledger.newest()
    places: list[list[tuple[int, int]]] = []
    cuts: list[bool] = []

    def cut(*records: Record) -> None:
        if not places:
            places.append([(each["idx"], each["of"]) for each in records])
            # What others read now is what would be there after a cut. Of two commits it would
            # be a ledger that was put back to before the first.
            cuts.append(lacks_only(parts.engine, records))
            cuts.append(lacks_only(parts.engine, [{**r, "of": r["idx"]} for r in records]))
        raise fault("revocations", "OSError")

    monkeypatch.setattr(parts.revocations, "append", cut)
    goes_on = held(parts)
    answers = (decision(POLICY, handle=handles(1)[0]), decision(POLICY, "withdraw"))
    waiting = [asyncio.ensure_future(record(parts, each)) for each in answers]
    await asyncio.sleep(0)
    goes_on.set()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert (places, cuts) == ([[(top + 2, top + 1)]], [True, False])
