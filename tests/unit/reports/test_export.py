"""Reports as CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askfirst.terms.csv_text import harmless
from askfirst_collector.reports.export import csv_of, csv_of_periods, json_of
from askfirst_collector.reports.ranges import Period, Report, Row
from askfirst_collector.store.disclosed_ranges import Range

WANTED = Range("shop", "statistics", date(2026, 11, 16), date(2026, 11, 17))
PERIODS = (
    Period("2026-11-16", "day", 30, 45, visits=33),
    Period("2026-11-17", "day", None, None, "too few"),
)


def _report(*rows: Row) -> Report:
    return Report(WANTED, "page", rows, 30, 45, 33, PERIODS)


def _read(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


@given(st.text("=+-@＝＋－＠ \t\r\n\"',;a1", max_size=6))
def test_no_field_is_a_formula(text: str) -> None:
    """Neither at its start nor behind blanks, in either width; nothing is lost."""
    found = str(harmless(text))
    assert found.strip()[:1] not in set("=+-@＝＋－＠") - {""} or not found.strip()
    assert found.removeprefix("'") == text or found == text


def test_a_table_has_its_total_and_its_rows() -> None:
    """A page that looks like a formula is text in the file."""
    text = csv_of(
        _report(
            Row(("/blog", "/blog/a"), "value", 20),
            Row(("/blog",), "other", 5),
            Row(('=HYPERLINK("http://x")',), "value", 5),
        )
    )
    assert _read(text) == [
        ["page", "kind", "visitors"],
        ["(total)", "total", "30"],
        ["/blog › /blog/a", "value", "20"],
        ["/blog › (other)", "other", "5"],
        ['\'=HYPERLINK("http://x")', "value", "5"],
    ]


@pytest.mark.parametrize(
    ("table", "head"),
    [
        ("consent", ["answer", "kind", "visitors"]),
        ("action", ["action", "kind", "visitors"]),
        ("drops", ["reason", "kind", "visitors"]),
    ],
)
def test_what_is_no_page_view_is_not_called_one(table: str, head: list[str]) -> None:
    """Grants, refusals and withdrawals are answers; the totals of page views stand elsewhere."""
    rows = (Row(("granted",), "value", 20), Row(("refused",), "value", 10))
    report = Report(WANTED, table, rows, 30, 45, 33, PERIODS)
    assert _read(csv_of(report)) == [
        head,
        ["granted", "value", "20"],
        ["refused", "value", "10"],
    ]


def test_a_missing_period_says_its_reason() -> None:
    """An empty figure is no zero."""
    assert _read(csv_of_periods(PERIODS))[1:] == [
        ["2026-11-16", "day", "30", "45", "33", ""],
        ["2026-11-17", "day", "", "", "", "too few"],
    ]


def test_json_says_what_the_page_says() -> None:
    """The same rows, totals and reasons; it can be written as JSON."""
    found = json.loads(json.dumps(json_of(_report(Row(("/a",), "value", 20)))))
    assert found["rows"] == [{"path": ["/a"], "kind": "value", "visitors": 20}]
    assert (found["visitors"], found["views"], found["visits"]) == (30, 45, 33)
    assert [each["reason"] for each in found["periods"]] == [None, "too few"]
