"""Visitors of sites in processes of their own, and what became of their visits in the files."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from askfirst.gate.receipt import handle_of
from askfirst_collector.runtime.open import close_services, open_services
from askfirst_collector.store.sqlite import SqliteEvents
from tests.conftest import ROOT
from tests.support.programs import python
from tests.system.frameworks.visitor import Got, Visitor
from tests.system.relay.world import shop

RECEIPT, STATE = "__Host-askfirst-receipt", "__Host-askfirst"
NO_GRANT = {"stored": 0, "dropped": [{"index": 0, "reason": "no-grant"}]}
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def holds(condition: Callable[[], bool], *, seconds: float = 60) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came to hold"
        time.sleep(0.02)


@dataclass
class Processes:
    """Processes that print their port; all of them are killed in the end."""

    running: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self, module: str, *arguments: object) -> tuple[subprocess.Popen[str], Visitor]:
        """One more, and a visitor of it."""
        process = python("-m", module, *arguments, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        self.running.append(process)
        assert process.stdout is not None
        port = int(process.stdout.readline())
        return process, Visitor(port, also=[("User-Agent", AGENT)])

    def kill(self) -> None:
        while self.running:
            process = self.running.pop()
            process.kill()
            process.communicate()


@contextmanager
def processes() -> Iterator[Processes]:
    started = Processes()
    try:
        yield started
    finally:
        started.kill()


def answer(visitor: Visitor, method: str) -> Got:
    """Answer the notice as its script does."""
    body = {"v": 2, "edition": shop().hash, "lang": "en", "method": method, "choices": {}}
    return visitor.post_json("/askfirst/consent", {**body, "adult": method == "accept_all"})


def accept(visitor: Visitor) -> str:
    """Agree to everything, again while the machine is too slow for it; the handle."""
    holds(lambda: answer(visitor, "accept_all").status == 200)
    return handle_of(visitor.jar[RECEIPT].encode()) or ""


def tell(visitor: Visitor, page: str, batch: str) -> Got:
    """One page view, as the page's script sends it."""
    event = {"purpose": "statistics", "type": "page_view", "page": page}
    body = {"v": 1, "batch": batch.rjust(22, "_"), "events": [event]}
    return visitor.post_json("/askfirst/events", body)


def pages(folder: Path) -> list[str]:
    """The pages of the rows that are stored."""
    with closing(SqliteEvents(folder / "events.db", ended=lambda _: frozenset())) as store:
        rows = [row for key in store.periods() for row in store.rows(key)]
    return sorted(row.values["page"][0] for row in rows if row.type != "drop")


def history(folder: Path, handle: str) -> list[tuple[str, str]]:
    """Kind and method of each entry of a handle."""
    parts = open_services(folder, host_policy=None, now=time.time, urandom=os.urandom)
    try:
        entries = parts.ledger.history("shop", handle)
        return [(str(each.body["kind"]), str(each.body["method"])) for each in entries]
    finally:
        close_services(parts)


def owed(spool: Path) -> list[str]:
    """The handles of what waits."""
    return sorted(file.stem for file in spool.glob("*.owed"))


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Another program holds a database."""
    with closing(sqlite3.connect(file, isolation_level=None, timeout=30)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield
        connection.execute("ROLLBACK")
