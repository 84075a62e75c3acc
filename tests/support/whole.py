"""A whole site in one process: the real gate before a page, the real collector behind it."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from askfirst import ConsentMiddleware
from askfirst.client import Receive, Scope, Send
from askfirst.http.set_cookie import deletes
from askfirst.observe.network_sizes import SIZED
from askfirst.observe.proxies import Proxies
from askfirst.terms.policy import Policy
from askfirst_collector.embedded import EmbeddedCollector
from askfirst_collector.jobs.run import run_jobs
from tests.support.collectors import Clock
from tests.unit.gate.browser import SAME_ORIGIN, Got, Raw, call, recorded

FIREFOX = b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PROXY = "127.0.0.1"  # stands before the site, and is believed
JSON = (b"content-type", b"application/json")


@dataclass
class Visitor:
    """A browser: its cookies, what it sends with every request, the address it comes from."""

    address: str = "81.2.69.142"
    agent: bytes = FIREFOX
    also: Raw = field(default_factory=list)
    jar: dict[bytes, bytes] = field(default_factory=dict)

    @property
    def secret(self) -> bytes:
        """The secret of its receipt."""
        return self.jar[b"__Host-askfirst-receipt"]


class Site:
    """A site on real files whose clock is `clock`; jobs run when they are told to."""

    def __init__(
        self,
        folder: Path,
        policy: Policy,
        clock: Clock,
        *,
        places: Path | None = None,
        host_policy: Path | None = None,
        urandom: Callable[[int], bytes] = os.urandom,
        page: Raw | None = None,
        sized: int = SIZED,
    ) -> None:
        self.folder = folder
        self.policy = policy
        self.clock = clock
        self.collector = EmbeddedCollector(
            folder,
            now=clock,
            urandom=urandom,
            places=places,
            host_policy=host_policy,
            proxies=Proxies.of([PROXY]),
            jobs=False,
            sized=sized,
        )
        self.app = ConsentMiddleware(
            _page(page or []), policy=policy, collector=self.collector, now=clock, urandom=urandom
        )
        self._batches = itertools.count()

    async def ask(
        self,
        visitor: Visitor,
        method: str,
        target: str,
        body: bytes = b"",
        headers: Iterable[tuple[bytes, bytes]] = (),
    ) -> Got:
        """One request through the proxy; cookies are kept as a browser keeps them."""
        path, _, query = target.partition("?")
        cookies = b"; ".join(name + b"=" + value for name, value in visitor.jar.items())
        scope = {
            "type": "http",
            "http_version": "1.1",
            "scheme": "https",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "server": ("shop.example", 443),
            "client": (PROXY, 40_000),
            "headers": [
                (b"host", b"shop.example"),
                (b"user-agent", visitor.agent),
                (b"x-forwarded-for", visitor.address.encode()),
                *([(b"cookie", cookies)] if cookies else []),
                *visitor.also,
                *headers,
            ],
        }
        got = await self._call(scope, body)
        for line in got.all(b"set-cookie"):
            name, _, value = line.partition(b";")[0].partition(b"=")
            visitor.jar.pop(name, None)
            if not deletes(line, self.clock()):
                visitor.jar[name] = value
        return got

    async def _call(self, scope: dict[str, Any], body: bytes) -> Got:
        return await call(self.app, scope, body)

    async def post(self, visitor: Visitor, target: str, value: object) -> Got:
        """A POST of JSON from a page of the site."""
        body = json.dumps(value).encode()
        return await self.ask(visitor, "POST", target, body, [JSON, SAME_ORIGIN])

    async def answer(
        self, visitor: Visitor, choices: Mapping[str, int], method: str = "save", **more: object
    ) -> Got:
        """The visitor answers the notice; grants are seen to succeed."""
        if method == "save":
            # Who answers first answers all that is asked.
            answered = b"__Host-askfirst" in visitor.jar
            choices = {**({} if answered else dict.fromkeys(self.policy.asked, 0)), **choices}
        value = {
            "v": 2,
            "edition": self.policy.hash,
            "lang": "en",
            "method": method,
            "choices": choices,
            **more,
        }
        return await recorded(lambda: self.post(visitor, "/askfirst/consent", value))

    async def send(self, visitor: Visitor, *events: Mapping[str, object], **more: object) -> Any:
        """Events, in a batch of their own; the body of the answer."""
        value = {"v": 1, "batch": f"{next(self._batches):022}", "events": events, **more}
        got = await self.post(visitor, "/askfirst/events", value)
        assert got.status == 202, (got.status, got.body)
        return got.json

    def run_jobs(self) -> list[str]:
        """Whatever is due now; each job is seen to go well."""
        return run_jobs(self.collector.parts(), self.clock())

    async def aclose(self) -> None:
        """Stop, with everything on disk."""
        await self.collector.aclose()


def view(page: str, purpose: str = "statistics", **more: object) -> dict[str, object]:
    """A page view as the script tells it."""
    return {"purpose": purpose, "type": "page_view", "page": page, **more}


def _page(headers: Raw) -> Any:
    async def page(scope: Scope, receive: Receive, send: Send) -> None:
        sent = [(b"content-type", b"text/html"), *headers]
        await send({"type": "http.response.start", "status": 200, "headers": sent})
        await send({"type": "http.response.body", "body": b"<!doctype html><title>A page</title>"})

    return page
