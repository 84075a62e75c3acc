"""Forms of the dashboard: who sends them, from which page, and within which bounds."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs

from starlette.exceptions import HTTPException
from starlette.requests import Request

from askfirst.contracts.body import read_body
from askfirst.errors import Reason, Refused
from askfirst.http.headers import Headers, values
from askfirst.observe.proxies import Proxies
from askfirst_collector.members.permissions import Member

LARGEST_FORM = 8_192  # bytes
MOST_FIELDS = 20
SLOWEST = 10.0  # seconds until a form must be whole


@dataclass(frozen=True)
class Visit:
    """A signed-in member, and the token their forms must carry."""

    member: Member
    token: str
    csrf: str


def from_ourselves(request: Request) -> bool:
    """Whether a POST comes from a page of this origin (Fetch Metadata; else the Origin header)."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    return request.headers.get("origin") == f"{request.url.scheme}://{request.url.netloc}"


def origin_of(request: Request) -> str:
    """The origin as the browser knows it: a proxy in front may end TLS, and the form says so."""
    origin = request.headers.get("origin", "")
    if from_ourselves(request) and origin.startswith(("https://", "http://")):
        return origin
    return f"{request.url.scheme}://{request.url.netloc}"


def by_a_script(headers: Headers) -> bool:
    """Whether a script asks (Fetch Metadata, section 2.2): our pages have none, the site's do."""
    return bool(modes := values(headers, b"sec-fetch-mode")) and modes != [b"navigate"]


def address_of(request: Request, proxies: Proxies) -> str:
    """Whom a request comes from: what a trusted proxy says, else the other end of the line."""
    peer = request.client.host if request.client else ""
    header = proxies.header.encode()
    forwarded = {header: b", ".join(values(request.scope["headers"], header))}
    return str(proxies.client(peer, forwarded) or peer)


async def read_form(
    request: Request, *, largest: int = LARGEST_FORM, fields: int = MOST_FIELDS
) -> dict[str, str]:
    """The fields of a POST from our own pages; 403 for others, 413 or 408 where it is not whole."""
    if not from_ourselves(request):
        raise HTTPException(403, "This form was not sent from the dashboard.")
    try:
        body = await read_body(
            request.scope["headers"], request.receive, largest=largest, seconds=SLOWEST
        )
    except Refused as error:
        too_large = error.reason == Reason.TOO_LARGE
        detail = "The form is too large." if too_large else "The form did not come in time."
        raise HTTPException(error.status, detail) from error
    try:
        form = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=fields)
    except ValueError as error:
        raise HTTPException(400, "The form cannot be read.") from error
    return {name: values[-1] for name, values in form.items()}


def check_csrf(visit: Visit, form: dict[str, str]) -> None:
    """403 unless the form carries the token of this session."""
    if not hmac.compare_digest(visit.csrf.encode(), form.get("csrf", "").encode()):
        raise HTTPException(403, "The form is of another session. Open the page again.")


def read_number(form: Mapping[str, str], name: str = "expected") -> int | None:
    """A whole number of a form: None where there is no such field, else -1 where it is none."""
    text = form.get(name)
    if text is None:
        return None
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else -1
