"""A PostgreSQL that has what else lies in `ledger.db`: its address, its sessions, and its faults.

Whatever is opened stays with one run of one server: the first of those in its address that is no
standby. A server that was begun anew, or another one at
the same address, may lack what was acknowledged: then everything is opened anew, and held against
`revocations.log` (see `runtime.after_restore`), before anybody is answered from it.
"""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any
from weakref import WeakSet

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.dialects.postgresql.base import PGTypeCompiler
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError, ProgrammingError

from askfirst_collector.config import SettingError
from askfirst_collector.store.faults import FAULTS, StoreFault, fault

from .dialect import Ask
from .postgresql_address import Address, read_address
from .postgresql_session import WAIT, ServerError, code_of, connect, cut, driver, reason_of

LONGEST = 30.0  # seconds until a statement begins to answer
PAUSE = 2.0  # seconds between looks whether a server that was lost is there again
BLOCK = 1000  # rows
LEAST = 130000  # PostgreSQL 13: `pg_current_snapshot`

_NUMERIC = 1700  # the type of a sum of integers, and of nothing else here

ENDED = ("08", "57P", "25P03")  # how codes begin after which the session is over
_FACTS = (
    "SELECT concat_ws(' ', pg_postmaster_start_time(), oid, current_schema()), pg_is_in_recovery(),"
    " current_setting('default_transaction_read_only') = 'on',"
    " current_setting('fsync') = 'on' AND current_setting('full_page_writes') = 'on',"
    " current_setting('synchronous_commit') = 'off',"
    " current_setting('server_version_num')::int,"
    " current_setting('server_encoding') = 'UTF8' AND datcollate IN ('C', 'POSIX', 'C.UTF-8')"
    " FROM pg_database WHERE datname = current_database()"
)
# Any transaction of the server that ends moves the first; the second is `migrate`'s; the third is
# another one where a dump was put into the database, whose oid stays; the last is its clock.
_COMMITTED = (
    "SELECT pg_current_snapshot()::text, (SELECT version_num FROM alembic_version),"
    " 'entry'::regclass::oid, extract(epoch FROM clock_timestamp())::float8"
)
# Held by whoever has the ledger open: `move` of one that is on a server needs it alone.
USED = 0x61736B6669727376
_USE = f"SELECT pg_try_advisory_lock_shared({USED})"
# Seconds between this machine's clock and its server's. Of several machines, two are at most twice
# as far from each other: as long as a lease lasts.
APART = 15  # after which one of several takes nothing
DOUBTED = 5  # after which that is said


