"""An application called as a WSGI server calls it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest

from askfirst.adapters.wsgi import ConsentMiddleware, consent_from
from tests.unit.gate.memory import NOW, MemoryCollector, make_policy

App = Callable[..., Iterable[bytes]]


@pytest.fixture
def wrap() -> Iterator[Callable[..., ConsentMiddleware]]:
    made: list[ConsentMiddleware] = []

    def build(
        app: App, collector: MemoryCollector | None = None, **options: Any
    ) -> ConsentMiddleware:
        policy = options.pop("policy", None) or make_policy()
        collector = collector or MemoryCollector()
        made.append(
            ConsentMiddleware(app, policy=policy, collector=collector, now=lambda: NOW, **options)
        )
        return made[-1]

    yield build
    for each in made:
        each.close()


class Call:
    """One request, called as a server does; `closed` says that it called `close`."""

    def __init__(self, app: App, path: str = "/", **environ: Any) -> None:
        self.starts: list[tuple[str, list[tuple[str, str]], Any]] = []
        self.written: list[bytes] = []
        self.environ: dict[str, Any] = {"PATH_INFO": path, **environ}
        setup_testing_defaults(self.environ)
        self.body = app(self.environ, self._start)

    def _start(self, status: str, headers: Any, exc_info: Any = None) -> Callable[[bytes], None]:
        self.starts.append((status, headers, exc_info))
        return self.written.append

    def read(self) -> bytes:
        try:
            return b"".join(self.body)
        finally:
            close = getattr(self.body, "close", None)
            if close is not None:
                close()

    @property
    def headers(self) -> list[tuple[str, str]]:
        return self.starts[-1][1]


def page(*headers: tuple[str, str], reads: str | None = None) -> App:
    def app(environ: Any, start_response: Any) -> Iterable[bytes]:
        body = str(consent_from(environ).allows(reads)) if reads else "page"
        start_response("200 OK", [("Content-Type", "text/html"), *headers])
        return [body.encode()]

    return app


Wrap = Callable[..., ConsentMiddleware]
