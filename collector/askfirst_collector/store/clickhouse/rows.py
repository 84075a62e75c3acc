"""Rows of `events.db` kept in ClickHouse instead: what is there, and what goes.

`events.db` keeps what has to be exact: which periods are open, sealed or kept, what retries are
answered, up to which lot each spool was moved. ClickHouse has the rows alone. A lot is put there
inside the transaction of `events.db` that says so; cut off between, it comes again under the same
name, by which ClickHouse knows it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from itertools import islice
from pathlib import Path

from askfirst_collector.store import close_period
from askfirst_collector.store.append import (
    TYPE_NUMBERS,
    begin_moving,
    moved_upto,
    note_moved,
)
from askfirst_collector.store.dictionary import find_period, state_of
from askfirst_collector.store.events import Counts, Gone, Limits, PeriodKey, Row
from askfirst_collector.store.events_file import LATE, EventsFile, log
from askfirst_collector.store.leaving import Leaving, add_leaving, forget_leaving, leaving
from askfirst_collector.store.periods import CalendarOf
from askfirst_collector.store.removal import next_generation
from askfirst_collector.store.schema import KEPT
from askfirst_collector.store.spool_file import Lot

from .lot_rows import LotRows
from .period import WHERE, ClickHousePeriod, parameters
from .schema import COLUMNS
from .server import Server
from .shared_index import SharedIndex
from .values import fields_of, row_of

_COLUMNS = ", ".join(COLUMNS)
_KEY = ("site", "collector", "purpose", "closes", "period")
_DROP, _VIEW = TYPE_NUMBERS["drop"], TYPE_NUMBERS["page_view"]
CHUNK = 100_000  # kept rows in one insert
PERIODS = 500  # in one statement
# Rows that are moved in one go: few inserts, as large as memory bears, are what it is made for. A
# smaller number than that of a version before would not find what was on its way.
TOGETHER = 10_000


Index = EventsFile | SharedIndex


class ClickHouseRows:
    """`Rows` on a server, and what goes with them in `index`: in `events.db`, or for all machines.

    `appender` is the one that `index` has: who moves lots has it to themselves.
    """

    together = TOGETHER

    def __init__(
        self,
        index: Index,
        appender: LotRows,
        server: Server,
        *,
        gone: Gone,
        urandom: Callable[[int], bytes],
    ) -> None:
        self.server = server
        self.index = index
        self._urandom = urandom
        self._gone = gone
        self._appender = appender
        # What needs no rows.
        self.seal = self.index.seal
        self.kept = self.index.kept
        self.periods = self.index.periods
        self.forget_spool = self.index.forget_spool
        self.moved = self.index.moved
        self.forget_answers = self.index.forget_answers
        self.generation = self.index.generation

    @property
    def fault(self) -> str:
        """What the last write failed of, "" when it went well."""
        return self.index.fault or self.server.fault

    @property
    def is_first(self) -> bool:
        """Whether the file is the one that was opened first."""
        return self.index.is_first

    def owner(self) -> str:
        """The id of the folder, or of the ledger, whose rows these are."""
        return self.index.owner()

    def has_rows_of_before(self) -> bool:
        """Whether `events.db` still has rows itself."""
        with self.index.read() as connection:
            return connection.execute("SELECT 1 FROM event LIMIT 1").fetchone() is not None

    def check(self) -> None:
        """StoreUnavailable where it cannot be told which periods are open.

        A server that is away keeps nothing from being accepted.
        """
        self.index.check()

    def close(self) -> None:
        """Write what waits, and stop."""
        self.index.close()
        self.server.close()

    # In

    def move(self, spool: Path, lots: Sequence[Lot]) -> None:
        """Store the lots of a spool that are not here yet, and say up to which (see `Rows`)."""
        while True:
            span = self.index.write(lambda connection: begin_moving(connection, spool, lots))
            if span is None:
                return
            late = self.index.write(partial(self._move, spool=spool, lots=lots, span=span))
            if late:
                log.error(LATE, late)

    def _move(
        self,
        connection: sqlite3.Connection,
        *,
        spool: Path,
        lots: Sequence[Lot],
        span: tuple[int, int, bool],
    ) -> int:
        after, upto, is_again = span
        if not spool.exists() or moved_upto(connection, spool.stem) != after:
            return 0  # somebody else was faster
        batches = [batch for lot in lots if after < lot.id <= upto for batch in lot.batches]
        gone = self._gone({batch.judged for batch in batches})
        self._appender.rows = []
        late = self._appender.append(
            connection, [batch for batch in batches if batch.judged not in gone]
        )
        rows = [fields_of(row, is_kept=False) for row in self._appender.rows]
        if is_again:
            rows += _marks(batches_rows=[row for batch in batches for row in batch.rows])
        self.server.insert(rows, token=f"{spool.stem}-{upto}")
        note_moved(connection, spool.stem, upto)
        return late

    def keep(self, key: PeriodKey, rows: Iterable[Row]) -> None:
        """Put these rows in the place of a sealed period's own, all at once, in this order."""
        draft, before = Leaving(key, is_kept=True), Leaving(key, is_kept=False)
        with self.index.read() as connection:
            is_begun = draft in leaving(connection)
        if is_begun:
            self._remove([draft])
        self.index.write(lambda connection: add_leaving(connection, draft))
        remaining = iter(rows)
        while chunk := [fields_of(row, is_kept=True) for row in islice(remaining, CHUNK)]:
            # Without a name of its own it would be known, and left out, where it is alike.
            self.server.insert(chunk, token=self._urandom(16).hex())

        def replace(connection: sqlite3.Connection) -> None:
            forget_leaving(connection, [draft])
            add_leaving(connection, before)
            close_period.note_kept(connection, key)

        self.index.write(replace, removes=True)
        self._drop_parts()

    # Out

    def erase(self, pseudonyms: Collection[bytes]) -> int:
        """Remove the rows under any of these."""
        wanted = [pseudonym for pseudonym in pseudonyms if pseudonym]
        if not wanted:
            return 0
        # What was judged before whatever this follows from is there; what is on other machines yet
        # is judged when it is moved.
        self.index.barrier()
        with self.server.asking(wanted) as draw:
            among = f"visitor IN (SELECT content FROM asked WHERE draw = '{draw}')"  # noqa: S608
            count = self.server.count(f"SELECT count() FROM event WHERE {among}")  # noqa: S608
            if count:
                self.index.write(next_generation, removes=True)
                self.server.run(f"ALTER TABLE event DELETE WHERE {among}")
        return count

    def drop(self, key: PeriodKey) -> None:
        """Take a period out of every answer. What is left of its day goes with the last one.

        Else with the next `tidy`: one removal for all that closed meanwhile.
        """

        def leave(connection: sqlite3.Connection) -> None:
            number = find_period(connection, key)
            if number is not None:
                add_leaving(connection, Leaving(key, is_kept=False))
                add_leaving(connection, Leaving(key, is_kept=True))
                connection.execute("DELETE FROM period WHERE id = ?", (number,))
                next_generation(connection)

        self.index.write(leave, removes=True)
        self._drop_parts()

    def tidy(self) -> None:
        """Remove what is to go, and days of which no period is open, sealed or kept any more."""
        with self.index.read() as connection:
            # A draft of a period that is being closed belongs to whoever closes it.
            waiting = [one for one in leaving(connection) if not _is_draft(connection, one)]
        self._drop_parts()
        self._remove(waiting)
        self.server.forget_asked()

    def _remove(self, waiting: Sequence[Leaving]) -> None:
        parts = self.server.parts()
        for part in sorted({one.part for one in waiting} & parts):
            own = [one.key for one in waiting if one.part == part]
            for start in range(0, len(own), PERIODS):
                self.server.remove_periods(part, own[start : start + PERIODS])
        self.index.write(lambda connection: forget_leaving(connection, waiting))

    def _drop_parts(self) -> None:
        parts = self.server.parts()

        def drop(connection: sqlite3.Connection) -> None:
            # Nobody moves anything meanwhile: a part that is nobody's stays so.
            gone = parts - _parts(connection)
            for part in sorted(gone):
                self.server.drop_part(part)
            forget_leaving(connection, [one for one in leaving(connection) if one.part in gone])

        self.index.write(drop)

    def expire_kept(
        self, now: float, allowed: close_period.Allowed, calendar_of: CalendarOf
    ) -> int:
        """Remove kept rows whose own days, or those allowed, after their period are over."""
        removed = 0
        with self.index.read() as connection:
            periods = close_period.kept_periods(connection, now, allowed, calendar_of)
        for key, days, is_over in periods:
            over = f"{WHERE} AND ({int(is_over)} OR keep_rows_days <= {int(days)})"
            names = parameters(key, is_kept=True)
            count = self.server.count(f"SELECT count() FROM event WHERE {over}", names)  # noqa: S608
            if not count:
                continue
            removed += count
            if self.server.count(f"SELECT count() FROM event WHERE {WHERE}", names) == count:  # noqa: S608
                self.drop(key)
            else:
                self.index.write(next_generation, removes=True)
                self.server.run(f"ALTER TABLE event DELETE WHERE {over}", names)
        return removed

    # Questions

    @contextmanager
    def reading(
        self, key: PeriodKey, without: Collection[bytes] = ()
    ) -> Iterator[ClickHousePeriod]:
        """The questions of a period; visitors under these pseudonyms are not in it."""
        with self.server.asking(list(without)) if without else nullcontext("") as draw:
            yield ClickHousePeriod(self.server, key, self.kept(key), draw)

    def limits(self, key: PeriodKey) -> Limits | None:
        """The limits of a period's rows; None where it has none."""
        with self.reading(key) as period:
            return period.limits()

    def rows(self, key: PeriodKey) -> Iterator[Row]:
        """The rows of a period, in no meaningful order."""
        names = parameters(key, self.kept(key))
        yield from map(
            row_of,
            self.server.rows(f"SELECT {_COLUMNS} FROM event WHERE {WHERE}", names),  # noqa: S608
        )

    def parts(self, key: PeriodKey, most: int) -> Iterator[list[Row]]:
        """The rows of a period, in parts of about `most` (see `EventStore`)."""
        names = parameters(key, self.kept(key))
        select = f"SELECT {_COLUMNS} FROM event WHERE {WHERE} AND visitor "  # noqa: S608
        part = [row_of(line) for line in self.server.rows(f"{select} = '' LIMIT {most}", names)]
        last = b""
        while True:
            names["last"] = last.hex()
            query = f"{select} > unhex({{last:String}}) ORDER BY visitor LIMIT {most} WITH TIES"
            rows = [row_of(line) for line in self.server.rows(query, names)]
            if part + rows:
                yield part + rows
            if not rows or rows[-1].pseudonym is None:
                return
            part, last = [], rows[-1].pseudonym

    def of_pseudonyms(self, pseudonyms: Collection[bytes]) -> list[Row]:
        """The rows under any of these pseudonyms."""
        wanted = [pseudonym for pseudonym in pseudonyms if pseudonym]
        if not wanted:
            return []
        with self.server.asking(wanted) as draw:
            lines = list(
                self.server.rows(
                    f"SELECT {_COLUMNS} FROM event"  # noqa: S608
                    f" WHERE visitor IN (SELECT content FROM asked WHERE draw = '{draw}')"
                )
            )
        with self.index.read() as connection:
            live = _live(connection)
        place = list(COLUMNS).index("kept")
        rows = ((row_of(line), line[place]) for line in lines)
        return [row for row, is_kept in rows if live.get(row.key) == bool(is_kept)]

    def rows_on(self, site: str, day: str) -> int:
        """How many rows of a site lie in periods that are this day (ISO 8601)."""
        with self.index.read() as connection:
            live = _live(connection)
        return sum(
            self.server.count(
                f"SELECT count() FROM event WHERE {WHERE}",  # noqa: S608
                parameters(key, is_kept),
            )
            for key, is_kept in live.items()
            if (key.site, key.closes, key.period) == (site, "day", day)
        )

    def counts(self, key: PeriodKey) -> Counts:
        """Distinct pseudonyms, page views and rows of a period."""
        (line,) = self.server.rows(
            "SELECT uniqExactIf(visitor, visitor != ''), countIf(type = "  # noqa: S608
            f"{_VIEW}), count() FROM event WHERE {WHERE} AND type != {_DROP}",
            parameters(key, self.kept(key)),
        )
        return Counts(*map(int, line))

    def pseudonyms(self) -> set[bytes]:
        """Every pseudonym that has a row."""
        lines = self.server.rows("SELECT DISTINCT visitor FROM event WHERE visitor != ''")
        return {visitor for (visitor,) in lines}


