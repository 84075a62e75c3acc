"""CPU of what is acknowledged: a grant, an event by itself, a withdrawal; of two checkouts in turn.

    scripts/benchmark acknowledged CHECKOUT [CHECKOUT] [--visitors 300] [--rounds 5]

Each turn is a process of its own, which imports from its checkout, opens a folder of its own and is
asked over ASGI, under a site's key, one request after another: so that nothing is shared between
those who wait, and each pays its whole commit. User and system time of all its threads is read
before and after. The median of the rounds is printed, and the ratio of the last to the first.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ACTS = ("grant", "event", "withdrawal")
EVENT = {
    "purpose": "statistics",
    "type": "page_view",
    "page": "/harbours/1",
    "observed": {"browser": ["Firefox"], "ip": ["IE"]},
}


async def post(app: Any, path: str, key: str, body: Any) -> Any:
    """The answer to one request under the site's key."""
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": json.dumps(body).encode(), "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [
        (b"host", b"collector.example"),
        (b"authorization", f"Bearer {key}".encode()),
        (b"content-type", b"application/json"),
    ]
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "https",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 4711),
        "server": ("collector.example", 443),
    }
    await app(scope, receive, send)
    start = sent[0]
    answer = json.loads(b"".join(message.get("body", b"") for message in sent[1:]))
    if start["status"] not in (200, 202):
        raise RuntimeError(f"{path}: {start['status']} {answer}")
    return answer


async def measure(checkout: Path, visitors: int) -> dict[str, float]:
    """CPU seconds of each act, in this process."""
    import askfirst
    from askfirst.terms.policy import read_policy, shipped
    from askfirst_collector.embedded import EmbeddedCollector
    from askfirst_collector.members.rows import ON_THE_MACHINE
    from askfirst_collector.usecases.site_keys import create_site_key

    if not Path(askfirst.__file__).is_relative_to(checkout):
        raise RuntimeError(f"askfirst is imported from {askfirst.__file__}, not from {checkout}")
    policy = read_policy({**shipped("standard").document, "site": "shop"})
    handles = [hashlib.sha256(b"%d" % number).hexdigest() for number in range(visitors)]
    with tempfile.TemporaryDirectory() as folder:
        collector = EmbeddedCollector(folder, jobs=False)
        parts = collector.parts()
        parts.registry.publish(policy)
        key = create_site_key(parts, ON_THE_MACHINE, "shop")

        async def answer(handle: str, method: str) -> Any:
            body = {"site": "shop", "edition": policy.hash, "lang": "en", "handle": handle}
            # A newer checkout asks for the newer body.
            return await post(
                collector.app, "/v1/consents", key, {"v": version, "method": method, **body}
            )

        async def event(handle: str, name: str) -> None:
            body = {"v": 1, "site": "shop", "handle": handle, "batch": name, "events": [EVENT]}
            told = await post(collector.app, "/v1/events", key, body)
            if told != {"stored": 1, "dropped": []}:
                raise RuntimeError(f"the event was not stored: {told}")

        version = 2
        first = hashlib.sha256(b"first").hexdigest()
        try:
            await answer(first, "accept_all")
        except RuntimeError:
            version = 1
            await answer(first, "accept_all")
        await event(first, "f" * 22)
        spent = {}
        for act in ACTS:
            began = time.process_time()
            for number, handle in enumerate(handles):
                if act == "event":
                    await event(handle, f"{number:022}")
                else:
                    await answer(handle, "accept_all" if act == "grant" else "withdraw")
            spent[act] = time.process_time() - began
        await collector.aclose()
    return spent


def turn(checkout: Path, visitors: int) -> dict[str, float]:
    """CPU microseconds of each act, from a process that imports from a checkout."""
    paths = (checkout / "collector", checkout / "sdk/python")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))}
    command = [sys.executable, __file__, str(checkout), "--visitors", str(visitors), "--turn"]
    out = subprocess.run(
        command, env=environment, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ).stdout
    return {act: seconds / visitors * 1e6 for act, seconds in json.loads(out).items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("checkouts", nargs="+", type=lambda name: Path(name).resolve())
    parser.add_argument("--visitors", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--turn", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.turn:
        checkout: Path = arguments.checkouts[0]
        print(json.dumps(asyncio.run(measure(checkout, arguments.visitors))))
        return
    turns: list[list[dict[str, float]]] = [[] for _ in arguments.checkouts]
    for _ in range(arguments.rounds):
        for checkout, figures in zip(arguments.checkouts, turns, strict=True):
            figures.append(turn(checkout, arguments.visitors))
    for act in ACTS:
        medians = [statistics.median(each[act] for each in figures) for figures in turns]
        row = "".join(f"{median:9.0f} µs" for median in medians)
        ratio = f"  × {medians[-1] / medians[0]:.2f}" if len(medians) > 1 else ""
        print(f"{act:<11}{row}{ratio}")


if __name__ == "__main__":
    main()
