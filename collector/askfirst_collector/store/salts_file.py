"""`salts.db`: the salts and keys of one machine, each overwritten when it is destroyed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from askfirst_collector.store.faults import unavailable
from askfirst_collector.store.periods import CalendarOf
from askfirst_collector.store.present import Present, connect
from askfirst_collector.store.salts import (
    FOREVER,
    SALT,
    USER,
    YEAR,
    PeriodSalt,
    Salts,
    mark_of_user,
    put_off,
)
from askfirst_collector.store.schema import use_journal
from askfirst_collector.store.versions import (
    Step,
    bring_up,
    check_version,
    run_script,
    version_of,
)

_TABLES = """
CREATE TABLE IF NOT EXISTS period_salt (
    site TEXT NOT NULL, closes TEXT NOT NULL, period TEXT NOT NULL,
    salt BLOB NOT NULL, due INTEGER NOT NULL, PRIMARY KEY (site, closes, period)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS grant_key (
    handle TEXT NOT NULL PRIMARY KEY, key BLOB NOT NULL, due INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS batch_key (
    day TEXT NOT NULL PRIMARY KEY, key BLOB NOT NULL, due INTEGER NOT NULL
) WITHOUT ROWID;
"""
# What had ended is in `revocations.log` now: whoever runs this has written it there before.
_WITHOUT_ENDINGS = """
DROP TABLE IF EXISTS ended;
DROP TABLE IF EXISTS witness;
"""

# The number that stands for a signed-in user: whoever removes a row ends the link to it.
_USERS = """
CREATE TABLE IF NOT EXISTS user_number (
    site TEXT NOT NULL, mark BLOB NOT NULL, number BLOB NOT NULL, due INTEGER NOT NULL,
    PRIMARY KEY (site, mark)
) WITHOUT ROWID;
"""

_MOVE_DUE = "UPDATE period_salt SET due = ? WHERE site = ? AND closes = ? AND period = ?"

_ENDINGS_GONE = 2  # the version

# From version 0, of before there were any, on.
STEPS: tuple[Step, ...] = (
    run_script(_TABLES),
    run_script(_WITHOUT_ENDINGS),
    run_script(_USERS),
)


@dataclass(frozen=True, slots=True)
class Former:
    """What a file of before version 2 remembers of the ledger beside it."""

    pair: bytes | None  # the name it shares with one ledger
    endings: dict[bytes, bool]  # the marks of handles that ended, and whether each was erased
    newest: int | None  # the ledger's last entry at the last ending; None where it was not noted
    generation: int  # how far the event store had come then


def read_former(path: Path) -> Former | None:
    """What a file of before version 2 remembers; None for a newer one, and for an empty one."""
    with unavailable("salts"), closing(connect(path, timeout=1.8)) as file:
        names = {name for (name,) in file.execute("SELECT name FROM sqlite_schema")}
        if version_of(file) >= _ENDINGS_GONE or "period_salt" not in names:
            return None
        query = "SELECT pair, newest, generation FROM witness"
        witness = file.execute(query).fetchone() if "witness" in names else None
        pair, newest, generation = witness or (None, None, 0)
        ended = file.execute("SELECT mark, erased FROM ended") if "ended" in names else ()
        endings = {mark: bool(erased) for mark, erased in ended}
        return Former(pair, endings, newest, generation)


class SaltFile(Salts):
    """The file, opened by one process."""

    def __init__(
        self, path: Path, *, now: Callable[[], float], urandom: Callable[[int], bytes]
    ) -> None:
        super().__init__(now=now, urandom=urandom)
        self._is_closed = False
        with unavailable("salts"):
            self._file = connect(path, timeout=1.8)
            try:
                use_journal(self._file, 1_800)
                bring_up(self._file, STEPS, path.name)
                self._present = Present(path, self._file)
            except BaseException:
                self._file.close()
                raise

    def open_periods(self, site: str) -> list[PeriodSalt]:
        """The periods of a site whose salts still exist; asking draws none."""
        query = "SELECT closes, period, salt FROM period_salt WHERE site = ? AND due > ?"
        with self._reading() as file:
            rows = file.execute(query, (site, int(self._now()))).fetchall()
        return [PeriodSalt(*row) for row in rows]

    def due_periods(self, now: float) -> list[tuple[str, PeriodSalt]]:
        """The periods, with their sites, whose salts are to be destroyed and are there still."""
        query = "SELECT site, closes, period, salt FROM period_salt WHERE due <= ?"
        with self._reading() as file:
            rows = file.execute(query, (int(now),)).fetchall()
        return [(row[0], PeriodSalt(*row[1:])) for row in rows]

    def grant_key(self, handle: str) -> bytes | None:
        """The key of a live grant; never cached, so that its end is its end in every worker."""
        query = "SELECT key FROM grant_key WHERE handle = ? AND due > ?"
        with self._reading() as file:
            row = file.execute(query, (handle, int(self._now()))).fetchone()
        return row[0] if row else None

    def new_grant_key(self, handle: str, *, due: int = FOREVER) -> bytes:
        """Draw the key of a grant that runs out at `due`; one that exists is kept, `due` moves."""
        statement = (
            "INSERT INTO grant_key VALUES (?, ?, ?) "
            "ON CONFLICT (handle) DO UPDATE SET due = excluded.due RETURNING key"
        )
        with self._writing() as file:
            key: bytes = file.execute(statement, (handle, self._urandom(SALT), due)).fetchone()[0]
        return key

    def end_grant(self, handle: str) -> None:
        """Destroy the key of a grant; ending twice is harmless."""
        with self._writing() as file:
            gone = file.execute("DELETE FROM grant_key WHERE handle = ?", (handle,)).rowcount
        if gone:
            self._truncate()

    def user_number(self, site: str, user: str) -> bytes:
        """The random number of a signed-in user, by their token: drawn once, for a year."""
        mark, now = mark_of_user(user), int(self._now())
        known = self.find_user(site, user)
        if known is not None:
            return known
        insert = "INSERT OR IGNORE INTO user_number VALUES (?, ?, ?, ?)"
        with self._writing() as file:
            file.execute("DELETE FROM user_number WHERE mark = ? AND due <= ?", (mark, now))
            file.execute(insert, (site, mark, self._urandom(USER), now + YEAR))
            query = "SELECT number FROM user_number WHERE site = ? AND mark = ?"
            number: bytes = file.execute(query, (site, mark)).fetchone()[0]
        return number

    def find_user(self, site: str, user: str) -> bytes | None:
        """The number of a user; None for one who has none. Never cached, so that its end is one."""
        query = "SELECT number FROM user_number WHERE site = ? AND mark = ? AND due > ?"
        with self._reading() as file:
            row = file.execute(query, (site, mark_of_user(user), int(self._now()))).fetchone()
        return row[0] if row else None

    def end_user(self, site: str, user: str) -> bool:
        """Destroy the number of a user; whether there was one."""
        with self._writing() as file:
            statement = "DELETE FROM user_number WHERE site = ? AND mark = ?"
            gone = file.execute(statement, (site, mark_of_user(user))).rowcount
        if gone:
            self._truncate()
        return bool(gone)

    def forget_site(self, site: str, handles: Iterable[str]) -> None:
        """Destroy the salts of a site's periods, the numbers of its users, keys of these grants."""
        with self._writing() as file:
            file.execute("DELETE FROM period_salt WHERE site = ?", (site,))
            file.execute("DELETE FROM user_number WHERE site = ?", (site,))
            own = ((handle,) for handle in handles)
            file.executemany("DELETE FROM grant_key WHERE handle = ?", own)
        self._forget_site(site)
        self._truncate()

    def grants(self) -> list[str]:
        """The handles that have a key: for the job that looks for those the ledger has ended."""
        with self._reading() as file:
            rows = file.execute("SELECT handle FROM grant_key").fetchall()
        return [handle for (handle,) in rows]

    def is_due(self, now: float) -> bool:
        """Whether the salt of any period is to be destroyed."""
        with self._reading() as file:
            query = "SELECT 1 FROM period_salt WHERE due <= ? LIMIT 1"
            return file.execute(query, (int(now),)).fetchone() is not None

    def destroy_due(self, now: float, calendar_of: CalendarOf) -> int:
        """Destroy every salt and key whose time is over; how many there were."""
        self._put_off(now, calendar_of)
        self.forget_due(now)
        with self._writing() as file:
            gone = sum(
                file.execute(statement, (int(now),)).rowcount
                for statement in (
                    "DELETE FROM period_salt WHERE due <= ?",
                    "DELETE FROM grant_key WHERE due <= ?",
                    "DELETE FROM batch_key WHERE due <= ?",
                    "DELETE FROM user_number WHERE due <= ?",
                )
            )
        # The journal still holds the pages as they were.
        self._truncate()
        return gone

    def _put_off(self, now: float, calendar_of: CalendarOf) -> None:
        """Keep what is due no more: the zone of a site changed, and its period got longer."""
        query = "SELECT site, closes, period FROM period_salt WHERE due <= ?"
        with self._reading() as file:
            keys = file.execute(query, (int(now),)).fetchall()
        later = put_off(keys, now, calendar_of)
        if later:
            with self._writing() as file:
                file.executemany(_MOVE_DUE, later)

    def check(self) -> None:
        """Look at the file and read one page; CollectorUnavailable when either is not as it was."""
        self._present.check()
        with self._reading() as file:
            file.execute("SELECT count(*) FROM batch_key").fetchone()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._known.clear()
            if not self._is_closed:
                self._is_closed = True
                self._present.end(self._file, self._file.close)

    def _elect(self, table: str, columns: tuple[str, ...], key: tuple[str, ...], due: int) -> bytes:
        # Table and columns are words of this file; the values are bound.
        where = " AND ".join(f"{column} = ?" for column in columns)
        value = "salt" if table == "period_salt" else "key"
        insert = f"INSERT OR IGNORE INTO {table} VALUES ({'?, ' * len(key)}?, ?)"  # noqa: S608
        select = f"SELECT {value}, due FROM {table} WHERE {where}"  # noqa: S608
        with self._writing() as file:
            row = file.execute(select, key).fetchone()
            if row is None:
                file.execute(insert, (*key, self._urandom(SALT), due))
                row = file.execute(select, key).fetchone()
            elif row[1] != due:
                file.execute(f"UPDATE {table} SET due = ? WHERE {where}", (due, *key))  # noqa: S608
        elected: bytes = row[0]
        return elected

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock, unavailable("salts"):
            check_version(self._file, STEPS, "salts")
            yield self._file

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock, unavailable("salts"):
            self._file.execute("BEGIN IMMEDIATE")
            try:
                check_version(self._file, STEPS, "salts")
                yield self._file
                self._file.execute("COMMIT")
            except BaseException:
                if self._file.in_transaction:
                    self._file.execute("ROLLBACK")
                raise
            self._present.check()

    def _truncate(self) -> None:
        with self._lock, unavailable("salts"):
            self._file.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
