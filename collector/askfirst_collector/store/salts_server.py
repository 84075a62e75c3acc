"""Salts on a PostgreSQL server of their own: for collectors on more than one machine.

Each salt is alone in a table that is made, filled and never written to again, so that a server
whose `wal_level` is minimal puts it into no write-ahead log: to drop the table is to destroy it. It
is sent by COPY, so that it stands in no statement, and in no log of them. Keys of grants and
numbers of users are rows: they leave the file within the hour, and the log once it is recycled.

    ledger(name, version)                          whose salts these are
    listed(kind, site, closes, period, due, place) what is in the table `salt_<place>`; no secret
    grant_key(handle, key, due), user_number(site, mark, number, due), gone(rows)
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from askfirst_collector.config import SettingError
from askfirst_collector.store.dialect import LOCK
from askfirst_collector.store.faults import FAULTS, StoreFault, fault
from askfirst_collector.store.periods import CalendarOf
from askfirst_collector.store.postgresql import ENDED, Run
from askfirst_collector.store.postgresql_address import read_address
from askfirst_collector.store.postgresql_session import code_of, driver, reason_of
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
from askfirst_collector.store.salts_copies import check_no_copies, left_behind, system_at
from askfirst_collector.store.versions import too_new

VERSION = 1
PATIENCE = 4.0  # seconds for an answer: longer than anybody waits for a lock
MOST = 100  # tables that are dropped by one transaction, each of which takes a lock
HOUR = 3600.0  # seconds between two rewritings of what rows were removed from

_TABLES = """
CREATE TABLE ledger (name TEXT NOT NULL, version INTEGER NOT NULL);
CREATE TABLE listed (
    kind TEXT NOT NULL, site TEXT NOT NULL, closes TEXT NOT NULL, period TEXT NOT NULL,
    due BIGINT NOT NULL, place BIGSERIAL UNIQUE, PRIMARY KEY (kind, site, closes, period)
);
CREATE TABLE grant_key (
    handle VARCHAR(64) PRIMARY KEY, key VARCHAR(64) NOT NULL, due BIGINT NOT NULL
);
CREATE TABLE user_number (
    site TEXT NOT NULL, mark VARCHAR(64) NOT NULL, number VARCHAR(32) NOT NULL,
    due BIGINT NOT NULL, PRIMARY KEY (site, mark)
);
CREATE TABLE gone (rows BIGINT NOT NULL);
INSERT INTO gone VALUES (0)
"""
# No longer than a page has place for: there is no second table for what is too long. Nothing ever
# vacuums it, which would have its page in the write-ahead log.
_SALT_TABLE = "CREATE TABLE salt_{} (salt VARCHAR(64) NOT NULL) WITH (autovacuum_enabled = off)"
_PERIODS = "SELECT site, closes, period, place FROM listed WHERE kind = 'period_salt' AND "
# Names of tables and columns are words of this file, and numbers; values are bound.
_AT = "kind = %s AND site = %s AND closes = %s AND period = %s"
_FIT = (
    "the database belongs to another ledger, or lacks what this one noted: name the one that this "
    "folder has, or an empty one for a new folder"
)
_LOST = ("42P01", "3F000")  # undefined table, or schema: somebody put another database there

Ask = Callable[..., list[Any]]


_FIND = f"SELECT place, due FROM listed WHERE {_AT}"  # noqa: S608
_MOVE_DUE = f"UPDATE listed SET due = %s WHERE {_AT}"  # noqa: S608


class SaltServer(Salts):
    """The database, opened by one process. A run of the server that ends is opened anew."""

    def __init__(
        self, url: str, *, now: Callable[[], float], urandom: Callable[[int], bytes]
    ) -> None:
        """Raises SettingError for an address, or a server, that cannot be used; StoreFault."""
        super().__init__(now=now, urandom=urandom)
        self._run = Run(read_address(url), "salts")
        self._session = self._run.connect(PATIENCE)
        self._rewritten = 0.0
        try:
            check_no_copies(self._session, self._run.address)
            self._session.execute_simple("SET wal_skip_threshold = 0")
            with self._writing() as ask:
                self._table = self._bring_up(ask)
        except BaseException:
            self._session.close()
            raise

    @property
    def shown(self) -> str:
        """Its address, without who signs in."""
        return self._run.address.shown

    @property
    def owner(self) -> str:
        """The name of the ledger whose salts these are; '' for a database that is new."""
        with self._reading() as ask:
            rows = ask("SELECT name FROM ledger")
        return rows[0][0] if rows else ""

    def belong_to(self, ledger: str) -> None:
        """Be a ledger's, by its name. SettingError `askfirst.E163` for those of another one."""
        with self._writing() as ask:
            if not ask("SELECT 1 FROM ledger"):
                ask("INSERT INTO ledger VALUES (%s, %s)", ledger, VERSION)
        if self.owner != ledger:
            raise SettingError("askfirst.E163", self.shown, _FIT)

    def system(self) -> int:
        """The number of its cluster."""
        with self._reading():
            return system_at(self._session)

    def left_behind(self) -> list[str]:
        """What keeps former content in the log longer than it has to; each with a cure."""
        with self._reading():
            return left_behind(self._session)

    def open_periods(self, site: str) -> list[PeriodSalt]:
        """The periods of a site whose salts still exist; asking draws none."""
        with self._reading_salts() as ask:
            rows = ask(f"{_PERIODS} site = %s AND due > %s", site, int(self._now()))
            return [salt for _, salt in _with_salts(ask, rows)]

    def due_periods(self, now: float) -> list[tuple[str, PeriodSalt]]:
        """The periods, with their sites, whose salts are to be destroyed and are there still."""
        with self._reading_salts() as ask:
            return _with_salts(ask, ask(f"{_PERIODS} due <= %s", int(now)))

    def grant_key(self, handle: str) -> bytes | None:
        """The key of a live grant; never cached, so that its end is its end in every process."""
        query = "SELECT key FROM grant_key WHERE handle = %s AND due > %s"
        with self._reading() as ask:
            rows = ask(query, handle, int(self._now()))
        return bytes.fromhex(rows[0][0]) if rows else None

    def new_grant_key(self, handle: str, *, due: int = FOREVER) -> bytes:
        """Draw the key of a grant that runs out at `due`; one that exists is kept, `due` moves."""
        with self._writing() as ask:
            statement = "UPDATE grant_key SET due = %s WHERE handle = %s RETURNING key"
            rows = ask(statement, due, handle)
            if rows:
                return bytes.fromhex(rows[0][0])
            key = self._urandom(SALT)
            self._put("grant_key", handle, key.hex(), due)
            return key

    def end_grant(self, handle: str) -> None:
        """Destroy the key of a grant; ending twice is harmless."""
        with self._writing() as ask:
            _remove(ask, "grant_key WHERE handle = %s", handle)

    def user_number(self, site: str, user: str) -> bytes:
        """The random number of a signed-in user, by their token: drawn once, for a year."""
        known = self.find_user(site, user)
        if known is not None:
            return known
        return self.number_of_mark(site, mark_of_user(user), int(self._now()) + YEAR)

    def number_of_mark(self, site: str, mark: bytes, due: int) -> bytes:
        """The number of a user that is there, or one that is drawn, until `due`."""
        now = int(self._now())
        with self._writing() as ask:
            _remove(ask, "user_number WHERE mark = %s AND due <= %s", mark.hex(), now)
            query = "SELECT number FROM user_number WHERE site = %s AND mark = %s"
            rows = ask(query, site, mark.hex())
            if rows:
                return bytes.fromhex(rows[0][0])
            number = self._urandom(USER)
            self._put("user_number", site, mark.hex(), number.hex(), due)
            return number

    def find_user(self, site: str, user: str) -> bytes | None:
        """The number of a user; None for one who has none. Never cached, so that its end is one."""
        query = "SELECT number FROM user_number WHERE site = %s AND mark = %s AND due > %s"
        with self._reading() as ask:
            rows = ask(query, site, mark_of_user(user).hex(), int(self._now()))
        return bytes.fromhex(rows[0][0]) if rows else None

    def end_user(self, site: str, user: str) -> bool:
        """Destroy the number of a user; whether there was one."""
        with self._writing() as ask:
            where = "user_number WHERE site = %s AND mark = %s"
            return bool(_remove(ask, where, site, mark_of_user(user).hex()))

    def forget_site(self, site: str, handles: Iterable[str]) -> None:
        """Destroy the salts of a site's periods, the numbers of its users, keys of these grants."""
        while True:
            with self._writing() as ask:
                if not _drop(ask, "kind = 'period_salt' AND site = %s", site):
                    break
        with self._writing() as ask:
            _remove(ask, "user_number WHERE site = %s", site)
            for handle in handles:
                _remove(ask, "grant_key WHERE handle = %s", handle)
        self._forget_site(site)

    def grants(self) -> list[str]:
        """The handles that have a key: for the job that looks for those the ledger has ended."""
        with self._reading() as ask:
            return [handle for (handle,) in ask("SELECT handle FROM grant_key")]

    def is_due(self, now: float) -> bool:
        """Whether the salt of any period is to be destroyed."""
        with self._reading() as ask:
            query = "SELECT 1 FROM listed WHERE kind = 'period_salt' AND due <= %s LIMIT 1"
            return bool(ask(query, int(now)))

    def destroy_due(self, now: float, calendar_of: CalendarOf) -> int:
        """Destroy every salt and key whose time is over; how many there were."""
        with self._reading() as ask:
            rows = ask(f"{_PERIODS} due <= %s", int(now))
        # Whoever is asked for a calendar may look whether this server is there.
        later = put_off([tuple(row[:3]) for row in rows], now, calendar_of)
        with self._writing() as ask:
            for due, *key in later:
                ask(_MOVE_DUE, due, "period_salt", *key)
        self.forget_due(now)
        gone = 0
        while True:
            with self._writing() as ask:
                dropped = _drop(ask, "due <= %s", int(now))
            gone += dropped
            if not dropped:
                break
        with self._writing() as ask:
            for table in ("grant_key", "user_number"):
                gone += _remove(ask, f"{table} WHERE due <= %s", int(now))
        if abs(now - self._rewritten) >= HOUR:
            self._rewritten = now
            self._rewrite()
        return gone

    def check(self) -> None:
        """Ask the server; CollectorUnavailable where it is not what was opened, or away."""
        with self._reading() as ask:
            rows = ask("SELECT version, 'listed'::regclass::oid::bigint FROM ledger")
        if rows and rows[0][0] != VERSION:
            raise fault("salts", "a newer askfirst migrated it: start that one")
        if not rows or rows[0][1] != self._table:
            self._run.lose()
            raise fault("salts", "its tables are not those that were opened")

    def close(self) -> None:
        """Close the session."""
        with self._lock:
            self._known.clear()
            self._session.close()

    def _bring_up(self, ask: Ask) -> int:
        """Make the tables where there are none; the number of one of them."""
        number = "SELECT to_regclass('listed')::oid::bigint"
        if ask(number)[0][0] is None:
            self._session.execute_simple(_TABLES)
        rows = ask("SELECT version FROM ledger")
        if rows and rows[0][0] > VERSION:
            raise too_new("database of salts", rows[0][0], VERSION)
        table: int = ask(number)[0][0]
        return table

    def _elect(self, table: str, columns: tuple[str, ...], key: tuple[str, ...], due: int) -> bytes:
        name = (table, *("",) * (3 - len(key)), *key)
        with self._writing() as ask:
            rows = ask(_FIND, *name)
            if not rows:
                place = ask("SELECT nextval('listed_place_seq')")[0][0]
                self._session.execute_simple(_SALT_TABLE.format(place))
                self._put(f"salt_{place}", self._urandom(SALT).hex(), options="WITH (FREEZE)")
                ask("INSERT INTO listed VALUES (%s, %s, %s, %s, %s, %s)", *name, due, place)
            else:
                place = rows[0][0]
                if rows[0][1] != due:
                    ask(_MOVE_DUE, due, *name)
            return _salt_at(ask, place)

    def _rewrite(self) -> None:
        """Have what was removed leave the files, and the log as far as this user may see to it."""
        with self._reading() as ask:
            removed = ask("SELECT rows FROM gone")[0][0]
        if not removed:
            return
        session = self._run.connect()
        try:
            session.execute_simple("VACUUM FULL grant_key, user_number")
            session.execute_simple(f"UPDATE gone SET rows = rows - {removed:d}")  # noqa: S608
            for statement in ("SELECT pg_switch_wal()", "CHECKPOINT"):
                with suppress(driver().Error):
                    session.execute_simple(statement)
        except (OSError, driver().Error) as error:
            # Whoever reads has a lock: an hour later it is free.
            raise fault("salts", reason_of(error)) from None
        finally:
            session.close()

    def _put(self, table: str, *fields: object, options: str = "") -> None:
        line = "\t".join(map(str, fields)).encode() + b"\n"
        cursor = self._session.cursor()
        cursor.execute(f"COPY {table} FROM STDIN {options}", stream=io.BytesIO(line))

    def _ask(self, statement: str, *parameters: object) -> list[Any]:
        if not parameters:
            return list(self._session.execute_simple(statement).rows or ())
        cursor = self._session.cursor()
        cursor.execute(statement, parameters)
        return list(cursor.fetchall()) if cursor.description else []

    @contextmanager
    def _writing(self) -> Iterator[Ask]:
        with self._transaction(f"BEGIN; SELECT pg_advisory_xact_lock({LOCK})") as ask:
            yield ask

    @contextmanager
    def _reading_salts(self) -> Iterator[Ask]:
        # What is listed is there as long as nobody drops it.
        with self._transaction(f"BEGIN; SELECT pg_advisory_xact_lock_shared({LOCK})") as ask:
            yield ask

    @contextmanager
    def _reading(self) -> Iterator[Ask]:
        """For one statement, which sees by itself what was committed."""
        with self._transaction("") as ask:
            yield ask

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[Ask]:
        with self._lock:
            self._run.check()
            try:
                if begin:
                    self._session.execute_simple(begin)
                yield self._ask
                if begin:
                    self._session.execute_simple("COMMIT")
            except (OSError, struct.error, driver().Error) as error:
                raise self._fault(error) from None
            except BaseException:
                self._undo()
                raise
        FAULTS.went_well("salts")

    def _fault(self, error: BaseException) -> StoreFault:
        code = code_of(error)
        if code and not code.startswith(ENDED) and code not in _LOST:
            self._undo()
        else:
            self._run.lose()
            self._session.close()
        return fault("salts", reason_of(error))

    def _undo(self) -> None:
        try:
            self._session.execute_simple("ROLLBACK")
        except (OSError, struct.error, driver().Error):
            self._run.lose()
            self._session.close()


