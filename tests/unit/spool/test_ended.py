"""The handles that ended: in every process, for as long as a cookie could say otherwise."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from askfirst.spool.ended import SIZE, EndedHandles
from askfirst.spool.spool import Spool
from tests.unit.gate.memory import NOW

HANDLE, OTHER = "a" * 64, "b" * 64
YEAR = 366 * 86_400


@pytest.fixture
def clock() -> list[float]:
    return [NOW]


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    spool = Spool(tmp_path / "spool")
    spool.make()
    return spool


def ended_handles(spool: Spool, clock: list[float], **options: int) -> EndedHandles:
    return EndedHandles(spool, now=lambda: clock[0], **options)


def test_every_process_knows_and_the_handle_stands_nowhere(
    spool: Spool, clock: list[float]
) -> None:
    """M50: once it is added; granted again, it is over no more."""
    one, two = ended_handles(spool, clock), ended_handles(spool, clock)
    assert HANDLE not in two
    one.add(HANDLE)
    one.add(HANDLE)
    assert HANDLE in two
    assert OTHER not in two
    (file,) = spool.folder.glob("ended-*")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.stat().st_size == SIZE
    assert HANDLE.encode() not in file.read_bytes()
    two.discard(HANDLE)
    assert HANDLE not in one
    one.add(HANDLE)
    assert HANDLE in ended_handles(spool, clock)


def test_it_is_gone_when_no_cookie_is_left(spool: Spool, clock: list[float]) -> None:
    """A year at least, two at most."""
    ended_handles(spool, clock).add(HANDLE)
    clock[0] += YEAR
    later = ended_handles(spool, clock)
    assert HANDLE in later
    clock[0] += YEAR
    later.add(OTHER)
    assert HANDLE not in later
    assert len([*spool.folder.glob("ended-*")]) == 1


def test_it_does_not_grow_without_end(spool: Spool, clock: list[float]) -> None:
    """The oldest half goes, and a record that broke off costs nothing but itself."""
    handles = [f"{number:064x}" for number in range(25)]
    ended = ended_handles(spool, clock, most=10)
    for handle in handles:
        ended.add(handle)
        (file,) = spool.folder.glob("ended-*")
        file.write_bytes(file.read_bytes() + b"torn")
        assert handle in ended
    assert file.stat().st_size <= 11 * SIZE + 4
    assert handles[0] not in ended
    assert all(handle in ended for handle in handles[-5:])


def test_a_folder_that_cannot_be_written_leaves_it_in_memory(
    spool: Spool, clock: list[float]
) -> None:
    """The process that has seen it still says so."""
    ended = ended_handles(spool, clock)
    spool.folder.rename(spool.folder.with_name("elsewhere"))
    ended.add(HANDLE)
    assert HANDLE in ended
