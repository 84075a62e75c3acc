"""What `events.db` says of the rows in ClickHouse, where several machines put them there.

The same tables, and the same statements, in the schema `machines` of the PostgreSQL that has their
ledger. Who moves, seals, or takes anything out waits for a lock of its own: as in a file, one does
so at a time, on whichever machine, and no grant waits for it.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError, ProgrammingError

from askfirst_collector.store import close_period
from askfirst_collector.store.append import forget_moved
from askfirst_collector.store.dialect import commit
from askfirst_collector.store.dictionary import state_of
from askfirst_collector.store.events import Closed, PeriodKey, Row, StoreUnavailable
from askfirst_collector.store.faults import DATABASE_ERRORS, StoreFault, error_name
from askfirst_collector.store.lots import AnyBatch, Name
from askfirst_collector.store.machines import Machines
from askfirst_collector.store.schema import KEPT, OPEN

from .lot_rows import LotRows

_LOCK = 0x61736B6669727375  # beside the ledger's own
_WAIT = "20s"  # for another machine that puts a lot into ClickHouse
REMEMBERED = 10_000  # open periods

_KNOWN = (
    "SELECT day, key, answer FROM machines.answer WHERE (day, key) IN"
    " (SELECT d, decode(k, 'hex') FROM unnest("
    "string_to_array(%s, ',')::bigint[], string_to_array(%s, ',')) AS wanted (d, k))"
)
_OWNER = "SELECT COALESCE((SELECT id FROM machines.store), encode(name, 'hex')) FROM pair"
_NOTE = (
    "INSERT INTO answer SELECT d, decode(k, 'hex'), decode(a, 'hex') FROM unnest("
    "string_to_array(%s, ',')::bigint[], string_to_array(%s, ','), string_to_array(%s, ',')"
    ") AS fresh (d, k, a) ON CONFLICT DO NOTHING"
)


class Statements:
    """A connection as the functions that know `events.db` use one: `?` for each value."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def execute(self, statement: str, values: Sequence[object] = ()) -> Any:
        """Its rows, or how many it changed (`rowcount`)."""
        text = statement.replace("?", "%s")
        return self._connection.exec_driver_sql(text, tuple(values) or None)

    def executemany(self, statement: str, lines: Iterable[Sequence[object]]) -> None:
        """The same for each line of values."""
        for values in lines:
            self.execute(statement, values)


class SharedLotRows(LotRows):
    """Judges a lot; what was answered before, by whichever machine, is known."""

    def known(
        self, connection: sqlite3.Connection, names: Sequence[Sequence[Name]]
    ) -> dict[Name, bytes]:
        """The answers that are kept under any of these names."""
        return _answers_of(connection, names)

    def note(self, connection: sqlite3.Connection, fresh: Sequence[AnyBatch]) -> None:
        """Keep the answers of these batches."""
        days = ",".join(str(batch.day) for batch in fresh)
        keys, answers = (
            ",".join(value.hex() for value in values)
            for values in ((b.key for b in fresh), (b.answer for b in fresh))
        )
        connection.execute(_NOTE, (days, keys, answers))


