"""M27: every look of a week and of a month, by whoever knows all visitors but one.

The bounds of the page on trust, reached and not passed, in the real program with real draws.
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from math import sqrt
from pathlib import Path

import pytest

from askfirst.observe.network_sizes import SIZED
from tests.system.adversary.lines import (
    FORTY,
    Line,
    Month,
    Seen,
    is_figure,
    is_shown,
    likelihood,
    lines_of,
    networks,
    of_kind,
)
from tests.system.adversary.world import MORNING, SIZE

pytestmark = pytest.mark.anyio

DECEMBER = 1_796_115_600.0  # 2026-12-01T09:00:00Z, a Tuesday
SUNDAYS = (5, 12, 19, 26)  # the looks of December 2026 at which a week has ended
ERASES_AFTER = 15  # looks
MANY = (3, 4, 5, 6, 7, 12)  # others in a line


def ends_week(number: int) -> bool:
    return number in SUNDAYS


async def december(folder: Path, lines: list[Line], number: int, ending: str = "") -> Month:
    """All of it, the one visitor's own end in the midst."""
    month = await Month.begin(
        folder, lines, closes="month", first="2026-12-01", at=DECEMBER, seed=number
    )
    await month.come(networks(number))
    for look in range(31):
        await month.end_day()
        if ending and look == ERASES_AFTER:
            before = await month.look()
            if ending == "erases":
                got = await month.world.post(month.one, "/askfirst/rights/erase", {})
                assert got.status < 300
            else:
                await month.world.answer(month.one, {}, "withdraw")
            month.world.run_jobs()
            assert await month.look() == before
        if look % 15 == 0:
            await no_exit_has_more(month)
    await no_exit_has_more(month)
    await month.world.aclose()
    return month


async def no_exit_has_more(month: Month) -> None:
    """Pages, tables, files, shares: what is not shown by one is shown by none of them."""
    shown = await month.look()
    everything = b"".join(look.body for look in await month.watcher.look(1))
    hidden = [line.page for line in month.lines if line.page not in shown]
    assert [page for page in hidden if page.encode() in everything] == []


def seen_of(month: Month, page: str) -> Seen:
    return [look.get(page) for look in month.looks]


def expect(count: int, of: int, chance: Fraction) -> None:
    """So many of so many, within what four standard deviations are."""
    mean, spread = of * float(chance), sqrt(of * float(chance * (1 - chance)))
    assert abs(count - mean) <= 4 * spread + 0.5, (count, mean)


def never_falls(month: Month) -> None:
    """Until closing, which asks anew, what was told stays told."""
    for before, after in zip(month.looks[:-2], month.looks[1:-1], strict=True):
        assert all(after.get(page, 0) >= figure for page, figure in before.items())


def shown_by(month: Month, others: int, *, came: bool, look: int) -> int:
    return sum(page in month.looks[look] for page in of_kind(month.lines, others, came=came))


@pytest.mark.parametrize("others", range(SIZE - 2, 40))
@pytest.mark.parametrize("week_ended", [False, True])
def test_no_look_moves_the_odds_by_more_than_three(others: int, week_ended: bool) -> None:
    """The bound by itself: shown or hidden, but for the k-th; a figure by two at most."""
    without, with_one = (is_shown(n, week_ended=week_ended) for n in (others, others + 1))
    if others >= SIZE:
        assert Fraction(1, 3) <= with_one / without <= 3
        assert Fraction(1, 3) <= (1 - with_one) / (1 - without) <= 3
        for figure in range(SIZE, 60):
            odds = is_figure(figure, others + 1) / is_figure(figure, others)
            assert Fraction(1, 2) <= odds <= 2
    else:
        assert without == 0
        assert with_one == (0 if others < SIZE - 1 or not week_ended else Fraction(1, 36)) or (
            others == SIZE - 1 and with_one < Fraction(1, 36)
        )


async def test_a_week_of_looks(tmp_path: Path) -> None:
    """Of 50 networks: fewer than the size never; nothing falls as the one visitor erases."""
    lines = lines_of((SIZE - 2, SIZE - 1, 12), 12)
    week = await Month.begin(
        tmp_path, lines, closes="week", first="2026-11-23", at=MORNING, seed=50
    )
    await week.come(networks(50))
    for look in range(7):
        await week.end_day()
        if look == 3:
            before = await week.look()
            got = await week.world.post(week.one, "/askfirst/rights/erase", {})
            assert got.status < 300
            assert await week.look() == before
    never_falls(week)
    await no_exit_has_more(week)
    await week.world.aclose()
    ever = set().union(*week.looks)
    for others, came in ((SIZE - 2, False), (SIZE - 2, True), (SIZE - 1, False)):
        assert ever.isdisjoint(of_kind(lines, others, came=came))
    # Closing does not know any more who erased.
    assert week.looks[-1].keys().isdisjoint(of_kind(lines, SIZE - 1, came=True))
    assert all(shown_by(week, 12, came=came, look=-1) >= 10 for came in (False, True))


