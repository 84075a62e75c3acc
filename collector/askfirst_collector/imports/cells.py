"""What is taken from an export: days and, by month, pages and sources that enough visitors had."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

TOTAL, PAGE, SOURCE = "", "page", "source"
LONGEST = 500  # characters of a page or a source


@dataclass(frozen=True)
class Cell:
    """One figure: of a day (TOTAL), or of a value in a month by its first day.

    Visitors of a month are those of its days added up. None is what the export does not say.
    """

    day: date
    table: str
    value: str
    visitors: int | None
    views: int | None


@dataclass
class Sums:
    """Adds up an export. A day's visitors may be known only to be `at_least` so many."""

    visitors: dict[tuple[date, str, str], int] = field(default_factory=dict)
    views: dict[tuple[date, str, str], int] = field(default_factory=dict)
    at_least: dict[date, int] = field(default_factory=dict)

    def add(
        self, day: date, table: str, value: str, *, visitors: int | None, views: int | None
    ) -> None:
        """Add figures of a day to its cell."""
        key = (day if table == TOTAL else day.replace(day=1), table, value[:LONGEST])
        for sums, figure in ((self.visitors, visitors), (self.views, views)):
            if figure is not None:
                sums[key] = sums.get(key, 0) + figure

    def cells(self, size: int) -> Iterator[Cell]:
        """The cells that `size` visitors or more are in; the others are forgotten."""
        for key in sorted(self.visitors.keys() | self.views.keys()):
            day, table, value = key
            visitors, views = self.visitors.get(key), self.views.get(key)
            known = visitors if visitors is not None else self.at_least.get(day, 0)
            if known >= size:
                yield Cell(day, table, value, visitors, views)