class SharedIndex:
    """As `EventsFile`, as far as rows that are elsewhere need it; safe in any thread."""

    is_first = True  # another database is noticed by whoever has the ledger open

    def __init__(self, machines: Machines, closed: Closed, urandom: Callable[[int], bytes]) -> None:
        self.fault = ""
        self.appender = SharedLotRows(urandom, closed)
        self.machines = machines
        self._urandom = urandom
        self._one = threading.Lock()
        self._generation = f"SELECT number, ({machines.state}) FROM machines.generation"  # noqa: S608
        self._settings = (
            f"SET LOCAL search_path TO machines; SET LOCAL askfirst.machine = '{machines.id}'"
        )

    def write(self, work: Callable[[sqlite3.Connection], Any], *, removes: bool = False) -> Any:
        """What `work` gives, once its transaction is on disk. Raises StoreUnavailable."""
        with self._one, self._away(), self.machines.engine.connect() as connection:
            connection.exec_driver_sql(
                f"BEGIN TRANSACTION; {self._settings}; SET LOCAL lock_timeout = '{_WAIT}';"
                f" SELECT pg_advisory_xact_lock({_LOCK})"
            )
            try:
                # Others removed, or sealed, what was remembered.
                self.appender.forget()
                self.machines.check()
                outcome = work(cast("sqlite3.Connection", Statements(connection)))
            except BaseException:
                connection.rollback()
                raise
            commit(connection)
            return outcome

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A connection that only reads. Raises StoreUnavailable."""
        with self._away(), self.machines.engine.connect() as connection:
            connection.exec_driver_sql(f"BEGIN TRANSACTION READ ONLY; {self._settings}")
            try:
                yield cast("sqlite3.Connection", Statements(connection))
            finally:
                connection.rollback()

    @contextmanager
    def look(self) -> Iterator[sqlite3.Connection]:
        """The same for one statement, which names the schema: one round trip."""
        with self._away(), self.machines.engine.connect() as connection:
            yield cast("sqlite3.Connection", Statements(connection))

    def seal(self, key: PeriodKey) -> None:
        """Take no more rows into a period but what was accepted; sealing twice is harmless."""
        with self.read() as connection:
            if state_of(connection, key) not in (None, OPEN):
                return
        self.write(lambda connection: close_period.seal(connection, key, self._urandom))

    def kept(self, key: PeriodKey) -> bool:
        """Whether the rows of a period are those that `keep` wrote."""
        with self.read() as connection:
            return state_of(connection, key) == KEPT

    def periods(self) -> list[PeriodKey]:
        """The periods that have rows."""
        with self.read() as connection:
            rows = connection.execute("SELECT site, collector, purpose, closes, period FROM period")
            return [PeriodKey(*row) for row in rows]

    def forget_spool(self, spool: Path) -> None:
        """Forget up to which lot it was moved: it is gone, from the disk as well."""
        self.write(lambda connection: forget_moved(connection, spool.stem))

    def moved(self) -> list[str]:
        """The names of this machine's spools of which something was moved."""
        with self.read() as connection:
            own = "SELECT spool FROM moved WHERE machine = ?"
            return [name for (name,) in connection.execute(own, (self.machines.id,))]

    def forget_answers(self, before: int) -> None:
        """Remove the answers kept for retries on days before this one."""
        self.write(
            lambda connection: connection.execute("DELETE FROM answer WHERE day < ?", (before,))
        )

    def generation(self) -> int:
        """How often anything was taken out: it never goes back by itself."""
        with self.look() as connection:
            # What this machine may do is asked in the same breath: it may accept nothing now.
            number, state = connection.execute(self._generation).fetchone()
            self.machines.judge(state)
            return int(number)

    def barrier(self) -> None:
        """Return when every lot that was on its way, from whichever machine, has arrived."""
        self.write(lambda connection: None)

    def owner(self) -> str:
        """Whose rows these are: the id of the ledger, or of the folder that had it for itself."""
        with self.look() as connection:
            (owner,) = connection.execute(_OWNER).fetchone()
            return str(owner)

    def check(self) -> None:
        """StoreUnavailable where it cannot be told which periods are open."""
        self.generation()

    def view(self) -> SharedView:
        """What whoever accepts asks; for one thread."""
        return SharedView(self, self.appender.closed)

    def close(self) -> None:
        """Nothing: whoever has the ledger open closes it."""

    @contextmanager
    def _away(self) -> Iterator[None]:
        try:
            yield
        except (IntegrityError, ProgrammingError):
            raise  # a mistake of ours
        except (*DATABASE_ERRORS, StoreFault, OSError) as error:
            self.fault = f"the index of rows cannot be used: {error_name(error)}"
            raise StoreUnavailable(self.fault) from error
        self.fault = ""


class SharedView:
    """As `StoreView`: what is asked about a batch before it is accepted. Belongs to one thread."""

    def __init__(self, index: SharedIndex, closed: Closed) -> None:
        self._index = index
        self._closed = closed
        self._open: set[PeriodKey] = set()
        self._generation = -1

    def refresh(self) -> None:
        """See what every machine has sealed until now."""
        generation = self._index.generation()
        if generation != self._generation or len(self._open) > REMEMBERED:
            self._open.clear()
        self._generation = generation

    def closed(self, rows: Sequence[Row]) -> list[PeriodKey]:
        """The periods of these rows that take none any more."""
        return [key for key in {row.key for row in rows} if not self._is_open(key)]

    def answers(self, names: Sequence[Sequence[Name]]) -> dict[Name, bytes]:
        """The answers that are kept under any of these names."""
        with self._index.look() as connection:
            return _answers_of(connection, names)

    def close(self) -> bool:
        """Remember nothing; whether another file stands in its place: there is none."""
        self._open.clear()
        self._generation = -1
        return False

    def _is_open(self, key: PeriodKey) -> bool:
        if key in self._open:
            return True
        with self._index.read() as connection:
            state = state_of(connection, key)
        # Sealed before the ledger closes it, so that asking now is not too early.
        is_open = not self._closed(key) if state is None else state == OPEN
        if is_open:
            self._open.add(key)
        return is_open


def _answers_of(
    connection: sqlite3.Connection, names: Sequence[Sequence[Name]]
) -> dict[Name, bytes]:
    wanted = list(chain.from_iterable(names))
    if not wanted:
        return {}
    days = ",".join(str(day) for day, _ in wanted)
    keys = ",".join(key.hex() for _, key in wanted)
    rows = connection.execute(_KNOWN, (days, keys))
    return {(int(day), bytes(key)): bytes(answer) for day, key, answer in rows}
