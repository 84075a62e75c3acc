"""Speaks to an ASGI application in-process, as a browser that keeps its cookies."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from askfirst.client import Application
from askfirst.http.set_cookie import deletes
from tests.unit.gate.memory import NOW, PURPOSES, STATE

Raw = list[tuple[bytes, bytes]]
SAME_ORIGIN = (b"sec-fetch-site", b"same-origin")
ATTEMPTS = 10  # at an answer, on a machine that is busy


@dataclass
class Got:
    """A whole response."""

    status: int
    headers: Raw
    body: bytes

    def all(self, name: bytes) -> list[bytes]:
        return [value for key, value in self.headers if key.lower() == name]

    def one(self, name: bytes) -> bytes:
        (value,) = self.all(name)
        return value

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Browser:
    """Keeps what Set-Cookie says, by name, and sends it back."""

    app: Application
    jar: dict[bytes, bytes] = field(default_factory=dict)
    also: Raw = field(default_factory=list)
    peer: str = "203.0.113.9"

    async def send(
        self, method: str, target: str, body: bytes = b"", headers: Raw | None = None
    ) -> Got:
        path, _, query = target.partition("?")
        cookies = b"; ".join(name + b"=" + value for name, value in self.jar.items())
        sent = [*([(b"cookie", cookies)] if cookies else []), *self.also, *(headers or [])]
        scope: MutableMapping[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "scheme": "https",
            "server": ("127.0.0.1", 80),
            "extensions": {},
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(b"host", b"shop.example"), *sent],
            "client": (self.peer, 40_000),
        }
        got = await call(self.app, scope, body)
        for line in got.all(b"set-cookie"):
            name, _, value = line.partition(b";")[0].partition(b"=")
            self.jar.pop(name, None)
            if not deletes(line, NOW):
                self.jar[name] = value
        return got

    async def get(self, target: str, headers: Raw | None = None) -> Got:
        return await self.send("GET", target, headers=headers)

    async def post_json(self, target: str, value: object, headers: Raw | None = None) -> Got:
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        kind = [(b"content-type", b"application/json")]
        return await self.send(
            "POST", target, body, [*kind, *([SAME_ORIGIN] if headers is None else headers)]
        )

    async def post_form(self, target: str, body: str, headers: Raw | None = None) -> Got:
        kind = [(b"content-type", b"application/x-www-form-urlencoded")]
        return await self.send(
            "POST", target, body.encode(), [*kind, *([SAME_ORIGIN] if headers is None else headers)]
        )

    async def consent(self, method: str, edition: str, **more: object) -> Got:
        value: dict[str, Any] = {"v": 2, "edition": edition, "lang": "en", "method": method, **more}
        if method == "save" and value.get("choices") and STATE not in self.jar:
            # Who answers first answers all that is asked.
            value["choices"] = {**dict.fromkeys(PURPOSES, 0), **value["choices"]}
        return await self.post_json("/askfirst/consent", value)


async def recorded(answer: Callable[[], Awaitable[Got]]) -> Got:
    """What a visitor is told whose answer is recorded, asked again where it takes too long.

    What was not on disk in two seconds was given up (503).
    """
    got = await answer()
    for _ in range(ATTEMPTS):
        if got.status != 503:
            break
        got = await answer()
    assert got.status == 200, got.body
    return got


async def call(app: Application, scope: MutableMapping[str, Any], body: bytes = b"") -> Got:
    messages: list[Mapping[str, Any]] = []

    parts = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> MutableMapping[str, Any]:
        for part in parts:
            return part
        await asyncio.Event().wait()  # a browser that stays
        raise AssertionError

    async def send(message: MutableMapping[str, Any]) -> None:
        messages.append(message)

    await app(scope, receive, send)
    start = messages[0]
    assert start["type"] == "http.response.start"
    whole = b"".join(message.get("body", b"") for message in messages[1:])
    return Got(start["status"], [*start["headers"]], whole)


async def until(condition: Callable[[], bool], *, turns: int = 1000) -> None:
    """Let the loop run until the condition holds."""
    for _ in range(turns):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never came to hold")


def line_of(got: Got, name: bytes) -> bytes:
    (line,) = [line for line in got.all(b"set-cookie") if line.startswith(name + b"=")]
    return line


def claims(token: bytes) -> dict[str, object]:
    body = token.split(b".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(body + b"=" * (-len(body) % 4))))
