"""CPU a request that ConsentMiddleware adds over the bare application.

    scripts/benchmark gate [--rounds 40] [--requests 2000]

In-process ASGI calls, bare and wrapped paired in turn, so that a busy machine slows both; process
CPU time, the median of the rounds. Warm: the answer was checked before, as it is for every visitor
who shares it (M09).
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import statistics
import time
from collections.abc import MutableMapping
from typing import Any

from askfirst import ConsentMiddleware
from askfirst.client import Application
from tests.unit.gate.memory import MemoryCollector, make_policy, state_token

BASE: list[tuple[bytes, bytes]] = [
    (b"host", b"shop.example"),
    (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
    (b"accept", b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    (b"accept-language", b"de-AT,de;q=0.9,en;q=0.5"),
    (b"accept-encoding", b"gzip, deflate, br, zstd"),
    (b"sec-fetch-dest", b"document"),
    (b"sec-fetch-mode", b"navigate"),
    (b"sec-fetch-site", b"same-origin"),
    (b"upgrade-insecure-requests", b"1"),
    (b"connection", b"keep-alive"),
]
PLAIN = [
    (b"content-type", b"text/html; charset=utf-8"),
    (b"content-length", b"5"),
    (b"cache-control", b"public, max-age=60"),
    (b"x-content-type-options", b"nosniff"),
]


def application(headers: list[tuple[bytes, bytes]], *, reads: bool) -> Application:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if reads and "askfirst" in scope:
            scope["askfirst"].allows("statistics")
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"hello"})

    return app


async def receive() -> MutableMapping[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


async def send(message: MutableMapping[str, Any]) -> None:
    pass


def scope_of(cookie: bytes) -> MutableMapping[str, Any]:
    headers = [*BASE, (b"cookie", cookie)] if cookie else [*BASE]
    return {
        "type": "http",
        "method": "GET",
        "path": "/harbours/skarness",
        "raw_path": b"/harbours/skarness",
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": ("203.0.113.9", 40_000),
    }


async def spend(app: Application, cookie: bytes, requests: int) -> float:
    """CPU microseconds a request."""
    scopes = [scope_of(cookie) for _ in range(requests)]
    start = time.process_time()
    for scope in scopes:
        await app(scope, receive, send)
    return (time.process_time() - start) / requests * 1e6


async def measure(
    name: str, cookie: bytes, answer: Any, *, reads: bool, rounds: int, n: int
) -> None:
    bare = application(answer, reads=reads)
    wrapped = ConsentMiddleware(
        bare, policy=make_policy(), collector=MemoryCollector(now=time.time)
    )
    await spend(wrapped, cookie, n)
    pairs = [(await spend(bare, cookie, n), await spend(wrapped, cookie, n)) for _ in range(rounds)]
    added = statistics.median(after - before for before, after in pairs)
    low, _, high = statistics.quantiles([after - before for before, after in pairs], n=4)
    print(f"{name:58} +{added:5.2f} µs  (quartiles {low:.2f} to {high:.2f})")


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--requests", type=int, default=2000)
    wanted = parser.parse_args()
    logging.disable(logging.CRITICAL)
    options = {"rounds": wanted.rounds, "n": wanted.requests}
    token = state_token(
        {"statistics": 2, "marketing": 0, "preferences": 2},
        expires=time.time() + 86_400,
    )
    site = b"session=Vk3mQ9xZ; csrftoken=hT7; theme=dark"
    state = b"; __Host-askfirst=" + token
    receipt = b"; __Host-askfirst-receipt=AAAAAAAAAAAAAAAAAAAAAA"
    sets = [*PLAIN, (b"set-cookie", b"session=1; Path=/"), (b"set-cookie", b"_ga=1; Path=/")]
    await measure("no answer yet, page does not ask", site, PLAIN, reads=False, **options)
    await measure("no answer yet, page asks", site, PLAIN, reads=True, **options)
    await measure("refused, page does not ask", site + state, PLAIN, reads=False, **options)
    await measure("refused, page asks", site + state, PLAIN, reads=True, **options)
    everything = site + state + receipt
    await measure("granted, page does not ask", everything, PLAIN, reads=False, **options)
    await measure("granted, page asks", everything, PLAIN, reads=True, **options)
    await measure(
        "granted, page asks and sets two cookies", everything, sets, reads=True, **options
    )


if __name__ == "__main__":
    asyncio.run(main())
