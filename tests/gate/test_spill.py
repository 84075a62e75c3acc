"""The spill file: what is in it, for how long, and whose it is."""

from __future__ import annotations

import json
import multiprocessing
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from askfirst.gate.spill import LIFE, Spill
from tests.gate.memory import NOW

HANDLE, OTHER = "a" * 64, "b" * 64
Open = Callable[..., Spill]


@pytest.fixture
def clock() -> list[float]:
    return [NOW]


@pytest.fixture
def spill(tmp_path: Path, clock: list[float]) -> Iterator[Open]:
    """Opens the file; each is let go of in the end."""
    opened: list[Spill] = []

    def make(**options: Any) -> Spill:
        opened.append(Spill(tmp_path / "spill", now=lambda: clock[0], **options))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


def lines(folder: Path, name: str = "spill") -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / name).read_text().splitlines()]


def adopted(spill: Spill) -> list[tuple[str, Any]]:
    return [(kind, what["n"]) for _, kind, what in spill.adopt()]


def test_what_is_added_is_there_for_the_next_process(spill: Open, tmp_path: Path) -> None:
    """In order, once, but for what was struck out; readable for nobody else."""
    before = os.umask(0)
    try:
        first = spill()
        keys = [first.add("event", HANDLE, {"n": n}) for n in range(3)]
    finally:
        os.umask(before)
    first.add("owed", OTHER, {"n": 3})
    for _ in range(2):
        first.done(keys[1] or "")
    assert stat.S_IMODE((tmp_path / "spill").stat().st_mode) == 0o600
    first.close()
    second = spill()
    assert adopted(second) == [("event", 0), ("event", 2), ("owed", 3)]
    assert adopted(second) == []


def test_an_empty_file_holds_nothing(spill: Open, tmp_path: Path) -> None:
    """What is done leaves no byte; a clean end leaves no file."""
    one = spill()
    one.done(one.add("event", HANDLE, {"n": 0}) or "")
    assert (tmp_path / "spill").read_bytes() == b""
    one.close()
    assert list(tmp_path.iterdir()) == []


