"""Collectors and sites that end while events arrive: a real server, and clients that go on."""

from __future__ import annotations

import hashlib
import http.client
import itertools
import json
import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from askfirst.client import Decision
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.runtime.open import close_services, open_services
from askfirst_collector.store.sqlite import SqliteEvents
from askfirst_collector.usecases.record_consent import record_now
from askfirst_collector.usecases.sites import retire_site
from tests.support.collectors import policy
from tests.support.placing import place, state, tides
from tests.support.site_keys import new_site_key
from tests.system.crash.processes import served

OWN, TIDES, WINDS = "", "tides", "winds"
CLIENTS = 4
SITE = policy()


@dataclass
class Meanwhile:
    """What the clients share: where to, what is gone by now, and what they were told."""

    port: int
    keys: dict[str, str]
    handles: list[str]
    gone: set[str] = field(default_factory=set)
    stop: threading.Event = field(default_factory=threading.Event)
    stored: Counter[str] = field(default_factory=Counter)
    told: Counter[tuple[str, str]] = field(default_factory=Counter)
    wrong: list[Any] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def client(self, number: int) -> None:
        """Send a batch to each gatherer in turn until it is stopped."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        with closing(connection):
            for count in itertools.count():
                if self.stop.is_set():
                    return
                for collector in (OWN, TIDES, WINDS):
                    self._send(connection, collector, f"{number:02}{count:018}", number)

    def _send(
        self, connection: http.client.HTTPConnection, collector: str, name: str, number: int
    ) -> None:
        purpose = f"{collector}/statistics" if collector else "statistics"
        event = {"purpose": purpose, "type": "page_view", "page": "/tides/dublin"}
        body = {
            "v": 1,
            "site": SITE.site,
            "handle": self.handles[number],
            "batch": f"{name}{collector[:1]:_>2}",
            "events": [event],
            **({"collector": self.keys[collector]} if collector else {}),
        }
        headers = {
            "content-type": "application/json",
            "authorization": f"Bearer {self.keys[OWN]}",
        }
        was_gone = collector in self.gone or OWN in self.gone
        connection.request("POST", "/v1/events", json.dumps(body), headers)
        answer = connection.getresponse()
        told = json.loads(answer.read())
        with self.lock:
            if answer.status != 202 or (was_gone and told["stored"]):
                self.wrong.append((answer.status, collector, told))
                return
            self.stored[collector] += told["stored"]
            self.told.update((collector, each["reason"]) for each in told["dropped"])


def test_what_ends_while_events_arrive(tmp_path: Path) -> None:
    """A site deleted while events arrive: a typed drop, nothing lost, nothing widened.

    From the moment a change is saved no event is stored beyond it, and what was acknowledged is
    on disk, under the collector it was of.
    """
    parts = open_services(tmp_path, host_policy=None, now=time.time, urandom=os.urandom)
    parts.registry.publish(SITE)
    placed = {name: tides(SITE, collector=name) for name in (TIDES, WINDS)}
    keys = {name: place(parts, each).write_key for name, each in placed.items()}
    keys[OWN] = new_site_key(parts.engine, SITE.site, urandom=os.urandom)
    site = parts.registry.site(SITE.site)
    assert site is not None
    edition = site.editions.current
    handles = [hashlib.sha256(os.urandom(16)).hexdigest() for _ in range(CLIENTS)]
    for handle in handles:
        choices = {"statistics": 2, "tides/statistics": 2, "winds/statistics": 2}
        answer = Decision(SITE.site, handle, edition.hash, "en", "save", choices, True, False)
        record_now(parts, answer)
    with served(tmp_path) as server:
        server.start()
        run = Meanwhile(server.port, keys, handles)
        clients = [
            threading.Thread(target=run.client, args=(number,), daemon=True)
            for number in range(CLIENTS)
        ]
        for client in clients:
            client.start()
        _wait(lambda: all(run.stored[each] > 10 for each in (OWN, TIDES, WINDS)))
        state(parts, placed[TIDES], "suspended")
        run.gone.add(TIDES)
        _wait(lambda: run.told[TIDES, "unknown-collector"] > 10)
        state(parts, placed[WINDS], "retired")
        run.gone.add(WINDS)
        _wait(lambda: run.told[WINDS, "unknown-collector"] > 10)
        retire_site(parts, ON_THE_MACHINE, SITE.site)
        run.gone.add(OWN)
        _wait(lambda: run.told[OWN, "no-grant"] > 10)
        run.stop.set()
        for client in clients:
            client.join(timeout=20)
            assert not client.is_alive()
    close_services(parts)
    assert run.wrong == []
    reasons = {reason for _, reason in run.told}
    assert reasons - {"over-daily-limit"} == {"unknown-collector", "no-grant"}
    with closing(SqliteEvents(tmp_path / "events.db", ended=lambda _: frozenset())) as store:
        rows = [row for key in store.periods() for row in store.rows(key)]
    on_disk = Counter(row.collector for row in rows if row.type != "drop")
    assert on_disk == run.stored


def _wait(holds: Callable[[], bool], *, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "it never came to hold"
        time.sleep(0.01)
