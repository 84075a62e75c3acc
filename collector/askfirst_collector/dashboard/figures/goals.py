"""Goals with their rates, by where visitors came from, and funnels with what each step loses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from askfirst.terms.attributes import Value
from askfirst.terms.terms import Terms
from askfirst_collector.dashboard.figures.cards import GOALS, words_of
from askfirst_collector.dashboard.figures.totals import share
from askfirst_collector.dashboard.selection.date_range import DateRange
from askfirst_collector.dashboard.selection.value_names import label
from askfirst_collector.reports.pairs import pair_level
from askfirst_collector.reports.ranges import Report

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
    """One goal, or one goal among those who have one value of something else."""

    label: str
    goal: str
    visitors: int | None
    rate: str
    href: str = ""
    why: str = ""


@dataclass(frozen=True)
class Step:
    """One step of a funnel; `of_first` and `lost` are "" where they cannot be said."""

    label: str
    visitors: int | None
    bar: float
    of_first: str = ""
    lost: str = ""
    why: str = ""


@dataclass(frozen=True)
class Funnel:
    """A funnel, every step of it; its rates are of the `whole` periods, which show every step."""

    name: str
    steps: tuple[Step, ...]
    whole: int
    periods: int


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
            lines.append(GoalLine(words, goal, None, "", why=why))
            continue
        rate, href = share(row.visitors, report.visitors), span.filtered("action", (goal,))
        why = f"shown in {row.periods} of {periods}" if row.periods < periods else ""
        lines.append(GoalLine(words, goal, row.visitors, rate, href, why))
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
                    share(row.visitors, whole.get(value)),
                    span.filtered(table, value),
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
            drawn.append(Step(words, None, 0, why="not shown: too few came this far"))
            continue
        bar = min(100.0, row.visitors / (first.visitors if first else row.visitors) * 100)
        before = sums[paths[at - 1]] if at else 0
        lost = share(max(0, before - sums[path]), before) if whole and at else ""
        of_first = share(sums[path], sums[paths[0]]) if whole else ""
        why = f"shown in {row.periods} of {most}" if row.periods < most else ""
        drawn.append(Step(words, row.visitors, bar, of_first, lost, why))
    return Funnel(name, tuple(drawn), whole, most)
