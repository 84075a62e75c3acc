"""A collector on real files with one site, its clock in our hands, and a way to post to it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import itertools
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from askfirst.client import Caller, Decision, Method
from askfirst.observe.network_limit import AddressLimit
from askfirst.terms.placed import split
from askfirst.terms.policy import Policy, read_policy
from askfirst_collector.ingest.events import Events, open_events
from askfirst_collector.runtime.open import close_services, open_services
from askfirst_collector.store.events import Row
from askfirst_collector.usecases.record_consent import record_now
from tests.support.policies import every_purpose

NOW = 1_795_356_333.0  # 2026-11-22T14:05:33Z
ORIGIN = "https://example.org"
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SAME_ORIGIN = ((b"sec-fetch-site", b"same-origin"),)
VISIT: dict[str, object] = {
    "purpose": "statistics",
    "type": "page_view",
    "page": "/coffee/beans?x=1",
}

Header = tuple[bytes, bytes]


@dataclass(frozen=True)
class Answered:
    """What came back."""

    status: int
    headers: Mapping[bytes, bytes]
    body: Any

    @property
    def reasons(self) -> list[str]:
        """The reasons of the drops, in order."""
        return [drop["reason"] for drop in self.body["dropped"]]


def site_policy(name: str = "full", **changes: object) -> Policy:
    """A shipped policy of the site `example`, with other values at the top."""
    return read_policy({**every_purpose(name).document, **changes})


@dataclass
class World:
    """`folder` is the collector's; several worlds on one folder are its workers."""

    folder: Path
    policy: Policy = field(default_factory=site_policy)
    now: float = NOW

    def __post_init__(self) -> None:
        self.parts = open_services(
            self.folder, host_policy=None, now=lambda: self.now, urandom=os.urandom
        )
        self.parts.registry.publish(self.policy)
        self.limit = AddressLimit(now=lambda: self.now, urandom=os.urandom, most=10_000)
        self.events: Events = open_events(self.parts, limit=self.limit)
        self._batches = itertools.count()

    def close(self) -> None:
        close_services(self.parts)

    def decide(
        self, handle: str, method: Method, choices: Mapping[str, int], *, gpc: bool = False
    ) -> None:
        """Record an answer of this visitor."""
        current = self.parts.registry.site(self.policy.site)
        assert current is not None
        edition = current.editions.current.hash
        decision = Decision(
            self.policy.site, handle, edition, "en", method, choices, adult=True, gpc=gpc
        )
        record_now(self.parts, decision)

    def grant(self, handle: str | None = None, **choices: int) -> str:
        """The handle of a visitor who agreed to statistics, or to these details."""
        handle = handle or hashlib.sha256(os.urandom(16)).hexdigest()
        choices = choices or {"statistics": 2}
        # A placed collector gathers no more than the site's own purpose of that name.
        above = {own: 2 for name in choices for placed, own in [split(name)] if placed}
        self.decide(handle, "save", {**above, **choices})
        return handle

    def withdraw(self, handle: str) -> None:
        """End the grant."""
        self.decide(handle, "withdraw", {})

    def batch(self) -> str:
        """The id of a new batch."""
        return f"{next(self._batches):022}"

    def body(self, *events: Mapping[str, object], **more: object) -> bytes:
        """The body of a request."""
        whole = {"v": 1, "batch": self.batch(), "events": events or (VISIT,), **more}
        return json.dumps(whole).encode()

    def post(
        self,
        body: bytes,
        *,
        handle: str | None = None,
        gpc: bool = False,
        dnt: bool = False,
        headers: Iterable[Header] = (),
        agent: str = AGENT,
        fetch: Iterable[Header] = SAME_ORIGIN,
        site: str | None = None,
    ) -> Answered:
        """POST /askfirst/events as the gate hands it on for a visitor with this receipt."""
        caller = Caller(site or self.policy.site, handle, gpc, dnt)
        told = [*fetch, (b"user-agent", agent.encode()), *headers]
        return self.send(body, told, {"askfirst.caller": caller})

    def send(
        self,
        body: bytes,
        headers: Iterable[Header],
        scope: Mapping[str, object] | None = None,
        *,
        client: tuple[str, int] | None = ("203.0.113.7", 4711),
    ) -> Answered:
        """One request through ASGI; without a caller in the scope it is one to /v1/events."""
        return asyncio.run(self.ask(body, headers, scope, client=client))

    async def ask(
        self,
        body: bytes,
        headers: Iterable[Header],
        scope: Mapping[str, object] | None = None,
        *,
        client: tuple[str, int] | None = ("203.0.113.7", 4711),
    ) -> Answered:
        """`send`, awaited."""
        types = [] if any(n == b"content-type" for n, _ in headers) else [JSON]
        whole = {
            "type": "http",
            "method": "POST",
            "path": "/askfirst/events",
            "headers": [*types, *headers],
            "client": client,
            **(scope or {}),
        }
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.events(whole, receive, send)
        start, end = sent
        return Answered(start["status"], dict(start["headers"]), json.loads(end["body"]))

    def rows(self, *, drops: bool = False) -> list[Row]:
        """Every row there is: the events that were stored, or the notes of those that were not."""
        periods = self.parts.events.periods()
        rows = [row for key in periods for row in self.parts.events.rows(key)]
        return [row for row in rows if (row.type == "drop") == drops]

    def files(self) -> dict[str, bytes]:
        """Every file of the collector, but for the index that SQLite makes of its journal."""
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and not path.name.endswith("-shm")
        }


JSON: Header = (b"content-type", b"application/json")


SECRET = base64.urlsafe_b64encode(bytes(range(16))).rstrip(b"=").decode()
SECRET_HANDLE = hashlib.sha256(bytes(range(16))).hexdigest()
MARKETING = {**VISIT, "purpose": "marketing"}
