"""`askfirst ledger check`: what is wrong with the databases of a folder, and what to do."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from askfirst_collector.cli import main
from askfirst_collector.config import Folder, SettingError
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.store.database import open_ledger
from askfirst_collector.store.spool_file import add_lot, create_spool
from askfirst_collector.store.sqlite import SqliteEvents
from askfirst_collector.usecases.record_consent import record_now
from askfirst_collector.usecases.sites import publish_policy
from askfirst_collector.usecases.visitor_rights import erase
from tests.support.collectors import HANDLE, OTHER, decision, opened, policy
from tests.unit.store.rows import ROW, append, batch, nobody

pytestmark = pytest.mark.file

POLICY = policy()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A ledger with a site, a grant, a withdrawal and an erasure."""
    with opened(tmp_path) as parts:
        publish_policy(parts, ON_THE_MACHINE, POLICY)
        record_now(parts, decision(POLICY))
        record_now(parts, decision(POLICY, handle=OTHER))
        record_now(parts, decision(POLICY, "withdraw"))
        erase(parts, "shop", OTHER)
        parts.events.barrier()
    return tmp_path


def check(folder: Path, *options: str) -> Result:
    return CliRunner().invoke(main, ["ledger", "check", "--data", str(folder), *options])


def change(path: Path, *statements: str) -> None:
    """What a hand could do to a ledger: its triggers keep only this program from it."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TRIGGER entry_is_only_erased")
        connection.execute("DROP TRIGGER entry_is_never_deleted")
        for statement in statements:
            assert connection.execute(statement).rowcount == 1
        connection.commit()


def test_a_sound_folder_is_sound(folder: Path) -> None:
    """Entries of visitors, of members and of erasures; 0 at the end."""
    result = check(folder)
    assert (result.exit_code, result.output.count("sound")) == (0, 4), result.output
    reports = json.loads(check(folder, "--json").output)
    names = ["ledger.db", "events.db", "salts.db", "revocations.log"]
    assert [report["name"] for report in reports] == names
    assert [report["problems"] for report in reports] == [[], [], [], []]
    # Of the log: whose it is, that it was new, an edition, a withdrawal, an erasure in two steps.
    assert [reports[0]["rows"], reports[3]["rows"]] == [6, 6]


def test_it_runs_beside_a_collector(folder: Path) -> None:
    """It only reads; what is written meanwhile is no problem to it."""
    with opened(folder) as parts:
        record_now(parts, decision(POLICY, handle="0a" * 32))
        assert check(folder).exit_code == 0
        record_now(parts, decision(POLICY, handle="0b" * 32))
        parts.watch.check()


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE entry SET leaf = zeroblob(32) WHERE idx = 1", "entry 1 is not that of its leaf"),
        ("UPDATE entry SET body = '{}' WHERE idx = 1", "entry 1 is not that of its leaf"),
        ("UPDATE entry SET until = until + 9 WHERE idx = 1", "the columns of entry 1"),
        (
            f"UPDATE entry SET handle = '{'0' * 64}' WHERE idx = 1",
            "entry 1 is not that of its leaf",
        ),
        # Nobody would find it any more to take it back.
        ("UPDATE entry SET handle = NULL WHERE idx = 1", "entry 1 is not that of its leaf"),
        ("DELETE FROM entry WHERE idx = 2", "entries 2 to 2 are missing"),
        ("UPDATE alembic_version SET version_num = '9'", "it has revision 9"),
    ],
)
def test_what_a_hand_changed_is_named(folder: Path, statement: str, problem: str) -> None:
    """Each entry against its leaf and its columns; what to do; and 1 at the end."""
    change(folder / "ledger.db", statement)
    result = check(folder)
    assert result.exit_code == 1
    assert problem in result.output
    assert "put a backup of ledger.db in its place" in result.output
    assert HANDLE not in result.output


def test_what_cannot_be_read_now_is_not_called_damaged(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S19: held by another program, or no room on the disk: nobody is told to take a file away."""
    monkeypatch.setattr("askfirst_collector.ledger.check.WAIT", 0.05)
    monkeypatch.setattr("askfirst_collector.ledger.verify.WAIT", 0.05)
    with closing(sqlite3.connect(folder / "ledger.db", isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        outcome = check(folder)
        verified = CliRunner().invoke(main, ["ledger", "verify", "--data", str(folder)])
    assert outcome.exit_code == 1
    assert "ledger.db  not read\n  it cannot be read now (SQLITE_BUSY)" in outcome.output
    assert "Remove nothing." in outcome.output
    assert "backup" not in outcome.output
    assert (verified.exit_code, verified.exception.__class__) == (1, SystemExit)
    assert "cannot be read (SQLITE_BUSY)" in verified.output
    assert check(folder).exit_code == 0


def test_a_broken_page_is_named(folder: Path) -> None:
    """What a disk does: the command ends with 1 and names it, whatever the page was."""
    path = folder / "ledger.db"
    with path.open("r+b") as file:
        for page in range(2, path.stat().st_size // 4096):
            file.seek(page * 4096)
            file.write(os.urandom(64))
    result = check(folder)
    assert (result.exit_code, result.exception.__class__) == (1, SystemExit)
    assert "ledger.db  damaged" in result.output
    assert "events.db  sound" in result.output


def _scribble(path: Path) -> None:
    path.write_bytes(b"no database" * 500)


@pytest.mark.parametrize("name", ["ledger.db", "events.db", "salts.db"])
@pytest.mark.parametrize("damage", [_scribble, Path.unlink])
def test_a_file_that_is_none_is_named(
    folder: Path, name: str, damage: Callable[[Path], None]
) -> None:
    """Each by itself: the others are looked through all the same."""
    damage(folder / name)
    result = check(folder)
    assert result.exit_code == 1
    if (folder / "ledger.db").exists():
        assert result.output.count("sound") == 3
        assert "Stop every process of this folder" in result.output
    else:
        assert "no data folder" in result.output


@pytest.mark.parametrize(
    ("damage", "problem", "advice"),
    [
        (lambda path: path.unlink(), "it is not there", "never an older copy"),
        (lambda path: path.write_bytes(b"no log\n"), "is not what was written", "Leave it where"),
        (lambda path: path.write_bytes(b""), "it is no such log", "It has no backup"),
    ],
)
def test_a_log_that_is_none_is_named(
    folder: Path, damage: Callable[[Path], None], problem: str, advice: str
) -> None:
    """With what to do, and nothing is written."""
    log = Folder(folder).revocations
    damage(log)
    before = log.read_bytes() if log.exists() else None
    result = check(folder)
    assert result.exit_code == 1
    assert problem in result.output
    assert advice in result.output
    assert (log.read_bytes() if log.exists() else None) == before


def test_a_damaged_ledger_is_refused_at_start(folder: Path) -> None:
    """With what is wrong, and the command that looks closer."""
    _scribble(folder / "ledger.db")
    with pytest.raises(SettingError, match=r"E103: SQLITE_NOTADB: .* askfirst ledger check --data"):
        open_ledger(folder / "ledger.db")
    listed = CliRunner().invoke(main, ["site", "list", "--data", str(folder)])
    assert listed.exit_code == 1
    assert "askfirst ledger check --data" in listed.output


def test_what_waits_in_spools_is_counted(folder: Path) -> None:
    """Of a process that lives, of one that is gone, and of one that nobody can read."""
    gone, broken = (folder / "spool" / name for name in ("events-01.db", "events-02.db"))
    with closing(SqliteEvents(folder / "events.db", ended=nobody)) as store:
        append(store, batch("a", ROW, ROW))
        assert store.spool.path is not None
        own = f"spool/{store.spool.path.name}"
        for path in (gone, broken):
            with closing(create_spool(path, busy_timeout=100)) as connection:
                add_lot(connection, 1, [batch(path.name, ROW, ROW, ROW)])
        broken.write_bytes(broken.read_bytes()[:1_024] + bytes(3_000))
        result = check(folder)
        broken.unlink()
    lines = result.output.splitlines()
    at = lines.index(f"{own}  sound, 2 rows wait to be moved")
    assert not lines[at + 1 :] or not lines[at + 1].startswith("  ")
    at = lines.index("spool/events-01.db  sound, 3 rows wait to be moved")
    assert lines[at + 1].startswith("  its process is gone")
    assert "spool/events-02.db  damaged" in lines
    assert result.exit_code == 1
    # Nobody was kept from moving it, and nothing was taken away.
    assert gone.is_file()
    assert not gone.with_suffix(".lock").exists()


def test_words_of_a_notice_that_were_changed_are_named(folder: Path) -> None:
    """S13: each notice is archived under the hash of its words."""
    with closing(sqlite3.connect(folder / "ledger.db")) as connection:
        connection.execute("UPDATE notice SET words = replace(words, 'Reject', 'Accept')")
        connection.commit()
    result = check(folder)
    assert result.exit_code == 1
    assert "are not those of its hash" in result.output
