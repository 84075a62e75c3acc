"""Accepting, moving and ending, cut off at every write: each batch is in the store once."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import struct
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from msgspec.structs import replace

from askfirst_collector.store.events import Batch
from askfirst_collector.store.sqlite import SqliteEvents
from tests.browser.browsers import missing
from tests.conftest import ROOT
from tests.system.crash.disk import (
    AFTER,
    BEFORE,
    COUNT,
    JOURNAL,
    TORN,
    Disk,
    compiler,
    read_journal,
)
from tests.system.crash.power_cut import Folder
from tests.unit.store.rows import ROW, batch, nobody

SEED = int(os.environ.get("ASKFIRST_SEED") or random.SystemRandom().randrange(10**6))
BATCHES = 9
POINTS = 12  # of each kind
# A worker for each line that comes in: it accepts, moves now and then, and says after which change
# of the disk each batch was answered.
PROGRAM = f"""
import asyncio, os, pathlib, struct, sys
from tests.system.test_moving import drawn_batch
from tests.unit.store.rows import nobody
from askfirst_collector.store.events import Batch
from askfirst_collector.store.sqlite import SqliteEvents
def work(folder, answered):
    store = SqliteEvents(pathlib.Path(folder) / "events.db", ended=nobody)
    control = open(os.environ["ASKFIRST_CRASH"], "rb", buffering=0)
    for number in range({BATCHES}):
        asyncio.run(store.append(drawn_batch(number)))
        control.seek(0)
        os.write(answered, control.read(8))
        if number % 4 == 2:
            store.drain()
    store.close()
for line in sys.stdin:
    folder, answers = line.rstrip("\\n").split("\\t")
    child = os.fork()
    if child == 0:
        work(folder, os.open(answers, os.O_CREAT | os.O_WRONLY | os.O_TRUNC))
        os._exit(0)
    os.waitpid(child, 0)
    print(flush=True)
"""


def drawn_batch(number: int) -> Batch:
    """Two rows of a page of their own."""
    row = replace(ROW, values={"page": (f"/page-{number}",)})
    return batch(f"key-{number}", row, row)


@dataclass
class Bench:
    """A disk, and a program whose children work on it."""

    folder: Path
    disk: Disk
    program: subprocess.Popen[str]
    before: list[Folder] = field(default_factory=list)  # the folder as a worker found it

    def work(self, *, fault: int = 0, after: int = 0, mode: int = COUNT) -> list[int]:
        """Run a worker on an empty folder; at which changes its batches were answered."""
        shutil.rmtree(self.folder / "data", ignore_errors=True)
        (self.folder / "data").mkdir()
        self.before = [Folder(self.folder / "data") for _ in range(POINTS)]
        (self.folder / "journal").unlink(missing_ok=True)
        self.disk.watch(self.folder / "data", self.folder / "journal", mode)
        if fault:
            self.disk.arm(fault, after, 500)
        assert self.program.stdin is not None
        assert self.program.stdout is not None
        self.program.stdin.write(f"{self.folder / 'data'}\t{self.folder / 'answers'}\n")
        self.program.stdin.flush()
        assert self.program.stdout.readline() == "\n"
        data = (self.folder / "answers").read_bytes()
        return [number for (number,) in struct.iter_unpack("=Q", data)]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    if compiler() is None:
        missing("no C compiler is installed")
    disk = Disk(tmp_path)
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env={**os.environ, **disk.environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    yield Bench(tmp_path, disk, program)
    program.communicate()
    disk.close()


def pages(store: SqliteEvents) -> Counter[str]:
    rows = [row for key in store.periods() for row in store.rows(key)]
    return Counter(row.values["page"][0] for row in rows)


def check(data: Path, answered: int) -> None:
    """What was answered is there, and whatever is sent again is there once."""
    with closing(SqliteEvents(data / "events.db", ended=nobody)) as store:
        store.move(0)  # the spool of who was killed goes
        stored = pages(store)
        assert {stored[f"/page-{number}"] for number in range(answered)} <= {2}
        assert set(stored.values()) <= {2}
        for number in range(BATCHES):
            sent = drawn_batch(number)
            assert asyncio.run(store.append(sent)) == sent.answer
        assert pages(store) == {f"/page-{number}": 2 for number in range(BATCHES)}
    assert [*(data / "spool").iterdir()] == []


def run(bench: Bench, faults: Iterator[tuple[int, int]]) -> None:
    for fault, after in faults:
        answered = bench.work(fault=fault, after=after)
        try:
            check(bench.folder / "data", len(answered))
        except AssertionError as error:
            raise AssertionError(f"fault {fault} at change {after}: {error}") from error


@pytest.mark.timeout(600)
def test_a_worker_that_is_killed_at_a_write_loses_and_doubles_nothing(bench: Bench) -> None:
    """M50: at drawn changes of the disk, and in them."""
    print(f"ASKFIRST_SEED={SEED}")
    drawn = random.Random(SEED)
    assert len(bench.work()) == BATCHES
    changes = bench.disk.sequence
    check(bench.folder / "data", BATCHES)
    run(
        bench,
        (
            (fault, drawn.randint(1, changes))
            for fault in (BEFORE, AFTER, TORN)
            for _ in range(POINTS)
        ),
    )


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_worker_that_is_killed_at_every_write_loses_and_doubles_nothing(bench: Bench) -> None:
    """M50: at each change of the disk, before it, after it and in it."""
    bench.work()
    changes = bench.disk.sequence
    run(bench, ((f, n) for n in range(1, changes + 1) for f in (BEFORE, AFTER, TORN)))


@pytest.mark.timeout(600)
def test_a_power_cut_loses_and_doubles_nothing(bench: Bench) -> None:
    """M50: what was answered before the cut is on disk, the name of the spool included."""
    print(f"ASKFIRST_SEED={SEED}")
    drawn = random.Random(SEED)
    answered = bench.work(mode=COUNT | JOURNAL)
    journal = [*read_journal(bench.folder / "journal")]
    for before in bench.before:
        cut = drawn.randint(1, bench.disk.sequence)
        image = bench.folder / "data"
        shutil.rmtree(image)
        image.mkdir()
        before.pass_through(change for change in journal if change.sequence <= cut)
        before.write(image, drawn)
        check(image, sum(number <= cut for number in answered))
