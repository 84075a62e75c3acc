"""Machines that share a ledger and a ClickHouse, in this process: each with a folder of its own."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from askfirst_collector.config import Folder
from askfirst_collector.runtime.open import close_services, open_services
from askfirst_collector.services import Services
from askfirst_collector.store.events import Authorized, Batch, Row
from askfirst_collector.usecases.record_consent import record_now
from tests.support.collectors import Clock, decision
from tests.support.postgresql import Cluster
from tests.unit.closing.house import DAY, handle_of, key_of, policy, row

POLICY = policy()


@dataclass
class Host:
    """One ledger, one ClickHouse, and whoever joins."""

    folder: Path
    server: Cluster
    database: str
    events: str
    salts: str
    clock: Clock

    @property
    def ledger(self) -> str:
        """The address of the ledger."""
        return f"{self.server.url(self.database)}&machines=many"

    def data(self, name: str) -> Path:
        """The folder of a machine."""
        return self.folder / name

    def open(self, name: str, **options: Any) -> Services:
        """The parts of a machine, which joins where it is new."""
        own = {"events": self.events, "ledger": self.ledger, "salts": self.salts}
        chosen = {**own, **options}
        parts = open_services(
            self.data(name), host_policy=None, now=self.clock, urandom=os.urandom, **chosen
        )
        parts.registry.publish(POLICY)
        return parts

    @contextmanager
    def machines(self, *names: str) -> Iterator[list[Services]]:
        """Machines that join one after the other, and answer each other's calls until the end."""
        opened: list[Services] = []
        is_over = threading.Event()
        callers: list[threading.Thread] = []
        try:
            for name in names:
                opened.append(self.open(name))
            callers = [threading.Thread(target=_answer, args=(p, is_over)) for p in opened]
            for thread in callers:
                thread.start()
            yield opened
        finally:
            is_over.set()
            for thread in callers:
                thread.join()
            for parts in opened:
                close_services(parts)

    def rows(self, parts: Services) -> list[Row]:
        """Every row that is in the store."""
        return [each for key in parts.events.periods() for each in parts.events.rows(key)]


def _answer(parts: Services, is_over: threading.Event) -> None:
    while not is_over.wait(0.02):
        if not parts.watch.is_closed:
            parts.events.answer_call()


def id_of(parts: Services) -> str:
    """The id of a machine."""
    return Folder(parts.folder.path).machine


def agree(parts: Services, visitor: int) -> str:
    """A visitor who agrees to everything; the handle."""
    handle = handle_of(visitor)
    record_now(parts, decision(POLICY, handle=handle))
    return handle


def page_view(parts: Services, visitor: int, page: str, key: bytes | None = None) -> bytes:
    """One page view of a visitor with a grant, accepted by a machine; what is answered."""
    handle = handle_of(visitor)
    latest = parts.ledger.latest("shop", handle)
    judged = Authorized("shop", handle, 0 if latest is None else latest.index)
    rows = (row(parts, visitor, {"page": ("/", page)}, key_of()),)
    day = int(parts.now()) // DAY
    return asyncio.run(parts.events.append(Batch(judged, day, key or os.urandom(16), rows, b"{}")))


def pages(rows: list[Row]) -> list[str]:
    """The pages of rows."""
    return sorted(each.values["page"][1] for each in rows if each.type == "page_view")