class Run:
    """One run of the server at an address, one database, one schema: as its sessions see it.

    A database that was dropped and put back, from a copy of before, is another one; so are tables
    of a schema to which `search_path` leads since.
    """

    def __init__(self, address: Address, part: str = "ledger") -> None:
        self.address = address
        self.part = part  # of the collector, for faults
        self.is_whole = True
        self.begun = ""
        self._looked = 0.0
        self._sessions: WeakSet[Any] = WeakSet()

    def connect(self, wait: float = LONGEST) -> Any:
        """A session of the driver, with the first of its servers that takes what is written.

        Raises StoreFault, and SettingError for a server unfit.
        """
        self.check()
        reason = ""
        servers = (self.address, *self.address.others)
        for server in servers:
            try:
                session = self._session(server, wait)
            except StoreFault as error:
                reason = reason or error.reason
                continue
            self._sessions.add(session)
            return session
        raise fault(self.part, reason)

    def check_alone(self) -> None:
        """StoreFault where two of its servers take what is written: they are two ledgers."""
        if not self.address.others:
            return
        writable = 0
        for server in (self.address, *self.address.others):
            with suppress(StoreFault):
                Run(server, self.part)._session(server, WAIT).close()
                writable += 1
        if writable > 1:
            self.lose()
            raise fault(self.part, "two of its servers take what is written: end the older one")

    def _session(self, server: Address, wait: float) -> Any:
        session = connect(server, wait, self.part)
        try:
            self._check(session)
            session.autocommit = True  # BEGIN is ours to say, as in SQLite
            session.register_in_adapter(_NUMERIC, int)
        except BaseException:
            session.close()
            raise
        return session

    def check(self) -> None:
        """StoreFault once this run is known to have ended."""
        if not self.is_whole:
            raise fault(self.part, "its server ended, or could not be reached")

    def lose(self) -> None:
        """Nobody is answered from this run any more, or waits for an answer."""
        self.is_whole = False
        for session in list(self._sessions):
            cut(session)
        self._looked = time.monotonic()

    def is_there_again(self) -> bool:
        """Whether a run that was lost can be opened anew; looks at most every two seconds."""
        if self.is_whole or time.monotonic() - self._looked < PAUSE:
            return False
        try:
            Run(self.address, self.part).connect(WAIT).close()
        except (StoreFault, SettingError):
            return False
        finally:
            self._looked = time.monotonic()
        return True

    def _check(self, session: Any) -> None:
        try:
            (facts,) = session.execute_simple(_FACTS).rows
        except Exception as error:
            raise StoreFault(self.part, reason_of(error)) from None
        begun, is_standby, is_read_only, is_on_disk, is_hasty, version, is_plain = facts
        if version < LEAST:
            raise _unfit(self.address, "use PostgreSQL 13 or newer")
        if not is_plain:
            database = self.address.database
            raise _unfit(
                self.address,
                "its texts have another order: CREATE DATABASE "
                f"{database} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'",
            )
        if not is_on_disk:
            raise _unfit(
                self.address, "a power cut would take answers: set fsync and full_page_writes to on"
            )
        if is_standby or is_read_only:
            raise StoreFault(self.part, "its server is read-only: it follows another, or is set so")
        if self.begun and begun != self.begun:
            self.lose()
            raise StoreFault(self.part, "its server was begun anew, or the database is another one")
        self.begun = begun
        if is_hasty:
            session.execute_simple("SET synchronous_commit = on")


class ServerVersion:
    """What a watch asks of a server (see `watch.Source`): belongs to whoever has its lock."""

    def __init__(self, engine: Engine) -> None:
        self.run = run_of(engine)
        self.run.check_alone()
        self._engine = engine
        self._session = self.run.connect(WAIT)
        self._snapshot = ""
        self._table = 0
        self._count = 0
        self._revision = ""
        (is_free,) = self._session.execute_simple(_USE).rows[0]
        if not is_free:
            self._session.close()
            raise fault("ledger", "askfirst move is at work on it: wait until that is done")
        self.committed()

    @property
    def is_whole(self) -> bool:
        """Whether the run that was opened goes on, as far as anybody noticed."""
        return self.run.is_whole

    def check(self) -> None:
        """StoreFault once the run that was opened has ended."""
        self.run.check()

    def committed(self) -> int:
        """A number that moves with every transaction of the server that ends."""
        ((snapshot, revision, table, clock),) = self._rows(_COMMITTED)
        if table != (self._table or table):
            self.run.lose()
            raise fault("ledger", "its tables were put back from a copy")
        self._table = table
        _compare_clocks(clock, is_shared=self.run.address.is_shared)
        if snapshot != self._snapshot:
            self._snapshot, self._revision = snapshot, revision
            self._count += 1
        return self._count

    def revision(self) -> str:
        """The revision of the tables, as of the last number."""
        return self._revision

    def ask(self, question: str) -> Any:
        """The one value of a SELECT without parameters."""
        return self._rows(question)[0][0]

    def _rows(self, question: str) -> Any:
        self.run.check()
        try:
            return self._session.execute_simple(question).rows
        except Exception as error:
            self.run.lose()
            self._session.close()
            raise fault("ledger", reason_of(error)) from None

    @property
    def is_away(self) -> bool:
        """Whether the run was lost."""
        return not self.run.is_whole

    def is_there_again(self) -> bool:
        """Whether the run was lost, and another one can be opened."""
        return self.run.is_there_again()

    def close(self) -> None:
        """Close this session, and all of the engine."""
        self._session.close()
        self._engine.dispose()


