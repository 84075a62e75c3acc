"""Real servers under load, ended at drawn points, started again, and compared with their word."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.browser.browsers import missing
from tests.system.crash import compare
from tests.system.crash.disk import (
    AFTER,
    BEFORE,
    COUNT,
    CREATE,
    JOURNAL,
    LYING,
    RENAME,
    SYNC,
    TORN,
    WRITE,
    Change,
    Disk,
    compiler,
    read_journal,
)
from tests.system.crash.points import KINDS, Bench, Point, draw_points, memory
from tests.system.crash.power_cut import Folder
from tests.system.crash.report import line, table
from tests.system.crash.sites import TOPOLOGIES
from tests.system.crash.visits import Operation, Person

SEED = int(os.environ.get("ASKFIRST_SEED") or random.SystemRandom().randrange(10**6))
SHORT = 4  # one of each kind
NOTHING_UNSYNCED = 100  # a point of seed 1 of whose cut nothing stays but what was synced
LONG = int(os.environ.get("ASKFIRST_POINTS") or 64)  # four of each kind with each set of servers


@pytest.fixture(scope="module", autouse=True)
def _has_compiler() -> None:
    if compiler() is None:
        missing("no C compiler is installed")


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with tempfile.TemporaryDirectory(prefix="askfirst-crash-", dir=memory()) as folder:
        bench = Bench(Path(folder))
        yield bench
        bench.close()


def run(bench: Bench, count: int) -> None:
    print(f"ASKFIRST_SEED={SEED}")
    outcomes = []
    for point in draw_points(count, SEED):
        outcomes.append(bench.run(point))
        print(line(outcomes[-1]), flush=True)
    print(table(outcomes))
    wrong = [line(outcome) for outcome in outcomes if outcome.differences]
    assert not wrong, "\n".join([f"ASKFIRST_SEED={SEED}", *wrong])


@pytest.mark.timeout(600)
def test_nothing_acknowledged_is_lost(bench: Bench) -> None:
    """M20, M50: kill -9, at a write and in it, and a power cut, whatever servers there are."""
    run(bench, SHORT)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_nothing_acknowledged_is_lost_at_many_points(bench: Bench) -> None:
    """M20, M50: the same for many minutes."""
    run(bench, LONG)


def test_every_kind_of_end_meets_every_set_of_servers() -> None:
    """Sixteen points are all sixteen pairs, and four hold each kind and each set."""
    pairs = [(point.kind, point.topology) for point in draw_points(16, SEED)]
    assert len(set(pairs)) == 16
    for n, names in enumerate((KINDS, TOPOLOGIES)):
        assert {pair[n] for pair in pairs[:SHORT]} == set(names)


def test_a_disk_that_lies_is_noticed(bench: Bench) -> None:
    """The harness can fail: where "synced" is not true, what was acknowledged is missed."""
    outcome = bench.run(Point(NOTHING_UNSYNCED, 1, "power-cut", "embedded"), LYING)
    assert outcome.counts[compare.GRANTS] > 0


WRITER = """
import os, sqlite3, sys
folder = sys.argv[1]
with sqlite3.connect(f"{folder}/one.db", isolation_level=None) as one:
    one.execute("PRAGMA journal_mode=WAL")
    one.execute("PRAGMA synchronous=FULL")
    one.execute("CREATE TABLE t (n INTEGER)")
    for n in range(50):
        one.execute("INSERT INTO t VALUES (?)", (n,))
os.mkdir(f"{folder}/below")
with open(f"{folder}/below/draft", "wb", buffering=0) as draft:
    for n in range(10):
        draft.write(bytes([n]))
    draft.truncate(4)
