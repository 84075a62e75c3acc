"""The cards of the overview: one subject each, whose tables are its tabs; and those of a filter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from askfirst.observe.value import NONE
from askfirst.terms.attributes import Value
from askfirst.terms.terms import Terms
from askfirst_collector.dashboard.figures.totals import share
from askfirst_collector.dashboard.figures.why_missing import no_line
from askfirst_collector.dashboard.selection.date_range import DateRange
from askfirst_collector.dashboard.selection.tables import TABLES, Heading
from askfirst_collector.dashboard.selection.value_names import CHANNELS, label
from askfirst_collector.reports.pairs import Filter, narrowed, pair_level, pair_table
from askfirst_collector.reports.ranges import Report, Row
from askfirst_collector.store.facts import INTERNAL

MOST = 6  # lines of a card
GOALS, CHANNEL = "goals", "channels"


@dataclass(frozen=True)
class Tab:
    """One of the tables that a card may show; `level` is how many parts its lines have."""

    slug: str
    table: str
    name: str
    head: str
    level: int

    @property
    def page(self) -> str:
        """The page on which it is whole."""
        return "referrers" if self.slug == CHANNEL else self.slug


def _tab(slug: str, name: str, head: str) -> Tab:
    table = next(heading.table for heading in TABLES if heading.slug == slug)
    return Tab(slug, table, name, head, pair_level(table))


CARDS: Mapping[str, tuple[Tab, ...]] = {
    "Sources": (
        _tab("referrers", "Sites", "Site"),
        Tab(CHANNEL, "referrer", "Channels", "Channel", 1),
        _tab("campaigns", "Campaigns", "Campaign"),
    ),
    "Pages": (
        _tab("pages", "Pages", "Page"),
        Tab("entry-pages", "entry_page", "Entry pages", "Page", 2),
        _tab("pages-seen", "Depth", "Pages of one visitor"),
    ),
    "Goals": (
        Tab(GOALS, GOALS, "Goals", "Goal", 1),
        _tab("actions", "Actions", "Action"),
    ),
    "Places": (
        _tab("countries", "Countries", "Country"),
        _tab("languages", "Languages", "Language"),
    ),
    "Devices": (
        _tab("screens", "Screens", "Screen"),
        _tab("browsers", "Browsers", "Browser"),
        _tab("systems", "Systems", "System"),
    ),
}
EVERY = tuple(tab for tabs in CARDS.values() for tab in tabs)


@dataclass(frozen=True)
class Line:
    """One line; `href` is the page under it as a filter, `why` stands where no figure does."""

    label: str
    visitors: int | None
    bar: float  # percent of the longest
    note: str = ""
    rate: str = ""
    href: str = ""
    why: str = ""
    is_rest: bool = False


@dataclass(frozen=True)
class Card:
    """One card: its tabs, the one that is shown, its lines, and what to say where none are."""

    title: str
    tabs: tuple[tuple[Tab, str], ...]  # each with the query string that shows it
    tab: Tab
    lines: tuple[Line, ...]
    why: str = ""
    has_rates: bool = False
    is_uncounted: bool = False  # together with the filter
    has_more: bool = False  # on a page of its own


def tabs_of(headings: Sequence[Heading]) -> dict[str, tuple[Tab, ...]]:
    """The cards of a purpose, with the tabs that its tables allow."""
    tables = {heading.table for heading in headings}
    cards = {
        title: tuple(tab for tab in tabs if tab.table in tables) for title, tabs in CARDS.items()
    }
    return {title: tabs for title, tabs in cards.items() if tabs}


def chosen(tabs: Sequence[Tab], span: DateRange) -> Tab:
    """The tab that the address asks for, else the first."""
    return next((tab for tab in tabs if tab.slug in span.tabs), tabs[0])


def tables_of_cards(
    cards: Mapping[str, tuple[Tab, ...]], span: DateRange, terms: Terms
) -> list[str]:
    """What has to be read for the cards, and under a filter for it."""
    filter = span.filter
    tables = [chosen(tabs, span).table for tabs in cards.values()]
    if filter is None:
        return tables
    pairs = [pair_table(terms, filter, table) for table in (*tables, GOALS)]
    return [filter.table, *(pair for pair in pairs if pair is not None)]


def cards_of(
    cards: Mapping[str, tuple[Tab, ...]],
    reports: Mapping[str, Report],
    span: DateRange,
    terms: Terms,
) -> list[Card]:
    """Every card, each with the lines of its chosen tab."""
    return [_card(title, tabs, reports, span, terms) for title, tabs in cards.items()]


def _card(
    title: str,
    tabs: tuple[Tab, ...],
    reports: Mapping[str, Report],
    span: DateRange,
    terms: Terms,
) -> Card:
    tab, filter = chosen(tabs, span), span.filter
    links = tuple((other, _show(span, tabs, other)) for other in tabs)
    if filter is None:
        report = reports[tab.table]
        lines = list(
            _goals(report, terms, span) if tab.slug == GOALS else _lines(report, tab, span)
        )
        any_closed = bool(report.closed_periods) or report.is_running
        why = "" if lines else no_line(tab.table, terms, any_closed=any_closed)
        has_rates = tab.slug == GOALS
        return Card(title, links, tab, tuple(lines), why, has_rates, has_more=bool(lines))
    if filter.table == tab.table:
        lines = list(_inside(reports[tab.table], tab, filter, span))
        return Card(title, links, tab, tuple(lines), "" if lines else "This is the filter.")
    pair = pair_table(terms, filter, tab.table)
    if pair is None:
        return Card(title, links, tab, (), is_uncounted=True)
    rows = [row for row in narrowed(reports[pair], filter) if _fits(row, tab, terms)]
    whole = _figure_of(reports[filter.table], filter.path)
    lines = list(_drawn(rows, tab, span, whole if tab.slug == GOALS else None))
    why = "" if lines else no_line(pair, terms, any_closed=True)
    has_rates = tab.slug == GOALS
    return Card(title, links, tab, tuple(lines), why, has_rates, has_more=bool(lines))


def _fits(row: Row, tab: Tab, terms: Terms) -> bool:
    if tab.table == "referrer":  # no visit begins at the site itself
        return row.path[0] != INTERNAL
    return tab.slug != GOALS or row.path[0] in terms.goals


def _figure_of(report: Report, path: Value) -> int | None:
    return next((r.visitors for r in report.rows if r.path == path and r.kind == "value"), None)


def _show(span: DateRange, tabs: Sequence[Tab], tab: Tab) -> str:
    others = span.tabs - {other.slug for other in tabs} - {""}
    wanted = others if tab is tabs[0] else others | {tab.slug}
    return span.link(show=",".join(sorted(wanted)))


def _lines(report: Report, tab: Tab, span: DateRange) -> Iterator[Line]:
    """Values of the tab's level; a shorter one stands for itself where nothing is below it."""
    above = {row.path[:-1] for row in report.rows if row.kind == "value"}
    rows = [
        row
        for row in report.rows
        if row.kind == "value"
        and (len(row.path) == tab.level or (len(row.path) < tab.level and row.path not in above))
        and not (tab.table == "referrer" and row.path[0] == INTERNAL)
    ]
    yield from _drawn(rows, tab, span)
    rest = next((row for row in report.rows if row.path == () and row.kind == "other"), None)
    if rest is not None:
        largest = max((row.visitors for row in rows), default=rest.visitors)
        yield Line("Other", rest.visitors, min(100.0, rest.visitors / largest * 100), is_rest=True)


