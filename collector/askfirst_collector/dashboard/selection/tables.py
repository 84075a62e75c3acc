"""The tables of the dashboard: what each is called, and its lines as a tree, largest first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from askfirst.observe.value import NONE
from askfirst.terms.attributes import Value
from askfirst.terms.terms import Terms
from askfirst_collector.closing.tables import questions_of
from askfirst_collector.dashboard.selection.value_names import label
from askfirst_collector.reports.ranges import Report, Row
from askfirst_collector.store.facts import ENTRY, INTERNAL, PAGES_SEEN, PAIR_LEVELS


@dataclass(frozen=True)
class Heading:
    """One table: its address, the table of the reports, its words."""

    slug: str
    table: str
    title: str
    heading: str


@dataclass(frozen=True)
class Line:
    """One line of a table; `share` is of the largest line, for its bar."""

    depth: int
    label: str
    visitors: int
    share: float
    rest: bool  # what is left over: other, or not given
    path: Value = ()  # of a value
    link: Value = ()  # the value that it is as a filter: what is the same, but deeper, too


PAGES = Heading("pages", "page", "Pages", "Page")
COUNTRIES = Heading("countries", "ip", "Countries", "Country")
HOURS = Heading("hours", "time", "Hours", "Hour")
ANSWERS = Heading("answers", "consent", "Answers", "Answer, edition")
TABLES = (
    PAGES,
    Heading("entry-pages", ENTRY, "Entry pages", "Page"),
    Heading("pages-seen", PAGES_SEEN, "Pages seen", "Of one visitor"),
    Heading("referrers", "referrer", "Referrers", "Where from"),
    Heading("campaigns", "campaign", "Campaigns", "Source, medium, name"),
    COUNTRIES,
    Heading("browsers", "browser", "Browsers", "Browser"),
    Heading("systems", "os", "Systems", "System"),
    Heading("screens", "screen", "Screens", "Screen"),
    Heading("languages", "language", "Languages", "Language"),
    HOURS,
    Heading("cookies", "cookies", "Cookies", "Cookies"),
    Heading("actions", "action", "Actions", "Action"),
    ANSWERS,
    Heading("drops", "drops", "Not stored", "Why not"),
)


def tables_of(terms: Terms) -> tuple[Heading, ...]:
    """The tables that a purpose with these terms has, its listed pairs, goals and funnels too."""
    questions = questions_of(terms)
    usual = tuple(
        heading
        for heading in TABLES
        if heading.table in questions.trees or questions.apart.get(heading.table)
    )
    titles = {heading.table: heading.title for heading in TABLES}
    pairs = tuple(
        Heading(
            f"{a}-and-{b}",
            f"{a}*{b}",
            f"{titles.get(a, a)} and {titles.get(b, b).lower()}",
            f"{titles.get(a, a)}, {titles.get(b, b).lower()}",
        )
        for a, b in terms.pairs
    )
    goals = (Heading("goals", "goals", "Goals", "Goal"),) if terms.goals else ()
    funnels = tuple(
        Heading(f"funnel-{name}", f"funnel {name}", f"Funnel: {name}", "Step")
        for name in terms.funnels
    )
    return (*usual, *pairs, *goals, *funnels)


def flat_lines(report: Report) -> list[Line]:
    """The rows side by side: values that stand without the whole above them."""
    largest = max((row.visitors for row in report.rows), default=0) or 1
    return [
        Line(
            0,
            label(
                report.table,
                row.path[:-1] if len(row.path) > 1 and row.path[-1] == NONE else row.path,
            ),
            row.visitors,
            row.visitors / largest,
            rest=False,
            path=row.path,
            link=row.path,
        )
        for row in report.rows
    ]


def lines(report: Report, *, deepest: int = 9) -> list[Line]:
    """The rows as a tree down to `deepest`: each part under its whole, largest first, rest last."""
    if "*" in report.table:
        return _flat(report)
    if report.table.startswith("funnel "):
        return _steps(report)
    below: dict[Value, list[Row]] = defaultdict(list)
    for row in report.rows:
        if report.table == "referrer" and row.path[:1] == (INTERNAL,):
            continue  # no visit begins there
        below[row.path[:-1] if row.kind == "value" else row.path].append(row)
    largest = max((row.visitors for row in below[()]), default=0) or 1
    return list(_under((), below, report.table, largest, deepest))


def _under(
    prefix: Value,
    below: dict[Value, list[Row]],
    table: str,
    largest: int,
    deepest: int,
) -> Iterator[Line]:
    rows = sorted(below.get(prefix, ()), key=lambda row: (row.kind != "value", -row.visitors))
    if len(rows) == 1 and prefix and _repeats(table, rows[0]):
        # A path that goes on in one way only, and says nothing by it: "/order", "/order", none.
        yield from _under(rows[0].path, below, table, largest, deepest)
        return
    for row in rows:
        rest = row.kind != "value"
        yield Line(
            depth=len(prefix),
            label=row.kind.capitalize() if rest else label(table, row.path),
            visitors=row.visitors,
            share=min(1.0, row.visitors / largest),
            rest=rest,
            path=() if rest else row.path,
            link=() if rest else _same(row.path, below, table),
        )
        if not rest and len(prefix) + 1 < deepest:
            yield from _under(row.path, below, table, largest, deepest)


def _same(path: Value, below: Mapping[Value, list[Row]], table: str) -> Value:
    """The value below that says nothing more: of the section "/" the page "/"."""
    rows = below.get(path, ())
    return rows[0].path if len(rows) == 1 and _repeats(table, rows[0]) else path


def _flat(report: Report) -> list[Line]:
    """A pair table has no whole above its lines: each is one value beside another."""
    first, _, second = report.table.partition("*")
    at = PAIR_LEVELS.get(first, 1)
    largest = max((row.visitors for row in report.rows), default=0) or 1
    rows = sorted(report.rows, key=lambda row: (row.kind != "value", -row.visitors))
    return [
        Line(
            depth=0,
            label=f"{label(first, row.path[:at])} × {label(second, row.path[at:])}"
            if row.kind == "value"
            else row.kind.capitalize(),
            visitors=row.visitors,
            share=min(1.0, row.visitors / largest),
            rest=row.kind != "value",
        )
        for row in rows
    ]


def _steps(report: Report) -> list[Line]:
    """A funnel in its own order: a row's path is the number of the step and the step."""
    largest = max((row.visitors for row in report.rows), default=0) or 1
    return [
        Line(
            depth=0,
            label=label(report.table, row.path),
            visitors=row.visitors,
            share=row.visitors / largest,
            rest=False,
        )
        for row in sorted(report.rows, key=lambda row: row.path)
    ]


def _repeats(table: str, row: Row) -> bool:
    if row.kind != "value":
        return False
    return row.path[-1] == NONE or label(table, row.path) == label(table, row.path[:-1])


def countries(report: Report) -> dict[str, int]:
    """Visitors by country code."""
    return {r.path[0]: r.visitors for r in report.rows if r.kind == "value" and len(r.path) == 1}


def hour_lines(hours: Mapping[int, int]) -> list[Line]:
    """Visitors of each hour as lines, midnight first."""
    largest = max(hours.values(), default=0) or 1
    return [
        Line(0, f"{hour:02d}:00", visitors, visitors / largest, rest=False)
        for hour, visitors in sorted(hours.items())
    ]
