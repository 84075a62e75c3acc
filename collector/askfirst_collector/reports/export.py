"""Reports as CSV (RFC 4180) and JSON: the same rows, and nothing a page would not show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest

from askfirst.terms.attributes import Value
from askfirst.terms.csv_text import csv_text
from askfirst_collector.closing.stores import Stores
from askfirst_collector.store.disclosed_ranges import tables_of

from .agreement import DayAnswers
from .ranges import Period, Report, Row, report

_SEPARATOR = " › "
# What the first column of a table holds, where these are no pages; such a table has no total.
_NAMES = {"consent": "answer", "action": "action", "goals": "goal", "drops": "reason"}
# Further columns of a table: by their names, what stands beside a value.
Beside = Mapping[str, Mapping[Value, float | None]]
_NOTHING: Beside = {}
Further = Mapping[str, Mapping[str, object]]  # the same, beside a period
_NO_COLUMN: Further = {}


def label(row: Row) -> str:
    """A row's path as people read it: "/blog › /blog/a"; "/blog › (other)" for the rest."""
    rest = () if row.kind == "value" else (f"({row.kind})",)
    return _SEPARATOR.join((*row.path, *rest))


def csv_of(report: Report, beside: Beside = _NOTHING) -> str:
    """A table as CSV; the visitors of all stand first, in the row `(total)`, each about right.

    A table of something else than visits has no such row. What a placed collector gathered, and
    what is under a filter, says so in a last column.
    """
    rows: list[list[object]] = []
    if report.visitors is not None and report.table not in _NAMES:
        rows = [["(total)", "total", report.visitors, *(None for _ in beside)]]
    rows += [
        [label(row), row.kind, row.visitors, *_beside(row, beside).values()] for row in report.rows
    ]
    head = [_NAMES.get(report.table, report.table), "kind", "visitors", *beside]
    whose = {"collector": report.wanted.collector}
    if report.among is not None:
        whose[report.among[0]] = _SEPARATOR.join(report.among[1])
    columns = {name: text for name, text in whose.items() if text}
    return csv_text([[*head, *columns], *([*row, *columns.values()] for row in rows)])


def _beside(row: Row, beside: Beside) -> dict[str, float | None]:
    is_value = row.kind == "value"
    return {name: by_path.get(row.path) if is_value else None for name, by_path in beside.items()}


def files_of(stores: Stores, site: str) -> Iterator[tuple[str, str]]:
    """Every table of a site as a file: its name, and its CSV."""
    for wanted, table in tables_of(stores.engine, site):
        whose = "-".join(filter(None, (wanted.collector, wanted.purpose, table)))
        name = f"{whose}-{wanted.first}-{wanted.last}.csv"
        yield name, csv_of(report(stores, wanted, table))


def csv_of_periods(
    periods: Sequence[Period], before: Sequence[Period] = (), further: Further = _NO_COLUMN
) -> str:
    """Totals by period as CSV, those that they are held against beside them; a reason for none."""
    rows: list[list[object]] = [
        ["period", "closes", "visitors", "page views", "visits", "reason", *further]
    ]
    for p in periods:
        own = [p.period, p.closes, p.visitors, p.views, p.visits, p.reason or ""]
        rows.append([*own, *(column.get(p.period) for column in further.values())])
    if before:
        rows[0] += ["period before", "visitors before", "page views before", "visits before"]
        for row, old in zip_longest(rows[1:], before[: len(periods)]):
            row += [old.period, old.visitors, old.views, old.visits] if old else [None] * 4
    return csv_text(rows)


def csv_of_answers(days: Iterable[DayAnswers]) -> str:
    """Who agreed and who refused by day as CSV; nothing where a figure is not shown."""
    return csv_text([["day", "agreed", "refused"], *([d.day, d.granted, d.refused] for d in days)])


def json_of(report: Report, beside: Beside = _NOTHING) -> Mapping[str, object]:
    """A table as plain values for JSON; further columns by their names, with `_` for a space."""
    wanted = report.wanted
    return {
        "site": wanted.site,
        "collector": wanted.collector,
        "purpose": wanted.purpose,
        "table": report.table,
        "among": report.among and {"table": report.among[0], "path": list(report.among[1])},
        "first": wanted.first.isoformat(),
        "last": wanted.last.isoformat(),
        "visitors": report.visitors,
        "views": report.views,
        "visits": report.visits,
        "rows": [
            {
                "path": list(row.path),
                "kind": row.kind,
                "visitors": row.visitors,
                **{_key(name): v for name, v in _beside(row, beside).items()},
            }
            for row in report.rows
        ],
        "periods": [json_of_period(period) for period in report.periods],
    }


def json_of_period(period: Period) -> Mapping[str, object]:
    """One period as plain values for JSON."""
    return {
        "period": period.period,
        "closes": period.closes,
        "visitors": period.visitors,
        "views": period.views,
        "visits": period.visits,
        "reason": period.reason,
    }


def json_of_periods(
    periods: Sequence[Period], before: Sequence[Period] = (), further: Further = _NO_COLUMN
) -> list[Mapping[str, object]]:
    """Periods as plain values for JSON, each with the one that it is held against."""
    values = [
        {
            **json_of_period(period),
            **{_key(name): column.get(period.period) for name, column in further.items()},
        }
        for period in periods
    ]
    if not before:
        return list(values)
    pairs = zip_longest(values, before[: len(values)])
    return [{**value, "before": old and json_of_period(old)} for value, old in pairs]


def _key(name: str) -> str:
    return name.replace(" ", "_")
