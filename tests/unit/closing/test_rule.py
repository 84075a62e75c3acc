"""The one rule for every figure: its draws, its bounds, what it never shows."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from functools import partial

import pytest
from pyroaring import BitMap

from askfirst_collector.closing.rule import MARGIN, Rule
from askfirst_collector.store.facts import MOST_A_DAY
from tests.support.draws import drawn, no_noise

SIZE = 5
TRIES = 60_000


def _odds(draws: Counter[int]) -> list[float]:
    """How much likelier each number is than the next one further from 0, where it is common."""
    return [
        draws[n] / draws[n + (1 if n >= 0 else -1)]
        for n in range(-2, 3)
        if draws[n + (1 if n >= 0 else -1)]
    ]


def test_a_figure_moves_the_odds_of_one_visitor_by_two() -> None:
    """M27: P(e) = 1/3 · 2^-|e|: no figure tells n from n + 1 by more than that."""
    rule = Rule(SIZE, drawn(1))
    draws = Counter(rule.noise() for _ in range(TRIES))
    assert draws[0] / TRIES == pytest.approx(1 / 3, abs=0.01)
    assert all(odds == pytest.approx(2, rel=0.08) for odds in _odds(draws))
    assert sum(n * times for n, times in draws.items()) / TRIES == pytest.approx(0, abs=0.05)
    spread = sum(n * n * times for n, times in draws.items()) / TRIES
    assert spread == pytest.approx(4, rel=0.06)


def test_a_total_moves_the_odds_of_five_page_views_by_two() -> None:
    """M27: one visitor has five in a total, and the ratio is 2^(-1/5): standard deviation 10."""
    rule = Rule(SIZE, drawn(2))
    draws = [rule.total(1_000) - 1_000 for _ in range(TRIES)]
    assert sum(draws) / TRIES == pytest.approx(0, abs=0.2)
    assert sum(n * n for n in draws) / TRIES == pytest.approx(103.9, rel=0.05)
    times = Counter(draws)
    for n in (0, 5, 10):
        assert times[n] / times[n + MOST_A_DAY] == pytest.approx(2, rel=0.15)


def test_showing_moves_the_odds_by_three() -> None:
    """M27: a look at k visitors shows them once in 36, and each visitor more three times as often.

    Of fewer than k, nothing is ever shown: there the one who is missing is certain not to be there.
    """
    shown = {
        people: sum(
            Rule(SIZE, drawn(seed)).figure(BitMap(range(people))) is not None
            for seed in range(9_000)
        )
        / 9_000
        for people in (SIZE - 1, SIZE, SIZE + 1, SIZE + 2)
    }
    assert shown[SIZE - 1] == 0
    assert shown[SIZE] == pytest.approx(1 / 36, abs=0.006)
    assert shown[SIZE + 1] / shown[SIZE] < 3.6
    assert shown[SIZE + 2] / shown[SIZE + 1] < 3.3


def test_a_month_of_looks_shows_the_last_of_k_once_in_seven() -> None:
    """M27: five weekly looks at exactly k visitors; at fewer, none ever shows anything."""
    months = 4_000

    def shown(people: int) -> float:
        rules = (Rule(SIZE, drawn(seed)) for seed in range(months))
        looks = ([rule.figure(BitMap(range(people))) for _ in range(5)] for rule in rules)
        return sum(any(figure is not None for figure in month) for month in looks) / months

    assert shown(SIZE) == pytest.approx(1 / 7.6, abs=0.02)
    assert shown(SIZE - 1) == 0


def test_who_knows_all_others_guesses_one_visitor_no_better_than_two_to_one() -> None:
    """M27: answers one figure with or without the visitor, the best guess is right 2 times in 3."""
    rule, others = Rule(SIZE, drawn(3)), 40
    answers = {
        came: Counter(rule.figure(BitMap(range(others + came))) for _ in range(20_000))
        for came in (0, 1)
    }
    right = sum(
        max(answers[0][figure], answers[1][figure]) for figure in {*answers[0], *answers[1]}
    )
    assert right / 40_000 < 2 / 3 + 0.01
    for figure in range(others - 2, others + 4):
        odds = answers[1][figure] / answers[0][figure]
        assert 1 / 2.3 < odds < 2.3


def test_one_network_alone_shows_nothing() -> None:
    """M27: one visitor and any number of invented ones of one network, three of them sized."""
    people = BitMap(range(1_000))
    unsized = people - BitMap(range(4))
    for seed in range(200):
        assert Rule(SIZE, drawn(seed), unsized).figure(people) is None
    # They do count in the figure where enough others are.
    assert Rule(SIZE, no_noise, unsized - BitMap(range(40))).figure(people) == 1_000


def test_a_figure_is_never_under_the_size() -> None:
    """Whatever is drawn."""
    figures = [
        Rule(SIZE, drawn(seed)).figure(BitMap(range(SIZE + MARGIN))) for seed in range(3_000)
    ]
    assert min(figure for figure in figures if figure is not None) == SIZE
    totals = [Rule(SIZE, drawn(seed)).total(SIZE) for seed in range(500)]
    assert min(totals) == SIZE


def test_draws_are_kept_nowhere() -> None:
    """Asked again, everything is drawn again: nothing is left from which a draw could be had."""
    people = BitMap(range(20))
    ask: Callable[[], int | None] = partial(Rule(SIZE, os.urandom).figure, people)
    assert len({ask() for _ in range(100)}) > 4


def test_a_draw_wastes_no_byte_it_cannot_use_evenly() -> None:
    """255 is no multiple of three's: it is drawn again, else 0 would come too often."""
    numbers = iter([255, 1, 1])
    rule = Rule(SIZE, lambda length: bytes([next(numbers)]))
    assert rule.figure(BitMap(range(4))) is None
    assert rule._two_sided(3) == 0
    assert next(numbers, None) is None
