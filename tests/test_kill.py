"""kill -9 at many points while clients send: nothing acknowledged is lost, nothing is doubled."""

from __future__ import annotations

import hashlib
import http.client
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from askfirst.client import Decision
from askfirst.terms.policy import read_policy, shipped
from askfirst_collector.catalogue.relay_keys import new_site_key
from askfirst_collector.runtime.open import close_parts, open_parts
from askfirst_collector.services import Parts
from askfirst_collector.store.sqlite import SqliteEvents
from askfirst_collector.usecases.record_consent import record_now

ROOT = Path(__file__).resolve().parent.parent
SEED = int(os.environ.get("ASKFIRST_SEED") or random.SystemRandom().randrange(10**6))
KILLS = 20
CLIENTS = 6
HANDLES = [hashlib.sha256(bytes([n])).hexdigest() for n in range(60)]


@dataclass
class Server:
    """The forking parent and the server of the moment."""

    port: int
    process: subprocess.Popen[str]
    orders: IO[str]
    answers: IO[str]
    pid: int = 0

    def start(self) -> None:
        self.orders.write("serve\n")
        self.orders.flush()
        self.pid = int(self.answers.readline())

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)


@contextmanager
def served(folder: Path) -> Iterator[Server]:
    """The parent, without a server yet."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.killed.server", str(folder)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        server = Server(0, process, process.stdin, process.stdout)
        server.port = int(process.stdout.readline())
        try:
            yield server
        finally:
            if server.pid:
                # It may be dead already, when the test has failed right after a kill.
                with suppress(ProcessLookupError):
                    os.kill(server.pid, signal.SIGTERM)
            process.kill()


@dataclass
class Client(threading.Thread):
    """Sends batches, each under a name of its own, and each again until it is answered."""

    number: int
    port: int
    key: str
    drawn: random.Random
    stop: threading.Event
    acknowledged: dict[str, int] = field(default_factory=dict)  # events by the batch's page
    retries: int = 0
    connection: http.client.HTTPConnection | None = None

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    def __hash__(self) -> int:
        return id(self)

    def run(self) -> None:
        try:
            self.send_all()
        finally:
            self.hang_up()

    def send_all(self) -> None:
        words = itertools.product("abcdefghij", repeat=5)
        for count, letters in enumerate(words):
            if self.stop.is_set():
                return
            page = f"/client-{'abcdefgh'[self.number]}/{''.join(letters)}"
            body = self.body(page, count)
            answer = self.send_until_answered(body)
            if self.drawn.random() < 0.2:
                assert self.send_until_answered(body) == answer
            self.acknowledged[page] = answer["stored"]

    def body(self, page: str, count: int) -> bytes:
        event = {"purpose": "statistics", "type": "page_view", "page": page}
        batch = f"{self.number}{count:021}"
        handle = HANDLES[(count * CLIENTS + self.number) % len(HANDLES)]
        events = [event] * self.drawn.choice([1, 1, 2, 5])
        whole = {"v": 1, "site": "shop", "handle": handle, "batch": batch, "events": events}
        return json.dumps(whole).encode()

    def send_until_answered(self, body: bytes) -> dict[str, Any]:
        while True:
            answer = self.send(body)
            if answer is not None:
                assert answer["dropped"] == []
                return answer
            self.retries += 1

    def send(self, body: bytes) -> dict[str, Any] | None:
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            headers = {
                "Authorization": f"Bearer {self.key}",
                "Content-Type": "application/json",
            }
            self.connection.request("POST", "/v1/events", body, headers)
            response = self.connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException):
            self.hang_up()
            return None
        assert response.status in (202, 503), content
        answer: dict[str, Any] | None = json.loads(content) if response.status == 202 else None
        return answer

    def hang_up(self) -> None:
        if self.connection is not None:
            self.connection.close()
        self.connection = None


def prepare(folder: Path) -> str:
    """A site, its relay's key, and many visitors who agreed to statistics."""
    parts: Parts = open_parts(folder, host_policy=None, now=time.time, urandom=os.urandom)
    site = read_policy({**shipped("full").document, "site": "shop"})
    edition = parts.registry.publish(site).current.hash
    for handle in HANDLES:
        choices = {"statistics": 3}
        record_now(parts, Decision("shop", handle, edition, "en", "save", choices, True, False))
    key = new_site_key(parts.engine, "shop", urandom=os.urandom)
    close_parts(parts)
    return key


def stored(folder: Path) -> Counter[str]:
    """How many rows there are of each batch's page, read from the files."""
    with closing(SqliteEvents(folder / "events.db", ended=lambda _: frozenset())) as store:
        rows = [row for key in store.periods() for row in store.rows(key)]
    return Counter(row.values["page"][1] for row in rows)


def test_kill_9_loses_nothing_acknowledged_and_doubles_nothing(tmp_path: Path) -> None:
    """M50: 202 means on disk, and a retry after the restart is the same batch."""
    print(f"ASKFIRST_SEED={SEED}")
    drawn = random.Random(SEED)
    folder = tmp_path / "data"
    key = prepare(folder)
    stop = threading.Event()
    with served(folder) as server:
        clients = [
            Client(number, server.port, key, random.Random(drawn.random()), stop)
            for number in range(CLIENTS)
        ]
        server.start()
        for client in clients:
            client.start()
        for _ in range(KILLS):
            _wait_for_an_answer(clients)
            time.sleep(drawn.uniform(0, 0.15))  # the point of the kill, not a wait
            server.kill()
            answered = {page: n for each in clients for page, n in each.acknowledged.copy().items()}
            found = stored(folder)
            assert {page: found[page] for page in answered} == answered
            server.start()
        _wait_for_an_answer(clients)
        stop.set()
        for client in clients:
            client.join(timeout=30)
            assert not client.is_alive()
    answered = {page: n for each in clients for page, n in each.acknowledged.items()}
    assert stored(folder) == Counter(answered)
    assert sum(client.retries for client in clients) >= KILLS / 2
    assert len(answered) > KILLS * 4
    print(f"{KILLS} kills, {sum(answered.values())} events acknowledged once")


def _wait_for_an_answer(clients: list[Client]) -> None:
    before = sum(len(client.acknowledged) for client in clients)
    while sum(len(client.acknowledged) for client in clients) == before:
        assert any(client.is_alive() for client in clients)
        time.sleep(0.005)
