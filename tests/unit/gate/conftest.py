"""A shop with the middleware in front, for the tests of the gate."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from askfirst import ConsentMiddleware, Policy
from askfirst.client import Application
from tests.unit.gate.browser import Browser
from tests.unit.gate.memory import NOW, MemoryCollector, make_policy


@dataclass
class Shop:
    """An application whose answers a test decides, the collector, and a browser before it."""

    policy: Policy
    collector: MemoryCollector
    clock: list[float] = field(default_factory=lambda: [NOW])
    seen: list[MutableMapping[str, Any]] = field(default_factory=list)
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    reads: str | None = None
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.app: Application = ConsentMiddleware(
            self.page,
            policy=self.policy,
            collector=self.collector,
            now=lambda: self.clock[0],
            **self.options,
        )
        self.browser = Browser(self.app)

    def another(self) -> Browser:
        return Browser(self.app)

    async def page(self, scope: Any, receive: Any, send: Any) -> None:
        self.seen.append(scope)
        body = b"<p>hello"
        if self.reads is not None:
            body += b" " + str(scope["askfirst"].allows(self.reads)).encode()
        start = [(b"content-type", b"text/html; charset=utf-8"), *self.headers]
        await send({"type": "http.response.start", "status": 200, "headers": start})
        await send({"type": "http.response.body", "body": body})


@pytest.fixture
def shop() -> Callable[..., Shop]:
    """Builds a shop; keyword arguments change its policy, `options` the middleware's."""

    def build(*, options: dict[str, Any] | None = None, **changes: Any) -> Shop:
        return Shop(make_policy(**changes), MemoryCollector(), options=options or {})

    return build


Build = Callable[..., Shop]
