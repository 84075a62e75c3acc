"""The one rule for every figure: a count of visitors and a draw, shown from enough visitors on.

Draws are two-sided geometric, P(e) proportional to r^|e|: whoever knows all others learns from one
figure no more than the odds 1/r about one visitor (Ghosh, Roughgarden and Sundararajan 2009,
"Universally utility-maximizing privacy mechanisms"). Whether a figure is shown hangs on a draw of
its own, as the noisy threshold of Korolova et al. 2009 ("Releasing search queries and clicks
privately"), here with a floor: what fewer than `size` share is never shown.

    figure      r = 1/2          P(e) = 1/3 · 2^-|e|     standard deviation 2
    showing     r = 1/3          P(e) = 1/2 · 3^-|e|     standard deviation 1.2
    total       r = 2^(-1/5)     of what one visitor may move by five: standard deviation 10
"""

from __future__ import annotations

from collections.abc import Callable

from pyroaring import BitMap

from askfirst_collector.store.facts import MOST_A_DAY, Shared

MARGIN = 3  # visitors beyond the size that a shown figure has on average
# Visitors beyond that with whom it is shown: a draw that hides it comes once in 10^19 times.
SURELY = 40


class Rule:
    """Decides of sets of visitors (numbered) which are shown, and as what.

    `unsized` are visitors who count in figures, but towards no size: more of one network than may.
    A draw is taken from `urandom` whenever it is needed, and kept nowhere.
    """

    def __init__(
        self,
        size: int,
        urandom: Callable[[int], bytes],
        unsized: BitMap | None = None,
    ) -> None:
        self.size = size
        self._urandom = urandom
        self._unsized = unsized or BitMap()

    def figure(self, visitors: BitMap, *, needed: int | None = None) -> int | None:
        """What is shown of them; None where they are too few to be shown at this look.

        `needed` is what their number and a draw have to reach: `size` + 3 where nothing is said.
        """
        if len(visitors) < self.size:
            return None
        return self.figure_of(*self.shared(visitors), needed=needed)

    def shared(self, visitors: BitMap) -> Shared:
        """How many they are, as `figure_of` asks it."""
        unsized = visitors.intersection_cardinality(self._unsized) if self._unsized else 0
        return Shared(len(visitors), unsized)

    def figure_of(self, count: int, unsized: int, *, needed: int | None = None) -> int | None:
        """The same of so many visitors, of whom some count towards no size."""
        sized = count - unsized
        if sized < self.size:
            return None
        needed = self.size + MARGIN if needed is None else needed
        if sized + self._two_sided(3) < needed:
            return None
        return max(self.size, count + self.noise())

    def total(self, count: int) -> int:
        """A total of page views or visits, of which one visitor has `MOST_A_DAY` at most."""
        return max(self.size, count + self._fifths() - self._fifths())

    def noise(self) -> int:
        """The draw of a figure."""
        return self._two_sided(2)

    def _two_sided(self, base: int) -> int:
        return self._geometric(base) - self._geometric(base)

    def _geometric(self, base: int) -> int:
        """P(n) proportional to base^-n."""
        count = 0
        while self._below(base) == 0:
            count += 1
        return count

    def _fifths(self) -> int:
        """P(n) proportional to 2^(-n/5): the fives by halves, the rest by its five weights."""
        fives = self._geometric(2)
        drawn = int.from_bytes(self._urandom(7), "big") / 2**56 * _FIFTHS[-1]
        rest = next(number for number, edge in enumerate(_FIFTHS) if drawn <= edge)
        return MOST_A_DAY * fives + rest

    def _below(self, base: int) -> int:
        while True:
            number = self._urandom(1)[0]
            if number < 256 // base * base:
                return number % base


_FIFTHS = [sum(2 ** (-n / MOST_A_DAY) for n in range(end)) for end in range(1, MOST_A_DAY + 1)]
