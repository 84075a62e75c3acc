"""`revocations.log`: whole lines, in order, whoever writes and whatever breaks off."""

from __future__ import annotations

import errno
import os
import subprocess
from pathlib import Path

import pytest

from askfirst_collector.config import SettingError
from askfirst_collector.store import revocations
from askfirst_collector.store.faults import StoreFault
from askfirst_collector.store.revocations import Log, LogDamaged, Revocations, create, look
from tests.conftest import ROOT
from tests.support.programs import python

HEAD = {"do": "ledger", "id": "5e" * 32, "v": 1}
PROCESSES, RECORDS = 3, 60

WRITER = """
import sys
from pathlib import Path
from askfirst_collector.store.revocations import Revocations
log = Revocations(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for n in range(int(sys.argv[3])):
    log.append({"do": "end", "mark": f"{sys.argv[2]}-{n}"})
    print(n, flush=True)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    create(tmp_path / "revocations.log", HEAD)
    return tmp_path / "revocations.log"


def end(number: int) -> dict[str, object]:
    return {"do": "end", "mark": f"{number:064x}"}


def test_what_is_appended_is_read_by_every_process(path: Path) -> None:
    """In the order in which it came, under its owner's eyes alone."""
    one, other = Revocations(path), Revocations(path)
    one.append(end(1), end(2))
    other.append(end(3))
    assert one.read().records() == [HEAD, end(1), end(2), end(3)]
    assert [*other.read().newest_first()] == [end(3), end(2), end(1), HEAD]
    assert one.read().ledger == bytes.fromhex("5e" * 32)
    assert path.stat().st_mode & 0o777 == 0o600


def test_processes_that_write_at_once_lose_no_line(path: Path) -> None:
    """M50: also where one of them is killed in the middle of it."""
    processes = [
        python(
            *("-c", WRITER, path, n, RECORDS * (1 + 9 * (n == 0))),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            text=True,
        )
        for n in range(PROCESSES)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    killed = processes[0]
    assert killed.stdout is not None
    acknowledged = [int(killed.stdout.readline()) for _ in range(20)]
    killed.kill()
    acknowledged += [int(number) for number in killed.communicate()[0].split()]
    for process in processes[1:]:
        assert process.communicate()[0].split()[-1] == f"{RECORDS - 1}"
    marks = [record["mark"] for record in Revocations(path).read().records()[1:]]
    for n in range(1, PROCESSES):
        mine = [mark for mark in marks if mark.startswith(f"{n}-")]
        assert mine == [f"{n}-{number}" for number in range(RECORDS)]
    assert {f"0-{number}" for number in acknowledged} <= {*marks}


@pytest.mark.parametrize("torn", [b"8", b'0badc0de {"do":"en', b"\0" * 700, b'0badc0de {"do":1}\n'])
def test_a_torn_tail_is_cut(path: Path, torn: bytes) -> None:
    """M50: what broke off was never acknowledged; what was before it, and comes after, is whole."""
    log = Revocations(path)
    log.append(end(1))
    whole = path.read_bytes()
    path.write_bytes(whole + torn)
    again = Revocations(path)
    assert path.read_bytes() == whole
    again.append(end(2))
    assert again.read().records() == [HEAD, end(1), end(2)]


def test_a_line_that_another_process_tore_is_cut_by_the_next(path: Path) -> None:
    """Without a new start: what follows does not stand on a line that broke off."""
    log = Revocations(path)
    with path.open("ab") as file:
        file.write(b'0badc0de {"do":"en')
    log.append(end(1))
    assert log.read().records() == [HEAD, end(1)]


def test_a_damaged_line_in_the_middle_is_seen(path: Path) -> None:
    """Nobody takes a log for whole that is not."""
    log = Revocations(path)
    log.append(end(1), end(2))
    path.write_bytes(path.read_bytes().replace(b"0001", b"0009"))
    with pytest.raises(LogDamaged):
        log.read().records()


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("call", ["write", "fsync"])
def test_a_full_disk_leaves_no_half_line(
    path: Path, monkeypatch: pytest.MonkeyPatch, code: int, call: str
) -> None:
    """M50: what could not be written is not answered as written."""
    log = Revocations(path)
    log.append(end(1))
    whole = path.read_bytes()
    real = os.write

    def fail(handle: int, data: bytes = b"") -> int:
        if call == "write" and len(data) > 5:
            return real(handle, data[:5])
        raise OSError(code, "planted")

    with monkeypatch.context() as patched:
        patched.setattr(os, call, fail)
        with pytest.raises(StoreFault, match="revocations is away"):
            log.append(end(2))
    assert path.read_bytes() == whole
    log.append(end(3))
    assert log.read().records() == [HEAD, end(1), end(3)]


@pytest.mark.parametrize("change", ["removed", "replaced", "shortened"])
def test_another_file_in_its_place_takes_nothing(path: Path, change: str) -> None:
    """What went there would not be found, or what it holds is not all."""
    log = Revocations(path)
    log.append(end(1))
    log.check()
    aside = path.with_name("aside")
    if change == "shortened":
        aside.write_bytes(path.read_bytes())
        os.truncate(path, 40)
    else:
        path.rename(aside)
        if change == "replaced":
            path.write_bytes(aside.read_bytes())
    for ask in (log.check, lambda: log.append(end(2)), log.read):
        with pytest.raises(StoreFault):
            ask()
    if change != "shortened":
        aside.replace(path)
        log.append(end(2))


def test_another_program_that_holds_it_is_not_waited_for_for_ever(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ledger is held meanwhile: 503, as for every lock."""
    monkeypatch.setattr(revocations, "WAIT", 0.05)
    log = Revocations(path)
    with Revocations(path)._locked(), pytest.raises(StoreFault, match="another program holds it"):
        log.append(end(1))


def test_a_number_is_the_next_that_is_free(path: Path) -> None:
    """Of each site by itself, whatever its name."""
    log = Revocations(path)
    assert log.reserve_edition("shop", 1) == 1
    assert log.reserve_edition("shop", 2) == 2
    assert log.reserve_edition("shop", 2) == 3
    assert log.reserve_edition('"do":"edition"', 1) == 1
    assert log.reserve_edition("club", 1) == 1
    assert Revocations(path).read().highest_edition("shop") == 3


def test_what_a_restore_still_has_to_do_is_known(path: Path) -> None:
    """All that nobody finished."""
    log = Revocations(path)
    assert log.read().unfinished == []
    for start in (7, 3, 9):
        log.append({"do": "begun", "from": start})
    assert [record["from"] for record in log.read().unfinished] == [7, 3, 9]
    log.append({"do": "done", "idx": 4, "leaf": "", "generation": 12})
    log.append(end(1))
    assert (log.read().unfinished, log.read().generation) == ([], 12)


def test_what_is_no_log_has_no_ledger(tmp_path: Path) -> None:
    """And one from a newer program is refused."""
    assert look(tmp_path / "nothing") is None
    for data in (b"", b"something else\n", b'00000000 {"do":"ledger"}\n'):
        assert Log(data).ledger is None
    create(tmp_path / "newer", {**HEAD, "v": 2})
    newer = look(tmp_path / "newer")
    assert newer is not None
    with pytest.raises(SettingError, match=r"E102: version 2: .* made this revocations\.log"):
        assert newer.ledger
