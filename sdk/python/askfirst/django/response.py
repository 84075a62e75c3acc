"""A Django response's headers as pairs, and back: its cookies are kept apart from the others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.http import HttpResponseBase

from askfirst.adapters.wsgi_environ import raw
from askfirst.http.headers import Header

_SET_COOKIE = b"set-cookie"


class Line(dict[str, str]):
    """One `Set-Cookie` line, sent as it is; to others it looks like a cookie of the response."""

    def __init__(self, line: bytes) -> None:
        self.line = line.decode("latin-1")
        pair, *attributes = self.line.split(";")
        self.key, _, self.value = pair.partition("=")
        self.coded_value = self.value
        parts = (attribute.strip().partition("=") for attribute in attributes)
        super().__init__({name.lower(): value or "1" for name, _, value in parts})

    def set(self, key: str, val: str, coded_val: str) -> None:
        """Another value; test clients keep what responses set, and tests write over it."""
        self.key, self.value, self.coded_value = key, val, coded_val
        self.line = f"{key}={coded_val}"

    def output(self, attrs: object = None, header: str = "Set-Cookie:") -> str:
        """The line, as a handler asks for it."""
        return f"{header} {self.line}".strip()

    def OutputString(self, attrs: object = None) -> str:  # noqa: N802
        """The line."""
        return self.line


def headers_of(response: HttpResponseBase) -> list[Header]:
    """Every header of a response, its cookies included."""
    plain = [(raw(name), raw(value)) for name, value in response.items()]
    return [*plain, *((b"Set-Cookie", _line(cookie)) for cookie in response.cookies.values())]


def apply(response: HttpResponseBase, headers: Iterable[Header]) -> None:
    """Make the response say what `headers`, once judged, still say."""
    fields = list(headers)
    lines = {value for name, value in fields if name.lower() == _SET_COOKIE}
    for key, cookie in [*response.cookies.items()]:
        if _line(cookie) not in lines:
            del response.cookies[key]
    wanted = {
        n.decode("latin-1"): v.decode("latin-1") for n, v in fields if n.lower() != _SET_COOKIE
    }
    names = {name.lower() for name in wanted}
    for name, value in [*response.items()]:
        own_line = name.lower() == "set-cookie" and raw(value) in lines
        if name.lower() not in names and not own_line:
            del response[name]
    for name, value in wanted.items():
        if response.get(name) != value:
            response[name] = value


def write(response: HttpResponseBase, headers: Iterable[Header]) -> None:
    """Add headers of ours; there may be several lines for one cookie, one for each domain."""
    for name, value in headers:
        if name.lower() == _SET_COOKIE:
            line = Line(value)
            key = line.key
            while key in response.cookies:
                key += "'"
            # As it is: a cookie jar would write it anew, and once for each name.
            dict.__setitem__(response.cookies, key, line)  # type: ignore[misc]
        else:
            response[name.decode("latin-1")] = value.decode("latin-1")


def _line(cookie: Any) -> bytes:
    return raw(cookie.output(header="").strip())
