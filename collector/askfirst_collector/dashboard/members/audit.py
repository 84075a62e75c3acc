"""The audit: what members changed, newest first, of the whole host or of one site."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from askfirst_collector.dashboard.layout.forms import Visit
from askfirst_collector.dashboard.layout.labels import ACTION_NAMES
from askfirst_collector.dashboard.layout.page import Layout, Page
from askfirst_collector.dashboard.layout.site import SiteLayout
from askfirst_collector.ledger.changes import Change, changes
from askfirst_collector.ledger.entries import seconds_of
from askfirst_collector.services import Services

AT_ONCE = 50  # changes on a page
MOST_FIELDS = 40  # of a change that are shown


class Audit:
    """The handlers."""

    def __init__(self, parts: Services, layout: Layout, site_frame: SiteLayout) -> None:
        self._parts = parts
        self._layout = layout
        self._site_layout = site_frame

    def pages(self) -> list[Page]:
        """Every page of this file."""
        return [
            Page("/audit", "audit.read", self.show),
            Page("/sites/{site}/audit", "site.audit", self.show),
        ]

    async def show(self, request: Request, visit: Visit) -> Response:
        """A page of changes, and the way to the older ones."""

        def shown() -> Response:
            site = request.path_params.get("site")
            text = request.query_params.get("before", "")
            before = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
            sites = None if site is None else {site}
            entries = changes(self._parts.engine, AT_ONCE + 1, before, sites=sites)
            shown = entries[:AT_ONCE]
            layout = self._layout if site is None else self._site_layout
            return layout.page(
                request,
                visit,
                "audit.html",
                of=site,
                rows=[(change, differences(change)) for change in shown],
                names=ACTION_NAMES,
                older=shown[-1].index if len(entries) > AT_ONCE else None,
            )

        return await run_in_threadpool(shown)


def differences(change: Change) -> list[tuple[str, str, str]]:
    """Field, value before and value after, of those that differ; "" where there was nothing."""
    before, after = _fields(change.before), _fields(change.after)
    names = [*before, *(name for name in after if name not in before)]
    pairs = ((name, before.get(name), after.get(name)) for name in names)
    rows = [(name, _text(name, old), _text(name, new)) for name, old, new in pairs if old != new]
    more = len(rows) - MOST_FIELDS
    return rows if more <= 0 else [*rows[:MOST_FIELDS], ("and", "", f"{more} fields more")]


def _fields(value: Any, name: str = "") -> dict[str, Any]:
    """The values by their path: what a change of before holds whole is shown field by field."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        return {name: value}
    fields: dict[str, Any] = {}
    for key, child in value.items():
        fields |= _fields(child, f"{name} › {key}" if name else key) or {key: None}
    return fields


def _text(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(_text(name, part) for part in value)
    if name in ("effective", "they_end"):
        # Unix seconds in entries of before.
        seconds = value if isinstance(value, int) else seconds_of(value)
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
