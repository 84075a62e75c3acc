"""Keeps visitors out of access logs: `askfirst.accesslog.install()`, one call.

For a visitor without consent a line keeps method, route and status. With consent it says what was
agreed to for one purpose: a country for an address, a browser's name for an agent, listed
parameters for a query. uvicorn, gunicorn, hypercorn, granian, werkzeug and Django are known.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from askfirst.accesslog.formats import LOGGERS, NOTHING, Rewrite, Shown, leave_out, own_route
from askfirst.gate import log_context as seen
from askfirst.gate.visit import Visit
from askfirst.http.headers import Headers, values
from askfirst.terms.terms import Terms

if TYPE_CHECKING:
    from askfirst.observe.location import Locator

_HEADERS = (b"user-agent", b"x-forwarded-for", b"forwarded")
_WHOLE_PATH = 2  # the level of `page` from which a line shows more than its route


def install(*, purpose: str = "statistics", place: Locator | None = None) -> None:
    """Put a filter on every access logger of the process; twice is once.

    Lines go by what the visitor agreed to for `purpose`. `place` says where addresses are; without
    it, and without the `telemetry` extra, no address or agent is shown to any precision.
    """
    seen.watch()
    for name, rewrite in LOGGERS.items():
        logger = logging.getLogger(name)
        for old in [
            candidate for candidate in logger.filters if isinstance(candidate, VisitorFilter)
        ]:
            logger.removeFilter(old)
        logger.addFilter(VisitorFilter(rewrite, purpose=purpose, place=place))


class VisitorFilter(logging.Filter):
    """Rewrites the records of one logger; what cannot be rewritten is left out."""

    def __init__(self, rewrite: Rewrite, *, purpose: str, place: Locator | None) -> None:
        super().__init__()
        self._rewrite = rewrite
        self._purpose = purpose
        self._place = place

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is logged at all."""
        try:
            return self._rewrite(record, self._show)
        except Exception:
            leave_out(record)
            return True

    def _show(self, address: str, target: str) -> Shown:
        visit = seen.take()
        if visit is None:
            return Shown(target=own_route(target))
        route = visit.route() or NOTHING
        if not visit.may(self._purpose):
            return Shown(target=route)
        terms = visit.peek().terms(self._purpose)
        return _generalised(visit, terms, address, target, route, self._place)


def _generalised(
    visit: Visit, terms: Terms, address: str, target: str, route: str, place: Locator | None
) -> Shown:
    try:
        from askfirst.observe.event import Raw, observe
    except ImportError:
        return Shown(target=route)
    headers = {name: b",".join(values(visit.headers, name)) for name in _HEADERS}
    referrer = _origin(visit.headers) if terms.scope.level("referrer") else ""
    event = {"page": target, "referrer": referrer}
    routes = visit.peek().editions.current.policy.routes
    observed = observe(Raw(headers, address, 0.0), event, terms, place=place, routes=routes)
    page, deep = observed.get("page", ()), terms.scope.level("page") >= _WHOLE_PATH
    agent = [_finest(observed, "browser"), _finest(observed, "os")]
    return Shown(
        address="/".join(observed.get("ip", ()))
        if place is not None and "ip" in observed
        else NOTHING,
        target=_target(page) if deep else route,
        agent=" on ".join(part for part in agent if part) or NOTHING,
        referrer=_finest(observed, "referrer") or NOTHING,
    )


def _target(page: tuple[str, ...]) -> str:
    path = page[1] if len(page) > 1 else NOTHING
    query = page[2] if len(page) > 2 else "none"
    return path if query == "none" else f"{path}?{query}"


def _finest(observed: Mapping[str, tuple[str, ...]], name: str) -> str:
    value = observed.get(name, ())
    return value[-1] if value else ""


def _origin(headers: Headers) -> str:
    referrers = values(headers, b"referer")
    try:
        parts = urlsplit(referrers[0].decode("ascii")) if referrers else urlsplit("")
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.netloc else ""
    except ValueError:
        return ""
