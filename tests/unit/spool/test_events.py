"""The file of events: what is in it, for how long, and whose it is."""

from __future__ import annotations

import json
import multiprocessing
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from askfirst.spool.events import LIFE, EventFile
from tests.unit.gate.memory import NOW

HANDLE, OTHER = "a" * 64, "b" * 64
Open = Callable[..., EventFile]


@pytest.fixture
def clock() -> list[float]:
    return [NOW]


@pytest.fixture
def files(tmp_path: Path, clock: list[float]) -> Iterator[Open]:
    """Opens the file; each is let go of in the end."""
    opened: list[EventFile] = []

    def make(**options: Any) -> EventFile:
        opened.append(EventFile(tmp_path / "events", now=lambda: clock[0], **options))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


def lines(folder: Path, name: str = "events") -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / name).read_text().splitlines()]


def adopted(file: EventFile) -> list[Any]:
    return [what["n"] for _, what in file.adopt()]


def test_what_is_added_is_there_for_the_next_process(files: Open, tmp_path: Path) -> None:
    """In order, once, but for what was struck out; readable for nobody else."""
    before = os.umask(0)
    try:
        first = files()
        keys = [first.add(HANDLE, {"n": n}) for n in range(3)]
    finally:
        os.umask(before)
    first.add(OTHER, {"n": 3})
    for _ in range(2):
        first.done(keys[1] or "")
    assert stat.S_IMODE((tmp_path / "events").stat().st_mode) == 0o600
    first.close()
    second = files()
    assert adopted(second) == [0, 2, 3]
    assert adopted(second) == []


def test_an_empty_file_holds_nothing(files: Open, tmp_path: Path) -> None:
    """What is done leaves no byte; a clean end leaves no file."""
    one = files()
    one.done(one.add(HANDLE, {"n": 0}) or "")
    assert (tmp_path / "events").read_bytes() == b""
    one.close()
    assert list(tmp_path.iterdir()) == []


def test_events_stay_for_a_day(files: Open, clock: list[float], tmp_path: Path) -> None:
    """At most 24 hours by the clock, whether a process runs or starts; no finer time is kept."""
    one = files()
    event = one.add(HANDLE, {"n": 0})
    assert [entry["hour"] for entry in lines(tmp_path)] == [int(NOW // 3600)]
    clock[0] = NOW + LIFE - 3600
    assert one.expire() == {event}
    clock[0] = NOW + LIFE
    assert one.expire() == frozenset()
    one.add(HANDLE, {"n": 2})
    one.close()
    clock[0] += LIFE
    assert adopted(files()) == []


def test_a_full_file_drops_its_oldest_events(
    files: Open, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Capped, with a typed line; what somebody was promised is never what goes."""
    one = files(largest=4000)
    one.add(HANDLE, {"n": -1}, promised=True)
    for n in range(200):
        one.add(HANDLE, {"n": n})
        assert (tmp_path / "events").stat().st_size <= 4200
    found = [entry["what"]["n"] for entry in lines(tmp_path) if "what" in entry]
    assert found[0] == -1
    assert found[1:] == list(range(200))[-len(found[1:]) :]
    assert "askfirst.W031" in caplog.text
    assert HANDLE not in caplog.text


def test_struck_out_lines_do_not_pile_up(files: Open, tmp_path: Path) -> None:
    """The file is written anew when it has grown."""
    one = files(largest=4000)
    one.add(HANDLE, {"n": -1})
    for n in range(200):
        one.done(one.add(HANDLE, {"n": n}) or "")
        assert (tmp_path / "events").stat().st_size <= 4200
    one.close()
    assert adopted(files()) == [-1]


def test_a_visitor_who_leaves_is_taken_out(files: Open, tmp_path: Path) -> None:
    """Nothing of theirs is left in it."""
    one = files()
    one.add(HANDLE, {"n": 0})
    one.add(OTHER, {"n": 1})
    one.forget(HANDLE)
    assert [entry["what"]["n"] for entry in lines(tmp_path)] == [1]


@pytest.mark.parametrize(
    "junk",
    [
        b"",
        b"\xff\xfe\n",
        b"[]\n1\nnull\n{}\n",
        b'{"id":"1","handle":"a","hour":"x","what":{}}\n',
        b'{"id":[],"handle":"a","hour":1,"what":{}}\n',
        b'{"done":[]}\n',
        b"[" * 100_000 + b"\n",
        b'{"id":"1","handle":"a","ho',
    ],
)
def test_what_cannot_be_read_is_passed_over(files: Open, tmp_path: Path, junk: bytes) -> None:
    """A line that broke off, or anybody's junk, costs nothing but itself."""
    one = files()
    one.add(HANDLE, {"n": 0})
    one.close()
    with (tmp_path / "events").open("ab") as file:
        file.write(junk)
    again = files()
    assert adopted(again) == [0]
    again.add(OTHER, {"n": 1})
    again.close()
    assert adopted(files()) == [0, 1]


def _die_with(path: Path, n: int, ready: Any, die: Any) -> None:
    one = EventFile(path, now=lambda: NOW)
    one.add(HANDLE, {"n": n})
    ready.wait()
    die.wait()
    os._exit(9)


def test_processes_beside_each_other(files: Open, tmp_path: Path) -> None:
    """Each has a file of its own; whoever comes after takes in what the dead ones left."""
    context = multiprocessing.get_context("spawn")
    ready, die = context.Barrier(4), context.Event()
    workers = [
        context.Process(target=_die_with, args=(tmp_path / "events", n, ready, die))
        for n in range(3)
    ]
    for worker in workers:
        worker.start()
    ready.wait(60)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["events", "events.1", "events.2"]
    fourth = files()
    assert adopted(fourth) == []
    fourth.add(HANDLE, {"n": 3})
    die.set()
    for worker in workers:
        worker.join(60)
    fourth.close()
    assert sorted(adopted(files())) == [0, 1, 2, 3]
    assert [path.name for path in tmp_path.iterdir()] == ["events"]


def test_a_forked_process_takes_another_file(files: Open, tmp_path: Path) -> None:
    """What a parent has open is not written by its child."""
    one = files()
    one.add(HANDLE, {"n": 0})
    child = os.fork()
    if child == 0:
        try:
            one.add(OTHER, {"n": 1})
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    one.add(HANDLE, {"n": 2})
    assert [entry["what"]["n"] for entry in lines(tmp_path)] == [0, 2]
    assert [entry["what"]["n"] for entry in lines(tmp_path, "events.1")] == [1]


def test_a_disk_that_cannot_be_written(
    files: Open, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Said in the log, and nothing is raised."""
    (tmp_path / "events").mkdir()
    for n in range(1, 64):
        (tmp_path / f"events.{n}").mkdir()
    one = files()
    assert one.add(HANDLE, {"n": 0}) is None
    one.forget(HANDLE)
    assert len(one) == 0
    assert "opening the file of events" in caplog.text
