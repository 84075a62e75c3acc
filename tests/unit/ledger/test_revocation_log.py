"""Which log belongs to a ledger: found, filled from an older folder, refused, or lost."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from askfirst_collector.cli import main
from askfirst_collector.config import Folder, SettingError
from askfirst_collector.embedded import EmbeddedCollector
from askfirst_collector.ledger import revocation_log
from askfirst_collector.ledger.entries import mark_of
from askfirst_collector.runtime.after_restore import reconcile
from askfirst_collector.services import Services
from askfirst_collector.store.database import reading
from askfirst_collector.store.revocations import look
from askfirst_collector.usecases import visitor_rights as rights
from askfirst_collector.usecases.record_consent import record_now
from tests.conftest import ROOT
from tests.support.collectors import Clock, decision, opened, policy
from tests.support.programs import python

pytestmark = pytest.mark.file

POLICY = policy()
STAYS, NARROWS, RESTRICTS, WITHDRAWS, ERASES = (f"{number:02x}" * 32 for number in range(1, 6))
BEFORE = """
CREATE TABLE ended (mark BLOB NOT NULL PRIMARY KEY, erased INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE witness (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    pair BLOB NOT NULL, newest INTEGER NOT NULL, generation INTEGER NOT NULL
);
PRAGMA user_version=1;
"""
# Patches something so that the process is killed right after it, and does what is asked.
KILLED = """
import os, signal, sys, time
from pathlib import Path
from askfirst_collector.runtime import after_restore
from askfirst_collector.runtime.open import open_services
from askfirst_collector.store.revocations import Revocations
from askfirst_collector.usecases.record_consent import record_now
from tests.support.collectors import Clock, decision, policy
where, folder, handle = sys.argv[1:4]
def killed(real):
    def call(*arguments):
        real(*arguments)
        os.kill(os.getpid(), signal.SIGKILL)
    return call
if where == "restore":
    after_restore.settle = killed(after_restore.settle)
parts = open_services(Path(folder), host_policy=None, now=Clock(), urandom=os.urandom)
if where == "withdrawal":
    Revocations.append = killed(Revocations.append)
    record_now(parts, decision(policy(), "withdraw", handle=handle))
print("alive")
"""


def run(where: str, folder: Path, handle: str = STAYS) -> subprocess.Popen[str]:
    words = ("-c", KILLED, where, folder, handle)
    return python(*words, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def grant_all(parts: Services) -> None:
    """Everybody agrees to everything."""
    parts.registry.publish(POLICY)
    for handle in (STAYS, NARROWS, RESTRICTS, WITHDRAWS, ERASES):
        record_now(parts, decision(POLICY, handle=handle))


def take_back(parts: Services) -> None:
    """All but one take something back."""
    record_now(parts, decision(POLICY, "save", {"marketing": 0, "statistics": 2}, handle=NARROWS))
    rights.restrict(parts, "shop", RESTRICTS)
    record_now(parts, decision(POLICY, "withdraw", handle=WITHDRAWS))
    rights.erase(parts, "shop", ERASES)


def stands(parts: Services, handle: str) -> str:
    """In a word, how a handle stands."""
    status = parts.ledger.consent_status("shop", handle)
    if status is None:
        return "unknown"
    if status.ended or status.restricted:
        return "ended" if status.ended else "restricted"
    return ",".join(f"{name}={status.choices[name].detail}" for name in ("marketing", "statistics"))


def all_stand(folder: Path) -> list[str]:
    with opened(folder) as parts:
        handles = (STAYS, NARROWS, RESTRICTS, WITHDRAWS, ERASES)
        return [stands(parts, handle) for handle in handles]


FULL = "marketing=2,statistics=2"
TAKEN_BACK = [FULL, "marketing=0,statistics=2", "restricted", "ended", "unknown"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder in which everybody has taken something back since `ledger.db` was copied."""
    folder = tmp_path / "data"
    with opened(folder) as parts:
        grant_all(parts)
    shutil.copy(folder / "ledger.db", tmp_path / "ledger.db")
    with opened(folder) as parts:
        take_back(parts)
    return folder


def restore(folder: Path) -> None:
    shutil.copy(folder.with_name("ledger.db"), folder / "ledger.db")


def make_older(folder: Path, *, generation: int = 0) -> None:
    """As the program of before left it: what ended is in `salts.db`, and there is no log."""
    Folder(folder).revocations.unlink()
    with closing(sqlite3.connect(folder / "ledger.db")) as ledger:
        (name,) = ledger.execute("SELECT name FROM pair").fetchone()
    with closing(sqlite3.connect(folder / "salts.db")) as salts:
        salts.executescript(BEFORE)
        witness = (name, 9, generation)
        salts.execute("INSERT INTO witness VALUES (1, ?, ?, ?)", witness)
        marks = [(mark_of("shop", WITHDRAWS), 0), (mark_of("shop", ERASES), 1)]
        salts.executemany("INSERT INTO ended VALUES (?, ?)", marks)
        salts.commit()


def test_an_older_folder_fills_the_log(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """M48: what it says of endings, narrowings, restrictions; then `salts.db` holds keys alone."""
    make_older(folder)
    assert all_stand(folder) == TAKEN_BACK
    assert "askfirst.W15" not in caplog.text
    with closing(sqlite3.connect(folder / "salts.db")) as salts:
        tables = {name for (name,) in salts.execute("SELECT name FROM sqlite_schema")}
        assert tables == {"period_salt", "grant_key", "batch_key", "user_number"}
        assert salts.execute("PRAGMA user_version").fetchone() == (3,)
    restore(folder)
    assert all_stand(folder) == TAKEN_BACK


def test_an_older_folder_that_was_restored_ends_what_its_salts_remember(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """M48: a backup that is put back together with the newer program."""
    restore(folder)
    make_older(folder)
    assert all_stand(folder) == [FULL, FULL, FULL, "ended", "unknown"]
    assert "askfirst.W151" in caplog.text


def test_an_older_folder_knows_how_far_its_rows_had_come(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """M48: where `events.db` alone was put back with the newer program, erased rows go again."""
    make_older(folder, generation=7)
    for is_first in (True, False):
        assert all_stand(folder) == TAKEN_BACK
        assert ("askfirst.W151" in caplog.text) is is_first
        caplog.clear()


def test_several_processes_fill_it_once(folder: Path) -> None:
    """Workers that start at once: one fills it, and none takes it for lost."""
    make_older(folder)
    processes = [run("nowhere", folder) for _ in range(3)]
    assert [process.communicate()[0] for process in processes] == ["alive\n"] * 3
    assert all_stand(folder) == TAKEN_BACK


def test_salts_of_another_ledger_tell_nothing(folder: Path) -> None:
    """M48: an older `salts.db` that was another ledger's cannot say who withdrew."""
    make_older(folder)
    with closing(sqlite3.connect(folder / "salts.db")) as salts:
        salts.execute("UPDATE witness SET pair = zeroblob(32)")
        salts.commit()
    assert all_stand(folder) == [*["ended"] * 4, "unknown"]


def test_a_log_of_another_ledger_is_refused(folder: Path, tmp_path: Path) -> None:
    """With what to do; nothing ends, and nothing is written."""
    with opened(tmp_path / "other"):
        pass
    mine, other = Folder(folder).revocations, Folder(tmp_path / "other").revocations
    mine.rename(tmp_path / "aside")
    shutil.copy(other, mine)
    with (
        pytest.raises(SettingError, match=r"E105: .* it is the log of another ledger: put"),
        opened(folder),
    ):
        pass
    (tmp_path / "aside").replace(mine)
    assert all_stand(folder) == TAKEN_BACK


@pytest.mark.parametrize("loss", ["removed", "emptied", "overwritten"])
def test_without_the_log_every_grant_ends_once(folder: Path, loss: str) -> None:
    """M48: in several processes at once, and not again at the next start."""
    log = Folder(folder).revocations
    log.write_bytes(b"" if loss == "emptied" else b"something else\n")
    if loss == "removed":
        log.unlink()
    processes = [run("nowhere", folder) for _ in range(2)]
    assert [process.communicate()[0] for process in processes] == ["alive\n"] * 2
    assert all_stand(folder) == [*["ended"] * 4, "unknown"]
    with opened(folder) as parts:
        newcomer = decision(POLICY, handle="0a" * 32)
        record_now(parts, newcomer)
    with opened(folder) as parts:
        assert stands(parts, newcomer.handle) == FULL


def test_a_damaged_log_is_as_good_as_lost_where_it_is_needed(folder: Path) -> None:
    """M48: a ledger that is behind it, and a line that nobody can read."""
    log = Folder(folder).revocations
    log.write_bytes(log.read_bytes().replace(b'"do":"restrict"', b'"do":"xestrict"'))
    assert all_stand(folder) == TAKEN_BACK
    restore(folder)
    assert all_stand(folder) == ["ended"] * 5


def test_killed_between_log_and_ledger_the_ledger_follows(folder: Path) -> None:
    """M50: what is in the log is made true at the next start, whoever was told of it."""
    process = run("withdrawal", folder)
    assert (process.communicate()[0], process.returncode) == ("", -9)
    with closing(sqlite3.connect(folder / "ledger.db")) as ledger:
        count = ledger.execute("SELECT COUNT(*) FROM entry WHERE handle = ?", (STAYS,))
        assert count.fetchone() == (1,)
    with opened(folder) as parts:
        assert stands(parts, STAYS) == "ended"
        assert parts.ledger.history("shop", STAYS)[-1].body["method"] == "restore"


def test_a_restore_that_broke_off_is_taken_up_again(folder: Path) -> None:
    """M48: kill -9 after the first handle: no later start takes the rest for done."""
    restore(folder)
    process = run("restore", folder)
    assert (process.communicate()[0], process.returncode) == ("", -9)
    assert all_stand(folder) == TAKEN_BACK


def test_a_withdrawal_that_cannot_be_noted_is_none(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """M50: 503, and the ledger is as before; a grant needs no log."""
    with opened(folder) as parts:
        parts.revocations.path.rename(folder.with_name("aside"))
        for method in ("withdraw", "save"):
            choices = {} if method == "withdraw" else {"statistics": 2, "marketing": 0}
            with pytest.raises(Exception, match="revocations is away"):
                record_now(parts, decision(POLICY, method, choices, handle=STAYS))  # type: ignore[arg-type]
        with pytest.raises(Exception, match="revocations is away"):
            rights.restrict(parts, "shop", STAYS)
        folder.with_name("aside").rename(parts.revocations.path)
        assert stands(parts, STAYS) == FULL
        record_now(parts, decision(POLICY, handle="0a" * 32))
        record_now(parts, decision(POLICY, "withdraw", handle=STAYS))
        assert stands(parts, STAYS) == "ended"


def test_the_path_is_noted_in_the_folder(folder: Path, tmp_path: Path) -> None:
    """Whoever opens the folder later, commands too, finds the log where one process was told."""
    place = tmp_path / "elsewhere" / "shop.log"
    place.parent.mkdir()
    with (
        pytest.raises(SettingError, match=r"E105: .*the log is .*data\.revocations\.log: stop"),
        opened(folder, revocations=place),
    ):
        pass
    Folder(folder).revocations.rename(place)
    with opened(folder, revocations=place):
        pass
    assert Folder(folder).revocations == place
    told = CliRunner().invoke(main, ["site", "list", "--data", str(folder)])
    assert told.exit_code == 0, told.output
    restore(folder)
    assert all_stand(folder) == TAKEN_BACK
    with (
        pytest.raises(SettingError, match=r"E105: .*outside of the data folder"),
        opened(folder, revocations=folder / "revocations.log"),
    ):
        pass


def test_one_log_by_every_path_to_the_folder(folder: Path, tmp_path: Path) -> None:
    """A link to the folder is the same folder."""
    (tmp_path / "link").symlink_to(folder)
    assert all_stand(tmp_path / "link") == TAKEN_BACK
    assert not (tmp_path / "link.revocations.log").exists()


def test_a_command_ends_no_grant(folder: Path, tmp_path: Path) -> None:
    """It may run where the log cannot be seen; the collector itself decides."""
    Folder(folder).revocations.rename(tmp_path / "aside")
    told = CliRunner().invoke(main, ["site", "list", "--data", str(folder)])
    assert told.exit_code == 1
    assert "E105" in told.output
    assert "without it every grant ends: put it back" in told.output
    (tmp_path / "aside").rename(Folder(folder).revocations)
    assert all_stand(folder) == TAKEN_BACK


def test_a_place_that_is_not_there_is_said(tmp_path: Path) -> None:
    """With what to write instead; and it goes on once it is."""
    place = tmp_path / "missing" / "revocations.log"
    with (
        pytest.raises(SettingError, match=r"E105: .* name a path that this user can write"),
        opened(tmp_path / "data", revocations=place),
    ):
        pass
    place.parent.mkdir()
    with opened(tmp_path / "data", revocations=place) as parts:
        grant_all(parts)
    assert place.is_file()


@pytest.mark.anyio
async def test_health_says_where_nothing_could_be_taken_back(folder: Path, tmp_path: Path) -> None:
    """And a log that is gone may come back: no grant ends while the collector runs."""
    collector = EmbeddedCollector(folder, jobs=False)
    collector.parts()
    health: Callable[[], Any] = collector.health
    assert (await health())["parts"]["revocations"] == "ok"
    log = Folder(folder).revocations
    log.rename(tmp_path / "aside")
    answer = await health()
    assert (answer["status"], answer["parts"]["revocations"]) == ("away", "away")
    assert not log.exists()
    (tmp_path / "aside").rename(log)
    assert (await health())["parts"]["revocations"] == "ok"
    collector.close()
    assert all_stand(folder) == TAKEN_BACK


def test_a_log_that_is_replaced_while_serving_is_held_against_again(
    folder: Path, tmp_path: Path
) -> None:
    """M48: an older one under a collector that runs is told the rest before anything else."""
    collector = EmbeddedCollector(folder, now=Clock(), jobs=False)
    log = Folder(folder).revocations
    shutil.copy(log, tmp_path / "older")
    record_now(collector.parts(), decision(POLICY, "withdraw", handle=STAYS))
    (tmp_path / "older").replace(log)
    parts = collector.parts()
    present = look(log)
    assert present is not None
    marks = [record.get("mark") for record in present.records()]
    assert mark_of("shop", STAYS).hex() in marks
    assert stands(parts, STAYS) == "ended"
    collector.close()


def test_a_commit_on_its_way_is_no_restore(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """M48: a worker that starts between a record and its commit takes nothing for put back."""
    asked_for, looked = threading.Event(), threading.Event()
    narrowed: list[bool] = []

    @contextmanager
    def signalling(engine: Any) -> Iterator[Any]:
        with reading(engine) as connection:
            yield connection
        looked.set()

    with opened(tmp_path) as parts, opened(tmp_path) as other:
        parts.registry.publish(POLICY)
        record_now(parts, decision(POLICY, handle=NARROWS))
        append = parts.revocations.append

        def slow(*records: Any) -> None:
            append(*records)
            asked_for.set()
            assert looked.wait(30)

        def start() -> None:
            assert asked_for.wait(30)
            narrowed.append(reconcile(other))

        monkeypatch.setattr(parts.revocations, "append", slow)
        monkeypatch.setattr(revocation_log, "reading", signalling)
        worker = threading.Thread(target=start)
        worker.start()
        record_now(parts, decision(POLICY, "save", {"statistics": 0}, handle=NARROWS))
        worker.join(30)
        assert narrowed == [False]
        assert len(parts.ledger.history("shop", NARROWS)) == 2
