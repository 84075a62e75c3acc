"""Which placed collectors stand on one page: its path, and the host it was asked for."""

from __future__ import annotations

from urllib.parse import urlsplit

from askfirst.http.headers import Headers, first
from askfirst.terms.consent import Consent, Question
from askfirst.terms.edition import Edition
from askfirst.terms.placed import Placed, split


def active_on(edition: Edition, path: str, host: str) -> tuple[Placed, ...]:
    """The collectors that stand on a page; `path` may have a query, `host` may have a port."""
    page = path.partition("?")[0]
    return tuple(placed for placed in edition.active_on(page) if _is_at(placed, host))


def asks_at(consent: Consent, path: str, host: str) -> tuple[Question, ...]:
    """What the notice of a page is to ask now."""
    asks = consent.asks_on(path.partition("?")[0])
    if len(asks) == len(consent.asks):
        return asks
    names = {question.name for question in active_on(consent.editions.current, path, host)}
    return tuple(
        question for question in asks if not (name := split(question.purpose)[0]) or name in names
    )


def host_of(headers: Headers) -> str:
    """The host a request is for; "" where it is not told once."""
    return (first(headers, b"host") or b"").decode("latin-1").lower()


def _is_at(placed: Placed, host: str) -> bool:
    # Without origins of its own it stands on all of the site's. Proxies know the scheme, we do not.
    origins = placed.policy.origins
    return not origins or host in {urlsplit(origin).netloc for origin in origins}