os.replace(f"{folder}/below/draft", f"{folder}/below/file")
os.link(f"{folder}/below/file", f"{folder}/again")
os.unlink(f"{folder}/below/file")
"""


def write_under(disk: Disk, folder: Path) -> int:
    """Run WRITER on a watched folder; how it ended."""
    command = [sys.executable, "-c", WRITER, str(folder)]
    return subprocess.run(command, env={**os.environ, **disk.environment}).returncode


def test_every_change_is_written_down(tmp_path: Path) -> None:
    """Where nothing is cut, what was reckoned from the changes is the folder, byte for byte."""
    folder, image, disk = tmp_path / "watched", tmp_path / "image", Disk(tmp_path)
    folder.mkdir()
    before = Folder(folder)
    disk.watch(folder, tmp_path / "journal", COUNT | JOURNAL)
    assert write_under(disk, folder) == 0
    before.pass_through(read_journal(tmp_path / "journal"))
    before.write(image, _Draws(1.0))
    assert _contents(image) == _contents(folder)
    assert (folder / "again").read_bytes() == bytes([0, 1, 2, 3])
    disk.close()


def test_a_process_ends_at_the_chosen_change(tmp_path: Path) -> None:
    """Before it, after it, or with a part of its write: what SQLite committed before is there."""
    disk = Disk(tmp_path)
    rows = {}
    for fault in (BEFORE, AFTER, TORN):
        folder = tmp_path / f"{fault}"
        folder.mkdir()
        disk.watch(folder, tmp_path / "journal", COUNT)
        disk.arm(fault, 60, 500)
        assert write_under(disk, folder) == -9
        assert disk.fired
        assert disk.sequence == 60 or fault == TORN
        with closing(sqlite3.connect(folder / "one.db")) as connection:
            rows[fault] = [n for (n,) in connection.execute("SELECT n FROM t ORDER BY n")]
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert all(numbers == [*range(len(numbers))] for numbers in rows.values())
    assert 0 < min(map(len, rows.values())) < 50
    disk.close()


class _Draws(random.Random):
    """Every draw comes out the same."""

    def __init__(self, share: float) -> None:
        super().__init__(0)
        self._share = share

    def choice(self, _: object) -> float:  # type: ignore[override]
        return self._share


def _contents(folder: Path) -> dict[str, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".db-shm"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_what_was_synced_is_there_after_every_cut(tmp_path: Path) -> None:
    """And what was not may be there, may not, or in part; names want their folder synced."""
    disk = tmp_path / "disk"
    disk.mkdir()
    (disk / "old").write_bytes(b"")
    old, folder, new = (disk / "old").stat().st_ino, disk.stat().st_ino, 1
    changes = [
        Change(1, WRITE, old, 0, "", "", b"a" * 1000),
        Change(3, SYNC, old, 2, "", "", b""),
        Change(4, WRITE, old, 1000, "", "", b"b" * 2000),
        Change(5, CREATE, new, 0, f"{disk}/draft", "", b""),
        Change(6, WRITE, new, 0, "", "", b"c"),
        Change(8, SYNC, new, 7, "", "", b""),
        Change(9, RENAME, new, 0, f"{disk}/draft", f"{disk}/new", b""),
    ]
    seen: set[tuple[int, frozenset[str]]] = set()
    for number in range(200):
        cut = Folder(disk)
        cut.pass_through(changes)
        image = tmp_path / f"{number}"
        cut.write(image, random.Random(number))
        content = (image / "old").read_bytes()
        assert content[:1000] == b"a" * 1000
        assert set(content[1000:]) <= set(b"b\0")
        names = frozenset(path.name for path in image.iterdir()) - {"old"}
        assert all((image / name).read_bytes() == b"c" for name in names)
        seen.add((len(content), names))
    assert {names for _, names in seen} == {frozenset(), frozenset({"draft"}), frozenset({"new"})}
    assert {1000, 3000} < {length for length, _ in seen}
    cut = Folder(disk)
    cut.pass_through([*changes, Change(11, SYNC, folder, 10, "", "", b"")])
    cut.write(tmp_path / "synced", _Draws(0.0))
    assert (tmp_path / "synced/new").read_bytes() == b"c"


def test_what_may_be_after_a_cut_is_what_was_promised_before_it() -> None:
    """An operation that was not answered before the cut may have happened, or not."""
    one = (("statistics", 2),)
    person = Person(
        "5e" * 32,
        {},
        [
            Operation("grant", 1, 5, choices={"statistics": 2}),
            Operation("events", 6, 9, page="/v-a", events=2, is_linked=True),
            Operation("events", 10, 19, page="/v-b", events=1),
            Operation("erase", 20, 29),
        ],
    )
    assert compare.states(person, 4) == set()
    assert compare.states(person, 19) == {("granted", one)}
    assert compare.states(person, 25) == {("granted", one), ("withdrawn", ()), ("erased", ())}
    assert compare.states(person) == {("erased", ())}
    assert compare.rows(person, 7) == {"/v-a": (0, 2), "/v-b": (0, 0)}
    assert compare.rows(person, 19) == {"/v-a": (2, 2), "/v-b": (1, 1)}
    assert compare.rows(person, 25) == {"/v-a": (0, 2), "/v-b": (0, 1)}
    assert compare.rows(person) == {"/v-a": (0, 0), "/v-b": (0, 1)}
    person.operations.insert(3, Operation("change", 19, 19, choices={"statistics": 1}))
    assert compare.rows(person, spooled=True)["/v-a"] == (0, 2)


def test_a_missing_a_doubled_and_a_late_row_are_told_apart(tmp_path: Path) -> None:
    """The comparison can fail: each difference has a name of its own."""
    with closing(sqlite3.connect(tmp_path / "events.db")) as connection:
        connection.execute("CREATE TABLE events_text (page_1, type)")
        rows = [("/v-a", "page_view")] * 3 + [("/v-c", "page_view"), ("/v-d", "page_view")]
        connection.executemany("INSERT INTO events_text VALUES (?, ?)", rows)
        connection.commit()
    expected = {"/v-a": (2, 2), "/v-b": (1, 1), "/v-c": (0, 0)}
    differences = compare.row_differences(tmp_path, expected, {"/v-d": "it had ended"})
    kinds = [difference.kind for difference in differences]
    assert kinds == [
        compare.LOST,
        compare.DOUBLED,
        compare.WITHDRAWALS,
        compare.WITHDRAWALS,
    ]