def _compare_clocks(theirs: float, *, is_shared: bool) -> None:
    """StoreFault where a day may be another one here than on the machines beside this one."""
    apart = round(time.time() - theirs)
    reason = f"this machine's clock is {apart:+d} seconds from that of its server"
    if is_shared and abs(apart) >= APART:
        raise fault("ledger", reason)
    if abs(apart) >= DOUBTED:
        FAULTS.failed("the clock", f"askfirst.W230 {reason}", level=logging.WARNING)
    else:
        FAULTS.went_well("the clock")


class _Types(PGTypeCompiler):
    """Seconds and sizes have 64 bits, as they have in SQLite."""

    def visit_INTEGER(self, type_: object, **kw: object) -> str:  # noqa: N802
        return "BIGINT"


def open_engine(url: str, guard: Callable[[], None]) -> Engine:
    """An engine for the database at a URL; `guard` is asked before every session.

    Raises SettingError `askfirst.E160`, and StoreFault where nobody answers.
    """
    run = Run(read_address(url))

    def creator() -> Any:
        guard()
        return run.connect()

    engine = create_engine(
        "postgresql+pg8000://",
        creator=creator,
        hide_parameters=True,
        execution_options={_RUN: run},
    )
    engine.dialect.type_compiler_instance = _Types(engine.dialect)
    # Many rows are one statement: by itself each would be three ways to the server and back.
    engine.dialect.use_insertmanyvalues_wo_returning = True
    event.listen(engine, "handle_error", _translate)
    return engine


@contextmanager
def one_moment_of(url: str) -> Iterator[Ask]:
    """What a database has, as of one moment (see `dialect.one_moment`)."""
    session = Run(read_address(url)).connect()
    names = itertools.count()

    def ask(statement: str, parameters: Sequence[object] = ()) -> Iterator[Any]:
        cursor, statement = session.cursor(), statement.replace("AS BLOB", "AS BYTEA")
        if parameters:
            cursor.execute(statement.replace("?", "%s"), parameters)
            yield from cursor.fetchall()
            return
        # Some at a time: the driver keeps in memory whatever a statement answers.
        name = f"rows_{next(names)}"
        cursor.execute(f"DECLARE {name} NO SCROLL CURSOR FOR {statement}")
        while rows := session.execute_simple(f"FETCH {BLOCK} FROM {name}").rows:
            yield from rows
        session.execute_simple(f"CLOSE {name}")

    try:
        session.execute_simple("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield ask
    except (OSError, driver().Error) as error:
        raise fault("ledger", reason_of(error)) from None
    finally:
        session.close()


_RUN = "askfirst_run"


def run_of(engine: Engine) -> Run:
    """The run of the server that an engine has its sessions with."""
    run: Run = engine.get_execution_options()[_RUN]
    return run


def _translate(context: Any) -> DBAPIError | None:
    """The error of a server by its code alone, as SQLAlchemy's errors of SQLite are."""
    error = context.original_exception
    if isinstance(error, OSError):
        # The driver passes on what a socket raises while it reads.
        context.is_disconnect = True
        return OperationalError(None, None, error)
    code = code_of(error)
    if not code:
        return None
    error.args = ()
    context.is_disconnect = context.is_disconnect or code.startswith(ENDED)
    kind: type[DBAPIError] = OperationalError
    if code.startswith("23"):
        kind = IntegrityError
    elif code.startswith("22"):
        kind = DataError
    elif code.startswith("42") and code != "42501":
        kind = ProgrammingError
    return kind(None, None, ServerError(code))


def _unfit(address: Address, advice: str) -> SettingError:
    return SettingError("askfirst.E161", address.shown, advice)
