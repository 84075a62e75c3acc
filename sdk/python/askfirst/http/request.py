"""A request to one of our own paths, and its answer, whatever framework they go through."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from askfirst.errors import AskfirstError, CollectorUnavailable, Reason, Refused
from askfirst.http.headers import Header, Headers, first

# Our pages run under the policy that M38 names.
SECURITY: tuple[Header, ...] = (
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; "
        b"img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
        b"require-trusted-types-for 'script'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
UNBELIEVED = b"askfirst-unbelieved"  # who is in front and not trusted, told to the doctor
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
NO_STORE: Header = (b"cache-control", b"no-store")


@dataclass(frozen=True)
class Request:
    """A request: `path` below the root of the site, headers without the receipt cookie.

    `secrets` are the receipt cookie's values; `body` reads the whole body, and raises Refused
    `too-large` or `too-slow`; `peer` is the address at the other end of the line, "" for none.
    """

    method: str
    path: str
    query: bytes
    headers: Headers
    secrets: tuple[bytes, ...]
    body: Callable[[], Awaitable[bytes]]
    peer: str = ""

    @property
    def reads(self) -> bool:
        """Whether it is a GET, or the HEAD of one."""
        return self.method in ("GET", "HEAD")

    def wants_json(self) -> bool:
        """Whether JSON is asked for by name, and HTML is not."""
        accept = first(self.headers, b"accept") or b""
        return b"application/json" in accept.lower() and b"text/html" not in accept.lower()


@dataclass(frozen=True)
class Answer:
    """A whole response; security headers are added to every one of them."""

    status: int
    body: bytes = b""
    headers: tuple[Header, ...] = ()

    def raw(self) -> list[Header]:
        """All headers as they are sent."""
        length = () if self.status in (204, 304) else (_length(self.body),)
        return [*self.headers, *length, *SECURITY]

    def also(self, *headers: Header) -> Answer:
        """The same with more headers."""
        return Answer(self.status, self.body, (*self.headers, *headers))


def _length(body: bytes) -> Header:
    return b"content-length", str(len(body)).encode("ascii")


def html(document: str, *, status: int = 200, headers: tuple[Header, ...] = (NO_STORE,)) -> Answer:
    """A page of ours."""
    kind = (b"content-type", b"text/html; charset=utf-8")
    return Answer(status, document.encode("utf-8"), (kind, *headers))


def as_json(value: object, *, headers: tuple[Header, ...] = (NO_STORE,)) -> Answer:
    """Plain values as JSON."""
    return Answer(
        200, _encode(value).encode("utf-8"), ((b"content-type", b"application/json"), *headers)
    )


def see_other(path: str) -> Answer:
    """Go on at a path of this site, by GET."""
    return Answer(303, b"", ((b"location", path.encode("ascii")), NO_STORE))


def problem(error: AskfirstError) -> Answer:
    """What went wrong, as `application/problem+json` (RFC 9457)."""
    kind = (b"content-type", b"application/problem+json")
    extra: tuple[Header, ...] = ()
    if isinstance(error, Refused):
        refused = error
        if isinstance(error, WrongMethod):
            extra = ((b"allow", ", ".join(error.methods).encode("ascii")),)
        wait = error.retry_after
    else:
        refused = Refused(Reason.COLLECTOR_AWAY, "this cannot be recorded now; try again later")
        wait = error.retry_after if isinstance(error, CollectorUnavailable) else 5
    if wait is not None:
        extra = (*extra, (b"retry-after", str(wait).encode("ascii")))
    document = {"status": refused.status, "reason": refused.reason, "detail": refused.detail}
    return Answer(refused.status, json.dumps(document).encode("ascii"), (kind, NO_STORE, *extra))


class WrongMethod(Refused):
    """Another method is needed: one of `methods`."""

    def __init__(self, methods: tuple[str, ...]) -> None:
        self.methods = methods
        super().__init__(Reason.METHOD_NOT_ALLOWED, f"use {', '.join(methods)}")


def only_by(request: Request, *methods: str) -> None:
    """Refuse other methods; HEAD goes wherever GET does."""
    if request.method not in methods and not (request.method == "HEAD" and "GET" in methods):
        raise WrongMethod(methods)
