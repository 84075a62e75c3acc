"""The exports of five tools, by their columns.

google-analytics  GA4, an exploration or a report as CSV: `Date` (or `Nth day` and `# Start date:`),
                  `Active users` or `Total users`, `Views`; a page or a source beside, where it has
plausible         the zip of Settings, Imports & Exports, or its `imported_visitors_….csv`
goatcounter       the CSV (also packed) of Settings, Export: one line a page view, format 2
umami             the zip of an export, or its `website_event.csv`: one line an event
matomo            Visits Over Time by day, CSV or TSV: `date`, `nb_uniq_visitors`, `nb_pageviews`

Of lines that are single visits sums alone are kept; who came is read and forgotten.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from askfirst_collector.imports.cells import LONGEST, PAGE, SOURCE, TOTAL, Sums
from askfirst_collector.imports.problems import ImportProblems
from askfirst_collector.imports.table_file import (
    Export,
    Row,
    Table,
    first,
    holds,
    is_zip,
    read_tables,
)
from askfirst_collector.imports.values import NEWEST, DayOf, Reading

_VIEWS = ("views", "screen page views", "pageviews", "nb_pageviews")
_PAGES = ("page path and screen class", "page path", "page path + query string", "page")
_SOURCES = ("session source", "session source / medium", "source", "first user source")
_USERS = ("active users", "total users", "users")
NONE = "(none)"
Sessions = dict[tuple[date, str, str], set[str]]  # by day, table and value
_START = re.compile(r"#\s*Start date:\s*(\d{8})")


@dataclass(frozen=True)
class Format:
    """One tool: its name for people, where it exports, and what reads that."""

    title: str
    where: str
    read: Callable[[Export, DayOf], Sums]


def read_google_analytics(export: Export, _day_of: DayOf) -> Sums:
    """GA4; a day's visitors are known where nothing but the day parts them."""
    reading, sums, lines = Reading(), Sums(), dict[object, int]()
    for table in read_tables(export, wanted=("date", "nth day")):
        if not table.has(*_USERS):
            raise ImportProblems([(0, "no column of users: export `Active users` beside the days")])
        start = _start(table)
        for row in table.rows:
            if "grand total" in (field.strip().lower() for field in row.fields):
                continue
            day = _day(table, row, reading, start)
            visitors = reading.number(row.line, "the number of users", table.value(row, *_USERS))
            views = reading.number(row.line, "the number of views", table.value(row, *_VIEWS))
            if day is not None and visitors is not None:
                _aggregated(table, row, sums, reading, lines, day, visitors, views)
    reading.finish()
    return sums


def _start(table: Table) -> date | None:
    match = next(filter(None, map(_START.search, table.above)), None)
    return Reading().day(0, match[1]) if match is not None else None


def _day(table: Table, row: Row, reading: Reading, start: date | None) -> date | None:
    if table.has("date"):
        return reading.day(row.line, table.value(row, "date"))
    number = reading.number(row.line, "the day", table.value(row, "nth day"))
    if start is None:
        reading.wrong(row.line, "days are numbers, and no `# Start date:` stands above")
    if start is None or number is None:
        return None
    if number > (NEWEST - start).days:
        reading.wrong(row.line, f"day {number} is no day that was counted")
        return None
    return start + timedelta(days=number)


def _aggregated(
    table: Table,
    row: Row,
    sums: Sums,
    reading: Reading,
    lines: dict[object, int],
    day: date,
    visitors: int,
    views: int | None,
) -> None:
    page, source = table.value(row, *_PAGES), table.value(row, *_SOURCES)
    others = [name for name in (page, source) if name is not None]
    if len(others) == 2:
        advice = "a page and a source in one line: export each by itself"
        reading.wrong(row.line, advice)
        return
    if not reading.once(row.line, (day, tuple(others)), lines, str(day)):
        return
    if not others:
        sums.add(day, TOTAL, "", visitors=visitors, views=views)
        return
    # Who saw two pages is in two lines, so that visitors do not add up; views do.
    if page is not None:
        sums.add(day, TOTAL, "", visitors=None, views=views, at_least=visitors)
    table_of, value = PAGE if page is not None else SOURCE, others[0][:LONGEST]
    sums.add(day, table_of, value, visitors=visitors, views=views)


