"""`askfirst serve --workers`: several processes over one folder, ended and begun anew as one."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

from askfirst_collector.runtime.open import close_services, open_services
from tests.support.collectors import HANDLE, policy
from tests.support.site_keys import new_site_key

POLICY = policy()
EVENT = {"purpose": "statistics", "type": "page_view", "page": "/", "observed": {"ip": ["IE"]}}


def eventually(true: Callable[[], object]) -> None:
    until = time.monotonic() + 60
    while not true():
        assert time.monotonic() < until
        time.sleep(0.05)


def children(pid: int) -> list[int]:
    """The workers: processes of its own that run uvicorn."""
    workers = []
    for number in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        with suppress(OSError):  # it has just ended
            if b"spawn_main" in Path(f"/proc/{number}/cmdline").read_bytes():
                workers.append(int(number))
    return workers


def is_well(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=60).status_code == 200
    except httpx.TransportError:  # of the one that was ended
        return False


@contextmanager
def serving(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Two workers, and their address, once both serve."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = ["serve", "--workers", "2", "--port", str(port), "--data", str(folder)]
    process = subprocess.Popen(
        [sys.executable, "-m", "askfirst", *words], stderr=subprocess.PIPE, text=True
    )
    try:
        spools = folder / "spool"
        eventually(lambda: len(children(process.pid)) == 2)
        url = f"http://127.0.0.1:{port}"
        transport = httpx.HTTPTransport(retries=5)
        with httpx.Client(transport=transport, base_url=url, timeout=60) as client:
            assert client.get("/readyz").json()["status"] == "ok"
        assert spools.is_dir()
        yield process, url
    finally:
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "Traceback" not in said
    assert "127.0.0.1" not in said


def test_workers_share_a_folder_and_one_that_ends_is_begun_anew(tmp_path: Path) -> None:
    """M50: what any of them answered is there; a retry is known whichever of them it meets."""
    folder = tmp_path / "data"
    parts = open_services(folder, host_policy=None, now=time.time, urandom=os.urandom)
    parts.registry.publish(POLICY)
    key = new_site_key(parts.engine, "shop", urandom=parts.urandom)
    close_services(parts)
    headers = {"authorization": f"Bearer {key}", "connection": "close"}
    with serving(folder) as (process, url):
        grant = {"v": 2, "site": "shop", "edition": POLICY.hash, "lang": "en", "handle": HANDLE}
        body = {**grant, "method": "accept_all", "choices": dict.fromkeys(POLICY.asked, 2)}
        answer = httpx.post(
            f"{url}/v1/consents", json={**body, "adult": True}, headers=headers, timeout=60
        )
        assert answer.status_code == 200, answer.text

        def send(number: int) -> httpx.Response:
            batch = {"v": 1, "site": "shop", "handle": HANDLE, "batch": f"{number:022}"}
            return httpx.post(
                f"{url}/v1/events", json={**batch, "events": [EVENT]}, headers=headers
            )

        stored = [send(number).json() for number in range(40)]
        assert stored == [{"stored": 1, "dropped": []}] * 40
        first = children(process.pid)
        os.kill(first[0], signal.SIGKILL)
        eventually(lambda: len({*children(process.pid)} - {first[0]}) == 2)
        eventually(lambda: is_well(url))
        assert [send(number).json() for number in range(40)] == stored
        assert send(99).json()["stored"] == 1
    parts = open_services(folder, host_policy=None, now=time.time, urandom=os.urandom)
    keys = parts.events.periods()
    assert sum(parts.events.counts(key).rows for key in keys) == 41
    close_services(parts)
