"""A visitor over real sockets: keeps cookies, fills in forms as a browser without scripts does."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from time import monotonic
from typing import Any
from urllib.parse import urlencode

from askfirst.http.set_cookie import deletes

SAME_ORIGIN = ("Sec-Fetch-Site", "same-origin")
FORM = ("Content-Type", "application/x-www-form-urlencoded")
PATIENCE = 20.0  # seconds
LONG_AGO = 0.0

Raw = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Got:
    """A whole response; header names as they came."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def one(self, name: str) -> str:
        (value,) = self.all(name)
        return value

    def vary(self) -> set[str]:
        return {part.strip().lower() for line in self.all("vary") for part in line.split(",")}

    def sets(self) -> list[str]:
        """Names of the cookies it sets, deletions left out, in order."""
        lines = [line for line in self.all("set-cookie") if not _deletes(line)]
        return [line.partition("=")[0] for line in lines]

    @property
    def text(self) -> str:
        return self.body.decode("utf-8")

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Form:
    """One form of a page: its fields, and the buttons that send it."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class Forms(HTMLParser):
    """The forms of a page by their id, or their action where they have none."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: dict[str, Form] = {}
        self._open: str | None = None
        self._later: list[tuple[str, str, str]] = []
        self.feed(page)
        self.close()
        for name, key, value in self._later:
            self.forms[name].buttons.append((key, value))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        if tag == "form":
            self._open = given.get("id") or given.get("action", "")
            self.forms[self._open] = Form(given.get("action", ""))
            return
        of = given.get("form") or self._open
        if of is None or "name" not in given:
            return
        if tag == "button":
            self._later.append((of, given["name"], given.get("value", "")))
        elif tag == "input" and self._takes(given):
            self.forms[of].fields[given["name"]] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None

    @staticmethod
    def _takes(given: dict[str, str]) -> bool:
        kind = given.get("type", "text")
        return kind not in ("radio", "checkbox") or "checked" in given


@dataclass
class Visitor:
    """Keeps what Set-Cookie says, by name, and sends it back, whatever else it is told."""

    port: int
    jar: dict[str, str] = field(default_factory=dict)
    also: list[tuple[str, str]] = field(default_factory=list)

    def send(self, method: str, target: str, body: bytes = b"", headers: Raw = ()) -> Got:
        with self.sending(method, target, body, headers) as response:
            got = Got(response.status, response.getheaders(), response.read())
        for line in got.all("set-cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            self.jar.pop(name, None)
            if not _deletes(line):
                self.jar[name] = value
        return got

    @contextmanager
    def sending(
        self, method: str, target: str, body: bytes = b"", headers: Raw = ()
    ) -> Iterator[http.client.HTTPResponse]:
        """The response while it arrives; leaving hangs up."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.putrequest(method, target, skip_accept_encoding=True)
            for name, value in [*self._cookies(headers), *self.also, *headers]:
                connection.putheader(name, value.encode("latin-1"))
            if body or method == "POST":
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body or None)
            response = connection.getresponse()
            with response:
                yield response
        finally:
            connection.close()

    def _cookies(self, headers: Raw) -> list[tuple[str, str]]:
        if not self.jar or any(name.lower() == "cookie" for name, _ in headers):
            return []
        return [("Cookie", "; ".join(f"{name}={value}" for name, value in self.jar.items()))]

    def get(self, target: str, *headers: tuple[str, str]) -> Got:
        return self.send("GET", target, headers=headers)

    def post(self, target: str, fields: dict[str, str], *headers: tuple[str, str]) -> Got:
        body = urlencode(fields).encode("ascii")
        return self.send("POST", target, body, (FORM, *(headers or (SAME_ORIGIN,))))

    def post_json(self, target: str, value: object) -> Got:
        kind = ("Content-Type", "application/json")
        return self.send("POST", target, json.dumps(value).encode(), (kind, SAME_ORIGIN))

    def press(self, page: Got, value: str, **changed: str) -> Got:
        """Press the button of a page that has this value, with fields changed."""
        for form in Forms(page.text).forms.values():
            for name, told in form.buttons:
                if told == value:
                    return self.post(form.action, {**form.fields, name: told, **changed})
        raise AssertionError(f"no button of value {value!r} in the page")

    def submit(self, page: Got, name: str, **changed: str) -> Got:
        """Send the form of a page that has this id."""
        form = Forms(page.text).forms[name]
        return self.post(form.action, {**form.fields, **changed})

    def answer(self, method: str, **changed: str) -> Got:
        """Answer the notice of the home page, which is there once the site knows its editions."""
        page, deadline = self.get("/"), monotonic() + PATIENCE
        while f'value="{method}"' not in page.text and monotonic() < deadline:
            page = self.get("/")
        return self.press(page, method, **changed)


def _deletes(line: str) -> bool:
    return deletes(line.encode("latin-1"), LONG_AGO + 86_400)


def until(condition: Callable[[], bool], *, seconds: float = 20.0) -> None:
    """Ask again until it holds."""
    deadline = monotonic() + seconds
    while not condition():
        assert monotonic() < deadline, "it never came to hold"
