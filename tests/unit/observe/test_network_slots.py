"""Several processes over one folder agree who of a network is sized."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from askfirst.observe.address import read_address
from askfirst.observe.network_sizes import SIZED, NetworkSizes
from askfirst.observe.network_slots import CAN_SHARE, FILES, NetworkSlots

pytestmark = pytest.mark.skipif(not CAN_SHARE, reason="each process counts for itself here")
DAY = "2026-11-22"
PLACE = "81.2.69.7"

# Answers `visitor period address` a line, until its input ends.
PROCESS = """
import os, sys
from pathlib import Path
from askfirst.observe.address import read_address
from askfirst.observe.network_sizes import NetworkSizes
from askfirst.observe.network_slots import NetworkSlots
sizes = NetworkSizes(urandom=os.urandom, slots=NetworkSlots(Path(sys.argv[1]), urandom=os.urandom))
for line in sys.stdin:
    visitor, period, address = line.split()
    print(sizes.is_sized("shop", period, visitor, read_address(address)), flush=True)
"""


class Process:
    """Another process that counts in the folder."""

    def __init__(self, started: subprocess.Popen[str]) -> None:
        self.started = started

    def is_sized(self, visitor: str, period: str = DAY, address: str = PLACE) -> bool:
        assert self.started.stdin is not None
        assert self.started.stdout is not None
        self.started.stdin.write(f"{visitor} {period} {address}\n")
        self.started.stdin.flush()
        return self.started.stdout.readline() == "True\n"


@contextmanager
def process(folder: Path) -> Iterator[Process]:
    with subprocess.Popen(
        [sys.executable, "-c", PROCESS, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as started:
        yield Process(started)


def test_three_of_a_network_in_all_processes_together(tmp_path: Path) -> None:
    """M27: whichever process they meet; whoever is sized in one is in every other."""
    with ExitStack() as stack:
        several = [stack.enter_context(process(tmp_path)) for _ in range(4)]
        first = [several[number % 4].is_sized(f"v{number}") for number in range(8)]
        assert first == [True] * SIZED + [False] * 5
        for number in range(8):
            assert {one.is_sized(f"v{number}") for one in several} == {number < SIZED}
        assert several[3].is_sized("v7", address="81.2.70.7")
        assert several[2].is_sized("v7", period="2026-11-23")


def test_at_the_same_moment_too(tmp_path: Path) -> None:
    """M27: forty visitors of ten networks ask four processes at once, each of them all."""
    with ExitStack() as stack:
        several = [stack.enter_context(process(tmp_path)) for _ in range(4)]
        asked = [(f"v{n}", f"81.2.{n % 10}.7") for n in range(40)]
        for one in several:
            assert one.started.stdin is not None
            one.started.stdin.write("".join(f"{v} {DAY} {place}\n" for v, place in asked))
            one.started.stdin.flush()
        sized: set[tuple[str, str]] = set()
        for one in several:
            assert one.started.stdout is not None
            sized |= {who for who in asked if one.started.stdout.readline() == "True\n"}
    networks = [place for _, place in sized]
    assert {networks.count(place) for place in networks} == {SIZED}


def test_a_period_ends_and_so_do_its_locks(tmp_path: Path) -> None:
    """What was held for a period that is over is free; keys of long ago are gone."""
    with process(tmp_path) as one:
        assert one.is_sized("v1", period="2026-08-01")
        assert one.is_sized("v1", period="2026-11-22")
        assert not (tmp_path / "2026-08-01").exists()
        assert len((tmp_path / "2026-11-22").read_bytes()) == 16
        assert (tmp_path / "2026-11-22").stat().st_mode & 0o777 == 0o600
    locks = [path for path in tmp_path.iterdir() if len(path.name) == 2]
    assert len(locks) == FILES
    assert all(path.stat().st_size == 0 for path in locks)


def test_two_in_one_process_are_one(tmp_path: Path) -> None:
    """Two that share slots count together; what another closes stays locked by nobody."""
    slots = NetworkSlots(tmp_path, urandom=os.urandom)
    one, two = (NetworkSizes(urandom=os.urandom, slots=slots) for _ in range(2))
    place = read_address(PLACE)
    sized = [sizes.is_sized("shop", DAY, n, place) for n in range(4) for sizes in (one, two)]
    assert sized == [True] * 2 * SIZED + [False] * 2
    slots.close()
    with process(tmp_path) as other:
        assert all(other.is_sized(f"v{number}") for number in range(SIZED))


def test_where_nothing_can_be_locked_nobody_counts(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A failure narrows, and is said: the folder is a file."""
    folder = tmp_path / "networks"
    folder.write_bytes(b"")
    sizes = NetworkSizes(urandom=os.urandom, slots=NetworkSlots(folder, urandom=os.urandom))
    assert not sizes.is_sized("shop", DAY, "v1", read_address(PLACE))
    assert "counting the visitors of a network failed: FileExistsError" in caplog.text
