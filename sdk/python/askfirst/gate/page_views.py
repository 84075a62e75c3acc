"""The page view a server sees itself, where the policy says `server_side` and a grant allows it."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from urllib.parse import parse_qsl, urlencode, urlsplit

from askfirst.http.headers import Header, Headers, first, values

from ..terms.attributes import CAMPAIGN_PARAMETERS
from ..terms.consent import Consent
from ..terms.sets import ANY
from ..terms.terms import Terms

# What a collector may need for the levels that were agreed to; nothing else is handed on.
_HANDED_ON = frozenset(
    {b"user-agent", b"accept-language", b"sec-gpc", b"dnt", b"x-forwarded-for", b"forwarded"}
)
# By which scripts ask for a part of a page: htmx, Turbo, PJAX, Inertia, Unpoly. Android's WebView
# writes X-Requested-With for whole pages too, with the name of its app.
_PARTIAL = (b"hx-request", b"turbo-frame", b"x-pjax", b"x-inertia", b"x-up-target")
_PATH, _QUERY = 2, 3
# Characters of a text that no list bounds, as it leaves: more than the 64 that are kept, so that
# longer ones show.
_FREE = 130


def is_page_view(method: str, status: int, headers: Headers, response: Headers) -> bool:
    """Whether a visitor is looking at this: a whole HTML page, asked for to be shown now (M41)."""
    kind = (first(response, b"content-type") or b"").partition(b";")[0].strip().lower()
    if method != "GET" or not 200 <= status < 300 or kind != b"text/html":
        return False
    purposes = [*values(headers, b"sec-purpose"), *values(headers, b"purpose")]
    if purposes or values(headers, b"x-moz"):
        return False
    if destination := values(headers, b"sec-fetch-dest"):
        return destination == [b"document"]
    if any(value.lower() == b"xmlhttprequest" for value in values(headers, b"x-requested-with")):
        return False
    return not any(values(headers, name) for name in _PARTIAL)


def page_view(
    consent: Consent, path: str, query: bytes, headers: Headers, urandom: Callable[[int], bytes]
) -> Mapping[str, object] | None:
    """The payload for one page view, cut to what each purpose agreed to; None for nothing."""
    events = [
        _event(name, terms, path, query, headers)
        for name in consent.editions.current.policy.asked
        if (terms := consent.terms(name)).scope.level("page")
    ]
    if not events:
        return None
    batch = base64.urlsafe_b64encode(urandom(16)).rstrip(b"=").decode("ascii")
    return {"v": 1, "batch": batch, "events": events}


def _event(
    purpose: str, terms: Terms, path: str, query: bytes, headers: Headers
) -> dict[str, object]:
    event: dict[str, object] = {
        "purpose": purpose,
        "type": "page_view",
        "page": page_of(terms, path, query),
    }
    referrer = _origin(first(headers, b"referer")) if terms.scope.level("referrer") else ""
    return {**event, "referrer": referrer} if referrer else event


def page_of(terms: Terms, path: str, query: bytes) -> str:
    """The page as far as its terms let it leave: section, path, listed query, campaign.

    A listed parameter whose value is not listed is left empty, as the script does it (page.ts).
    """
    level = terms.scope.level("page")
    if level < _PATH:
        segments = [segment for segment in path.split("/") if segment]
        path = "/" + "".join(segments[:level])
    allowed = terms.query_parameters if level >= _QUERY else {}
    names = CAMPAIGN_PARAMETERS[: terms.scope.level("campaign")]
    if not query or not (allowed or names):
        return path
    campaign = frozenset(chain.from_iterable(names))
    parameters = [
        (name, _value(value, ANY if name in campaign else allowed[name]))
        for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True)
        if name in campaign or name in allowed
    ]
    return f"{path}?{urlencode(parameters)}" if parameters else path


def _value(value: str, allowed: frozenset[str]) -> str:
    if allowed is ANY:
        return value[:_FREE]
    return value if value in allowed else ""


def _origin(referrer: bytes | None) -> str:
    """Scheme, host and port; "null" of what has none: a visit from there is not a direct one."""
    if not referrer:
        return ""
    try:
        parts = urlsplit(referrer.decode("ascii"))
        host, port = parts.hostname, parts.port
    except ValueError:
        return "null"
    if parts.scheme == "android-app" and "@" not in parts.netloc:
        return f"android-app://{parts.netloc}"  # an app's id, whose letters count
    if parts.scheme not in ("http", "https") or not host:
        return "null"
    return f"{parts.scheme}://{host}{f':{port}' if port else ''}"


def handed_on(headers: Headers) -> Sequence[Header]:
    """The headers a collector is given with it."""
    return [header for header in headers if header[0].lower() in _HANDED_ON]
