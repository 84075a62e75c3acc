"""Many lines at once, each of known visitors and, in half of them, one more: who tells which?

All draws are real. A line is a page; what the watcher reads of it at every look of a period is held
against what the rule says of that many visitors.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from askfirst.terms.policy import Policy, read_policy
from askfirst_collector.closing.rule import MARGIN
from askfirst_collector.closing.so_far import AT_ONCE
from tests.support.draws import drawn
from tests.support.whole import Visitor, view
from tests.system.adversary.watcher import Watcher
from tests.system.adversary.world import DAY, SIZE, World, site_policy

LETTERS = "abcdefghijklmnopqrstuvwxyz"
FORTY = 40  # visitors that are invented in one network, or in two
CROWD = 30  # visitors of as many networks, in no line
A_BATCH = 100  # events


@dataclass(frozen=True)
class Line:
    """A page that so many others looked at, and the one visitor too or not."""

    page: str
    others: int
    came: bool

    @property
    def visitors(self) -> int:
        """How many are in it."""
        return self.others + self.came


def lines_of(others: Sequence[int], number: int) -> list[Line]:
    """So many lines with the one visitor, and as many without, for each number of others."""
    kinds = [(count, came) for count in others for came in (False, True)] * number
    return [Line(f"/line/{_word(at)}", *kind) for at, kind in enumerate(kinds)]


def _word(number: int) -> str:
    return "".join(LETTERS[number // 26**place % 26] for place in range(4)) + "tide"


def statistics_alone(closes: str) -> Policy:
    """One purpose: each further one would be asked of the same visits."""
    document = site_policy(closes=closes).document
    purposes = {"statistics": document["purposes"]["statistics"]}
    return read_policy({**document, "purposes": purposes})


@dataclass
class Month:
    """A period of a site from its first day on, looked at after each of its days."""

    world: World
    watcher: Watcher
    lines: Sequence[Line]
    first: str  # day of the period
    one: Visitor = field(default_factory=lambda: Visitor("175.16.199.1"))
    looks: list[Mapping[str, int]] = field(default_factory=list)  # shown lines, by page

    @classmethod
    async def begin(
        cls, folder: Path, lines: Sequence[Line], *, closes: str, first: str, at: float, seed: int
    ) -> Month:
        """Before anybody came."""
        world = World(folder, statistics_alone(closes), draws=drawn(seed))
        world.clock.now = at
        await world.open()
        watcher = Watcher(world)
        await watcher.begin()
        return cls(world, watcher, lines, first)

    async def come(self, addresses: Sequence[str]) -> None:
        """The others from these addresses, in turns; all of them where a line has as many."""
        invented = [Visitor(address) for address in addresses]
        pages: dict[int, list[str]] = {number: [] for number in range(len(invented))}
        for at, line in enumerate(self.lines):
            for turn in range(line.others):
                pages[(at + turn) % len(invented)].append(line.page)
        for number, visitor in enumerate(invented):
            await self.visit(visitor, pages[number])
        await self.visit(self.one, [line.page for line in self.lines if line.came])
        # Without anybody else the whole, and the section, would be as small as a line.
        for number in range(CROWD):
            await self.visit(Visitor(f"92.{number}.69.1"), ["/line/common"])

    async def visit(self, visitor: Visitor, pages: Sequence[str]) -> None:
        """One who agrees and looks at these pages."""
        await self.world.answer(visitor, {"statistics": 2})
        for start in range(0, len(pages), A_BATCH):
            some = pages[start : start + A_BATCH]
            # From within the site: an entry page is a question of its own.
            views = (view(page, referrer=self.world.policy.origins[0]) for page in some)
            stored = await self.world.send(visitor, *views)
            assert stored == {"stored": len(some), "dropped": []}

    async def end_day(self) -> None:
        """Midnight, the jobs, a look."""
        world = self.world
        world.clock.now = world.clock.now // DAY * DAY + DAY + 600
        world.run_jobs()
        self.looks.append(await self.look())

    async def look(self) -> Mapping[str, int]:
        """The figure of each line that is shown."""
        last = f"{self.first[:8]}28" if self.first.endswith("-01") else self.first
        query = f"site=shop&purpose=statistics&table=page&from={self.first}&to={last}"
        rows = json.loads((await self.watcher.stats(query)).body)["rows"]
        shown = (row for row in rows if len(row["path"]) == 2)
        return {row["path"][1]: row["visitors"] for row in shown if row["path"][0] == "/line"}


def networks(number: int) -> list[str]:
    """Addresses of invented visitors: fifty in as many networks, or forty in one or two."""
    if number > 2:
        return [f"81.{host + 2}.69.1" for host in range(number)]
    return [f"81.{host % number + 2}.69.{host + 1}" for host in range(FORTY)]


def reaches(missing: int) -> Fraction:
    """The chance that a draw with P(e) = 1/2 · 3^-|e| is at least `missing`."""
    if missing > 0:
        return Fraction(3, 4) / 3**missing
    return 1 - reaches(1 - missing)


def is_shown(sized: int, *, week_ended: bool) -> Fraction:
    """The chance that a line is shown at a look at which it was not shown before."""
    needed = SIZE + MARGIN if week_ended else AT_ONCE * SIZE
    return reaches(needed - sized) if sized >= SIZE else Fraction(0)


def is_figure(figure: int, visitors: int) -> Fraction:
    """The chance that a shown line of so many has this figure: P(e) = 1/3 · 2^-|e|, from 5 on."""
    if figure > SIZE:
        return Fraction(1, 3) / 2 ** abs(figure - visitors)
    # All draws that lead to the size or below it: 2/3 · 2^-n from -n on.
    return Fraction(2, 3) / 2 ** (visitors - SIZE)


# What a line was at each look, the last one closing: its figure, None while it is not shown.
Seen = Sequence[int | None]


def likelihood(seen: Seen, sized: int, visitors: int, ends: Callable[[int], bool]) -> Fraction:
    """How likely the looks at a line are, where all came before the first of them.

    `ends` says of a look whether an ISO week ended with the day before it.
    """
    chance, told = Fraction(1), None
    for number, figure in enumerate(seen):
        is_last = number == len(seen) - 1
        if told is not None and not is_last:
            continue  # nobody comes any more, and nothing is counted again
        shown = is_shown(sized, week_ended=is_last or ends(number))
        chance *= 1 - shown if figure is None else shown * is_figure(figure, visitors)
        told = figure
    return chance


def of_kind(lines: Sequence[Line], others: int, *, came: bool) -> Iterator[str]:
    """The pages of the lines of a kind."""
    return (line.page for line in lines if (line.others, line.came) == (others, came))
