"""How long a period should be, so that a small site sees something and a large one sees soon."""

from __future__ import annotations

from dataclasses import dataclass

from askfirst.terms.terms import Closes
from askfirst_collector.catalogue.first_policy import MONTH_BELOW, WEEK_BELOW, closes_for

AGREEING = 2  # one of two is taken to agree


@dataclass(frozen=True)
class Choice:
    """The period that was chosen, and the sentence that says why."""

    closes: Closes
    why: str


def choose(visitors: int, cell: int) -> Choice:
    """The period for a site with so many visitors a day, whose cells are of `cell`."""
    agreeing = visitors // AGREEING
    closes = closes_for(agreeing)
    why = (
        f"If one visitor in {AGREEING} agrees, {visitors} a day are {agreeing} who are counted. A "
        f"figure is shown when at least {cell} visitors share it within a period, so a small site "
        f"closes by month (under {MONTH_BELOW} who agree a day) or by week (under {WEEK_BELOW:,}). "
    )
    if closes == "day":
        return Choice(closes, why + "Here a day is enough.")
    so_far = "the totals of each day are shown when it ends, what many share within days"
    return Choice(closes, f"{why}Tables close once a {closes}; {so_far}.")
