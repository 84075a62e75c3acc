"""What is owed, in its folder: on disk, in order, once, and for one process at a time."""

from __future__ import annotations

import json
import multiprocessing
import os
import stat
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from askfirst.client import Decision, PendingEntry
from askfirst.errors import CollectorUnavailable, Refused
from askfirst.spool import spool as module
from askfirst.spool.pending import Pending
from askfirst.spool.pending import replay as tell_all
from askfirst.spool.spool import Spool, StillPending, rollback
from tests.unit.gate.browser import until

pytestmark = pytest.mark.anyio
HANDLE, OTHER = "a" * 64, "b" * 64


def withdrawal(handle: str = HANDLE, method: Any = "withdraw", **choices: int) -> PendingEntry:
    choices = choices or {"statistics": 0}
    decision = Decision("shop", handle, "e" * 64, "en", method, choices, adult=True, gpc=True)
    return PendingEntry("shop", handle, "answer", decision)


def numbered(number: int) -> str:
    return f"{number:064x}"


def until_full(add: Callable[[int], None]) -> int:
    """How many find room."""
    for count in range(10_000):
        try:
            add(count)
        except CollectorUnavailable:
            return count
    raise AssertionError("there is room for anything")


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool")


class Ledger:
    """Takes what it is told; while it is `away`, it raises."""

    def __init__(self) -> None:
        self.told: list[PendingEntry] = []
        self.away: Exception | None = None

    async def __call__(self, entry: PendingEntry) -> None:
        if self.away is not None:
            raise self.away
        self.told.append(entry)


async def test_what_is_owed_is_told_in_order_and_once(spool: Spool) -> None:
    """Kept until the ledger has it, whoever asks; a new object over the folder knows it all."""
    part = withdrawal(method="save", marketing=0)
    for entry in (part, withdrawal(), PendingEntry("shop", HANDLE, "erase")):
        spool.add(entry)
    spool.add(PendingEntry("shop", OTHER, "restrict"))
    assert Spool(spool.folder).handles() == [HANDLE, OTHER]
    ledger = Ledger()
    ledger.away = CollectorUnavailable("away")
    with pytest.raises(CollectorUnavailable):
        await tell_all(spool, ledger)
    assert spool.owes(HANDLE)
    ledger.away = None
    assert await tell_all(spool, ledger)
    kinds = [(e.kind, e.decision.method if e.decision else None) for e in ledger.told]
    assert kinds[:3] == [("answer", "save"), ("answer", "withdraw"), ("erase", None)]
    assert kinds[3:] == [("restrict", None)]
    assert not spool.owes(HANDLE)
    assert await tell_all(spool, ledger, HANDLE)
    assert len(ledger.told) == 4


