"""Who is signed in, by the session cookie."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from itsdangerous import BadSignature, TimestampSigner
from starlette.requests import Request
from starlette.responses import Response

from askfirst.http.headers import values
from askfirst_collector.dashboard.layout.forms import Visit
from askfirst_collector.members.permissions import Member
from askfirst_collector.members.sessions import SESSION_SECONDS, Sessions

KNOWN_SECONDS = 180 * 86_400  # that a browser is known after it was signed in


class SessionAuth:
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
        token = self._token(request)
        if token is None:
            return None
        traits = traits_of(request)
        marks = [_mark(key, token, traits) for key in self._browser]
        member = self._sessions.member_of(token, marks)
        return Visit(member, token, self._csrf(token)) if member is not None else None

    def was_copied(self, request: Request) -> bool:
        """Whether this session ended because another browser sent its cookie."""
        token = self._token(request)
        return token is not None and self._sessions.was_copied(token)

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

    def _token(self, request: Request) -> str | None:
        try:
            signed = request.cookies.get(self.cookie, "")
            return self._signer.unsign(signed, max_age=SESSION_SECONDS).decode()
        except (BadSignature, UnicodeError):
            return None

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
