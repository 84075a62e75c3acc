"""`askfirst serve` answers while others hold connections with half a header. Real sockets."""

from __future__ import annotations

import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from askfirst_collector.commands.connections import bounded_protocol, raise_file_limit
from tests.support.served import served

HALF = b"GET /healthz HTTP/1.1\r\nHost: a.example\r\nX-Slow: "
WHOLE = b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"


async def hello(scope: object, receive: object, send: object) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})  # type: ignore[operator]
    await send({"type": "http.response.body", "body": b"hello"})  # type: ignore[operator]


@contextmanager
def bounded(**limits: float) -> Iterator[tuple[str, int]]:
    """A server with these limits; where it listens."""
    with served(hello, http=bounded_protocol(**limits)) as origin:  # type: ignore[arg-type]
        yield "127.0.0.1", int(origin.rpartition(":")[2])


def connected(address: tuple[str, int], sent: bytes = b"") -> socket.socket:
    found = socket.create_connection(address, timeout=20)
    found.sendall(sent)
    return found


def is_ended(connection: socket.socket) -> bool:
    """Waits until the other side ends it, or answers."""
    try:
        return connection.recv(4096) == b""
    except ConnectionResetError:
        return True


def is_dripped(connection: socket.socket) -> bool:
    """Sends one more byte; whether the other side has ended it."""
    try:
        connection.sendall(b"G")
        return connection.recv(4096) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


@pytest.mark.parametrize("sent", [b"", b"GET", HALF, WHOLE[:-1]], ids=["none", "3", "half", "all"])
def test_headers_that_do_not_come_end_the_connection(sent: bytes) -> None:
    with bounded(most=50, seconds=0.3) as address, connected(address, sent) as slow:
        assert is_ended(slow)


def test_a_byte_now_and_then_is_no_way_to_stay() -> None:
    """The time is that of the whole header, on the second request of a connection too."""
    with bounded(most=50, seconds=0.5) as address, connected(address, WHOLE) as slow:
        answer = b""
        while b"hello" not in answer:
            answer += slow.recv(4096)
        slow.settimeout(0.05)
        until = time.monotonic() + 20
        while not is_dripped(slow):
            assert time.monotonic() < until


def test_whoever_sends_a_request_stays() -> None:
    """The limit ends with the headers, and the next request has its own."""
    with (
        bounded(most=50, seconds=1.0) as (host, port),
        httpx.Client(base_url=f"http://{host}:{port}") as client,
    ):
        for _ in range(5):
            assert client.get("/").text == "hello"


def test_who_waits_longest_makes_room_for_who_comes() -> None:
    with ExitStack() as stack, ExitStack() as crowd:
        address = stack.enter_context(bounded(most=10, seconds=30))
        first = crowd.enter_context(connected(address, HALF))
        for _ in range(9):
            crowd.enter_context(connected(address, HALF))
        for _ in range(30):
            with connected(address, WHOLE) as visitor:
                assert visitor.recv(4096).startswith(b"HTTP/1.1 200")
        assert is_ended(first)


def test_where_nobody_waits_the_next_is_told_when_to_come_again() -> None:
    with ExitStack() as stack, ExitStack() as crowd:
        address = stack.enter_context(bounded(most=3, seconds=30))
        for _ in range(3):
            busy = crowd.enter_context(connected(address, WHOLE))
            assert busy.recv(4096).startswith(b"HTTP/1.1 200")
        with connected(address) as visitor:
            answer = visitor.recv(4096)
        assert answer.startswith(b"HTTP/1.1 503")
        assert b"retry-after:" in answer.lower()


def test_the_file_limit_is_raised_as_far_as_the_system_lets() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        lower = min(hard, 512) if hard != resource.RLIM_INFINITY else 512
        resource.setrlimit(resource.RLIMIT_NOFILE, (lower, hard))
        assert raise_file_limit() >= lower
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == raise_file_limit()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


FILES = 256


def _few_files() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))


def test_serve_answers_beside_more_half_headers_than_it_has_files(tmp_path: Path) -> None:
    """1,100 connections with half a header kept every other client out of 1,024 files."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "askfirst", "serve", "--port", str(port)]
    process = subprocess.Popen(
        [*command, "--data", str(tmp_path / "data")],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=_few_files,
    )
    try:
        assert process.stdout is not None
        while "setup?token=" not in process.stdout.readline():
            assert process.poll() is None
        with ExitStack() as crowd:
            transport = httpx.HTTPTransport(retries=5)
            with httpx.Client(transport=transport, timeout=60) as client:
                assert client.get(f"http://127.0.0.1:{port}/healthz").status_code == 200
            for _ in range(FILES + 80):
                crowd.enter_context(connected(("127.0.0.1", port), HALF))
            for _ in range(5):
                answer = httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=9)
                assert answer.json()["status"] == "ok"
    finally:
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "Too many open files" not in said
