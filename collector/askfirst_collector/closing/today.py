"""Today's visitors so far, of each purpose: newcomers of each hour, added up."""

from __future__ import annotations

from dataclasses import dataclass

from askfirst_collector.catalogue.sites import Site
from askfirst_collector.store.database import Database
from askfirst_collector.store.events import PeriodKey
from askfirst_collector.store.periods import DAY, Calendar
from askfirst_collector.store.today import SumOfDay, read_sum, read_sums, write_sum

from .calendar import HOUR, asked
from .restricted import restricted_pseudonyms
from .rule import Rule
from .stores import Stores

SHOWN_FROM = 4  # times the cell size


@dataclass(frozen=True)
class Today:
    """About so many visitors on the day of `until` (local seconds, the end of the last hour)."""

    until: int
    visitors: int


def read_today(
    engine: Database, site: str, purpose: str, size: int, calendar: Calendar, now: float
) -> Today | None:
    """None where it is under four times the size, or nothing was looked at today."""
    added = read_sum(engine, site, purpose)
    if (
        added is None
        or added.shown < SHOWN_FROM * size
        or added.until <= _midnight(calendar.clock(now))
    ):
        return None
    return Today(added.until, added.shown)


def add_newcomers(stores: Stores, now: float) -> None:
    """Add the newcomers of the hours that ended since the last look, for every purpose."""
    sums = read_sums(stores.engine)
    for site in stores.registry.readable():
        for purpose in site.editions.current.policy.purposes:
            _add(stores, site, purpose, sums.get((site.name, purpose)), now)


def _add(stores: Stores, site: Site, purpose: str, before: SumOfDay | None, now: float) -> None:
    # Local hours, as the rows have them: one that comes twice is over when it was there twice.
    clock = site.calendar.clock(now)
    hour, midnight = clock // HOUR * HOUR, _midnight(clock)
    if before is None or before.until <= midnight:
        before = SumOfDay(midnight, 0, 0)
    if before.until >= hour:
        return
    terms = asked(site, purpose)
    if terms is None:
        return
    key = PeriodKey(
        site.name, "", purpose, terms.closes, site.calendar.period_of(terms.closes, now)
    )
    rule = Rule(terms.min_cell_size, stores.urandom)
    with stores.events.reading(key, restricted_pseudonyms(stores, key)) as period:
        total = before.sum + period.newcomers(midnight, before.until, hour) + rule.noise()
    added = SumOfDay(hour, total, max(before.shown, total))
    write_sum(stores.engine, site.name, purpose, added)


def _midnight(clock: int) -> int:
    return clock // DAY * DAY
