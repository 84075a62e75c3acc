"""What an event store is: rows in, by batches never doubled; questions and drops by period."""

from __future__ import annotations

from collections.abc import (
    Awaitable,
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
    Set,
)
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from msgspec import Struct

from askfirst.errors import AskfirstError, CollectorUnavailable
from askfirst.terms.attributes import Value
from askfirst_collector.store.facts import (
    Arrivals,
    Asked,
    Facts,
    Frequent,
    Pair,
    Pairs,
    nobody_asked,
)
from askfirst_collector.store.periods import CalendarOf

# Stored as numbers; the position in this tuple must never change.
TYPES = ("page_view", "action", "drop")


class StoreUnavailable(CollectorUnavailable):
    """Nothing was written, and nothing can be now: disk full, database locked or gone."""


class HandleEnded(AskfirstError):
    """The ledger has a later entry for the handle than the one the batch was judged by."""


class PeriodClosed(AskfirstError):
    """Some rows of a batch belong to periods that take none any more; nothing of it was written."""

    def __init__(self, keys: Collection[PeriodKey]) -> None:
        super().__init__("a period is closed")
        self.keys = frozenset(keys)


class PeriodKey(Struct, frozen=True):
    """Rows closed together; `period` is the first day of a day, ISO week or month (UTC)."""

    site: str
    collector: str
    purpose: str
    closes: str
    period: str


class OfPeriod(Struct, frozen=True, array_like=True):
    """What belongs to a period: the fields of its key."""

    site: str
    collector: str  # a placed collector; "" is the site itself
    purpose: str
    closes: str
    period: str

    @property
    def key(self) -> PeriodKey:
        """The period this belongs to."""
        return PeriodKey(self.site, self.collector, self.purpose, self.closes, self.period)


class Row(OfPeriod, frozen=True, array_like=True, gc=False):
    """One event as it is stored: every value is already cut to the level of its terms.

    A spool holds it as the list of its fields, in their order: a new one stands last.
    """

    type: str
    values: Mapping[str, Value]
    pseudonym: bytes | None
    min_cell_size: int
    retention_days: int
    keep_rows_days: int
    is_sized: bool = True  # whether its visitor counts towards sizes


class Authorized(Struct, frozen=True):
    """The ledger entry, by its index, that a receipt was judged by."""

    site: str
    handle: str
    index: int


def always() -> bool:
    """True."""
    return True


class Batch(Struct, frozen=True, gc=False):
    """Rows that are stored together or not at all, and the answer that a retry gets again."""

    judged: Authorized
    day: int  # of arrival, since 1970-01-01 UTC: the bucket in which the answer is kept
    key: bytes  # HMAC(batch key of that day, handle ‖ batch)
    rows: tuple[Row, ...]
    answer: bytes
    earlier: tuple[bytes, ...] = ()  # the same under the keys of the two days before
    # Asked inside the write transaction: whether anybody still waits for the answer.
    is_awaited: Callable[[], bool] = always


@dataclass(frozen=True, slots=True)
class Counts:
    """How many distinct pseudonyms, page views and rows an open period holds; drops aside."""

    visitors: int = 0
    views: int = 0
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Limits:
    """What the terms of a period's rows say: the largest size, the shortest days."""

    min_cell_size: int
    retention_days: int
    keep_rows_days: int  # the longest: 0 says that no row is kept


class PeriodReader(Protocol):
    """The questions of one period, answered from rows that do not change meanwhile.

    Rows of nobody count nowhere. A visitor has one number in all answers of a reader. Every
    method may raise StoreUnavailable.
    """

    def limits(self) -> Limits | None:
        """The limits of the rows; None where there are none."""
        ...

    def facts(
        self,
        trees: Collection[str],
        apart: Collection[str],
        whole: str = "",
        *,
        most: int | None = None,
        is_asked: Asked = nobody_asked,
    ) -> Facts:
        """Who shares each value of these tables, and what happened on each day.

        `whole` is the day (ISO 8601) that is all of the period; else a row's `time` says its day.
        Of values that more than `most` share who count towards a size, it may be left out who they
        are, but for those for which `is_asked` is true.
        """
        ...

    def arrivals(self, trees: Collection[str], day: str) -> Arrivals:
        """Who came by the end of a day (ISO 8601), of rows that say their day.

        Of those of these tables, and of actions, that are asked before a period closes.
        """
        ...

    def pairs(self, facts: Facts, pairs: Collection[Pair], frequent: Frequent, size: int) -> Pairs:
        """How many visitors have a row with both of two frequent values; at least `size`.

        Both of a pair with `ACTED`, in whatever rows. `facts` are those of this reader.
        """
        ...

    def newcomers(self, midnight: int, since: int, until: int) -> int:
        """Visitors whose first row of a day, begun at `midnight`, is from `since` to `until`.

        In seconds as rows have them; of rows that say their hour.
        """
        ...


