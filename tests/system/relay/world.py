"""A real collector in a process of its own, a wire to it, and sites that speak through it."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from askfirst import ConsentMiddleware, HttpCollector, track
from askfirst.terms.policy import Policy
from askfirst_collector.runtime.open import close_services, open_services
from askfirst_collector.store.events import Row
from askfirst_collector.store.sqlite import SqliteEvents
from tests.support.collectors import policy, purposes
from tests.support.site_keys import new_site_key
from tests.system.crash.processes import Server
from tests.system.relay.wiretap import Wiretap
from tests.unit.gate.browser import Browser, Got, recorded

ACTIONS = {"signup": {"plan": ["free", "pro"], "seats": {"buckets": [0, 10, 50]}}}


def shop(**changes: Any) -> Policy:
    """The policy of the site: the server counts page views, statistics lists one action."""
    own = purposes("full", statistics={"actions": ACTIONS, "query_parameters": {"sort": ["price"]}})
    return policy(server_side=True, purposes=own, **changes)


def site_key(folder: Path, name: str = "shop") -> str:
    """A new key for a relay of the site."""
    parts = open_services(folder, host_policy=None, now=time.time, urandom=os.urandom)
    try:
        return new_site_key(parts.engine, name, urandom=os.urandom)
    finally:
        close_services(parts)


@dataclass
class World:
    """`folder` is the collector's, `own` the site's."""

    folder: Path
    own: Path
    server: Server
    wire: Wiretap
    key: str
    policy: Policy = field(default_factory=shop)

    def client(self, **options: Any) -> HttpCollector:
        """The collector as the site knows it."""
        chosen = {"cookie_keys": self.own / "cookie.keys", **options}
        return HttpCollector(self.wire.url, self.key, **chosen)

    def site(self, client: HttpCollector | None = None, **options: Any) -> Site:
        return Site(self, client or self.client(), **options)

    def rows(self, *, drops: bool = False) -> list[Row]:
        """What the collector has stored, read from its files."""
        events = self.folder / "events.db"
        with closing(SqliteEvents(events, ended=lambda _: frozenset())) as store:
            rows = [row for key in store.periods() for row in store.rows(key)]
        return [row for row in rows if (row.type == "drop") == drops]

    def consent_status(self, handle: str) -> str | None:
        """The status of a handle in the ledger."""
        parts = open_services(self.folder, host_policy=None, now=time.time, urandom=os.urandom)
        try:
            history = parts.ledger.history("shop", handle)
            return str(history[-1].body["status"]) if history else None
        finally:
            close_services(parts)


class Site:
    """The gate over a small application, and a browser before it."""

    def __init__(self, world: World, client: HttpCollector, **options: Any) -> None:
        self.world = world
        self.client = client
        self.app = ConsentMiddleware(page, policy=world.policy, collector=client, **options)
        self.browser = Browser(self.app)

    async def accept(self) -> str:
        """Agree to everything; the handle."""
        return handle_in((await self.answer("accept_all")).json["receipt"])

    async def answer(self, method: str, edition: str = "", **more: object) -> Got:
        """Answer as an adult, again while the machine is too slow for it."""
        edition = edition or self.world.policy.hash
        return await recorded(lambda: self.browser.consent(method, edition, adult=True, **more))

    async def send(self, *events: dict[str, Any], batch: str = "b" * 22, **more: Any) -> Any:
        """POST events as the page's script does."""
        body = {"v": 1, "batch": batch, "events": events}
        headers = [(b"sec-fetch-site", b"same-origin"), *more.pop("headers", [])]
        return await self.browser.post_json("/askfirst/events", {**body, **more}, headers)


async def page(scope: Any, receive: Any, send: Any) -> None:
    """The application: one page everywhere; /signup tells of an action first."""
    if scope["type"] == "lifespan":
        for _ in range(2):
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
        return
    if scope["path"] == "/signup":
        track(scope, "signup", {"plan": "pro", "seats": 12, "email": "CANARY@mail.example"})
    kind = (b"content-type", b"text/html")
    await send({"type": "http.response.start", "status": 200, "headers": [kind]})
    await send({"type": "http.response.body", "body": b"<p>hello"})


def handle_in(receipt: str) -> str:
    """The handle that a receipt is for."""
    payload = receipt.split(".")[1]
    found = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return str(found["handle"])


async def eventually(holds: Callable[[], bool], *, seconds: float = 20) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came to hold"
        await asyncio.sleep(0.02)


def start_server(folder: Path) -> Server:
    """A collector in a process of its own."""
    server = Server(folder)
    server.start()
    return server