def _salt_at(ask: Ask, place: int) -> bytes:
    return bytes.fromhex(ask(f"SELECT salt FROM salt_{place:d}")[0][0])  # noqa: S608


def _with_salts(ask: Ask, rows: Sequence[Sequence[Any]]) -> list[tuple[str, PeriodSalt]]:
    salts = []
    for site, closes, period, place in rows:
        salt = _salt_at(ask, place)
        salts.append((site, PeriodSalt(closes, period, salt)))
    return salts


def _drop(ask: Ask, where: str, value: object) -> int:
    """Destroy some of the salts that a condition names; how many."""
    rows = ask(f"SELECT place FROM listed WHERE {where} LIMIT {MOST}", value)  # noqa: S608
    if rows:
        ask("DROP TABLE " + ", ".join(f"salt_{place}" for (place,) in rows))
        ask("DELETE FROM listed WHERE place = ANY (%s)", [place for (place,) in rows])
    return len(rows)


def _remove(ask: Ask, what: str, *values: object) -> int:
    """Delete rows, and note that they are to leave the files; how many."""
    statement = f"WITH rows AS (DELETE FROM {what} RETURNING 1) SELECT count(*) FROM rows"  # noqa: S608
    count: int = ask(statement, *values)[0][0]
    if count:
        ask("UPDATE gone SET rows = rows + %s", count)
    return count
