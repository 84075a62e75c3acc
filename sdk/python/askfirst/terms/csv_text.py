"""CSV (RFC 4180) that a spreadsheet may open: no field of it is run."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

# What a spreadsheet takes for the start of a formula, in both widths (OWASP, CSV Injection).
_FORMULA = frozenset("=+-@＝＋－＠")
_CONTROLS = frozenset("\t\r\n")


def csv_text(rows: Iterable[Iterable[object]]) -> str:
    """The rows as CSV; None is an empty field."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    writer.writerows([harmless(field) for field in row] for row in rows)
    return out.getvalue()


def harmless(value: object) -> object:
    """A field that no spreadsheet runs: text that looks like a formula is quoted with `'`."""
    if not isinstance(value, str):
        return "" if value is None else value
    runs = value[:1] in _CONTROLS or value.strip()[:1] in _FORMULA
    return f"'{value}" if value and runs else value
