"""What is taken from an export: days and, by month, pages and sources that enough visitors had."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from askfirst_collector.imports.problems import ImportProblems

TOTAL, PAGE, SOURCE = "", "page", "source"
LONGEST = 500  # characters of a page or a source; longer ones are cut
MOST = 200_000  # cells of a file, so that no file takes all memory


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
    """Adds up an export.

    Of how many people a cell is, is known only to be `at_least` so many: those of its largest line.
    Who comes on five days is five of a month's visitors, and one person.
    """

    visitors: dict[tuple[date, str, str], int] = field(default_factory=dict)
    views: dict[tuple[date, str, str], int] = field(default_factory=dict)
    at_least: dict[tuple[date, str, str], int] = field(default_factory=dict)

    def add(
        self,
        day: date,
        table: str,
        value: str,
        *,
        visitors: int | None,
        views: int | None,
        at_least: int | None = None,
    ) -> None:
        """Add figures of a day to its cell; `at_least`, else `visitors`, are different people."""
        if len(self.at_least) >= MOST:
            advice = f"more than {MOST} days, pages and sources: export fewer months at once"
            raise ImportProblems([(0, advice)])
        key = (day if table == TOTAL else day.replace(day=1), table, value)
        for sums, figure in ((self.visitors, visitors), (self.views, views)):
            if figure is not None:
                sums[key] = sums.get(key, 0) + figure
        people = at_least if at_least is not None else visitors or 0
        self.at_least[key] = max(people, self.at_least.get(key, 0))

    def cells(self, size: int) -> Iterator[Cell]:
        """The cells that `size` people or more are in, for sure; the others are forgotten."""
        for key in sorted(self.visitors.keys() | self.views.keys()):
            day, table, value = key
            if self.at_least[key] >= size:
                yield Cell(day, table, value, self.visitors.get(key), self.views.get(key))