def test_events_stay_for_a_day_and_withdrawals_until_done(
    spill: Open, clock: list[float], tmp_path: Path
) -> None:
    """At most 24 hours by the clock, whether a process runs or starts; no finer time is kept."""
    one = spill()
    event = one.add("event", HANDLE, {"n": 0})
    owed = one.add("owed", HANDLE, {"n": 1})
    assert [entry["hour"] for entry in lines(tmp_path)] == [int(NOW // 3600), 0]
    clock[0] = NOW + LIFE - 3600
    assert one.expire() == {event, owed}
    clock[0] = NOW + LIFE
    assert one.expire() == {owed}
    assert [entry["k"] for entry in lines(tmp_path)] == ["owed"]
    one.add("event", HANDLE, {"n": 2})
    one.close()
    clock[0] += 400 * LIFE
    assert adopted(spill()) == [("owed", 1)]


def test_a_full_file_drops_its_oldest_events(
    spill: Open, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Capped, with a typed line; withdrawals are never what goes."""
    one = spill(largest=4000)
    one.add("owed", HANDLE, {"n": -1})
    for n in range(200):
        one.add("event", HANDLE, {"n": n})
        assert (tmp_path / "spill").stat().st_size <= 4200
    found = [entry["what"]["n"] for entry in lines(tmp_path) if "what" in entry]
    assert found[0] == -1
    assert found[1:] == list(range(200))[-len(found[1:]) :]
    assert "askfirst.W031" in caplog.text
    assert HANDLE not in caplog.text


def test_struck_out_lines_do_not_pile_up(spill: Open, tmp_path: Path) -> None:
    """The file is written anew when it has grown."""
    one = spill(largest=4000)
    one.add("owed", HANDLE, {"n": -1})
    for n in range(200):
        one.done(one.add("event", HANDLE, {"n": n}) or "")
        assert (tmp_path / "spill").stat().st_size <= 4200
    one.close()
    assert adopted(spill()) == [("owed", -1)]


def test_a_visitor_who_leaves_is_taken_out(spill: Open, tmp_path: Path) -> None:
    """Events only: what ends the grant goes on waiting."""
    one = spill()
    one.add("event", HANDLE, {"n": 0})
    one.add("event", OTHER, {"n": 1})
    one.add("owed", HANDLE, {"n": 2})
    one.forget(HANDLE)
    assert [entry["what"]["n"] for entry in lines(tmp_path)] == [1, 2]


@pytest.mark.parametrize(
    "junk",
    [
        b"",
        b"\xff\xfe\n",
        b"[]\n1\nnull\n{}\n",
        b'{"id":"1","k":"event","handle":"a","hour":"x","what":{}}\n',
        b'{"id":"1","k":"other","handle":"a","hour":1,"what":{}}\n',
        b'{"id":[],"k":"owed","handle":"a","hour":1,"what":{}}\n',
        b'{"done":[]}\n',
        b"[" * 100_000 + b"\n",
        b'{"id":"1","k":"owed","handle":"a","ho',
    ],
)
def test_what_cannot_be_read_is_passed_over(spill: Open, tmp_path: Path, junk: bytes) -> None:
    """A line that broke off, or anybody's junk, costs nothing but itself."""
    one = spill()
    one.add("owed", HANDLE, {"n": 0})
    one.close()
    with (tmp_path / "spill").open("ab") as file:
        file.write(junk)
    again = spill()
    assert adopted(again) == [("owed", 0)]
    again.add("owed", OTHER, {"n": 1})
    again.close()
    assert adopted(spill()) == [("owed", 0), ("owed", 1)]


def _die_with(path: Path, n: int, ready: Any, die: Any) -> None:
    one = Spill(path, now=lambda: NOW)
    one.add("owed", HANDLE, {"n": n})
    ready.wait()
    die.wait()
    os._exit(9)


def test_processes_beside_each_other(spill: Open, tmp_path: Path) -> None:
    """Each has a file of its own; whoever comes after takes in what the dead ones left."""
    context = multiprocessing.get_context("spawn")
    ready, die = context.Barrier(4), context.Event()
    workers = [
        context.Process(target=_die_with, args=(tmp_path / "spill", n, ready, die))
        for n in range(3)
    ]
    for worker in workers:
        worker.start()
    ready.wait(60)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["spill", "spill.1", "spill.2"]
    fourth = spill()
    assert adopted(fourth) == []
    fourth.add("owed", HANDLE, {"n": 3})
    die.set()
    for worker in workers:
        worker.join(60)
    fourth.close()
    assert sorted(adopted(spill())) == [("owed", n) for n in range(4)]
    assert [path.name for path in tmp_path.iterdir()] == ["spill"]


def test_a_forked_process_takes_another_file(spill: Open, tmp_path: Path) -> None:
    """What a parent has open is not written by its child."""
    one = spill()
    one.add("owed", HANDLE, {"n": 0})
    child = os.fork()
    if child == 0:
        try:
            one.add("owed", OTHER, {"n": 1})
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    one.add("owed", HANDLE, {"n": 2})
    assert [entry["what"]["n"] for entry in lines(tmp_path)] == [0, 2]
    assert [entry["what"]["n"] for entry in lines(tmp_path, "spill.1")] == [1]


def test_a_disk_that_cannot_be_written(
    spill: Open, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Said in the log, and nothing is raised."""
    (tmp_path / "spill").mkdir()
    for n in range(1, 64):
        (tmp_path / f"spill.{n}").mkdir()
    one = spill()
    assert one.add("owed", HANDLE, {"n": 0}) is None
    one.forget(HANDLE)
    assert len(one) == 0
    assert "opening the spill file" in caplog.text
