"""Disclosure: what of a period's facts anybody ever sees. Pure: facts in, cells out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from pyroaring import BitMap

from askfirst.terms.attributes import Value
from askfirst_collector.store.disclosed import Cell, Disclosed, Totals
from askfirst_collector.store.facts import DayFacts, Facts, Leaves

from .pairs import ReadPairs, pair_cells
from .rule import Rule
from .steps import funnel, goals
from .tables import Questions
from .tree import NO_SIZES, Known, tree


def day_totals(day: DayFacts, rule: Rule, *, visits: bool) -> Totals:
    """What is shown of one day; `visits` says whether referrers tell them from page views."""
    visitors = rule.figure(day.visitors)
    if visitors is None:
        return Totals(None, None, None)
    views = rule.total(day.views)
    return Totals(visitors, views, rule.total(day.visits) if visits else None)


def with_answers(totals: Totals, answers: Leaves, rule: Rule) -> Totals:
    """The same with how many agreed and refused on that day, of every edition together."""
    figures = (
        rule.figure(BitMap().union(*(own for path, own in answers.items() if path[0] == what)))
        for what in ("granted", "refused")
    )
    granted, refused = figures
    return replace(totals, granted=granted, refused=refused)


def disclose(
    facts: Facts,
    questions: Questions,
    rule: Rule,
    *,
    days: Mapping[str, Totals],
    pairs: ReadPairs,
    whole: str = "",
) -> Disclosed:
    """The answers to `questions`. `days` are the totals of each day, as they are shown.

    `whole` is the day that is all of the period: its totals are those of the period.
    """
    if whole:
        totals = days.get(whole, Totals(None, None, None))
    else:
        shown = [day for day in days.values() if day.visitors is not None]
        visitors = rule.figure(facts.total)
        totals = Totals(
            visitors,
            _sum(day.views for day in shown) if visitors is not None else None,
            _sum(day.visits for day in shown) if visitors is not None else None,
        )
    known: dict[tuple[str, Value], int | None] = {
        ("time", (day,)): total.visitors for day, total in days.items()
    }
    cells = _cells(facts, questions, rule, known, pairs, enough=totals.visitors is not None)
    return Disclosed(totals, tuple(cells))


def _sum(figures: Iterable[int | None]) -> int | None:
    numbers = [number for number in figures if number is not None]
    return sum(numbers) if numbers else None


def _cells(
    facts: Facts, questions: Questions, rule: Rule, known: Known, pairs: ReadPairs, *, enough: bool
) -> Iterator[Cell]:
    shown: dict[str, dict[Value, tuple[int, BitMap | None]]] = {}
    for name, depth in {**questions.apart, **(questions.trees if enough else {})}.items():
        by_path = shown[name] = {}
        leaves, sizes = facts.trees.get(name, {}), facts.sizes.get(name, NO_SIZES)
        for cell, visitors in tree(name, leaves, depth, rule, known, sizes=sizes):
            yield cell
            if cell.kind == "value":
                by_path[cell.path] = cell.visitors, visitors
    if not enough:
        return
    yield from pair_cells(questions.pairs, shown, facts, rule, pairs)
    yield from goals(questions.goals, shown)
    for name, steps in questions.funnels.items():
        yield from funnel(name, steps, shown, rule)
