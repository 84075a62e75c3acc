"""Who is asking, whether the request comes from our own pages, and the session cookie."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs

from itsdangerous import BadSignature, TimestampSigner
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from askfirst.asgi_paths import read_body
from askfirst.errors import Reason, Refused
from askfirst.gate.headers import Headers, values
from askfirst.observe.proxies import Proxies
from askfirst_collector.registry.permissions import Member
from askfirst_collector.registry.sessions import SESSION_SECONDS, Sessions

LARGEST_FORM = 8_192  # bytes
MOST_FIELDS = 20
KNOWN_SECONDS = 180 * 86_400  # that a browser is known after it was signed in
SLOWEST = 10.0  # seconds until a form must be whole


@dataclass(frozen=True)
class Visit:
    """A signed-in member, and the token their forms must carry."""

    member: Member
    token: str
    csrf: str


class Door:
    """The session cookie: signed, so that a made-up one never reaches the database."""

    def __init__(self, sessions: Sessions, *, secrets: Sequence[bytes], secure: bool) -> None:
        self._sessions = sessions
        self._secret = hmac.digest(secrets[-1], b"askfirst dashboard csrf", hashlib.sha256)
        self._browser = [
            hmac.digest(secret, b"askfirst dashboard browser", hashlib.sha256) for secret in secrets
        ]
        self._signer = TimestampSigner(
            list(secrets), salt="askfirst dashboard session", digest_method=hashlib.sha256
        )
        self._secure = secure
        # Browsers take the __Host- prefix only with Secure, which plain HTTP cannot set everywhere.
        self.cookie = "__Host-askfirst-host" if secure else "askfirst-host"
        self.known_cookie = "__Host-askfirst-known" if secure else "askfirst-known"
        self._known = [
            hmac.digest(secret, b"askfirst dashboard known", hashlib.sha256) for secret in secrets
        ]
        self._known_signer = TimestampSigner(
            list(secrets), salt="askfirst dashboard known", digest_method=hashlib.sha256
        )

    def visit(self, request: Request) -> Visit | None:
        """Who is signed in; None where the cookie is missing, forged, too old or ended."""
        try:
            signed = request.cookies.get(self.cookie, "")
            token = self._signer.unsign(signed, max_age=SESSION_SECONDS).decode()
        except (BadSignature, UnicodeError):
            return None
        traits = traits_of(request)
        marks = [_mark(key, token, traits) for key in self._browser]
        member = self._sessions.member_of(token, marks)
        return Visit(member, token, self._csrf(token)) if member is not None else None

    def open(
        self, member: Member, request: Request, response: Response, password: str | None = None
    ) -> None:
        """Start a session: always a new token, whatever cookie the request carried.

        Refused where `password`, the hash that was checked, is not the member's any more.
        """
        traits = traits_of(request)
        token = self._sessions.begin(
            member, lambda new_token: _mark(self._browser[-1], new_token, traits), password=password
        )
        response.set_cookie(
            self.cookie,
            self._signer.sign(token).decode(),
            max_age=SESSION_SECONDS,
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="strict",
        )
        # Of the token nothing can be told by it, and of the member only who types their name.
        browser = _mark(self._known[-1], token, b"")[:16].hex()
        known = f"{browser}{_mark(self._known[-1], browser, _folded(member.name)).hex()}"
        response.set_cookie(
            self.known_cookie,
            self._known_signer.sign(known).decode(),
            max_age=KNOWN_SECONDS,
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="strict",
        )

    def known(self, request: Request, name: str) -> str:
        """The random name of a browser in which this member was signed in before; else "".

        It opens nothing: its tries are counted by themselves. Any name costs the same.
        """
        signed = request.cookies.get(self.known_cookie, "")
        try:
            signed_name = self._known_signer.unsign(signed, max_age=KNOWN_SECONDS).decode()
        except (BadSignature, UnicodeError):
            return ""
        browser, mark = signed_name[:32], signed_name[32:]
        marks = [_mark(key, browser, _folded(name)).hex() for key in self._known]
        # Every key is looked at, as every name takes as long.
        return (
            browser
            if [known_mark for known_mark in marks if hmac.compare_digest(known_mark, mark)]
            else ""
        )

    def close(self, response: Response) -> None:
        """Take the cookie away."""
        response.delete_cookie(
            self.cookie, path="/", secure=self._secure, httponly=True, samesite="strict"
        )

    def _csrf(self, token: str) -> str:
        return hmac.new(self._secret, token.encode(), hashlib.sha256).hexdigest()


def traits_of(request: Request) -> bytes:
    """What a browser says of itself on every page, without the numbers that an update changes."""
    names = (b"user-agent", b"accept-language", b"sec-ch-ua-platform")
    traits = (b",".join(values(request.scope["headers"], name)) for name in names)
    return b"\0".join(
        bytes(byte for byte in value if byte not in b"0123456789") for value in traits
    )


def _folded(name: str) -> bytes:
    return name.casefold().encode("utf-8", "surrogatepass")


def _mark(key: bytes, token: str, traits: bytes) -> bytes:
    """Of the token too: nobody finds two sessions of one browser by it."""
    return hmac.digest(key, token.encode() + b"\0" + traits, hashlib.sha256)


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