def _marks(batches_rows: Sequence[Row]) -> list[tuple[object, ...]]:
    """A row of no site for each part of a lot that comes again.

    What is left of the lot may be less, yet each part has to be known: the first attempt may still
    be on its way.
    """
    parts = {(row.closes, row.period) for row in batches_rows}
    return [
        fields_of(Row("", "", "", closes, period, "drop", {}, None, 0, 0, 0), is_kept=False)
        for closes, period in sorted(parts)
    ]


def _live(connection: sqlite3.Connection) -> dict[PeriodKey, bool]:
    """The periods that have rows, and whether those are the ones that `keep` wrote."""
    names = ", ".join(_KEY)
    lines = connection.execute(f"SELECT {names}, state FROM period")  # noqa: S608
    return {PeriodKey(*line[:-1]): line[-1] == KEPT for line in lines}


def _parts(connection: sqlite3.Connection) -> set[tuple[str, str, int]]:
    """The parts of the table that have rows of a period that is there, or will have them."""
    own = {(key.closes, key.period, int(is_kept)) for key, is_kept in _live(connection).items()}
    return own | {one.part for one in leaving(connection) if _is_draft(connection, one)}


def _is_draft(connection: sqlite3.Connection, one: Leaving) -> bool:
    """Whether these are rows that take the place of a period's own, and do not yet."""
    return one.is_kept and state_of(connection, one.key) not in (None, KEPT)
