"""CPU a stored event, beside a bare uvicorn endpoint and two plain ones that store it as it is.

    scripts/benchmark events [--seconds 4] [--rounds 3] [--connections 32] [--policy standard]
        [--agents 80] [--visitors 500] [--workers 1] [--servers bare starlette fastapi askfirst]

Few agents and visitors are found in memory (warm), many (`--agents 1000000`) are not (cold).
The bare one parses the same JSON and answers 202. `starlette` and `fastapi` are plain endpoints:
each event with its agent and address is a row in SQLite, by one commit a request that waits for the
disk (WAL, `synchronous=FULL`). With `--workers 2` askfirst is two processes over one folder.

All are processes of their own and take turns; their CPU, memory and writes are the kernel's, until
what was accepted is moved to the store. Every event is a page view of a visitor with a grant, on
disk when it is answered.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import multiprocessing
import os
import random
import selectors
import socket
import statistics
import tempfile
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, MutableMapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import orjson
import uvicorn
from benchmarks._plain import fastapi_endpoint, starlette_endpoint

from askfirst.client import Caller, Decision
from askfirst.terms.policy import read_policy, shipped
from askfirst_collector.commands.listening import keep_for_good
from askfirst_collector.embedded import EmbeddedCollector
from askfirst_collector.ingest.daily_limit import DailyLimit
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.runtime.open import close_services, open_services
from askfirst_collector.store.sqlite import SqliteEvents
from askfirst_collector.usecases.record_consent import record_now
from askfirst_collector.usecases.sites import limit_site

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

TICK = os.sysconf("SC_CLK_TCK")
SETTLE = "/settle"  # the path at which all that waits is moved
AGAIN = 0.05  # seconds after which a client comes again that came too fast


async def bare(scope: Scope, receive: Receive, send: Send) -> None:
    """Read the body, parse it, answer as many as there are."""
    chunks, more = [], True
    while more:
        message = await receive()
        chunks.append(message.get("body", b""))
        more = message.get("more_body", False)
    count = len(orjson.loads(b"".join(chunks))["events"])
    body = orjson.dumps({"stored": count, "dropped": []})
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 202, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def collecting(folder: str, site: str = "example", **options: Any) -> App:
    """The embedded collector behind a gate that has read the receipt: its handle is in a header."""
    collector = EmbeddedCollector(folder, **options)
    # The same receipts send more than people do.
    collector._open().events._intake._daily = DailyLimit(most=10**9)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == SETTLE:
            await asyncio.to_thread(collector._open().parts.events.periods)  # moves what waits
            await bare(scope, receive, send)
            return
        handle = next(value for name, value in scope["headers"] if name == b"x-handle").decode()
        scope["askfirst.caller"] = Caller(site, handle, False, False)
        await collector.events(scope, receive, send)

    return app


SERVERS: dict[str, Callable[[str], App]] = {
    "bare": lambda _: bare,
    "starlette": starlette_endpoint,
    "fastapi": fastapi_endpoint,
    "askfirst": collecting,
}


def serve(listening: socket.socket, name: str, folder: str) -> None:
    """One server process, its garbage collector set as by `askfirst serve`."""
    app = SERVERS[name](folder)
    keep_for_good()
    config = uvicorn.Config(app, access_log=False, log_level="critical", lifespan="off")
    uvicorn.Server(config).run(sockets=[listening])


@dataclass(frozen=True)
class World:
    """Who visits, and with how many different browsers."""

    agents: int = 80
    visitors: int = 500

    def agent(self, drawn: random.Random) -> str:
        build, version = divmod(drawn.randrange(self.agents), 80)
        return (
            f"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:{version + 60}.0)"
            f" Gecko/20100101 Firefox/{version + 60}.{build}"
        )

    def handle(self, number: int) -> str:
        return hashlib.sha256(str(number).encode()).hexdigest()


@dataclass(frozen=True)
class Server:
    """A server process, where it listens and what it writes to."""

    name: str
    folder: str
    processes: tuple[multiprocessing.Process, ...]
    port: int

    def cpu(self) -> float:
        """Seconds of user and system time of its processes so far."""
        stats = (Path(f"/proc/{process.pid}/stat").read_text() for process in self.processes)
        fields = [text.rpartition(")")[2].split() for text in stats]
        return sum(int(each[11]) + int(each[12]) for each in fields) / TICK

    def written(self) -> int:
        """Bytes that its processes had written to the disk so far."""
        files = (Path(f"/proc/{process.pid}/io").read_text() for process in self.processes)
        lines = (line.split() for text in files for line in text.splitlines())
        return sum(int(words[1]) for words in lines if words[0] == "write_bytes:")

    def settle(self) -> None:
        """Have what it accepted moved to the store."""
        if self.name == "askfirst":
            urlopen(f"http://127.0.0.1:{self.port}{SETTLE}", b'{"events":[]}').close()

    def memory(self) -> tuple[int, int]:
        """MB of its first process in memory: now, and at most so far."""
        lines = Path(f"/proc/{self.processes[0].pid}/status").read_text().splitlines()
        told = {name: value for name, _, value in (line.partition(":") for line in lines)}
        return int(told["VmRSS"].split()[0]) // 1024, int(told["VmHWM"].split()[0]) // 1024


def start(name: str, folder: str, count: int = 1) -> Server:
    listening = socket.create_server(("127.0.0.1", 0), backlog=512)
    processes = tuple(
        multiprocessing.Process(target=serve, args=(listening, name, folder), daemon=True)
        for _ in range(count)
    )
    for process in processes:
        process.start()
    return Server(name, folder, processes, listening.getsockname()[1])


def requests(events: int, seed: int, world: World) -> Iterator[bytes]:
    """Requests without end: another batch, visitor, agent and page each."""
    drawn = random.Random(seed)
    handles = [world.handle(number) for number in range(world.visitors)]
    while True:
        told = [
            {
                "purpose": "statistics",
                "type": "page_view",
                "page": f"/shop/{drawn.choice('abcdefgh')}{drawn.choice('klmnopqr')}?utm_source=x",
                "referrer": drawn.choice(["", "https://www.google.com", "https://example.org"]),
                "screen": "desktop",
            }
            for _ in range(events)
        ]
        batch = f"{drawn.getrandbits(64):022}"[:22]
        body = json.dumps({"v": 1, "batch": batch, "events": told}).encode()
        head = (
            "POST /askfirst/events HTTP/1.1\r\nhost: example.org\r\n"
            f"user-agent: {world.agent(drawn)}\r\naccept-language: en-GB,en;q=0.9\r\n"
            "accept: */*\r\norigin: https://example.org\r\nsec-fetch-site: same-origin\r\n"
            "sec-fetch-mode: cors\r\nreferer: https://example.org/shop\r\n"
            f"content-type: application/json\r\nx-handle: {drawn.choice(handles)}\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        )
        yield head.encode() + body


@dataclass
class Connection:
    """One that asks: what it is going to send, and what it waits for."""

    socket: socket.socket
    rest: Iterator[bytes]
    request: bytes = b""
    began: float = 0.0
    answer: bytes = b""

    def send(self) -> None:
        self.answer = b""
        self.socket.sendall(self.request)

    def is_answered(self) -> bool:
        """Whether all of the answer is here, once more of it has come."""
        part = self.socket.recv(65_536)
        if not part:
            raise SystemExit(f"closed after {self.answer!r}")
        self.answer += part
        head, ended, body = self.answer.lower().partition(b"\r\n\r\n")
        length = head.partition(b"content-length: ")[2].partition(b"\r\n")[0]
        return bool(ended) and len(body) == int(length)


def drive(
    port: int, prepared: Sequence[Sequence[bytes]], until: float
) -> tuple[list[float], int, float]:
    """Send on each connection one after the other until then.

    How long each answer took; how many came too fast, and were asked again, as more waits then
    than the store takes; the processor's seconds that this took. Not by asyncio, which would want
    a third of the processors that it measures.
    """
    waits: list[float] = []
    again: deque[tuple[float, Connection]] = deque()
    refused = asking = 0
    spent = time.process_time()
    with selectors.DefaultSelector() as ready:

        def go_on(connection: Connection) -> bool:
            connection.request = next(connection.rest, b"")
            connection.began = time.perf_counter()
            if not connection.request or connection.began > until:
                ready.unregister(connection.socket)
                connection.socket.close()
                return False
            connection.send()
            return True

        for own in prepared:
            connection = Connection(socket.create_connection(("127.0.0.1", port)), iter(own))
            connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            ready.register(connection.socket, selectors.EVENT_READ, connection)
            asking += go_on(connection)
        while asking:
            while again and again[0][0] <= time.perf_counter():
                again.popleft()[1].send()
            for key, _ in ready.select(AGAIN / 10 if again else None):
                connection = key.data
                if not connection.is_answered():
                    continue
                answer = connection.answer
                if answer.startswith(b"HTTP/1.1 503"):
                    refused += 1
                    again.append((time.perf_counter() + AGAIN, connection))
                    continue
                if not answer.startswith(b"HTTP/1.1 202") or b'"dropped":[]' not in answer:
                    raise SystemExit(f"not stored: {answer!r}")
                waits.append(time.perf_counter() - connection.began)
                asking -= not go_on(connection)
    return waits, refused, time.process_time() - spent


def turn(
    server: Server, world: World, *, events: int, seconds: float, connections: int, seed: int
) -> Turn:
    """One turn of one server."""
    each = int(seconds * (2_500 if events == 1 else 400) * 8 / connections)
    prepared = [
        [next(stream) for _ in range(each)]
        for stream in (requests(events, seed * 1_000 + n, world) for n in range(connections))
    ]
    before, began, written = server.cpu(), time.perf_counter(), server.written()
    waits, refused, asked = drive(server.port, prepared, began + seconds)
    took = time.perf_counter() - began
    server.settle()
    stored = len(waits) * events
    quantile = statistics.quantiles(waits, n=100)
    return Turn(
        stored,
        server.cpu() - before,
        took,
        quantile[49],
        quantile[98],
        server.written() - written,
        refused,
        asked,
    )


@dataclass(frozen=True)
class Turn:
    """What one turn measured."""

    events: int
    cpu: float  # seconds
    took: float  # seconds
    median: float  # seconds an answer took
    slow: float  # seconds that 99 of 100 took at most
    written: int  # bytes
    refused: int  # answers that said to come again
    asked: float  # seconds of the processor that asking took


def prepare(folder: str, policy: str, world: World) -> None:
    """The site, and visitors who agreed to everything it asks."""
    parts = open_services(folder, host_policy=None, now=time.time, urandom=os.urandom)
    edition = parts.registry.publish(read_policy(shipped(policy).document)).current.hash
    limit_site(parts, ON_THE_MACHINE, "example", 10**9)  # in a minute more come than in most days
    for handle in map(world.handle, range(world.visitors)):
        record_now(parts, Decision("example", handle, edition, "en", "accept_all", {}, True, False))
    close_services(parts)


def main() -> None:
    reading = argparse.ArgumentParser(description=__doc__)
    reading.add_argument("--seconds", type=float, default=4)
    reading.add_argument("--rounds", type=int, default=3)
    reading.add_argument("--connections", type=int, default=32)
    reading.add_argument("--policy", default="standard")
    reading.add_argument("--agents", type=int, default=World.agents)
    reading.add_argument("--visitors", type=int, default=World.visitors)
    reading.add_argument("--workers", type=int, default=1)
    reading.add_argument("--servers", nargs="+", choices=SERVERS, default=[*SERVERS])
    wanted = reading.parse_args()
    world = World(wanted.agents, wanted.visitors)
    with tempfile.TemporaryDirectory() as folder:
        prepare(folder, wanted.policy, world)
        # From here on nothing is open in this process, so it may fork.
        counts = {"askfirst": wanted.workers}
        servers = [start(name, folder, counts.get(name, 1)) for name in wanted.servers]
        sent = 0
        for events in (1, 50):
            totals: dict[str, list[Turn]] = {server.name: [] for server in servers}
            for number in range(wanted.rounds + 1):
                for server in servers:
                    seed = events * 100 + number
                    one = turn(
                        server,
                        world,
                        events=events,
                        seconds=wanted.seconds,
                        connections=wanted.connections,
                        seed=seed,
                    )
                    sent += one.events if server.name == "askfirst" else 0
                    if number:  # the first turn warms
                        totals[server.name].append(one)
            print(f"{'single posts' if events == 1 else f'batches of {events}'}:")
            cpu = {name: _report(name, turns) for name, turns in totals.items()}
            if cpu.keys() >= {"askfirst", "bare"}:
                print(f"  added by storing: {cpu['askfirst'] - cpu['bare']:.1f} µs of CPU an event")
        for server in servers:
            now, most = server.memory()
            print(f"{server.name}: {now} MB in memory, {most} MB at most")
            for process in server.processes:
                process.terminate()
                process.join()
        path = Path(folder) / "events.db"
        with closing(SqliteEvents(path, ended=lambda _: frozenset())) as store:
            rows = sum(store.counts(key).rows for key in store.periods())
        size = path.stat().st_size / rows
        print(f"{rows} rows stored of {sent} acknowledged, {size:.0f} bytes each")
        if rows != sent:
            raise SystemExit("rows and acknowledgements differ")


def _report(name: str, turns: Sequence[Turn]) -> float:
    events = sum(each.events for each in turns)
    cpu = sum(each.cpu for each in turns) / events * 1e6
    rate = events / sum(each.took for each in turns)
    median, slow = (
        statistics.median(getattr(each, name) for each in turns) * 1e3
        for name in ("median", "slow")
    )
    written = sum(each.written for each in turns) / events
    refused = sum(each.refused for each in turns)
    asked = sum(each.asked for each in turns) / events * 1e6
    print(
        f"  {name:9} {cpu:7.1f} µs of CPU an event, {rate:8.0f} events/s, {median:.1f} ms median, "
        f"{slow:.1f} ms in 99 of 100, {written:.0f} bytes written an event, "
        f"{asked:.1f} µs to ask" + (f", {refused} asked to come again" if refused else "")
    )
    return cpu


if __name__ == "__main__":
    main()
