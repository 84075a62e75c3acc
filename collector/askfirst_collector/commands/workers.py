"""`askfirst serve` in several processes: uvicorn's supervisor, and what each of them opens.

A worker that ends is begun anew; SIGHUP replaces them one after the other, so that the address
answers meanwhile. They share one folder, as any processes of a site do.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass, field
from pathlib import Path

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.supervisors import Multiprocess

from askfirst.observe.network_sizes import SIZED
from askfirst.observe.proxies import Proxies
from askfirst_collector.commands.listening import WorkerConfig, server_options
from askfirst_collector.commands.server import server_app
from askfirst_collector.dashboard.auth.oidc_client import provider_of
from askfirst_collector.embedded import EmbeddedCollector
from askfirst_collector.letters.settings import mail_server_of


@dataclass(frozen=True)
class Settings:
    """What a collector is opened with; the rest is in the environment."""

    data: Path
    host_policy: Path | None = None
    places: Path | None = None
    proxies: tuple[str, ...] = ()
    revocations: Path | None = None
    events: str | None = field(default=None, repr=False)  # addresses hold passwords
    ledger: str | None = field(default=None, repr=False)
    salts: str | None = field(default=None, repr=False)
    sized: int = SIZED
    metrics_token: bytes | None = field(default=None, repr=False)

    def collector(self) -> EmbeddedCollector:
        """The collector, of which nothing is opened yet."""
        return EmbeddedCollector(
            self.data,
            host_policy=self.host_policy,
            places=self.places,
            proxies=Proxies.of(self.proxies),
            oidc=provider_of(os.environ),
            mail=mail_server_of(os.environ),
            revocations=self.revocations,
            events=self.events,
            ledger=self.ledger,
            salts=self.salts,
            sized=self.sized,
        )


class Worker:
    """The application of one process; it goes there by its settings, and opens them there."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._collector: EmbeddedCollector | None = None
        self._app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; the collector is closed with the lifespan of the server."""
        if self._collector is None or self._app is None:
            self._collector = self._settings.collector()
            token = self._settings.metrics_token
            self._app = server_app(self._collector, metrics_token=token)
        collector = self._collector

        async def closing(message: Message) -> None:
            if message["type"] == "lifespan.shutdown.complete":
                await collector.aclose()
            await send(message)

        await self._app(scope, receive, closing if scope["type"] == "lifespan" else send)


def run_workers(
    settings: Settings,
    count: int,
    listener: socket.socket,
    certificate: Path | None,
    key: Path | None,
) -> None:
    """Serve in `count` processes until stopped."""
    options = server_options(certificate, key)
    config = WorkerConfig(Worker(settings), workers=count, lifespan="on", **options)
    Multiprocess(config, sockets=[listener]).run()
