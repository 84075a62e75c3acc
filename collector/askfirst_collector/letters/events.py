"""What alerts are about: a period that is not closed though it ended, a rate that fell.

Rates are judged by shown figures alone (`reports.agreement.fall`), so an alert tells nothing that
the page does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from askfirst_collector.catalogue.sites import Site
from askfirst_collector.closing.close import due
from askfirst_collector.dashboard.selection.date_range import asked_purposes
from askfirst_collector.reports.agreement import BEFORE, RECENT, Fall, days_of_answers, fall
from askfirst_collector.services import Services
from askfirst_collector.store.disclosed_ranges import Range
from askfirst_collector.store.events import PeriodKey

OVERDUE = 6 * 3_600  # seconds after the end of a period by which it is closed where all is well
CLOSING, AGREEMENT = "closing", "agreement"


@dataclass(frozen=True)
class Event:
    """One thing to tell of a site; `key` is the same however often it is seen."""

    kind: str  # CLOSING or AGREEMENT
    purpose: str = ""
    day: date = date.min  # AGREEMENT: the day before which it fell
    periods: tuple[PeriodKey, ...] = ()  # CLOSING: what is not closed, the newest last
    fall: Fall | None = None

    @property
    def key(self) -> str:
        """One a day for periods that are not closed: that of the newest."""
        if self.kind == CLOSING:
            return f"{CLOSING} {self.periods[-1].period}"
        return f"{AGREEMENT} {self.purpose} {self.day}"

    @property
    def subject(self) -> str:
        """What is not told again for four weeks: by then it is what others are held against."""
        return self.key if self.kind == CLOSING else f"{AGREEMENT} {self.purpose} "


def overdue(parts: Services, now: float) -> dict[str, Event]:
    """By site, the periods that ended six hours ago and are not closed."""
    late: dict[str, list[PeriodKey]] = {}
    for key in due(parts, now):
        if parts.registry.calendar(key.site).end_of(key.closes, key.period) + OVERDUE <= now:
            late.setdefault(key.site, []).append(key)
    return {site: Event(CLOSING, periods=tuple(keys)) for site, keys in late.items()}


def fallen(parts: Services, site: Site, day: date) -> Iterator[Event]:
    """The purposes of a site whose agreement rate was lower in the week before a day."""
    policy = site.editions.current.policy
    if not policy.count_refusals:
        return
    for purpose in asked_purposes(policy):
        first = day - timedelta(days=RECENT + BEFORE)
        answers = days_of_answers(parts, Range(site.name, purpose, first, day))
        lower = fall(answers, day)
        if lower is not None:
            yield Event(AGREEMENT, purpose, day, fall=lower)


def find_again(parts: Services, site: Site, key: str, now: float) -> Event | None:
    """The event of a key, if it is still so: what was mended meanwhile is not told."""
    kind, *rest = key.split(" ")
    events: Iterable[Event] = ()
    if kind == CLOSING:
        return overdue(parts, now).get(site.name)
    if len(rest) == 2:
        events = fallen(parts, site, date.fromisoformat(rest[1]))
    return next((event for event in events if event.key == key), None)
