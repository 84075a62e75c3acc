"""What alerts are about: a period that is not closed, a rate that fell, a request that is due.

Rates are judged by shown figures alone (`reports.agreement.fall`), so an alert tells nothing that
the page does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from askfirst_collector.catalogue.requests import VisitorRequest, requests_of, today
from askfirst_collector.catalogue.sites import Site
from askfirst_collector.closing.close import due
from askfirst_collector.dashboard.selection.date_range import asked_purposes
from askfirst_collector.reports.agreement import BEFORE, RECENT, Fall, days_of_answers, fall
from askfirst_collector.services import Services
from askfirst_collector.store.disclosed_ranges import Range
from askfirst_collector.store.events import PeriodKey

OVERDUE = 6 * 3_600  # seconds after the end of a period by which it is closed where all is well
CLOSING, AGREEMENT, REQUEST = "closing", "agreement", "request"
REMINDERS = (7, 1, -1)  # days before a request is due; the last when it is overdue


@dataclass(frozen=True)
class Event:
    """One thing to tell of a site; `key` is the same however often it is seen."""

    kind: str  # CLOSING, AGREEMENT or REQUEST
    purpose: str = ""
    day: date = date.min  # AGREEMENT: the day before which it fell
    periods: tuple[PeriodKey, ...] = ()  # CLOSING: what is not closed, the newest last
    fall: Fall | None = None
    request: VisitorRequest | None = None
    days: int = 0  # REQUEST: which of REMINDERS

    @property
    def key(self) -> str:
        """One a day for periods that are not closed: that of the newest."""
        if self.kind == CLOSING:
            return f"{CLOSING} {self.periods[-1].period}"
        if self.request is not None:
            return f"{REQUEST} {self.request.number} {self.request.due} {self.days}"
        return f"{AGREEMENT} {self.purpose} {self.day}"

    @property
    def subject(self) -> str:
        """What is not told again for four weeks: by then it is what others are held against."""
        return f"{AGREEMENT} {self.purpose} " if self.kind == AGREEMENT else self.key


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


def due_requests(parts: Services, now: float) -> dict[str, list[Event]]:
    """By site, the open requests that somebody is to be reminded of now, once at each time."""
    day = today(now)
    events: dict[str, list[Event]] = {}
    for entry in requests_of(parts.engine):
        times = [days for days in REMINDERS if (entry.due - day).days <= days]
        if entry.closed is None and times:
            event = Event(REQUEST, request=entry, days=times[-1])
            events.setdefault(entry.site, []).append(event)
    return events


def find_again(parts: Services, site: Site, key: str, now: float) -> Event | None:
    """The event of a key, if it is still so: what was mended meanwhile is not told."""
    kind, *rest = key.split(" ")
    events: Iterable[Event] = ()
    if kind == CLOSING:
        return overdue(parts, now).get(site.name)
    if kind == REQUEST:
        events = due_requests(parts, now).get(site.name, ())
    elif len(rest) == 2:
        events = fallen(parts, site, date.fromisoformat(rest[1]))
    return next((event for event in events if event.key == key), None)
