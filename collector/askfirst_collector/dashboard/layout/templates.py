"""Renders the dashboard's pages: one Jinja environment, values escaped, formats for people."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse

# No script at all, no inline style, nothing from elsewhere, never in a frame.
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


def environment() -> Environment:
    """The templates beside this file, with our filters."""
    templates = Environment(
        loader=PackageLoader("askfirst_collector.dashboard"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["number"] = number
    templates.filters["percent"] = percent
    templates.filters["day"] = day
    templates.filters["days"] = days
    templates.filters["moment"] = moment
    templates.filters["day_of"] = day_of
    templates.filters["as_json"] = as_json
    return templates


class Pages:
    """Renders a template into a response."""

    def __init__(self) -> None:
        self._templates = environment()

    def page(
        self, request: Request, template: str, *, status: int = 200, **values: Any
    ) -> HTMLResponse:
        """The template with `base`, the path of the dashboard, and the given values."""
        base = request.scope.get("root_path", "")
        html = self._templates.get_template(template).render(base=base, **values)
        return HTMLResponse(html, status_code=status)


def number(value: int | None) -> str:
    """1234567 as 1,234,567, with a thin space that does not break."""
    return "–" if value is None else f"{value:,}".replace(",", "\u202f")


def percent(value: float | None) -> str:
    """9.6 as `9.6 %`, 61.4 as `61 %`; "" for None."""
    if value is None:
        return ""
    return f"{value:.1f} %" if value < 10 else f"{value:.0f} %"


def day(value: str | date) -> str:
    """A day as `22 Nov 2026`."""
    calendar_day = date.fromisoformat(value) if isinstance(value, str) else value
    return f"{calendar_day.day} {calendar_day:%b} {calendar_day.year}"


def days(first: date, last: date) -> str:
    """A range as `1 to 28 Nov 2026`: nothing twice that both days have."""
    if first == last:
        return day(first)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day} to {day(last)}"
    start = f"{first.day} {first:%b}" if first.year == last.year else day(first)
    return f"{start} to {day(last)}"


def moment(seconds: int | float) -> str:
    """A time as `22 Nov 2026, 14:05 UTC`."""
    instant = datetime.fromtimestamp(seconds, UTC)
    return f"{day(instant.date())}, {instant:%H:%M} UTC"


def day_of(seconds: int | float) -> str:
    """The day of a time as `22 Nov 2026`."""
    return day(datetime.fromtimestamp(seconds, UTC).date())


def as_json(value: object) -> str:
    """A value as JSON for people to read; escaped like any text."""
    return json.dumps(value, ensure_ascii=False, indent=2)