def read_plausible(export: Export, _day_of: DayOf) -> Sums:
    """Days of `imported_visitors`; pages and sources of the same zip, where they are in it."""
    reading, sums = Reading(), Sums()
    parts = (
        ("imported_visitors", TOTAL, ()),
        ("imported_pages", PAGE, ("page",)),
        ("imported_sources", SOURCE, ("source",)),
    )
    for member, name, columns in parts if is_zip(export) else parts[:1]:
        if name != TOTAL and not holds(export, member):
            continue  # an export of days alone
        tables = read_tables(export, wanted=("visitors",), member=member)
        lines = dict[object, int]()
        for table in tables:
            for row in table.rows:
                day = reading.day(row.line, table.value(row, "date"))
                visitors = reading.number(row.line, "visitors", table.value(row, "visitors"))
                views = reading.number(row.line, "pageviews", table.value(row, "pageviews"))
                if day is None or visitors is None:
                    continue
                if name == TOTAL and not reading.once(row.line, day, lines, str(day)):
                    continue
                value = table.value(row, *columns) or NONE if columns else ""
                sums.add(day, name, value[:LONGEST], visitors=visitors, views=views)
    reading.finish()
    return sums


def read_goatcounter(export: Export, day_of: DayOf) -> Sums:
    """Page views of people; events and bots are left out."""
    reading, sums, sessions = Reading(), Sums(), Sessions()
    tables = read_tables(export, wanted=("2path",))
    table = first(tables)
    for row in table.rows:
        bot, event = table.value(row, "bot"), table.value(row, "event")
        if bot not in ("0", "", "false") or (event or "").lower() in ("true", "1"):
            continue
        session, moment = table.value(row, "session"), table.value(row, "date")
        seconds = reading.moment(row.line, moment)
        if seconds is not None:
            values = table.value(row, "2path") or "", table.value(row, "referrer") or ""
            _visit(sums, sessions, day_of(seconds), session or "", *values)
    reading.finish()
    return sums


def read_umami(export: Export, day_of: DayOf) -> Sums:
    """Page views (`event_type` 1); other events are left out."""
    reading, sums, sessions = Reading(), Sums(), Sessions()
    tables = read_tables(export, wanted=("session_id",), member="website_event")
    table = first(tables)
    for row in table.rows:
        if table.value(row, "event_type") not in ("1", None):
            continue
        seconds = reading.moment(row.line, table.value(row, "created_at"))
        if seconds is not None:
            session = table.value(row, "session_id") or ""
            values = table.value(row, "url_path") or "", table.value(row, "referrer_domain") or ""
            _visit(sums, sessions, day_of(seconds), session, *values)
    reading.finish()
    return sums


def _visit(sums: Sums, sessions: Sessions, day: date, session: str, page: str, source: str) -> None:
    """Count one page view, and its session once a day for each of the three."""
    for table, value in ((TOTAL, ""), (PAGE, page), (SOURCE, source or NONE)):
        cut = value[:LONGEST]
        known = sessions.setdefault((day, table, cut), set())
        is_new = bool(session) and session not in known
        if is_new:
            known.add(session)
        sums.add(day, table, cut, visitors=int(is_new), views=1, at_least=len(known))


def read_matomo(export: Export, _day_of: DayOf) -> Sums:
    """Days; where no page views are in it, actions, which count downloads and searches too."""
    reading, sums, lines = Reading(), Sums(), dict[object, int]()
    tables = read_tables(export, wanted=("date",), separators=",\t")
    table = first(tables)
    users = ("nb_uniq_visitors", "unique visitors")
    if not table.has(*users):
        raise ImportProblems([(0, "no column nb_uniq_visitors: export Visits Over Time by day")])
    for row in table.rows:
        day = reading.day(row.line, table.value(row, "date"))
        visitors = reading.number(row.line, users[0], table.value(row, *users))
        actions = table.value(row, *_VIEWS, "nb_actions", "actions")
        views = reading.number(row.line, "the number of page views", actions)
        if (
            day is not None
            and visitors is not None
            and reading.once(row.line, day, lines, str(day))
        ):
            sums.add(day, TOTAL, "", visitors=visitors, views=views)
    reading.finish()
    return sums


FORMATS: Mapping[str, Format] = {
    "google-analytics": Format(
        "Google Analytics 4", "an exploration with Date, Active users, Views", read_google_analytics
    ),
    "plausible": Format("Plausible", "Settings, Imports & Exports", read_plausible),
    "goatcounter": Format("GoatCounter", "Settings, Export", read_goatcounter),
    "umami": Format("Umami", "Settings, Data, Export", read_umami),
    "matomo": Format("Matomo", "Visits Over Time by day, Export", read_matomo),
}