def test_whoever_asks_for_all_that_is_owed_sees_what_others_added(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """M50: in whichever process, also within one step of the file system's clock."""
    other = Spool(spool.folder)
    assert spool.owing() == frozenset()
    other.add(withdrawal())
    assert spool.owing() == {HANDLE}
    step = spool.folder.stat()
    other.add(withdrawal(OTHER))
    with monkeypatch.context() as patch:
        # As in the same step: the folder's times say nothing of the second.
        patch.setattr(module.os, "stat", lambda _: step)
        assert spool.owing() == {HANDLE, OTHER}
    # What has stood for long enough is remembered, and a change is seen all the same.
    now = time.monotonic()
    for later in (2, 4):
        monkeypatch.setattr(module.time, "monotonic", lambda: now + later * module.SETTLED)  # noqa: B023
        assert spool.owing() == {HANDLE, OTHER}
    with monkeypatch.context() as patch:
        patch.setattr(module.os, "listdir", lambda _: pytest.fail("read again"))
        assert spool.owing() == {HANDLE, OTHER}
    before = spool.folder.stat()
    with other.claim(HANDLE) as claim:
        assert claim is not None
        assert claim.done()
    # As programs that copy folders back do.
    os.utime(spool.folder, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert spool.owing() == {OTHER}
    # Another folder in its place, of the same time.
    before = spool.folder.stat()
    spool.folder.rename(spool.folder.with_name("away"))
    assert spool.owing() == frozenset()
    spool.make()
    os.utime(spool.folder, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert spool.owing() == frozenset()


def test_whoever_was_held_up_while_reading_remembers_nothing(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """M50: stopped for minutes between reading and going on, or with clocks that are apart."""
    spool.add(withdrawal())
    step = spool.folder.stat()
    times = iter(range(0, 10_000, 100))
    with monkeypatch.context() as patch:
        patch.setattr(module.os, "stat", lambda _: step)
        patch.setattr(module.time, "monotonic", lambda: float(next(times)))
        # The file system's clock is hours behind.
        patch.setattr(module.time, "time_ns", lambda: step.st_mtime_ns + 10**13)
        assert spool.owing() == {HANDLE}
    Spool(spool.folder).add(withdrawal(OTHER))
    with monkeypatch.context() as patch:
        patch.setattr(module.os, "stat", lambda _: step)
        owing = spool.owing()
    assert owing == {HANDLE, OTHER}


async def test_it_tells_nobody_else_anything(spool: Spool) -> None:
    """M18, M50: for this user alone; no signal, no age, and the same twice stands once."""
    before = os.umask(0)
    try:
        spool.add(withdrawal())
        spool.add(withdrawal())
    finally:
        os.umask(before)
    assert stat.S_IMODE(spool.folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(each.stat().st_mode) for each in spool.folder.iterdir()} == {0o600}
    (line,) = spool.path_of(HANDLE).read_text().splitlines()
    assert json.loads(line)["decision"]["gpc"] is json.loads(line)["decision"]["adult"] is False


async def test_a_dead_receipt_is_what_was_wanted(spool: Spool) -> None:
    """A ledger that knows it as ended, or not at all, is told no more."""
    ledger = Ledger()
    for reason in ("handle-ended", "no-receipt"):
        spool.add(withdrawal())
        ledger.away = Refused(reason, "…")
        assert await tell_all(spool, ledger)
        assert not spool.owes(HANDLE)


@pytest.mark.parametrize(
    "junk",
    [
        b"",
        b"\xff\xfe\n",
        b"[]\n1\nnull\n{}\n",
        b"[" * 100_000 + b"\n",
        b'{"site":"shop","handle":"a","kind":"sell","decision":null}\n',
        b'{"site":"shop","handle":"a","kind":"answer","decision":null}\n',
        b'{"site":"shop","handle":"a","kind":"answer","decision":{"x":1}}\n',
        b'{"site":"shop","handle":"a","ki',
    ],
)
async def test_what_broke_off_costs_nothing_but_itself(spool: Spool, junk: bytes) -> None:
    """A torn last record is passed over, and what is added behind it stands."""
    spool.add(withdrawal(), known=True)
    with spool.path_of(HANDLE).open("ab") as file:
        file.write(junk)
    try:
        spool.add(PendingEntry("shop", HANDLE, "erase"), known=True)
        added = 1
    except CollectorUnavailable:  # too much of one visitor
        added = 0
    ledger = Ledger()
    assert await tell_all(spool, ledger)
    assert [entry.kind for entry in ledger.told] == ["answer", "erase"][: 1 + added]


async def test_a_grant_is_never_owed(spool: Spool) -> None:
    """Whatever stands in the folder: what would widen is passed over."""
    spool.add(withdrawal())
    path = spool.path_of(HANDLE)
    path.write_text(path.read_text().replace('"statistics":0', '"statistics":3'))
    ledger = Ledger()
    assert await tell_all(spool, ledger)
    assert ledger.told == []
    grant = Decision("shop", HANDLE, "e" * 64, "en", "save", {"a": 2, "b": 0}, True, False)
    undone = rollback(grant).decision
    assert undone is not None
    assert (undone.method, undone.choices) == ("rollback", {"a": 0})


def test_unknown_handles_have_a_megabyte(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    """M50: anybody can invent handles; what the ledger is known to know still finds room."""
    assert module.MOST_UNKNOWN == 1_000_000
    monkeypatch.setattr(module, "MOST_UNKNOWN", 40_000)
    count = until_full(lambda number: spool.add(withdrawal(numbered(number))))
    size = sum(file.stat().st_size for file in spool.folder.glob("*.owed"))
    assert 39_000 < size <= 40_000
    assert not spool.owes(numbered(count))
    spool.add(withdrawal(OTHER), known=True)
    assert spool.owes(OTHER)
    with pytest.raises(CollectorUnavailable):
        spool.add(PendingEntry("shop", numbered(count), "erase"))


def test_grants_that_came_late_leave_room_for_withdrawals(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever clicks while a collector hangs does not keep others from withdrawing."""
    monkeypatch.setattr(module, "MOST_UNKNOWN", 20_000)
    grant = withdrawal(statistics=2).decision
    assert grant is not None
    until_full(lambda number: spool.add(rollback(replace(grant, handle=numbered(number)))))
    spool.add(withdrawal(OTHER))
    assert spool.owes(OTHER)


def test_one_visitor_does_not_fill_it(spool: Spool) -> None:
    """A handle has room for some entries, known or not."""

    def add(number: int) -> None:
        spool.add(withdrawal(method="save", **{f"p{number}": 0}), known=True)

    assert 10 < until_full(add) < 200


def test_where_nothing_can_be_written_it_says_so(
    spool: Spool, caplog: pytest.LogCaptureFixture
) -> None:
    """The folder is something else: CollectorUnavailable, and no visitor in the log."""
    spool.folder.write_text("no folder")
    with pytest.raises(CollectorUnavailable, match="try again"):
        spool.add(withdrawal())
    with pytest.raises(CollectorUnavailable):
        spool.owes(HANDLE)
    with pytest.raises(CollectorUnavailable):
        spool.owing()
    with pytest.raises(CollectorUnavailable):
        spool.handles()
    with pytest.raises(CollectorUnavailable):
        spool.pass_by(HANDLE, 0.1)
    assert HANDLE not in caplog.text


@pytest.mark.parametrize("step", ["write_at", "sync_folder"])
def test_what_is_half_written_is_taken_back(
    spool: Spool, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """A disk that fails between: not there, or there as it was."""
    spool.add(withdrawal())
    before = spool.path_of(HANDLE).read_bytes()

    def fail(*_: object) -> None:
        raise OSError(28, "no space left")

    with monkeypatch.context() as patch:
        patch.setattr(module.files if step == "write_at" else module, step, fail)
        for entry in (PendingEntry("shop", HANDLE, "erase"), withdrawal(OTHER)):
            with pytest.raises(CollectorUnavailable):
                spool.add(entry)
    assert spool.path_of(HANDLE).read_bytes() == before
    assert not spool.owes(OTHER)


async def test_what_comes_while_it_is_told_is_told_too(spool: Spool) -> None:
    """More of a handle, between the ledger's answer and the end of its file."""
    spool.add(withdrawal(method="save"))
    ledger = Ledger()

    async def tell(entry: PendingEntry) -> None:
        await ledger(entry)
        if len(ledger.told) == 1:
            spool.add(withdrawal())

    assert not await tell_all(spool, tell)
    assert spool.owes(HANDLE)
    assert await tell_all(spool, tell)
    decisions = [entry.decision for entry in ledger.told]
    assert [each.method for each in decisions if each] == ["save", "save", "withdraw"]


async def test_two_do_not_tell_at_once(spool: Spool) -> None:
    """What another tells is left to it: a withdrawal told late could end what came after it."""
    spool.add(withdrawal())
    ledger = Ledger()
    with spool.claim(HANDLE) as claim:
        assert claim is not None
        assert not await tell_all(spool, ledger, HANDLE)
        assert claim.done()
    assert await tell_all(spool, ledger, HANDLE)
    assert ledger.told == []


def _hold(folder: Path, sending: Any, end: Any) -> None:
    with Spool(folder).sending(HANDLE):
        sending.set()
        end.wait(60)


def test_a_withdrawal_waits_for_what_is_on_its_way(spool: Spool) -> None:
    """M20, M50: in another process; once it is passed, nothing of the visitor leaves anywhere."""
    spool.make()
    context = multiprocessing.get_context("spawn")
    sending, end = context.Event(), context.Event()
    worker = context.Process(target=_hold, args=(spool.folder, sending, end))
    worker.start()
    try:
        assert sending.wait(60)
        spool.add(withdrawal())
        with pytest.raises(CollectorUnavailable, match="on their way"):
            spool.pass_by(HANDLE, 0.05)
        with pytest.raises(StillPending), spool.sending(HANDLE):
            pass
        spool.pass_by(OTHER, 0.05)
        passed = threading.Thread(target=spool.pass_by, args=(HANDLE, 30))
        passed.start()
        end.set()
        passed.join(30)
        assert not passed.is_alive()
        spool.pass_by(HANDLE, 0.05)
    finally:
        worker.kill()
        worker.join()


def _add_many(folder: Path, start: Any, first: int) -> None:
    start.wait(60)
    for number in range(first, first + 50):
        Spool(folder).add(withdrawal(numbered(number % 60)))


async def test_many_processes_write_and_none_is_lost(spool: Spool) -> None:
    """Three that write the same handles and others, while one tells."""
    context = multiprocessing.get_context("spawn")
    start = context.Event()
    workers = [
        context.Process(target=_add_many, args=(spool.folder, start, n * 25)) for n in range(3)
    ]
    for worker in workers:
        worker.start()
    start.set()
    ledger = Ledger()
    while any(worker.is_alive() for worker in workers):
        await tell_all(spool, ledger)
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    assert await tell_all(spool, ledger)
    assert {entry.handle for entry in ledger.told} == {numbered(n % 60) for n in range(100)}


async def test_it_is_tried_until_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault, an absence, then the ledger: the task ends when nothing is owed."""
    outcomes: list[bool | Exception] = [
        ZeroDivisionError(),
        CollectorUnavailable("away"),
        False,
        True,
    ]

    async def once() -> bool:
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr("askfirst.spool.pending.WAITS", (0.0,))
    pending = Pending(once)
    pending.start()
    pending.start()
    await until(lambda: outcomes == [])
    await pending.aclose(1)
