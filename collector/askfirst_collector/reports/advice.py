"""How long a period should be: for a site that begins, and for one whose days are shown."""

from __future__ import annotations

from collections.abc import Iterable

from askfirst.terms.terms import CLOSES, Closes
from askfirst_collector.catalogue.first_policy import closes_for

from .ranges import Period

ENOUGH = 7  # ended days, before anything is advised


def advised_closes(days: Iterable[Period], closes: Closes) -> Closes | None:
    """A longer period than `closes`, where shown days have few visitors: from nothing else."""
    ended = [day for day in days if day.reason in (None, "too few")]
    if len(ended) < ENOUGH:
        return None
    wanted = closes_for(sum(day.visitors or 0 for day in ended) // len(ended))
    return wanted if CLOSES.index(wanted) > CLOSES.index(closes) else None
