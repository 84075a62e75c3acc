"""From the `events.db` of one machine to what several have in common beside their ledger.

One transaction has all of it: which periods there are, what retries are answered, up to where each
spool was moved, whose the rows are, the keys, and the machine that was the only one. Until that has
started, and said that it lives, no other can join.
"""

from __future__ import annotations

import socket
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any

from askfirst_collector.config import SettingError
from askfirst_collector.store.dialect import LOCK
from askfirst_collector.store.faults import fault
from askfirst_collector.store.lots import read_answers
from askfirst_collector.store.migrate import HEAD
from askfirst_collector.store.move_ledger import (
    NOT_EMPTY,
    PATIENCE,
    Step,
    blocks,
    lines_of,
    read_back,
    stepping,
)
from askfirst_collector.store.postgresql import USED, Run
from askfirst_collector.store.postgresql_address import read_address
from askfirst_collector.store.postgresql_session import LOCK_TIMEOUT, code_of, driver, reason_of
from askfirst_collector.store.tally import Tally

_KEY = ("site", "collector", "purpose", "closes", "period")
TABLES = {
    "period": ("id", *_KEY, "state"),
    "answer": ("day", "key", "answer"),
    "moved": ("spool", "upto", "sending", "machine"),
    "leaving": (*_KEY, "kept"),
    "generation": ("number",),
    "store": ("id",),
    "key_file": ("name", "content"),
}
_OTHERS = (
    "several machines share it already, and have not what this folder has: begin this one anew as "
    "one of them, or name an empty database"
)
_EVENTS = (
    "events are delivered from it, which several machines do not: end those deliveries first "
    "(askfirst transfer remove)"
)
_ANOTHER = "it is not the ledger of this folder: name the database that has it, or an empty one"
_IN_USE = "it is in use: stop every process of this folder"
_OLDER = "another version made its tables: start the collector once, and stop it"

Keys = Mapping[str, str]  # what stands in each file of `keys/`


def count_index(source: sqlite3.Connection, keys: Keys) -> dict[str, int]:
    """How many rows each table gets."""
    return {name: sum(1 for _ in _read(source, name, "", keys)) for name in TABLES}


def check_deliveries(ask: Callable[[str], Any]) -> None:
    """SettingError `askfirst.E164` for a ledger from which events are delivered."""
    if ask("SELECT COUNT(*) FROM transfer WHERE what = 'events'"):
        raise SettingError("askfirst.E164", "ledger", _EVENTS)


def rehearse_index_move(source: sqlite3.Connection, url: str, ledger: bytes, keys: Keys) -> None:
    """See that the database of that ledger could have it; nothing is written.

    Raises as `move_index`, also where its tables are of another version.
    """
    with _session(url) as session:
        session.execute_simple("BEGIN TRANSACTION READ ONLY")
        revision = session.execute_simple("SELECT version_num FROM alembic_version").rows
        if [list(row) for row in revision] != [[HEAD]]:
            raise SettingError("askfirst.E164", read_address(url).shown, _OLDER)
        _check(session, url, ledger)
        if id := _former(session, url):
            _compare(session, source, id, url, keys)


def move_index(
    source: sqlite3.Connection, url: str, ledger: bytes, draw: str, keys: Keys, step: Step
) -> str:
    """Have it there, all at once, for the machine `draw`; the id of that machine.

    Where it is there already, as it is here, the machine is the one of that attempt. Raises
    SettingError `askfirst.E164` where something else is; StoreFault.
    """
    with _session(url) as session:
        _be_alone(session, url)
        session.execute_simple(f"BEGIN; SELECT pg_advisory_xact_lock({LOCK})")
        _check(session, url, ledger)
        id = _former(session, url)
        if not id:
            id = draw
            # Nobody joins before it has said that it lives.
            session.cursor().execute(
                "INSERT INTO machines.machine (id, name, seen) VALUES (%s, %s, 'epoch')",
                (id, socket.gethostname()),
            )
            session.execute_simple("DELETE FROM machines.generation")
            for name, columns in TABLES.items():
                copy = f"COPY machines.{name} ({', '.join(columns)}) FROM STDIN"
                lines = stepping(lines_of(_read(source, name, id, keys)), step)
                session.cursor().execute(copy, stream=blocks(lines))
        _compare(session, source, id, url, keys)
        session.execute_simple("COMMIT")
    return id


@contextmanager
def _session(url: str) -> Iterator[Any]:
    with closing(Run(read_address(url)).connect(PATIENCE)) as session:
        try:
            yield session
        except (OSError, driver().Error) as error:
            raise fault("ledger", reason_of(error)) from None


def _be_alone(session: Any, url: str) -> None:
    """Have the ledger alone until the session ends; who has just gone may be let go of yet."""
    try:
        session.execute_simple(f"SELECT pg_advisory_lock({USED})")
    except driver().Error as error:
        if code_of(error) != LOCK_TIMEOUT:
            raise
        raise SettingError("askfirst.E165", read_address(url).shown, _IN_USE) from None


def _check(session: Any, url: str, ledger: bytes) -> None:
    rows = session.execute_simple("SELECT name FROM pair").rows
    if [bytes(name) for (name,) in rows] != [ledger]:
        raise SettingError("askfirst.E164", read_address(url).shown, _ANOTHER)
    check_deliveries(lambda statement: session.execute_simple(statement).rows[0][0])


def _former(session: Any, url: str) -> str:
    """The machine of an attempt that was cut off; '' where nobody has joined."""
    query = "SELECT id, seen = 'epoch' FROM machines.machine"
    rows = session.execute_simple(query).rows
    if not rows:
        return ""
    ((id, is_new), *others) = rows
    if others or not is_new:
        raise SettingError("askfirst.E164", read_address(url).shown, _OTHERS)
    return str(id)


def _compare(session: Any, source: sqlite3.Connection, id: str, url: str, keys: Keys) -> None:
    for name, columns in TABLES.items():
        own, there = Tally(), Tally()
        for line in lines_of(_read(source, name, id, keys)):
            own.add(line)
        query = f"SELECT {', '.join(columns)} FROM machines.{name}"  # noqa: S608
        for line in lines_of(read_back(session, query)):
            there.add(line)
        if own != there:
            raise SettingError("askfirst.E164", read_address(url).shown, NOT_EMPTY)


def _read(
    source: sqlite3.Connection, name: str, machine: str, keys: Keys
) -> Iterator[Sequence[object]]:
    """The rows of a table there, from wherever this folder has them."""
    if name == "key_file":
        yield from sorted(keys.items())
        return
    columns = [column for column in TABLES[name] if column != "machine"]
    table = "answer JOIN run ON run.id = answer.run" if name == "answer" else name
    for row in source.execute(f"SELECT {', '.join(columns)} FROM {table}"):  # noqa: S608
        yield (*row, machine) if name == "moved" else row
    if name == "answer":
        for (blob,) in source.execute("SELECT answers FROM lot"):
            for (day, key), answer in read_answers(blob):
                yield day, key, answer
