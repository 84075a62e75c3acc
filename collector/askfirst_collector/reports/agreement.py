"""How many agreed and how many refused, by day: what an agreement rate is made of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from askfirst_collector.closing.stores import Stores
from askfirst_collector.store.disclosed_ranges import Range, cells_of_days
from askfirst_collector.store.so_far import days_between

ANSWERS = "consent"
RECENT, BEFORE = 7, 28  # days that are held against each other
FEWEST = 3  # recent days that show both answers, and twice as many of those before
POINTS = 0.05  # by which a rate falls at least
CHANCES = 3.0  # standard deviations that chance does not explain
_DRAW = 4.0  # variance of what chance adds to each figure (sd 2)


@dataclass(frozen=True)
class DayAnswers:
    """The answers of one day (ISO 8601) about one purpose; None where a figure is not shown."""

    day: str
    granted: int | None
    refused: int | None

    @property
    def is_whole(self) -> bool:
        """Whether both are shown, so that the one can be held against the other."""
        return self.granted is not None and self.refused is not None


@dataclass(frozen=True)
class Agreement:
    """Who agreed and who refused, summed over the days that show both."""

    granted: int
    refused: int
    days: int

    @property
    def answers(self) -> int:
        """What a rate is of."""
        return self.granted + self.refused


def days_of_answers(stores: Stores, wanted: Range) -> tuple[DayAnswers, ...]:
    """Every day of a range that shows a figure, oldest first."""
    of = wanted.site, wanted.collector, wanted.purpose
    first, last = wanted.first.isoformat(), wanted.last.isoformat()
    figures = {
        (day, what): figure
        for day, totals in days_between(stores.engine, *of, first, last).items()
        for what, figure in (("granted", totals.granted), ("refused", totals.refused))
        if figure is not None
    }
    for day, path, visitors in cells_of_days(stores.engine, wanted, ANSWERS):
        if len(path) == 1:
            figures[day, path[0]] = visitors
    days = sorted({day for day, what in figures if what in ("granted", "refused")})
    return tuple(
        DayAnswers(day, figures.get((day, "granted")), figures.get((day, "refused")))
        for day in days
    )


def agreement(days: Sequence[DayAnswers]) -> Agreement:
    """The sums of the days that show both."""
    whole = [day for day in days if day.is_whole]
    return Agreement(
        sum(day.granted or 0 for day in whole), sum(day.refused or 0 for day in whole), len(whole)
    )


@dataclass(frozen=True)
class Fall:
    """A rate that fell: the days before, and the recent ones."""

    before: Agreement
    recent: Agreement


def fall(days: Sequence[DayAnswers], today: date) -> Fall | None:
    """Whether fewer agreed in the seven days before `today` than in the four weeks before those.

    From what is shown alone, and only where the rate is lower by five points and by three standard
    deviations of what chance makes of it: who comes (binomial), and the draw in every figure.
    """
    middle = (today - timedelta(days=RECENT)).isoformat()
    first = (today - timedelta(days=RECENT + BEFORE)).isoformat()
    whole = [day for day in days if day.is_whole]
    recent = agreement([day for day in whole if middle <= day.day < today.isoformat()])
    before = agreement([day for day in whole if first <= day.day < middle])
    if recent.days < FEWEST or before.days < 2 * FEWEST:
        return None
    rate = before.granted / before.answers
    draws = _DRAW * (rate**2 + (1 - rate) ** 2)
    variance = sum(
        rate * (1 - rate) / part.answers + draws * part.days / part.answers**2
        for part in (recent, before)
    )
    lower = rate - recent.granted / recent.answers
    return Fall(before, recent) if lower > max(POINTS, CHANCES * math.sqrt(variance)) else None
