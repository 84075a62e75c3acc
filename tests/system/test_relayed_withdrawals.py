"""Withdrawals at a site whose collector is elsewhere, comes and goes, and is not always heard."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from askfirst.client import Decision
from askfirst.gate.receipt import draw_secret, handle_of
from askfirst.remote.key_file import read_key_file
from askfirst.terms.token import State, sign_state
from askfirst_collector.closing.consents import read_consents
from askfirst_collector.runtime.open import close_services, open_services
from askfirst_collector.store.events import PeriodKey
from askfirst_collector.store.periods import IN_UTC
from askfirst_collector.usecases.record_consent import record_now
from tests.support.collectors import move_spools
from tests.system.frameworks.visitor import Visitor
from tests.system.relay.wiretap import Wiretap
from tests.system.relay.world import World, site_key, start_server
from tests.system.visits import (
    AGENT,
    NO_GRANT,
    RECEIPT,
    STATE,
    Processes,
    accept,
    answer,
    history,
    holds,
    owed,
    pages,
    processes,
    tell,
)

SITE = "tests.system.relay.site"
SEED = int(os.environ.get("ASKFIRST_SEED") or random.SystemRandom().randrange(10**6))
WITHDRAWALS = int(os.environ.get("ASKFIRST_WITHDRAWALS") or 100)
SPOOL = "spool"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A collector in a process of its own, and the wire to it."""
    folder, own = tmp_path / "collector", tmp_path / "site"
    own.mkdir()
    key = site_key(folder)
    server = start_server(folder)
    wire = Wiretap(server.port)
    try:
        yield World(folder, own, server, wire, key)
    finally:
        wire.close()
        with suppress(ProcessLookupError):
            os.kill(server.pid, signal.SIGTERM)
        server.process.kill()
        server.process.communicate()


@pytest.fixture
def sites() -> Iterator[Processes]:
    with processes() as started:
        yield started


def test_while_it_is_owed_no_process_sends_anything(world: World, sites: Processes) -> None:
    """M20, M50: direct, kept for later and by a process that starts; then the ledger has it."""
    _, visitor = sites.start(SITE, world.wire.url, world.key, world.own)
    other, there = sites.start(SITE, world.wire.url, world.key, world.own)
    visitor.get("/before")
    there.get("/before")
    handle = accept(visitor)
    world.wire.hang_up()
    there.jar = dict(visitor.jar)
    holds(lambda: tell(there, "/spooled", "a").status == 202)
    got = answer(visitor, "withdraw")
    assert (got.status, got.json["decision"]) == (200, "withdrawn")
    assert owed(world.own / SPOOL) == [handle]
    assert tell(there, "/later", "b").json == NO_GRANT
    there.jar.pop(STATE, None)
    other.kill()
    other.wait()
    _, again = sites.start(SITE, world.wire.url, world.key, world.own)
    again.get("/")
    world.wire.mend()
    holds(lambda: not owed(world.own / SPOOL))
    sites.kill()
    assert history(world.folder, handle) == [("grant", "accept_all"), ("withdraw", "withdraw")]
    assert pages(world.folder) == []


def test_where_its_spool_cannot_be_written(world: World, sites: Processes) -> None:
    """M50: 503, refused in the browser, and the receipt stays for another attempt."""
    _, visitor = sites.start(SITE, world.wire.url, world.key, world.own)
    visitor.get("/")
    accept(visitor)
    secret, granted = visitor.jar[RECEIPT], visitor.jar[STATE]
    world.wire.hang_up()
    spool = world.own / SPOOL
    spool.rename(world.own / "moved")
    spool.write_text("no folder")
    assert answer(visitor, "withdraw").status == 503
    assert (visitor.jar[RECEIPT], visitor.jar[STATE] == granted) == (secret, False)
    assert visitor.post_json("/askfirst/rights/erase", {}).status == 503
    spool.unlink()
    (world.own / "moved").rename(spool)
    assert answer(visitor, "withdraw").status == 200
    assert RECEIPT not in visitor.jar


def test_a_grant_whose_answer_is_lost_ends_and_is_not_counted(
    world: World, sites: Processes
) -> None:
    """The visitor was told 503 and stays unasked: what the collector recorded does not stand."""
    _, visitor = sites.start(SITE, world.wire.url, world.key, world.own)
    accept(Visitor(visitor.port, also=visitor.also))
    world.wire.deaf = True
    assert answer(visitor, "accept_all").status == 503
    assert visitor.jar == {}
    (handle,) = owed(world.own / SPOOL)
    world.wire.deaf = False
    holds(lambda: not owed(world.own / SPOOL))
    sites.kill()
    assert history(world.folder, handle)[-1:] in ([], [("withdraw", "rollback")])
    parts = open_services(world.folder, host_policy=None, now=time.time, urandom=os.urandom)
    try:
        assert parts.ledger.has_ended("shop", handle)
        day = time.strftime("%Y-%m-%d", time.gmtime())
        key = PeriodKey("shop", "", "statistics", "day", day)
        counted = read_consents(parts.ledger, key, IN_UTC).groups
        # The one who heard that it is recorded, and nobody else.
        assert {what: len(who) for what, who in counted.items()} == {("granted", "1"): 1}
    finally:
        close_services(parts)


