"""How long a period should be: for a site that begins, and for one whose days are shown."""

from __future__ import annotations

from collections.abc import Iterable

from askfirst.terms.terms import CLOSES, Closes

from .ranges import Period

ENOUGH = 7  # ended days, before anything is advised
# Agreeing visitors a day below which a period should be that long; else it is a day.
MONTH_BELOW = 200
WEEK_BELOW = 2_000


def closes_for(agreeing: int) -> Closes:
    """The period for so many agreeing visitors a day."""
    return "month" if agreeing < MONTH_BELOW else "week" if agreeing < WEEK_BELOW else "day"


def advised_closes(days: Iterable[Period], closes: Closes) -> Closes | None:
    """A longer period than `closes`, where shown days have few visitors: from nothing else."""
    ended = [day for day in days if day.reason in (None, "too few")]
    if len(ended) < ENOUGH:
        return None
    wanted = closes_for(sum(day.visitors or 0 for day in ended) // len(ended))
    return wanted if CLOSES.index(wanted) > CLOSES.index(closes) else None
