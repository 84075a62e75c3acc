"""The numbers at the top: how many, how that is against before, and whether it did any good."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from askfirst.terms.terms import Terms
from askfirst_collector.closing.calendar import HOUR
from askfirst_collector.closing.today import SHOWN_FROM, Today
from askfirst_collector.dashboard.figures.why_missing import no_line
from askfirst_collector.dashboard.layout.templates import number, percent
from askfirst_collector.dashboard.selection.value_names import label
from askfirst_collector.reports.agreement import Agreement
from askfirst_collector.reports.pairs import Filter, narrowed
from askfirst_collector.reports.ranges import NOT_COUNTED, Period, Report, Row, total
from askfirst_collector.store.periods import DAY

_RUNNING = ("open", "not closed yet")


@dataclass(frozen=True)
class Figure:
    """One number, or the reason why there is none.

    `measure` is that of the line of time which it is, `change` what it is against before.
    """

    name: str
    value: str
    note: str = ""
    measure: str = ""
    change: str = ""
    rises: bool = False
    why: str = ""


def comparable(
    days: Sequence[Period], before: Sequence[Period]
) -> tuple[Sequence[Period], Sequence[Period]]:
    """Those days that are over, and as many of before: like against like.

    Nothing where one of those before was not counted at all.
    """
    pairs = [
        (day, old) for day, old in zip(days, before, strict=False) if day.reason not in _RUNNING
    ]
    if any(old.reason in NOT_COUNTED for _, old in pairs):
        return (), ()
    return [day for day, _ in pairs], [old for _, old in pairs]


Pair = tuple[Sequence[Period], Sequence[Period]]


def change(now: int | float | None, before: int | float | None) -> tuple[str, bool]:
    """`+15 %` and whether it rises; "" where there is nothing to hold it against."""
    if now is None or not before:
        return "", False
    points = round((now - before) / before * 100)
    sign = "+" if points > 0 else "−" if points < 0 else "±"
    return f"{sign}{abs(points)} %", points >= 0


def percent_of(part: int, whole: int | None) -> float | None:
    """To one decimal; None where the whole is not known. By the draws a part may be larger: 100."""
    return round(min(100.0, part / whole * 100), 1) if whole else None


def share(part: int, whole: int | None) -> str:
    """`9.6 %`; "" where the whole is not known."""
    return percent(percent_of(part, whole))


def totals(
    days: Sequence[Period],
    before: Sequence[Period],
    answers: Report,
    goals: Report | None,
    terms: Terms,
    today: Today | None,
    rate: Agreement,
    *,
    gathering: bool,
) -> list[Figure]:
    """Visitors, page views, visits, the first goal, answers, and roughly how many today."""
    pair = comparable(days, before)
    figures = [
        _sum("Visitors, by day", "visitors", days, pair, terms),
        _sum("Page views", "views", days, pair, terms),
        # Only what brought somebody tells a visit from another page of it.
        *((_sum("Visits", "visits", days, pair, terms),) if terms.scope.level("referrer") else ()),
        _ratio(days, pair),
    ]
    if terms.closes != "day" and answers.visitors is not None:
        note = "so far" if answers.is_running else ""
        name = f"Visitors, by {terms.closes}"
        figures.insert(1, Figure(name, number(answers.visitors), note))
    if goals is not None:
        figures.append(_goal(goals, terms))
    figures.append(_agreed(answers, rate, terms))
    if gathering and not answers.wanted.collector:
        figures.append(_today(terms, today))
    return figures


def _sum(name: str, measure: str, days: Sequence[Period], pair: Pair, terms: Terms) -> Figure:
    value = total(getattr(day, measure) for day in days)
    if value is None:
        return Figure(name, "", measure=measure, why=f"from about {terms.min_cell_size + 3} a day")
    text, rises = change(*(total(getattr(day, measure) for day in part) for part in pair))
    return Figure(name, number(value), "", measure, text, rises)


def _ratio(days: Sequence[Period], pair: Pair) -> Figure:
    value = _views_a_visitor(days)
    if value is None:
        return Figure("Views a visitor", "", why="with page views")
    text, rises = change(*map(_views_a_visitor, pair))
    return Figure("Views a visitor", f"{value:.1f}", "", "", text, rises)


def _views_a_visitor(days: Iterable[Period]) -> float | None:
    shown = [(day.visitors, day.views) for day in days]
    whole = [(v, w) for v, w in shown if v is not None and w is not None]
    visitors = sum(v for v, _ in whole)
    return sum(w for _, w in whole) / visitors if visitors else None


def _goal(goals: Report, terms: Terms) -> Figure:
    name = terms.goals[0]
    words = label("action", (name,)).capitalize()
    value = next((row.visitors for row in goals.rows if row.path == (name,)), None)
    if value is None:
        return Figure(words, "", why="too few so far")
    rate = share(value, goals.visitors)
    return Figure(words, number(value), f"{rate} of visitors" if rate else "")


def _agreed(answers: Report, rate: Agreement, terms: Terms) -> Figure:
    """The rate is of the days that show both answers, as on its own page."""
    if rate.answers:
        answered = f"of {number(rate.answers)} answers"
        return Figure("Agreed", share(rate.granted, rate.answers), answered)
    counts = {row.path: row.visitors for row in answers.rows if row.kind == "value"}
    agreed, withdrew = counts.get(("granted",)), counts.get(("withdrawn",))
    if agreed is None:
        return Figure("Agreed", "", why=f"from about {terms.min_cell_size + 3} answers a day")
    return Figure("Agreed", number(agreed), f"{number(withdrew)} withdrew" if withdrew else "")


def _today(terms: Terms, today: Today | None) -> Figure:
    if today is None:
        return Figure("Today so far", "", why=f"from about {SHOWN_FROM * terms.min_cell_size} on")
    hour = today.until % DAY // HOUR
    return Figure("Today so far", number(today.visitors), f"about, until {hour:02}:00")


def filtered_totals(
    filter: Filter, own: Report, goals: Report | None, terms: Terms
) -> list[Figure]:
    """What is known of those under a filter: how many they are, and which goals they reached."""
    row = next((r for r in own.rows if r.path == filter.path and r.kind == "value"), None)
    if row is None:
        why = no_line(filter.table, terms, any_closed=bool(own.closed_periods))
        return [Figure("Visitors", "", why=why)]
    rate = share(row.visitors, own.visitors) if filter.table != "action" else ""
    note = f"{rate} of {number(own.visitors)}" if rate and own.visitors is not None else ""
    figures = [Figure("Visitors", number(row.visitors), note)]
    for goal in narrowed(goals, filter) if goals is not None else ():
        if goal.path[0] in terms.goals:
            figures.append(_of_goal(goal, row))
    return figures


def _of_goal(goal: Row, whole: Row) -> Figure:
    rate = share(goal.visitors, whole.visitors)
    name = label("action", goal.path[:1]).capitalize()
    return Figure(name, number(goal.visitors), f"{rate} of them")
