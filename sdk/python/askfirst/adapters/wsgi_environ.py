"""What a WSGI environ says, as the gate reads it (PEP 3333: native strings that hold latin-1)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, overload
from urllib.parse import quote

from askfirst.adapters.asgi_in_thread import Read
from askfirst.gate.read_request import RequestAnswer, read_answer
from askfirst.gate.server_actions import Where
from askfirst.gate.signals import is_set
from askfirst.gate.visit import KEY, consent_of
from askfirst.http.cookie_header import own
from askfirst.http.headers import Header
from askfirst.http.mount import mount_at, root_of
from askfirst.terms.consent import Consent

Environ = dict[str, Any]

VISIT = "askfirst.visit"  # PEP 3333: what is no string has a dot in its name
CHUNK = 16_384  # bytes of a body that are read at a time
_COOKIE, _GPC, _DNT, _ADPC = "HTTP_COOKIE", "HTTP_SEC_GPC", "HTTP_DNT", "HTTP_ADPC"
_SUFFIX = r"(?:\.[0-9a-f]{8})?"  # below a root path
_OURS = rf"(?:__Host-)?askfirst(?:-receipt)?{_SUFFIX}="
# Servers join repeated headers with a comma, and none of our values has one. What follows ours is
# another header's; ours behind a comma may be the text of anybody's cookie: it can only narrow,
# as a parent domain's can.
_BEFORE_COMMA = re.compile(rf"((?:^|;)[ \t]*{_OURS}[^;,]*),")
_BEHIND_COMMA = re.compile(rf",[ \t]*__Host-askfirst(-receipt)?{_SUFFIX}=")
_HIDDEN_RECEIPT = re.compile(r";[ \t]*askfirst-receipt=[^;]*")


class Given(Sequence[Header]):
    """The headers of an environ; made when they are first looked at."""

    __slots__ = ("_environ", "_made")

    def __init__(self, environ: Mapping[str, Any]) -> None:
        self._environ = environ
        self._made: list[Header] | None = None

    @property
    def made(self) -> list[Header]:
        """All of them."""
        if self._made is None:
            self._made = list(headers_of(self._environ))
        return self._made

    def __iter__(self) -> Iterator[Header]:
        return iter(self.made)

    def __len__(self) -> int:
        return len(self.made)

    @overload
    def __getitem__(self, at: int) -> Header: ...
    @overload
    def __getitem__(self, at: slice) -> list[Header]: ...
    def __getitem__(self, at: int | slice) -> Header | list[Header]:
        return self.made[at]


def headers_of(environ: Mapping[str, Any]) -> Iterator[Header]:
    """Names in lower case, and values, as bytes."""
    for key, value in environ.items():
        if key[:5] == "HTTP_" or (key in ("CONTENT_TYPE", "CONTENT_LENGTH") and value):
            yield _name(key), raw(value)


@lru_cache(maxsize=512)
def _name(key: str) -> bytes:
    return raw(key.removeprefix("HTTP_").replace("_", "-").lower())


def raw(value: object) -> bytes:
    """The bytes that a native string stands for."""
    return str(value).encode("latin-1", "replace")


def text_of(value: object) -> str:
    """The text of a path; Django, whose environ is this too, has put it there decoded."""
    text = str(value)
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def read_environ(environ: Environ) -> tuple[tuple[bytes, ...], RequestAnswer]:
    """Take the receipt out of the environ; its secrets, and what an answer is read from (M40).

    Every other byte of the Cookie header stays, but for commas that joined it with others.
    """
    script = environ.get("SCRIPT_NAME")
    mount_at(root_of(text_of(script)) if script else "")
    states: Sequence[Header] = ()
    secrets: Sequence[bytes] = ()
    value: str | None = environ.get(_COOKIE)
    if value is not None and "askfirst" in value:
        if "," in value:
            value = environ[_COOKIE] = _apart(value)
        field = raw(value)
        rest, states, secrets = own(field)
        if not rest:
            del environ[_COOKIE]
        elif rest is not field:
            environ[_COOKIE] = rest.decode("latin-1")
    gpc = _GPC in environ and is_set(raw(environ[_GPC]))
    dnt = _DNT in environ and is_set(raw(environ[_DNT]))
    adpc = raw(environ[_ADPC]) if _ADPC in environ else b""
    return tuple(secrets), read_answer(states, gpc=gpc, dnt=dnt, adpc=adpc)


def _apart(value: str) -> str:
    value = _BEFORE_COMMA.sub(r"\1; ", value)
    value = _BEHIND_COMMA.sub(r"; askfirst\1=", value)
    return _HIDDEN_RECEIPT.sub("", value)


def raw_path(environ: Mapping[str, Any]) -> str:
    """The path as a browser writes it, the root of the application included."""
    path = f"{environ.get('SCRIPT_NAME', '')}{environ.get('PATH_INFO', '')}"
    return quote(raw(path), safe="/:@!$&'()*+,;=~-._")


def where_of(environ: Mapping[str, Any]) -> Where:
    """Where an action of this request happened."""
    query = raw(environ.get("QUERY_STRING", ""))
    return Where(raw_path(environ), query, str(environ.get("REMOTE_ADDR", "")))


def consent_in(environ: Mapping[str, Any]) -> Consent | None:
    """The consent of a request; None without the middleware in front."""
    return consent_of({KEY: environ.get(VISIT)})


def page_scope(environ: Mapping[str, Any]) -> dict[str, Any]:
    """As much of an ASGI scope as a notice is made from: the consent, and the page's address."""
    return {
        KEY: environ.get(VISIT),
        "raw_path": raw_path(environ).encode("ascii"),
        "query_string": raw(environ.get("QUERY_STRING", "")),
    }


def scope_of(environ: Mapping[str, Any], headers: Sequence[Header]) -> dict[str, Any]:
    """An ASGI scope of a request."""
    root, path = text_of(environ.get("SCRIPT_NAME", "")), text_of(environ.get("PATH_INFO", ""))
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": str(environ.get("SERVER_PROTOCOL", "HTTP/1.1")).partition("/")[2],
        "method": environ["REQUEST_METHOD"],
        "scheme": environ.get("wsgi.url_scheme", "http"),
        "path": root + path,
        "root_path": root,
        "headers": list(headers),
        "client": (str(environ.get("REMOTE_ADDR", "")), 0),
        "server": (str(environ.get("SERVER_NAME", "")), _port(environ)),
        "raw_path": raw_path(environ).encode("ascii"),
        "query_string": raw(environ.get("QUERY_STRING", "")),
    }


def _port(environ: Mapping[str, Any]) -> int:
    port = str(environ.get("SERVER_PORT", ""))
    return int(port) if port.isdecimal() else 0


def reader(environ: Mapping[str, Any]) -> Read:
    """Reads the body piece by piece, never past its end."""
    body = environ["wsgi.input"]
    length = str(environ.get("CONTENT_LENGTH") or "")
    remaining: int | None = int(length) if length.isdecimal() else None
    if remaining is None and not environ.get("wsgi.input_terminated"):
        remaining = 0

    def read() -> tuple[bytes, bool]:
        nonlocal remaining
        wanted = CHUNK if remaining is None else min(remaining, CHUNK)
        chunk: bytes = body.read(wanted) if wanted else b""
        if remaining is not None:
            remaining -= len(chunk)
        return chunk, bool(chunk) and remaining != 0

    return read
