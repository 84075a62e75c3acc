"""Which `revocations.log` belongs to a ledger: the one that is there, or a new one."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from sqlalchemy import Connection, Engine, insert, select

from askfirst.errors import CollectorUnavailable
from askfirst_collector.config import Folder, SettingError, cut_off
from askfirst_collector.ledger.changes import CLI, record_change
from askfirst_collector.ledger.revoked import contains, done, has_more, revocations
from askfirst_collector.ledger.sharing import check_sharing, is_joining
from askfirst_collector.ledger.tables import entry, pair
from askfirst_collector.store.database import changing, open_ledger, reading, reading_many
from askfirst_collector.store.postgresql_address import read_address, shown
from askfirst_collector.store.revocations import (
    EVERYTHING,
    ID,
    VERSION,
    Log,
    LogDamaged,
    Record,
    Revocations,
    create,
    look,
)
from askfirst_collector.store.salts_file import Former, read_former

log = logging.getLogger("askfirst.collector")

_TOP = select(entry.c.idx, entry.c.leaf).order_by(entry.c.idx.desc()).limit(1)

_MIXED_UP = (
    "it is the log of another ledger: put the one of this folder in its place, or name its path "
    "with revocations= or serve --revocations; where that one is lost, move this one away, and "
    "every grant ends"
)
_LOST = (
    "it is not there, and without it every grant ends: put it back, or start the collector, which "
    "then ends them"
)

_LOST_HERE = (
    "it is not there, and others go on by their own: put it back, or declare this machine lost "
    "(askfirst machine lost), and begin with a folder of its own"
)
_NOT_ITS_OWN = (
    "the database belongs to another data folder, or lacks what this one noted: name the one that "
    "this folder has, or an empty one for a new folder"
)
_LEFT_BEHIND = (
    "ledger.db has a ledger, which nobody would look at there: begin with a folder of its own, or "
    "take it along with askfirst move --ledger"
)


def open_database(folder: Folder, url: str | None) -> Engine:
    """The ledger of a folder: where it is, or is to be from now on.

    Raises SettingError for an address that cannot be used, and where another ledger would be left
    behind or taken over; CollectorUnavailable.
    """
    noted = folder.ledger_url
    address = url or noted
    if noted and folder.ledger.stat().st_size:
        raise cut_off("ledger.db")
    if not noted and address and folder.ledger.stat().st_size:
        raise SettingError("askfirst.E162", folder.ledger, _LEFT_BEHIND)
    engine = open_ledger(folder.ledger, address)
    try:
        if address:
            check_sharing(engine, folder, address)
        if address == noted:
            return engine
        with reading(engine) as connection:
            name = _name(connection)
        present = look(folder.revocations)
        own = (noted and present and present.ledger) or None
        if name != own and not (read_address(address).is_shared and not noted):
            raise SettingError("askfirst.E162", shown(address), _NOT_ITS_OWN)
        folder.place_ledger(address)
    except BaseException:
        engine.dispose()
        raise
    return engine


def open_revocations(
    engine: Engine,
    folder: Folder,
    *,
    urandom: Callable[[int], bytes],
    may_end: bool,
    salts_are_new: bool | None = None,
) -> Revocations:
    """The log of a folder's ledger; where there is none it is filled from what the ledger says.

    A ledger that had one and has lost it ends every grant (`reconcile`): nobody can tell who
    withdrew. Without `may_end`, for commands beside a collector, that is refused. Call it before
    `salts.db` is opened: one of before version 2 remembers what ended, and then forgets it.
    `salts_are_new` is for those that are on a server.
    Raises SettingError `askfirst.E105`, and CollectorUnavailable.
    """
    try:
        path = folder.revocations
    except (OSError, ValueError) as error:
        raise SettingError("askfirst.E105", "revocations.path", f"write a path ({error})") from None
    with reading(engine) as connection:
        name = _name(connection)
        is_empty = _is_empty(connection)
    present = look(path)
    if name is None or present is None or present.ledger != name:
        with changing(engine) as connection:
            _make(connection, path, folder, urandom, may_end=may_end)
    file = Revocations(path)
    if salts_are_new is None:
        salts_are_new = not folder.salts.stat().st_size
    if not is_empty and salts_are_new:
        log.warning("askfirst.W153 salts are new: the rows under former pseudonyms go")
        file.append({"do": "begun", "from": file.read().data.count(b"\n")})
    return file


def _make(
    connection: Connection,
    path: Path,
    folder: Folder,
    urandom: Callable[[int], bytes],
    *,
    may_end: bool,
) -> None:
    name, present, former = _name(connection), look(path), read_former(folder.salts)
    if present is not None and present.ledger is not None:
        if name not in (None, present.ledger):
            raise SettingError("askfirst.E105", str(path), _MIXED_UP)
        if name is None:
            connection.execute(insert(pair).values(name=present.ledger))
        return
    records: list[Record]
    offered = name or (former and former.pair) or urandom(ID)
    if name is not None and is_joining(folder):
        # It has taken nothing back: what others did is in their own logs.
        records = [*revocations(connection), _top(connection)]
    elif _is_empty(connection):
        records = [done(-1, b"", 0)]
    elif former is not None and (name is None or former.pair in (None, name)):
        records = [*_former(former), *revocations(connection), _first(connection, former)]
    elif folder.machine:
        raise SettingError("askfirst.E105", str(path), _LOST_HERE)
    elif not may_end:
        raise SettingError("askfirst.E105", str(path), _LOST)
    else:
        records = [{"do": "begun", "from": EVERYTHING}]
    try:
        create(path, {"do": "ledger", "id": offered.hex(), "v": VERSION}, *records)
    except OSError as error:
        advice = (
            "name a path that this user can write, outside of the data folder, with revocations= "
            f"or serve --revocations ({error.strerror})"
        )
        raise SettingError("askfirst.E105", str(path), advice) from None
    if name is None:
        connection.execute(insert(pair).values(name=offered))


def _former(former: Former) -> Iterator[Record]:
    for mark, is_erased in former.endings.items():
        yield {"do": "erase" if is_erased else "end", "mark": mark.hex()}


def _first(connection: Connection, former: Former) -> Record:
    """A ledger that has all that `salts.db` saw of it was not restored, and no row goes."""
    row = connection.execute(_TOP).one()
    if former.newest is None or row.idx < former.newest:
        return {"do": "begun", "from": 0}
    return done(row.idx, row.leaf, former.generation)


def ledger_name(engine: Engine) -> bytes:
    """The name that a ledger shares with its log; it has one once that is open."""
    with reading(engine) as connection:
        return _name(connection) or b""


def _top(connection: Connection) -> Record:
    row = connection.execute(_TOP).first()
    return done(-1, b"", 0) if row is None else done(row.idx, row.leaf, 0)


def _name(connection: Connection) -> bytes | None:
    name: bytes | None = connection.execute(select(pair.c.name)).scalar()
    return name


def _is_empty(connection: Connection) -> bool:
    return connection.execute(select(entry.c.idx).limit(1)).first() is None


def first_missing(engine: Engine, present: Log) -> int | None:
    """The place of the first record that a ledger has not; None where it has all of them.

    Raises LogDamaged, and CollectorUnavailable.
    """
    with reading(engine) as connection:
        place = _first_missing(connection, present)
    if place is None:
        return None
    # Another process writes the log before it commits: with the write lock, nobody is in between.
    with suppress(CollectorUnavailable), changing(engine) as connection:
        place = _first_missing(connection, present)
    # Where the lock is not to be had it counts as missing: that narrows.
    return place


def _first_missing(connection: Connection, present: Log) -> int | None:
    place = present.data.count(b"\n")
    is_current = True
    for record in present.newest_first():
        if "idx" in record and contains(connection, record):
            return None if is_current else place
        place -= 1
        # Where one is on its way to the ledger, it is not known whether it arrived.
        is_current = is_current and record["do"] == "edition"
    return 0


def lacks_only(engine: Engine, missing: Sequence[Record]) -> bool:
    """Whether the ledger lacks nothing of these but what would have been its next commit.

    So it is where a process ended, or the power was cut, after the records and before it.
    """
    with reading(engine) as connection:
        row = connection.execute(_TOP).first()
    top = -1 if row is None else row.idx
    # At a place that another entry has by now, one was never committed.
    beyond = (record for record in missing if record.get("idx", -1) > top)
    return {record.get("of", record["idx"]) for record in beyond} <= {top + 1}


def catch_up(engine: Engine, file: Revocations, present: Log) -> bool:
    """Add to a log what its ledger has beyond it; whether it was behind."""
    with reading_many(engine) as connection:
        newest = next((r["idx"] for r in present.newest_first() if "idx" in r), -1)
        if not has_more(connection, newest):
            return False
        known = {record["mark"] for record in _readable(present) if record["do"] == "erase"}
        missing = [
            record
            for record in revocations(connection)
            if record.get("idx", -1) > newest
            or ("idx" not in record and record["mark"] not in known)
        ]
        row = connection.execute(_TOP).one()
    file.append(*missing, done(row.idx, row.leaf, present.generation))
    return True


def _readable(present: Log) -> list[Record]:
    try:
        return present.records()
    except LogDamaged:
        return []


def audit(engine: Engine, action: str, *, now: float, urandom: Callable[[int], bytes]) -> None:
    """Say in the audit what was done to a ledger; raises CollectorUnavailable."""
    with changing(engine) as connection:
        record_change(
            connection,
            actor=CLI,
            action=action,
            target="revocations.log",
            before=None,
            after=None,
            now=now,
            urandom=urandom,
        )
