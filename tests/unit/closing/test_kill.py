"""kill -9 during a close, with a real process on real files."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import pytest

from askfirst_collector.closing.close import close_due
from tests.support.programs import python

from .house import MONDAY, Clock, after, key_of, noon, opened, row, store
from .test_close import cells, closings

VISITORS, VIEWS = 2_000, 3
KILLS = 6

PROGRAM = """
import sys
from pathlib import Path
from askfirst_collector.closing.close import close_due
from askfirst_collector.runtime.open import open_services
from tests.support.draws import no_noise
now = float(sys.argv[2])
parts = open_services(Path(sys.argv[1]), host_policy=None, now=lambda: now, urandom=no_noise)
print("ready", flush=True)
sys.stdin.readline()
close_due(parts, now)
print("done", flush=True)
sys.stdin.readline()
"""


def _closing(folder: Path) -> subprocess.Popen[str]:
    process = python(
        *("-c", PROGRAM, folder, after()),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def _go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        assert stream is not None
        stream.close()


@pytest.mark.file
def test_a_killed_close_leaves_the_open_period_or_the_closed_one(tmp_path: Path) -> None:
    """Killed at six moments: all rows and no table, or the whole table; then closed, once."""
    clock = Clock(noon())
    with opened(tmp_path / "full/data", clock) as parts:
        for page in range(VIEWS):
            store(parts, [row(parts, n, {"page": (f"/{page}",)}) for n in range(VISITORS)])
    whole = _closing(shutil.copytree(tmp_path / "full", tmp_path / "whole") / "data")
    started = time.monotonic()
    _go(whole)
    assert whole.stdout is not None
    assert whole.stdout.readline() == "done\n"
    took = time.monotonic() - started
    _end(whole)
    clock.now = after()
    states = set()
    for kill in range(KILLS):
        folder = shutil.copytree(tmp_path / "full", tmp_path / f"killed-{kill}") / "data"
        process = _closing(folder)
        _go(process)
        time.sleep(took * kill / (KILLS - 1))  # where in the close it is killed, nothing else
        _end(process)
        with opened(folder, clock) as parts:
            closed = closings(parts).get(("statistics", MONDAY), -1)
            states.add(closed)
            if closed == -1:
                assert parts.events.counts(key_of()).visitors == VISITORS
                assert cells(parts, "page") == {}
            close_due(parts, clock.now)
            assert closings(parts)["statistics", MONDAY] == VISITORS
            assert cells(parts, "page") == {(f"/{page}",): VISITORS for page in range(VIEWS)}
            assert parts.events.periods() == []
    assert states <= {-1, VISITORS}


def test_of_many_processes_that_close_at_once_one_does(tmp_path: Path) -> None:
    """Three real processes without a lease: one closing, the right figures, no row left."""
    clock = Clock(noon())
    folder = tmp_path / "data"
    with opened(folder, clock) as parts:
        store(parts, [row(parts, n, {"page": ("/a",)}) for n in range(VISITORS)])
    processes = [_closing(folder) for _ in range(3)]
    for process in processes:
        _go(process)
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "done\n"
        _end(process)
    with opened(folder, Clock(after())) as parts:
        assert closings(parts)["statistics", MONDAY] == VISITORS
        assert parts.events.periods() == []