# Asked inside the write transaction: which of these have a later entry in the ledger, or ended.
Ended = Callable[[Collection[Authorized]], Set[Authorized]]
# Asked where they are moved to the store: those of handles that were erased, or nobody knows.
Gone = Callable[[Collection[Authorized]], Set[Authorized]]
# Asked there too, of a period that has nothing here: whether it was closed for good.
Closed = Callable[[PeriodKey], bool]

# How many days before that of its arrival an answer may have been kept: 48 hours touch three days.
ANSWER_DAYS = 2


class EventStore(Protocol):
    """Where rows live until their period closes. Every method may raise StoreUnavailable.

    `is_first` is False once another file stands in the place of the one that was opened.
    """

    @property
    def is_first(self) -> bool:
        """Whether the file is the one that was opened first."""
        ...

    @property
    def fault(self) -> str:
        """What the last write failed of, "" when it went well."""
        ...

    def append(self, batch: Batch) -> Awaitable[bytes]:
        """The answer, once the rows are on disk; the kept one if the batch was seen in 48 h.

        Raises HandleEnded when the ledger moved since the batch was judged: judge it again; and
        PeriodClosed where a new batch has a row of a period that is sealed or closed.
        """
        ...

    def barrier(self) -> None:
        """Return when every batch that was being written before this call is on disk, or is not."""
        ...

    def drain(self) -> None:
        """Have everything in the store that was accepted before this call.

        What reads rows, erases or seals does so by itself; `drop` does not.
        """
        ...

    def gather(self) -> None:
        """`drain`, on every machine that has rows for it. StoreUnavailable where one is away."""
        ...

    def answer_call(self) -> None:
        """Have in the store what another machine waits for: the job."""
        ...

    def move(self, now: float) -> None:
        """Move to the store what makes a lot, or has waited for long enough: the job."""
        ...

    def forget_spooled(self, is_due: Callable[[PeriodKey], bool]) -> int:
        """Destroy accepted rows of these periods that cannot be moved; how many there were."""
        ...

    def periods(self) -> list[PeriodKey]:
        """The periods that have rows."""
        ...

    def rows(self, key: PeriodKey) -> Iterator[Row]:
        """The rows of a period, in no meaningful order."""
        ...

    def parts(self, key: PeriodKey, most: int) -> Iterator[list[Row]]:
        """The rows of a period as they are now, in parts of about `most`.

        All rows of a visitor are in one part, whichever: when they came has no say in it. Of rows
        of nobody no more than `most` come, in the first part.
        """
        ...

    def counts(self, key: PeriodKey) -> Counts:
        """How much an open period holds."""
        ...

    def rows_on(self, site: str, day: str) -> int:
        """How many rows of a site lie in periods that are this day (ISO 8601)."""
        ...

    def of_pseudonyms(self, pseudonyms: Collection[bytes]) -> list[Row]:
        """The rows under any of these pseudonyms."""
        ...

    def erase(self, pseudonyms: Collection[bytes]) -> int:
        """Remove them, and every string that only they used; how many there were."""
        ...

    def drop(self, key: PeriodKey) -> None:
        """Remove a period, in slices; interrupted, it is called again."""
        ...

    def seal(self, *keys: PeriodKey) -> None:
        """Take no more rows into periods, with rows or without.

        All at once: where several machines accept, all of them are waited for.
        """
        ...

    def keep(self, key: PeriodKey, rows: Iterable[Row]) -> None:
        """Put these rows in the place of a sealed period's own, all at once, in this order.

        They may be read from `parts` meanwhile, once that has begun, and from nothing else here.
        """
        ...

    def kept(self, key: PeriodKey) -> bool:
        """Whether the rows of a period are those that `keep` wrote."""
        ...

    def expire_kept(
        self, now: float, allowed: Mapping[tuple[str, str, str], int], calendar_of: CalendarOf
    ) -> int:
        """Remove kept rows whose own `keep_rows_days` since their period's end are over.

        `allowed` are the days that the host policy gives a (site, collector, purpose) now; the
        smaller holds.
        """
        ...

    def forget_answers(self, before: int) -> None:
        """Remove the answers kept for retries on days before this one."""
        ...

    def check(self) -> None:
        """Raise where a row cannot be written now, as far as can be told without one."""
        ...

    def reading(
        self, key: PeriodKey, without: Collection[bytes] = ()
    ) -> AbstractContextManager[PeriodReader]:
        """One view of a period, for the questions of closing; whatever is written meanwhile.

        Visitors under the pseudonyms of `without` are not in it.
        """
        ...

    def limits(self, key: PeriodKey) -> Limits | None:
        """The limits of a period's rows; None where it has none."""
        ...

    def pseudonyms(self) -> set[bytes]:
        """Every pseudonym that has a row."""
        ...

    def generation(self) -> int:
        """How often anything was taken out: it never goes back by itself."""
        ...

    def close(self) -> None:
        """Write what waits, and stop."""
        ...
