"""Why a figure is missing, and when there will be one: said wherever one would stand."""

from __future__ import annotations

from datetime import UTC, datetime

from askfirst.terms.terms import Terms
from askfirst_collector.closing.rule import MARGIN
from askfirst_collector.dashboard.layout.templates import day
from askfirst_collector.reports.ranges import Period
from askfirst_collector.store.periods import Calendar

_ENDS = {
    "day": "The day closes at 00:00",
    "week": "The week closes on Monday at 00:00",
    "month": "The month closes on its last day at 24:00",
}
WITHIN = {"day": "daily", "week": "weekly", "month": "monthly"}


def ends(closes: str, zone: str) -> str:
    """When a period closes, by the clock of a time zone."""
    return f"{_ENDS[closes]} {zone}"


def next_closing(terms: Terms, calendar: Calendar, now: float, *, gathering: bool) -> str:
    """When the open period closes, and how long that is."""
    closes = terms.closes
    end = calendar.end_of(closes, calendar.period_of(closes, now))
    seconds = max(0, end - now)
    hours, minutes = divmod(int(seconds) // 60, 60)
    wait = f"{hours} h {minutes:02d} min" if hours < 48 else f"{hours // 24} days"
    return f"{ends(closes, calendar.zone)}, in {wait}" if gathering else "Nothing is gathered now"


def explanation(terms: Terms, calendar: Calendar, now: float, *, gathering: bool) -> str:
    """When the open period closes, what is never shown, and how to read a sum."""
    closes, size = terms.closes, terms.min_cell_size
    closing = next_closing(terms, calendar, now, gathering=gathering)
    return (
        f"{closing}; figures under {size} visitors are never shown. Every figure is about right: "
        "chance moves it by two, page views and visits by ten, so that nobody can be read from it, "
        f"and a part may read larger than its whole. Visitors are {WITHIN[closes]} visitors: who "
        f"comes in two {closes}s counts twice, since nothing is left by which to tell. Of one "
        "visitor a day counts five page views at most."
    )


def few(size: int) -> str:
    """What is said of everything that too few share, nobody included."""
    return f"Fewer than about {size + MARGIN} visitors, so nothing more is said."


def missing(period: Period, terms: Terms, zone: str) -> str:
    """Why this period has no figure; "" where it has."""
    size = terms.min_cell_size
    reasons = {
        "open": f"Still open. {ends(period.closes, zone)}.",
        "not closed yet": "It has ended and closes within minutes.",
        "too few": few(size),
        "past retention": "Past its retention: the figures are gone.",
        "before": "Before this was first asked.",
        "not asked": "Nothing was asked.",
    }
    return reasons[period.reason] if period.reason else ""


def no_line(table: str, terms: Terms, *, any_closed: bool) -> str:
    """Why a whole table is empty."""
    enough, closes = f"about {terms.min_cell_size + MARGIN} visitors", terms.closes
    if not any_closed:
        return f"Shown when a {closes} in these dates has closed with {enough} or more."
    if table == "consent":
        return f"No answer was given by {enough} or more within one {closes}."
    if table == "goals":
        return f"No goal was reached by {enough} or more within one {closes}."
    if table == "action":
        return f"No action was taken by {enough} or more within one {closes}."
    if table.startswith("funnel "):
        return (
            f"A funnel ends at the first step that fewer than {enough} took within one {closes}; "
            "here that is the first one."
        )
    if table == "drops":
        return f"Nothing was dropped for {enough} or more within one {closes}."
    if "*" in table:
        return (
            f"Pairs are of values that {3 * terms.min_cell_size} visitors or more have in one "
            f"{closes}, each shared by {enough}."
        )
    return f"Nothing in it was shared by {enough} or more within one {closes}."


def period_name(closes: str, period: str) -> str:
    """`22 Nov 2026`, `week of 16 Nov 2026`, `Nov 2026`."""
    if closes == "week":
        return f"Week of {day(period)}"
    if closes == "month":
        return f"{datetime.fromisoformat(period).replace(tzinfo=UTC):%b %Y}"
    return day(period)


def short_name(closes: str, period: str) -> str:
    """The same for the foot of a column: `22 Nov`, `Nov 2026`."""
    start = datetime.fromisoformat(period).replace(tzinfo=UTC)
    return f"{start:%b %Y}" if closes == "month" else f"{start.day} {start:%b}"
