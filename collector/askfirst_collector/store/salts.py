"""`salts.db`: everything that pseudonyms hang on. It is never backed up, copied or replicated.

Once a salt or a key is destroyed here, nothing that is left anywhere computes its pseudonyms
again; that holds only while no second copy of this file exists (M48).

    period_salt(site, closes, period, salt, due)   due: two hours after the period ends
    grant_key(handle, key, due)                    due: when the grant runs out
    batch_key(day, key, due)                       due: when no retry of that day counts any more
    user_number(site, mark, number, due)           due: a year after it was drawn
"""

from __future__ import annotations

import hashlib
import hmac
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from askfirst.errors import CollectorUnavailable
from askfirst_collector.store.faults import unavailable
from askfirst_collector.store.periods import IN_UTC, CalendarOf
from askfirst_collector.store.present import Present, connect
from askfirst_collector.store.schema import use_journal
from askfirst_collector.store.versions import (
    Step,
    bring_up,
    check_version,
    run_script,
    version_of,
)

SALT = 32  # bytes
USER = 16  # bytes of the number of a user
YEAR = 365 * 86_400  # seconds
GRACE = 2 * 3600  # seconds that a salt outlives its period
RETRIES = 48 * 3600  # seconds within which a batch may be sent again
FOREVER = 2**53 - 1

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
class PeriodSalt:
    """A salt that still exists, with the period it makes pseudonyms for."""

    closes: str
    period: str
    salt: bytes


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


def pseudonym(salt: bytes, site: str, purpose: str, collector: str, handle: str) -> bytes:
    """HMAC-SHA256 over the four names, each framed by its length, so that no two are confused."""
    message = _framed(site, purpose, collector) + _frame(handle)
    return hmac.digest(salt, message, hashlib.sha256)


def _mark_of_user(user: str) -> bytes:
    return hashlib.sha256(b"askfirst user mark 1\0" + user.encode()).digest()


@lru_cache(maxsize=1024)  # names of policies, never of visitors
def _framed(*names: str) -> bytes:
    return b"askfirst pseudonym 1\0" + b"".join(map(_frame, names))


def _frame(name: str) -> bytes:
    field = name.encode()
    return len(field).to_bytes(4, "big") + field


class Salts:
    """The file, opened by one process. Every method may raise CollectorUnavailable."""

    def __init__(
        self, path: Path, *, now: Callable[[], float], urandom: Callable[[int], bytes]
    ) -> None:
        self._now = now
        self._urandom = urandom
        self._lock = threading.Lock()
        self._is_closed = False
        self._known: dict[tuple[str, ...], tuple[bytes, int]] = {}
        with unavailable("salts"):
            self._file = connect(path, timeout=1.8)
            try:
                use_journal(self._file, 1_800)
                bring_up(self._file, STEPS, path.name)
                self._present = Present(path, self._file)
            except BaseException:
                self._file.close()
                raise

    def period(self, site: str, closes: str, period: str, end: int) -> bytes:
        """The salt of a period: whoever asks first draws it, everyone after reads that one.

        CollectorUnavailable two hours after its end (unix seconds): a second salt would count
        people twice.
        """
        known = self._known.get(("period_salt", site, closes, period))
        due = end + GRACE
        if known is not None and self._now() < known[1] == due:
            return known[0]
        return self._elected(
            "period_salt", ("site", "closes", "period"), (site, closes, period), due
        )

    def batch_key(self, day: str) -> bytes:
        """The key of a day (`2026-11-22`) under which answers to batches are kept for retries."""
        return self._elected(
            "batch_key", ("day",), (day,), IN_UTC.end_of("day", day) + RETRIES + GRACE
        )

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
        mark, now = _mark_of_user(user), int(self._now())
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
            row = file.execute(query, (site, _mark_of_user(user), int(self._now()))).fetchone()
        return row[0] if row else None

    def end_user(self, site: str, user: str) -> bool:
        """Destroy the number of a user; whether there was one."""
        with self._writing() as file:
            statement = "DELETE FROM user_number WHERE site = ? AND mark = ?"
            gone = file.execute(statement, (site, _mark_of_user(user))).rowcount
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
        with self._lock:
            for key in [key for key in self._known if key[:2] == ("period_salt", site)]:
                del self._known[key]
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
        ends = [(calendar_of(key[0]).end_of(*key[1:]) + GRACE, *key) for key in keys]
        later = [row for row in ends if row[0] > now]
        if later:
            with self._writing() as file:
                file.executemany(_MOVE_DUE, later)

    def forget_due(self, now: float) -> None:
        """Drop from this process's memory what is due; for workers that hold no lease."""
        with self._lock:
            for key in [key for key, (_, due) in self._known.items() if due <= now]:
                del self._known[key]

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

    def _elected(
        self, table: str, columns: tuple[str, ...], key: tuple[str, ...], due: int
    ) -> bytes:
        now = self._now()
        if due <= now:
            self.forget_due(now)
            raise CollectorUnavailable("the period is over")
        known = self._known.get((table, *key))
        if known is not None and known[1] == due:
            return known[0]
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
        with self._lock:
            self._known[(table, *key)] = (row[0], due)
        self.forget_due(now)
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
