"""How many answers a minute a site without a server may have recorded, counted in memory."""

from __future__ import annotations

from collections.abc import Callable

MINUTE = 60  # seconds
MOST = 600  # answers of one site in a minute and process
MOST_OF_A_NETWORK = 120  # of them; two windows that meet leave most of the budget to others


class Budget:
    """One counter a site; nothing about who answered is known here."""

    def __init__(self, *, now: Callable[[], float], most: int = MOST) -> None:
        self._now = now
        self._most = most
        self._minute = -1
        self._counts: dict[str, int] = {}

    def allows(self, site: str) -> bool:
        """Count one answer of a site that is known; whether it is within the budget."""
        minute = int(self._now() // MINUTE)
        if minute != self._minute:
            self._minute = minute
            self._counts.clear()
        self._counts[site] = self._counts.get(site, 0) + 1
        return self._counts[site] <= self._most
