"""Rights by the receipt alone, where two of them meet."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from askfirst.errors import AskfirstError, Refused
from askfirst.terms.policy import read_policy
from askfirst_collector.services import Services
from askfirst_collector.store.events import Authorized, Batch, HandleEnded
from askfirst_collector.store.periods import DAY
from askfirst_collector.usecases import visitor_rights as rights
from askfirst_collector.usecases.record_consent import record_now
from tests.support import collectors
from tests.support.collectors import decision
from tests.unit.closing.house import (
    Clock,
    handle_of,
    key_of,
    noon,
    opened,
    policy,
    raw_files,
    row,
    store,
)

POLICY = policy()
HANDLE = handle_of(0)
LESS = dict.fromkeys(POLICY.asked, 1)
PAGE = "/read-by-one"
NOTHING = {
    "record": None,
    "receipt": None,
    "history": [],
    "rows": [],
    "not_linkable": [],
    "deliveries": [],
}


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Services]:
    """A visitor with a grant and a row, among others."""
    with opened(tmp_path / "data", Clock(noon()), POLICY) as services:
        record_now(services, decision(POLICY, handle=HANDLE))
        store(services, [row(services, n, {"page": (PAGE if n == 0 else "/a",)}) for n in range(9)])
        yield services


def together(*acts: Callable[[], object]) -> list[object]:
    """All of them at once, each in a thread; what each answered, or was refused with."""

    def run(act: Callable[[], object]) -> object:
        try:
            return act()
        except AskfirstError as error:
            return error

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def test_who_withdrew_may_still_erase(parts: Services, tmp_path: Path) -> None:
    """M29: with the receipt that was kept, what a withdrawal leaves until closing goes too."""
    record_now(parts, decision(POLICY, "withdraw", handle=HANDLE))
    assert PAGE.encode() in raw_files(tmp_path)
    rights.erase(parts, "shop", HANDLE)
    assert PAGE.encode() not in raw_files(tmp_path)
    assert parts.events.counts(key_of()).rows == 8
    assert parts.ledger.history("shop", HANDLE) == ()


def test_two_erasures_at_once_are_one(parts: Services) -> None:
    """M29: neither fails, one note is left, and nobody else's row is touched."""
    erase = [lambda: rights.erase(parts, "shop", HANDLE)] * 4
    assert together(*erase) == [None] * 4
    assert rights.me(parts, "shop", HANDLE) == NOTHING
    assert parts.events.counts(key_of()).rows == 8
    entries = [e.body["kind"] for e in parts.ledger.between("shop", 0, 2**40)]
    assert entries == ["erase"]


def test_an_erasure_amid_events_leaves_no_byte_of_them(tmp_path: Path) -> None:
    """M20, M29: two tabs go on sending; what was accepted before it goes, and nothing after it."""
    with collectors.opened(tmp_path / "data", Clock(noon())) as parts:
        parts.registry.publish(POLICY)
        record_now(parts, decision(POLICY, handle=HANDLE))
        status = parts.ledger.consent_status("shop", HANDLE)
        assert status is not None
        judged = Authorized("shop", HANDLE, status.index)
        mine = row(parts, 0, {"page": (PAGE,)})
        begun, over = Event(), Event()

        def one() -> object:
            batch = Batch(judged, int(parts.now()) // DAY, os.urandom(16), (mine,), b"{}")
            return asyncio.run(parts.events.append(batch))

        def send() -> None:
            while not over.is_set():
                one()
                begun.set()

        def erase() -> None:
            assert begun.wait(60)
            rights.erase(parts, "shop", HANDLE)
            over.set()

        *senders, erased = together(send, send, erase)
        over.set()
        assert erased is None
        assert all(answer is None or isinstance(answer, HandleEnded) for answer in senders)
        with pytest.raises(HandleEnded):
            one()
        parts.events.drain()
        assert PAGE.encode() not in raw_files(tmp_path)
        assert parts.events.counts(key_of()).rows == 0


@pytest.mark.parametrize("first", [0, 1])
def test_of_a_withdrawal_and_a_grant_from_two_tabs_the_withdrawal_wins(
    parts: Services, first: int
) -> None:
    """M46, M50: in whichever order they come; the ledger shows both where the grant came first."""

    def withdraw() -> object:
        return record_now(parts, decision(POLICY, "withdraw", handle=HANDLE))

    def change() -> object:
        return record_now(parts, decision(POLICY, "save", LESS, handle=HANDLE))

    acts = (change, withdraw) if first else (withdraw, change)
    answers = together(*acts)
    status = parts.ledger.consent_status("shop", HANDLE)
    assert status is not None
    assert status.ended
    kinds = [entry.body["kind"] for entry in parts.ledger.history("shop", HANDLE)]
    refused = [answer for answer in answers if isinstance(answer, Refused)]
    assert kinds == (["grant", "withdraw"] if refused else ["grant", "change", "withdraw"])
    assert {str(answer.reason) for answer in refused} <= {"handle-ended"}


def test_a_restriction_that_meets_an_erasure_leaves_nothing(parts: Services) -> None:
    """M29: whichever is first, what is erased does not come back as kept."""
    together(
        lambda: rights.erase(parts, "shop", HANDLE), lambda: rights.restrict(parts, "shop", HANDLE)
    )
    assert rights.me(parts, "shop", HANDLE) == NOTHING
    assert parts.ledger.restricted("shop") == []


def test_a_receipt_of_another_site_opens_nothing(parts: Services) -> None:
    """M29, M43: as one that nobody ever had, and what it names stays."""
    zoo = {**POLICY.document, "site": "zoo", "origins": ["https://zoo.example"]}
    parts.registry.publish(read_policy(zoo))
    assert rights.me(parts, "zoo", HANDLE) == rights.me(parts, "zoo", handle_of(99)) == NOTHING
    rights.erase(parts, "zoo", HANDLE)
    rights.restrict(parts, "zoo", HANDLE)
    assert len(rights.me(parts, "shop", HANDLE)["rows"]) == 1
