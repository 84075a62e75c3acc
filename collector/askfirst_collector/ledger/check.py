"""Looking through the files of a folder: are they sound, is every leaf what it was.

Everything is read, in one transaction a file, and nothing written, so that it can run beside a
server. It shows what a disk or a hand did to the files; who could write them could also write
leaves that fit, which only a checkpoint kept elsewhere would show.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from askfirst.errors import AskfirstError, CollectorUnavailable
from askfirst_collector.config import Folder
from askfirst_collector.ledger.entries import OF_NO_VISITOR, seconds_of
from askfirst_collector.ledger.leaves import leaf_hash
from askfirst_collector.ledger.packed import unpack
from askfirst_collector.store import salts_file, schema, transfer_queue
from askfirst_collector.store.dialect import Ask, one_moment
from askfirst_collector.store.faults import PASSING, StoreFault, error_name
from askfirst_collector.store.migrate import HEAD
from askfirst_collector.store.present import connect
from askfirst_collector.store.revocations import LogDamaged, Record, look
from askfirst_collector.store.spool_file import STEPS, is_abandoned, spools
from askfirst_collector.store.versions import version_of

MOST = 20  # problems of a file that are listed; one broken page has many
WAIT = 5.0  # seconds
AGAIN = (
    "It may be sound: make room on the disk, or end what holds the file, and look again. Remove "
    "nothing."
)

_ENTRIES = "SELECT idx, leaf, salt, body, site, handle, kind, hour, until FROM entry ORDER BY idx"


@dataclass(frozen=True)
class FileReport:
    """One file: how many rows or records it has, what is wrong, and what to do about that.

    Of a spool `rows` is how many events wait in it, and `note` whether anybody moves them.
    """

    name: str
    rows: int
    problems: tuple[str, ...]
    advice: str  # empty where nothing is wrong
    note: str = ""


def check_folder(folder: Folder) -> tuple[FileReport, ...]:
    """Look through the three databases, the log and spools; raises nothing for what it finds."""
    events = (
        "Stop every process of this folder, keep a copy of the folder, and put a backup of "
        "events.db in its place, or remove it with its -wal and -shm: open periods then begin anew."
    )
    lost = (
        "Stop every process of this folder, keep a copy of the folder, and remove salts.db with "
        "its -wal and -shm. It has no backup: the rows under its pseudonyms go, the grants stay."
    )
    # What one of several machines would have there is beside the ledger.
    count, known = _rows_of("event"), _version_problems(len(schema.STEPS))
    return (
        _ledger_report(folder),
        *(() if folder.machine else (_report(folder.events, count, known, events),)),
        _salts_report(folder, lost),
        _log_report(folder),
        *_transfer_reports(folder.transfers),
        *_spool_reports(folder.path / "spool"),
    )


def _ledger_report(folder: Folder) -> FileReport:
    count = _rows_of("entry")
    if not folder.ledger_url:
        advice = (
            "Stop every process of this folder, keep a copy of the folder, and put a backup of "
            "ledger.db in its place, without its -wal and -shm. Leave salts.db and "
            "revocations.log: what was taken back since the backup stays so."
        )
        return _report(folder.ledger, count, lambda file: ledger_problems(file.execute), advice)
    advice = (
        "Stop every process of this folder, keep a dump of the database as it is (pg_dump), and "
        "put a former one in its place. Leave salts.db and revocations.log: what was taken back "
        "since stays so."
    )
    return _server_report("ledger", folder.ledger_url, count, ledger_problems, advice)


def _salts_report(folder: Folder, lost: str) -> FileReport:
    if not folder.salts_url:
        known = _version_problems(len(salts_file.STEPS))
        return _report(folder.salts, _rows_of("period_salt"), known, lost)
    count = "SELECT COUNT(*) FROM listed WHERE kind = 'period_salt'"
    advice = (
        "See that the server of the salts answers. Where its database is lost, put an empty one in "
        "its place: it has no backup, the rows under its pseudonyms go, and the grants stay."
    )
    return _server_report("salts", folder.salts_url, count, lambda _: iter(()), advice)


def _server_report(
    part: str, url: str, count: str, look: Callable[[Ask], Iterator[str]], advice: str
) -> FileReport:
    listed: list[str] = []
    rows = 0
    try:
        with one_moment(Path(), url, WAIT) as ask:
            ((rows,),) = ask(count)
            listed.extend(itertools.islice(look(ask), MOST))
    except AskfirstError as error:
        reason = error.reason if isinstance(error, StoreFault) else error
        listed.append(f"it cannot be read to the end ({reason})")
    return FileReport(part, rows, tuple(listed), advice if listed else "")


def _transfer_reports(path: Path) -> Iterator[FileReport]:
    advice = (
        "Stop every process of this folder, and remove transfers.db with its -wal and -shm: what "
        "waits to be delivered goes, and nothing else."
    )
    if path.exists():
        known = _version_problems(len(transfer_queue.STEPS))
        yield _report(path, _rows_of("waiting"), known, advice)


def _spool_reports(folder: Path) -> Iterator[FileReport]:
    advice = (
        "Leave it where it is: a running collector moves what can be read, and destroys one that "
        "nobody can read. What was in it and is not moved is lost."
    )
    for path in spools(folder):
        problems = _version_problems(len(STEPS))
        report = _report(path, "SELECT COALESCE(SUM(rows), 0) FROM lot", problems, advice)
        if report.problems and not path.exists():
            continue  # it was moved meanwhile, and taken away
        note = ""
        if is_abandoned(path):
            note = "its process is gone: a running collector moves them within two seconds"
        yield replace(report, name=f"spool/{path.name}", note=note)


def _rows_of(table: str) -> str:
    return f"SELECT COUNT(*) FROM {table}"  # noqa: S608 - names of ours


def _log_report(folder: Folder) -> FileReport:
    records: list[Record] = []
    advice = (
        "Put it back where it was, and never an older copy. It has no backup: without it every "
        "grant ends at the next start, and visitors are asked again."
    )
    try:
        present = look(folder.revocations)
        records = [] if present is None else present.records()
        problem = "it is not there" if present is None else ""
        if present is not None and present.ledger is None:
            problem = "it is no such log"
    except LogDamaged:
        problem = "a line of it is not what was written"
        advice = "Leave it where it is. Where ledger.db is restored later, every grant ends."
    except (OSError, ValueError, AskfirstError) as error:
        problem = f"it cannot be read ({error_name(error)})"
    problems = (problem,) if problem else ()
    return FileReport("revocations.log", len(records), problems, advice if problems else "")


def _report(
    path: Path, count: str, problems: Callable[[sqlite3.Connection], Iterator[str]], advice: str
) -> FileReport:
    listed: list[str] = []
    rows = 0
    try:
        with closing(connect(path, timeout=WAIT, read_only=True)) as connection:
            connection.execute("BEGIN")
            for (line,) in connection.execute(f"PRAGMA integrity_check({MOST})"):
                if line != "ok":
                    listed.append(line)
            rows = connection.execute(count).fetchone()[0]
            for problem in problems(connection):
                listed.append(problem)
                if len(listed) >= MOST:
                    break
    except (sqlite3.Error, CollectorUnavailable) as error:
        name = error_name(error)
        if name.startswith(PASSING) and not listed:
            return FileReport(path.name, rows, (f"it cannot be read now ({name})",), AGAIN)
        listed.append(f"it cannot be read to the end ({name})")
    return FileReport(path.name, rows, tuple(listed), advice if listed else "")


def _version_problems(known: int) -> Callable[[sqlite3.Connection], Iterator[str]]:
    def problems(connection: sqlite3.Connection) -> Iterator[str]:
        version = version_of(connection)
        if version != known:
            yield f"it has version {version}, and this program knows {known}"

    return problems


def ledger_problems(ask: Ask) -> Iterator[str]:
    (revision,) = next(iter(ask("SELECT version_num FROM alembic_version")), ("",))
    if revision != HEAD:
        yield f"it has revision {revision}, and this program knows {HEAD}"
    expected = 0
    for index, leaf, salt, body, *columns in ask(_ENTRIES):
        if index != expected:
            yield f"entries {expected} to {index - 1} are missing"
        expected = index + 1
        if body is None:
            continue  # erased: the leaf is all there is
        content = _content(body, columns[1]) if isinstance(body, bytes) else None
        if content is None or not isinstance(salt, bytes) or leaf_hash(salt, content) != leaf:
            yield f"the content of entry {index} is not that of its leaf"
        elif not _agrees(content, columns):
            yield f"the columns of entry {index} do not say what its content says"
    for digest, words in ask("SELECT hash, words FROM notice"):
        if not isinstance(words, bytes) or hashlib.sha256(words).hexdigest() != digest:
            yield f"the words of the notice {str(digest)[:12]}… are not those of its hash"


def _content(body: bytes, handle: object) -> bytes | None:
    try:
        return unpack(body, handle if isinstance(handle, str) else None)
    except ValueError:
        return None


def _agrees(body: bytes, columns: list[object]) -> bool:
    site, handle, kind, hour, until = columns
    try:
        content = json.loads(body)
        times = (
            seconds_of(content["hour"]),
            seconds_of(content["until"]) if "until" in content else None,
        )
    except (ValueError, LookupError, TypeError):
        return False
    # What is about no visitor is found in a table of its own, by no site and no handle.
    is_of_nobody = content.get("kind") in OF_NO_VISITOR
    subject = (None, None) if is_of_nobody else (content.get("site"), content.get("handle"))
    return (site, handle, kind, hour, until) == (*subject, content.get("kind"), *times)