@pytest.mark.long
@pytest.mark.parametrize("ending", ["", "erases", "withdraws"])
async def test_a_month_of_looks_from_fifty_networks(tmp_path: Path, ending: str) -> None:
    """Each look shows as many lines as the rule says; the figures are those of the rule."""
    lines = lines_of(MANY, 60)
    month = await december(tmp_path, lines, 50, ending)
    never_falls(month)
    for others in MANY:
        for came in (False, True):
            pages = [*of_kind(lines, others, came=came)]
            hidden = Fraction(1)
            for look in range(31):
                is_last = look == 30
                if is_last:  # asked anew
                    hidden = Fraction(1)
                gone = ending == "erases" and look > ERASES_AFTER
                sized = others + (came and not gone)
                hidden *= 1 - is_shown(sized, week_ended=is_last or ends_week(look))
                if is_last or ends_week(look):
                    count = sum(page in month.looks[look] for page in pages)
                    expect(count, len(pages), 1 - hidden)
    # The k-th visitor: never without, and with it 1 line in 7 is told of at some look.
    ever = set().union(*month.looks)
    assert ever.isdisjoint(of_kind(lines, SIZE - 1, came=False))
    looks = 2 if ending == "erases" else len(SUNDAYS) + 1
    told = ever.intersection(of_kind(lines, SIZE - 1, came=True))
    expect(len(told), 60, 1 - Fraction(35, 36) ** looks)
    figures_are_those_of_the_rule(month)
    if not ending:
        what_all_looks_tell(month)


def figures_are_those_of_the_rule(month: Month) -> None:
    """P(e) = 1/3 · 2^-|e| around the number of visitors, whether the one is among them or not."""
    for came in (False, True):
        noise: Counter[int] = Counter()
        for page in of_kind(month.lines, 12, came=came):
            told = [figure for figure in seen_of(month, page)[:-1] if figure is not None]
            noise[told[0] - 12 - came] += 1
        for draw in range(-2, 3):
            expect(noise[draw], noise.total(), is_figure(12 + draw, 12))


# Of 120 lines, how many the best guess is right about at most, by the others in the line: what the
# page on trust says.
RIGHT = {4: 70, 5: 70, 6: 86, 7: 103, 12: 75}


def what_all_looks_tell(month: Month) -> None:
    """The best guess about each line, by all looks together; certain of the k-th alone."""
    for others, most in RIGHT.items():
        right = sure = 0
        for came in (False, True):
            for page in of_kind(month.lines, others, came=came):
                seen = seen_of(month, page)
                with_one, without = (
                    likelihood(seen, others + one, others + one, ends_week) for one in (1, 0)
                )
                right += (with_one > without) is came
                sure += without == 0
        assert 60 <= right <= most, others
        assert (sure > 0) is (others == SIZE - 1)


@pytest.mark.long
async def test_a_month_of_looks_from_one_network(tmp_path: Path) -> None:
    """Forty invented visitors of one network and the one: at no look, whatever the draws."""
    lines = lines_of((FORTY,), 100)
    month = await december(tmp_path, lines, 1)
    assert SIZED + 1 < SIZE
    assert set().union(*month.looks) == {"/line/common"}


@pytest.mark.long
@pytest.mark.parametrize("ending", ["", "erases"])
async def test_a_month_of_looks_from_two_networks(tmp_path: Path, ending: str) -> None:
    """Six of them are sized: at the first week's end 1 line in 12 without the one, 1 in 4 with."""
    lines = lines_of((FORTY,), 100)
    month = await december(tmp_path, lines, 2, ending)
    never_falls(month)
    first, without, with_one = SUNDAYS[0], Fraction(1, 12), Fraction(1, 4)
    expect(shown_by(month, FORTY, came=False, look=first), 100, without)
    expect(shown_by(month, FORTY, came=True, look=first), 100, with_one)
    expect(shown_by(month, FORTY, came=False, look=-1), 100, without)
    expect(shown_by(month, FORTY, came=True, look=-1), 100, without if ending else with_one)
    if not ending:
        ever = set().union(*month.looks)
        for came, chance in ((False, without), (True, with_one)):
            told = ever.intersection(of_kind(lines, FORTY, came=came))
            expect(len(told), 100, 1 - (1 - chance) ** (len(SUNDAYS) + 1))
