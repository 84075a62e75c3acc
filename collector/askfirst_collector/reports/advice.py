"""Advice for small sites, from what is shown and nothing else."""

from __future__ import annotations

from collections.abc import Iterable

from askfirst.terms.terms import CLOSES, Closes

from .ranges import Period

ENOUGH = 4  # ended periods, before anything is advised


def advised_closes(periods: Iterable[Period]) -> Closes | None:
    """The next longer period, where more than half of those that ended were too small to show."""
    ended = [period for period in periods if period.reason in (None, "too few")]
    if len(ended) < ENOUGH:
        return None
    few = [period for period in ended if period.reason == "too few"]
    longest = max(CLOSES.index(period.closes) for period in ended)
    if 2 * len(few) <= len(ended) or longest + 1 == len(CLOSES):
        return None
    return CLOSES[longest + 1]
