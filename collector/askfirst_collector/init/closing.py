"""How long a period should be, so that a small site sees something and a large one sees soon."""

from __future__ import annotations

from dataclasses import dataclass

from askfirst.terms.terms import CLOSES, Closes

AGREEING = 2  # one of two is taken to agree
WANTED = 20  # figures' worth of visitors a period should have
DAYS: dict[Closes, int] = {"day": 1, "week": 7, "month": 30}


@dataclass(frozen=True)
class Choice:
    """The period that was chosen, and the sentence that says why."""

    closes: Closes
    why: str


def choose(visitors: int, cell: int) -> Choice:
    """The shortest period in which so many visitors a day fill a table of cells of `cell`."""
    needed = WANTED * cell
    closes = next(
        (period for period in CLOSES if _agreeing(visitors, period) >= needed), CLOSES[-1]
    )
    expected = _agreeing(visitors, closes)
    why = (
        f"A figure is shown when at least {cell} visitors share it, and a period with fewer in all "
        f"shows nothing. A useful table needs about {needed} who agreed, {WANTED} times that; if "
        f"one visitor in {AGREEING} agrees, {visitors} a day make {expected} in a {closes}. "
    )
    if expected < needed:
        return Choice(closes, why + "That is few: only the largest figures will show.")
    return Choice(closes, why + f"So the questions are answered once a {closes}.")


def _agreeing(visitors: int, closes: Closes) -> int:
    return visitors * DAYS[closes] // AGREEING
