"""M33 in two real worker processes, over real sockets: no restart, and within five seconds."""

from __future__ import annotations

import copy
import http.client
import itertools
import json
import os
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from askfirst.client import Decision
from askfirst.terms.policy import Policy, read_policy
from askfirst_collector.runtime.open import close_services, open_services
from askfirst_collector.services import Services
from askfirst_collector.usecases.record_consent import record_now
from askfirst_collector.usecases.save_host_policy import host_policy_number, save_host_policy
from tests.conftest import ROOT
from tests.support.collectors import move_spools, policy
from tests.support.people import admin
from tests.support.placing import place, tides
from tests.support.programs import python
from tests.support.site_keys import new_site_key
from tests.unit.catalogue.test_host_policies import host_policy

WITHIN = 5.0  # seconds that M33 allows
HANDLE = "5e" * 32
SITE = policy("full")
MODEST = {"levels": {"page": 1, "time": 1}, "min_cell_size": 10}


@dataclass
class Worker:
    """One server process, and how to talk to it."""

    port: int
    key: str
    batches: Iterator[int]

    def send(self, purpose: str = "statistics", collector: str | None = None) -> tuple[int, Any]:
        """One event, in a batch of its own: the status, and the answer."""
        event = {"purpose": purpose, "type": "page_view", "page": "/tides/dublin"}
        whole: dict[str, Any] = {"v": 1, "site": "shop", "handle": HANDLE, "events": [event]}
        whole["batch"] = f"{next(self.batches):022}"
        if collector is not None:
            whole["collector"] = collector
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with closing(connection):
            connection.request("POST", "/v1/events", json.dumps(whole), headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read())

    def stored(self, purpose: str = "statistics", collector: str | None = None) -> bool:
        """Whether an event is stored now."""
        status, answer = self.send(purpose, collector)
        assert status == 202, answer
        return bool(answer["stored"])

    def precise(self, data: Path) -> bool:
        """Whether an event is stored now with the path of its page."""
        before = paths(data)
        self.stored()
        return paths(data) > before


def paths(data: Path) -> int:
    """How many rows of the site's own say a path."""
    move_spools(data)
    with closing(sqlite3.connect(data / "events.db")) as connection:
        query = "SELECT COUNT(*) FROM events_text WHERE collector = '' AND page_level >= 2"
        found: int = connection.execute(query).fetchone()[0]
        return found


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@contextmanager
def here(data: Path) -> Iterator[Services]:
    """The same folder, opened by this process as a third one."""
    parts = open_services(data, host_policy=None, now=time.time, urandom=os.urandom)
    try:
        yield parts
    finally:
        close_services(parts)


def prepared(data: Path) -> tuple[str, str]:
    """A site, a placed collector, one visitor who agreed to both; site key and write key."""
    with here(data) as parts:
        parts.registry.publish(SITE)
        write_key = place(parts, tides(SITE, statistics=MODEST)).write_key
        site = parts.registry.site("shop")
        assert site is not None
        choices = {"statistics": 2, "tides/statistics": 2}
        edition = site.editions.current.hash
        record_now(parts, Decision("shop", HANDLE, edition, "en", "save", choices, True, False))
        return new_site_key(parts.engine, "shop", urandom=os.urandom), write_key


@contextmanager
def workers(data: Path, key: str, *host_policy: Path) -> Iterator[tuple[Worker, Worker]]:
    """Two of them, each with everything open before anything changes."""
    batches = itertools.count(int(time.time()) * 1000)
    with ExitStack() as stack:
        found = []
        for _ in range(2):
            process = python(
                *("-m", "tests.system.tightened.worker", data, *host_policy),
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            stack.enter_context(process)
            assert process.stdin is not None
            assert process.stdout is not None
            stack.callback(process.stdin.close)
            found.append((process, process.stdout))
        yield tuple(Worker(int(out.readline()), key, batches) for _, out in found)  # type: ignore[misc]


def until(condition: Callable[[], bool]) -> float:
    """Wait for a condition; the seconds it took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < 4 * WITHIN
        time.sleep(0.02)
    return time.monotonic() - began


def tighten(data: Path, policy: Policy) -> None:
    """Save a host policy, in a third process: this one."""
    with here(data) as parts:
        save_host_policy(parts, admin(parts, "ann"), policy, expected=host_policy_number(parts))


def test_a_saved_host_policy_governs_the_next_event_of_both_workers(data: Path) -> None:
    """M33: the first event after it was saved; the site is stopped, and what is on it."""
    key, write_key = prepared(data)
    with workers(data, key) as both:
        for worker in both:
            assert worker.stored()
            assert worker.stored("tides/statistics", write_key)
        tighten(data, host_policy({"page": 0}))
        for worker in both:
            assert not worker.stored()
            assert worker.send("tides/statistics", write_key)[1]["dropped"] != []
        with here(data) as parts:
            site = parts.registry.site("shop")
            assert site is not None
            assert "/purposes/statistics/levels/page" in {each.pointer for each in site.suspended}
            assert [each.state for each in parts.placed_collectors.all("shop")] == ["suspended"]
        tighten(data, host_policy())
        for worker in both:
            assert worker.stored()
            assert worker.stored("tides/statistics", write_key)


def test_a_file_governs_both_workers_within_five_seconds(data: Path) -> None:
    """M33: each narrows by the file itself, until the jobs of one of them stop the site."""
    key, _ = prepared(data)
    file = data.parent / "host_policy.json"
    file.write_bytes(host_policy().canonical())
    with workers(data, key, file) as both:
        assert all(worker.stored() for worker in both)
        for attempt in (host_policy({"page": 0}).canonical(), b"not understood"):
            file.write_bytes(attempt)
            took = [until(lambda each=worker: not each.precise(data)) for worker in both]  # type: ignore[misc]
            print(f"the file governed after {max(took):.2f} s")
            assert max(took) < WITHIN
            until(lambda: not any(worker.stored() for worker in both))
            file.write_bytes(host_policy().canonical())
            for worker in both:
                until(lambda each=worker: each.precise(data))  # type: ignore[misc]


def test_a_worker_that_cannot_confirm_its_policies_answers_503(data: Path) -> None:
    """M33: the registry is gone; nothing is stored under what was known before."""
    key, _ = prepared(data)
    with workers(data, key) as both:
        assert all(worker.stored() for worker in both)
        away = data / "ledger.away"
        (data / "ledger.db").rename(away)
        for worker in both:
            assert until(lambda each=worker: each.send()[0] == 503) < WITHIN  # type: ignore[misc]
        away.rename(data / "ledger.db")
        for worker in both:
            until(lambda each=worker: each.send()[0] == 202)  # type: ignore[misc]


def test_an_owner_who_fixes_it_goes_on_in_both_workers(data: Path) -> None:
    """M33: nothing resumes by itself; terms that fit do it, without a restart."""
    key, _ = prepared(data)
    with workers(data, key) as both:
        tighten(data, host_policy({"page": 1}))
        tighten(data, host_policy({"page": 1, "browser": 1}))
        assert not any(worker.stored() for worker in both)
        fitting = copy.deepcopy(dict(SITE.document))
        for purpose in fitting["purposes"].values():
            for name in ("page", "browser"):
                purpose["levels"][name] = min(1, purpose["levels"].get(name, 0))
            purpose["tables"] = purpose["query_parameters"] = {}
        with here(data) as parts:
            parts.registry.publish(read_policy(fitting))
        assert all(worker.stored() for worker in both)
