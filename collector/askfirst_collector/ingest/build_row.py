"""From what was observed to the row that is stored: the one place where rows are made."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache

from msgspec import Struct

from askfirst.terms.attributes import PSEUDONYMS, Value
from askfirst.terms.lattice import Scope
from askfirst.terms.terms import Terms
from askfirst.terms.time_zone import first_day
from askfirst_collector.ledger.entries import ConsentStatus
from askfirst_collector.store.events import Row
from askfirst_collector.store.periods import DAY, Calendar
from askfirst_collector.store.salts import Salts, pseudonym

# Levels of `visitor`.
PERIOD, RECEIPT = 1, 2


@lru_cache(maxsize=1024)  # scopes come from policies, never from visitors
def _levels(scope: Scope) -> tuple[tuple[str, int], ...]:
    """See `RowTemplate.levels`."""
    return tuple(pair for pair in scope.as_dict().items() if pair[0] not in PSEUDONYMS)


@lru_cache(maxsize=1024)  # of days
def _period(calendar: Calendar, closes: str, day: date) -> tuple[str, int]:
    """The period of a day, and its end in unix seconds."""
    period = first_day(closes, day).isoformat()
    return period, calendar.end_of(closes, period)


class RowTemplate(Struct, frozen=True):
    """What the rows of one purpose in one request have in common."""

    site: str
    collector: str
    purpose: str
    period: str
    pseudonym: bytes | None
    keep_rows_days: int
    terms: Terms
    levels: tuple[tuple[str, int], ...]  # what may be stored as a value, and up to which level
    user: Value = ()  # a random number that stands for a signed-in user

    def row(self, type: str, values: Mapping[str, Value]) -> Row:
        """A row that holds nothing its terms do not allow, whatever `values` are."""
        return Row(
            self.site,
            self.collector,
            self.purpose,
            self.terms.closes,
            self.period,
            type,
            {name: cut for name, level in self.levels if (cut := values.get(name, ())[:level])}
            | ({"user_id": self.user} if self.user else {}),
            self.pseudonym,
            self.terms.min_cell_size,
            self.terms.retention_days,
            self.keep_rows_days,
        )


def row_template(
    status: ConsentStatus,
    purpose: str,
    terms: Terms,
    salts: Salts,
    now: float,
    *,
    calendar: Calendar,
    collector: str = "",
    user: str = "",
) -> RowTemplate | None:
    """For rows that arrive `now`; None without a key. `user` is the token of a signed-in user.

    The key of a grant is destroyed at its end: where it is missing, there is no grant.
    """
    period, end = _period(calendar, terms.closes, calendar.day_of(now))
    level = terms.scope.level("visitor")
    keep = terms.keep_rows_days
    name: bytes | None = None
    if level == PERIOD:
        of_period = status.site, terms.closes, period
        name = salts.pseudonym(of_period, end, purpose, collector, status.handle)
    elif level == RECEIPT:
        key = salts.grant_key(status.handle)
        if key is None:
            return None
        name = pseudonym(key, status.site, purpose, collector, status.handle)
        # Rows under a receipt's pseudonym are kept at most as long as its grant.
        keep = min(keep, max(0, (status.expires - end) // DAY))
    number: Value = ()
    # Only beside a pseudonym: without one no erasure by the receipt would find the row.
    if user and name is not None and terms.scope.level("user_id"):
        number = (salts.user_number(status.site, user).hex(),)
    levels = _levels(terms.scope)
    return RowTemplate(status.site, collector, purpose, period, name, keep, terms, levels, number)