@dataclass
class Visit:
    """One visitor, who withdraws at one process while their page sends to another."""

    number: int
    secret: str
    state: str
    ports: tuple[int, int]
    acknowledged: bool = False
    stored: int = 0  # rows when the withdrawal was acknowledged
    tried: int = 0
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def page(self) -> str:
        return "/v-" + "".join("abcdefghij"[int(digit)] for digit in f"{self.number:04}")

    def browser(self, port: int) -> Visitor:
        jar = {RECEIPT: self.secret, STATE: self.state}
        return Visitor(port, jar, [("User-Agent", AGENT)])

    def send(self) -> None:
        while not self.stop.is_set() and self.tried < 200:
            self.tried += 1
            with suppress(OSError):
                tell(self.browser(self.ports[1]), self.page, f"{self.number}-{self.tried}")

    def run(self, events: Path, moment: float) -> None:
        sender = threading.Thread(target=self.send)
        sender.start()
        holds(lambda: self.tried > 1)
        time.sleep(moment)  # the point of the withdrawal, not a wait
        holds(lambda: answer(self.browser(self.ports[0]), "withdraw").status == 200)
        self.acknowledged = True
        self.stored = rows_of(events, self.page)
        tried = self.tried
        holds(lambda: self.tried > tried + 1 or not sender.is_alive())
        self.stop.set()
        sender.join(60)


def rows_of(events: Path, page: str) -> int:
    move_spools(events.parent)
    with closing(sqlite3.connect(f"file:{events}?mode=ro", uri=True, timeout=30)) as connection:
        query = "SELECT count(*) FROM events_text WHERE page_1 = ?"
        count: int = connection.execute(query, (page,)).fetchone()[0]
    return count


def grants(world: World, count: int, ports: tuple[int, int]) -> list[Visit]:
    """Visitors who agreed long ago."""
    (key,) = read_key_file(world.own / "cookie.keys", urandom=os.urandom)
    parts = open_services(world.folder, host_policy=None, now=time.time, urandom=os.urandom)
    visits = []
    try:
        site = parts.registry.publish(world.policy).current
        for number in range(count):
            secret = draw_secret(os.urandom)
            handle = handle_of(secret.encode()) or ""
            choices = dict.fromkeys(world.policy.asked, 2)
            decision = Decision("shop", handle, site.hash, "en", "save", choices, True, False)
            recorded = record_now(parts, decision)
            state = sign_state(State("shop", site.number, choices, recorded.expires), key)
            visits.append(Visit(number, secret, state, ports))
    finally:
        close_services(parts)
    return visits


@pytest.mark.long
def test_withdrawals_race_events_over_a_wire_that_comes_and_goes(
    world: World, sites: Processes
) -> None:
    """M20, M50: two processes; once a withdrawal is acknowledged not one row more is stored."""
    print(f"ASKFIRST_SEED={SEED}")
    drawn = random.Random(SEED)
    _, one = sites.start(SITE, world.wire.url, world.key, world.own)
    _, two = sites.start(SITE, world.wire.url, world.key, world.own)
    for each in (one, two):
        each.get("/")
    visits = grants(world, WITHDRAWALS, (one.port, two.port))
    events = world.folder / "events.db"
    over = threading.Event()

    def flap() -> None:
        while not over.wait(drawn.uniform(0.2, 0.8)):
            world.wire.hang_up()
            over.wait(drawn.uniform(0.02, 0.2))
            world.wire.mend()

    flapping = threading.Thread(target=flap)
    flapping.start()
    with ThreadPoolExecutor(6) as pool:
        runs = [pool.submit(visit.run, events, drawn.uniform(0, 0.05)) for visit in visits]
        for run in runs:
            run.result()
    over.set()
    flapping.join()
    holds(lambda: not owed(world.own / SPOOL))
    # What waited longest is tried again after a minute.
    holds(lambda: _empty(world.own / SPOOL), seconds=150)
    more = {v.page: rows_of(events, v.page) - v.stored for v in visits}
    stored = sum(visit.stored for visit in visits)
    print(f"{len(visits)} withdrawals, {stored} rows before them, {sum(more.values())} after")
    assert stored > 0
    assert all(visit.acknowledged for visit in visits)
    assert {page: count for page, count in more.items() if count} == {}


def _empty(spool: Path) -> bool:
    return all(file.stat().st_size == 0 for file in spool.glob("events*"))
