"""Goals with their rates, by where visitors came from, and funnels with what each step loses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from askfirst.terms.attributes import Value
from askfirst.terms.terms import Terms
from askfirst_collector.dashboard.figures.cards import GOALS, words_of
from askfirst_collector.dashboard.figures.totals import percent_of
from askfirst_collector.dashboard.selection.date_range import DateRange
from askfirst_collector.dashboard.selection.value_names import label
from askfirst_collector.reports.pairs import Filter, pair_level, pair_table
from askfirst_collector.reports.ranges import Report, of_whole_periods, reports
from askfirst_collector.services import Services

BY = {
    "campaign": "Campaigns",
    "referrer": "Sources",
    "page": "Pages",
    "ip": "Countries",
    "screen": "Screens",
    "language": "Languages",
}


@dataclass(frozen=True)
class GoalLine:
    """One goal, or one goal among those who have one value of something else; `rate` in percent."""

    label: str
    goal: str
    visitors: int | None
    rate: float | None
    href: str = ""
    why: str = ""
    path: Value = ()  # of the goal, or of both in the table that counts them together


@dataclass(frozen=True)
class Step:
    """One step of a funnel; `of_first` and `lost` (percent) are None where they cannot be said."""

    path: Value
    label: str
    visitors: int | None
    bar: float
    of_first: float | None = None
    lost: float | None = None
    why: str = ""


@dataclass(frozen=True)
class Funnel:
    """A funnel, every step of it; its rates are of the `whole` periods, which show every step."""

    name: str
    steps: tuple[Step, ...]
    whole: int
    periods: int


@dataclass(frozen=True)
class Goals:
    """What the page of goals shows; `chosen` is the table that `beside` is by, "" for none."""

    lines: tuple[GoalLine, ...]
    choices: Mapping[str, str]
    chosen: str
    beside: tuple[GoalLine, ...]
    pair: Report | None  # what `beside` is made of


def goals_of(parts: Services, span: DateRange, site: str, terms: Terms, by: str) -> Goals:
    """Goals with their rates over a range, also among those of each value of a table."""
    choices = by_choices(terms)
    chosen = by if by in choices else next(iter(choices), "")
    pair = pair_table(terms, Filter(chosen, ("",) * pair_level(chosen)), GOALS)
    by_table = reports(parts, span.wanted(site), [GOALS, *((chosen, pair) if pair else ())])
    lines = goal_lines(by_table[GOALS], terms, span)
    if pair is None:
        return Goals(tuple(lines), choices, chosen, (), None)
    beside = goals_by(chosen, by_table[pair], by_table[chosen], terms, span)
    return Goals(tuple(lines), choices, chosen, tuple(beside), by_table[pair])


def goals_before(
    parts: Services, span: DateRange, site: str, terms: Terms, by: str
) -> Mapping[Value, GoalLine] | None:
    """The same lines in the days that a range is held against, by path; None for nothing."""
    today = parts.registry.calendar(site).day_of(parts.now())
    before = span.table_before(today, terms.closes)
    if before is None:
        return None
    goals = goals_of(parts, before, site, terms, by)
    return {line.path: line for line in (*goals.lines, *goals.beside)}


def funnel_of(
    parts: Services, span: DateRange, site: str, terms: Terms, name: str, report: Report
) -> Funnel:
    """A funnel over a range; its rates are of the periods that show every step of it."""
    steps, wanted = terms.funnels[name], span.wanted(site)
    paths = [path_of(number, step) for number, step in enumerate(steps, 1)]
    rates = of_whole_periods(parts, wanted, f"funnel {name}", paths)
    return funnel(name, steps, report, rates)


def by_choices(terms: Terms) -> dict[str, str]:
    """What goals may be looked at by: tables that are counted together with actions."""
    pairs = set(terms.pairs)
    return {
        table: words
        for table, words in BY.items()
        if (table, "action") in pairs or ("action", table) in pairs
    }


def goal_lines(report: Report, terms: Terms, span: DateRange) -> list[GoalLine]:
    """Every goal of the policy, whether its figure is shown or not."""
    rows = {row.path[0]: row for row in report.rows}
    periods = sum(period.visitors is not None for period in report.periods)
    lines = []
    for goal in terms.goals:
        row, words = rows.get(goal), words_of(GOALS, (goal,))[0]
        if row is None:
            why = "not shown: too few visitors so far"
            lines.append(GoalLine(words, goal, None, None, why=why))
            continue
        rate, href = percent_of(row.visitors, report.visitors), span.filtered("action", (goal,))
        why = f"shown in {row.periods} of {periods}" if row.periods < periods else ""
        lines.append(GoalLine(words, goal, row.visitors, rate, href, why, row.path))
    return lines


def goals_by(
    table: str, pair: Report, own: Report, terms: Terms, span: DateRange
) -> list[GoalLine]:
    """Each goal among those of each value of `table`: what was counted of both, no sum of it."""
    whole = {row.path: row.visitors for row in own.rows if row.kind == "value"}
    level, is_first = pair_level(table), pair.table.startswith(f"{table}*")
    lines = []
    for row in pair.rows:
        if row.kind != "value":
            continue
        value, action = (
            (row.path[:level], row.path[level:]) if is_first else (row.path[1:], row.path[:1])
        )
        # No visit begins at the site itself.
        if action[0] in terms.goals and value[:1] != ("internal",):
            lines.append(
                GoalLine(
                    words_of(table, value)[0],
                    words_of(GOALS, action)[0],
                    row.visitors,
                    percent_of(row.visitors, whole.get(value)),
                    span.filtered(table, value),
                    path=row.path,
                )
            )
    return lines


def path_of(number: int, step: str) -> Value:
    """The path of a step, from 1 on, in the table of its funnel."""
    return str(number), step


def funnel(
    name: str, steps: Sequence[str], report: Report, rates: tuple[Mapping[Value, int], int]
) -> Funnel:
    """A funnel of a policy; `rates` are its steps over the periods that show every one."""
    sums, whole = rates
    paths = [path_of(number, step) for number, step in enumerate(steps, 1)]
    rows = {row.path: row for row in report.rows}
    most = max((row.periods for row in report.rows), default=0)
    first = rows.get(paths[0])
    drawn = []
    for at, path in enumerate(paths):
        row, words = rows.get(path), label(report.table, path)
        if row is None:
            drawn.append(Step(path, words, None, 0, why="not shown: too few came this far"))
            continue
        bar = min(100.0, row.visitors / (first.visitors if first else row.visitors) * 100)
        before = sums[paths[at - 1]] if at else 0
        lost = percent_of(max(0, before - sums[path]), before) if whole and at else None
        of_first = percent_of(sums[path], sums[paths[0]]) if whole else None
        why = f"shown in {row.periods} of {most}" if row.periods < most else ""
        drawn.append(Step(path, words, row.visitors, bar, of_first, lost, why))
    return Funnel(name, tuple(drawn), whole, most)