def _drawn(
    rows: Sequence[Row], tab: Tab, span: DateRange, whole: int | None = None
) -> Iterator[Line]:
    rows = sorted(rows, key=lambda row: (-row.visitors, row.path))[:MOST]
    largest = max((row.visitors for row in rows), default=1) or 1
    for row in rows:
        words, note = words_of(tab.table, row.path)
        yield Line(
            words,
            row.visitors,
            min(100.0, row.visitors / largest * 100),
            note,
            share(row.visitors, whole),
            span.filtered("action" if tab.slug == GOALS else tab.table, row.path),
        )


def words_of(table: str, path: Value) -> tuple[str, str]:
    """What a line is called, and what stands small beside it: the channel of a site."""
    table = "action" if table == GOALS else table
    if path[-1] == NONE and len(path) > 1:
        return label(table, path[:-1]), ""
    words = label(table, path)
    if table == "referrer" and len(path) == 2 and path[0] in ("ai", "mail", "social", "app"):
        return words, {"ai": "assistant"}.get(path[0], CHANNELS[path[0]].lower())
    return words.capitalize() if table == "action" and len(path) == 1 else words, ""


def _goals(report: Report, terms: Terms, span: DateRange) -> Iterator[Line]:
    """Every goal of the policy, with its rate; one that too few reached keeps its place."""
    figures = {row.path[0]: row for row in report.rows}
    largest = max((row.visitors for row in report.rows), default=1) or 1
    any_closed = bool(report.closed_periods) or report.is_running
    why = "too few visitors so far" if any_closed else f"no {terms.closes} of these has closed"
    for goal in terms.goals[:MOST]:
        words, row = words_of(GOALS, (goal,))[0], figures.get(goal)
        if row is None:
            yield Line(words, None, 0, why=f"not shown: {why}")
            continue
        yield Line(
            words,
            row.visitors,
            row.visitors / largest * 100,
            rate=share(row.visitors, report.visitors),
            href=span.filtered("action", row.path),
        )


def _inside(report: Report, tab: Tab, filter: Filter, span: DateRange) -> Iterator[Line]:
    """What of the filter's own table lies at it, or below it."""
    size = len(filter.path)
    rows = [
        row
        for row in report.rows
        if row.kind == "value" and row.path[:size] == filter.path and len(row.path) <= size + 1
    ]
    below = [row for row in rows if len(row.path) > size and row.path[-1] != NONE]
    yield from _drawn(below or rows[:1], tab, span)
