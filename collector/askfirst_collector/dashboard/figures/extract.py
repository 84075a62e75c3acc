"""What of the overview goes elsewhere, to whoever was given it: by a link, or in a letter."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from askfirst.terms.terms import Terms
from askfirst_collector.catalogue.sites import Site
from askfirst_collector.dashboard.figures.cards import (
    CARDS,
    GOALS,
    Card,
    cards_of,
    chosen,
    tabs_of,
)
from askfirst_collector.dashboard.figures.timeline import Timeline, timeline
from askfirst_collector.dashboard.figures.totals import Figure, totals
from askfirst_collector.dashboard.figures.why_missing import explanation
from askfirst_collector.dashboard.selection.date_range import DateRange
from askfirst_collector.dashboard.selection.tables import ANSWERS, tables_of
from askfirst_collector.reports.agreement import agreement
from askfirst_collector.reports.ranges import daily, reports
from askfirst_collector.services import Services

TOTALS = "Totals"  # the numbers at the top and the line of time
SHOWN = (TOTALS, *CARDS)


@dataclass(frozen=True)
class Extract:
    """Chosen figures of one site and range; nothing that the overview does not show."""

    figures: tuple[Figure, ...]
    timeline: Timeline | None
    cards: tuple[Card, ...]
    explanation: str


def extract(
    parts: Services, site: Site, span: DateRange, terms: Terms, chosen_cards: Collection[str]
) -> Extract:
    """The figures of these cards, against the days before where the range says so."""
    wanted = span.wanted(site.name)
    cards = {
        title: tabs[:1]
        for title, tabs in tabs_of(tables_of(terms)).items()
        if title in chosen_cards
    }
    names = [chosen(tabs, span).table for tabs in cards.values()]
    by_table = reports(parts, wanted, [ANSWERS.table, *names])
    has_totals = TOTALS in chosen_cards
    days = daily(parts, wanted, by_table[ANSWERS.table].periods) if has_totals else ()
    around = span.before() if has_totals else None
    before = (
        daily(parts, replace(wanted, first=around[0], last=around[1])) if around is not None else ()
    )
    goals = by_table.get(GOALS) if terms.goals else None
    answers, rate = by_table[ANSWERS.table], agreement(())  # which is not among what is shown
    figures = totals(days, before, answers, goals, terms, None, rate, gathering=False)
    line = timeline(days, (), span, terms, site.calendar.zone) if has_totals else None
    gathering = site.host is not None
    return Extract(
        tuple(figure for figure in figures if figure.measure) if has_totals else (),
        line,
        tuple(cards_of(cards, by_table, span, terms)),
        explanation(terms, site.calendar, parts.now(), gathering=gathering),
    )
