"""Servers that are killed and are there again at once: the children of one `parent`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.conftest import ROOT
from tests.support.programs import python

PATIENCE = 60.0  # seconds; the machine may be busy


class Parent:
    """The process that forks servers; it has loaded everything they need."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self.process = python(
            *("-m", "tests.system.crash.parent"),
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._lock = threading.Lock()

    def listen(self) -> int:
        """A new port; who asks there waits until a server is there."""
        return self._order({"listen": 0})

    def run(self, role: str, log: Path, *arguments: object) -> int:
        """The process id of a new child in one of the roles of `parent`."""
        words = [str(word) if isinstance(word, Path) else word for word in arguments]
        return self._order({"run": role, "log": str(log), "arguments": words})

    def close(self, port: int) -> None:
        """Hang up on who waits at a port."""
        self._order({"close": port})

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()

    def _order(self, order: Mapping[str, object]) -> int:
        with self._lock:
            assert self.process.stdin is not None
            assert self.process.stdout is not None
            self.process.stdin.write(json.dumps(order) + "\n")
            self.process.stdin.flush()
            return int(self.process.stdout.readline())


class Server:
    """One collector of its own, at a port that stays."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._parent = Parent()
        self.process = self._parent.process
        self.port = self._parent.listen()
        self.pid = 0

    def start(self) -> None:
        log = self._folder.parent / f"{self._folder.name}.log"
        self.pid = self._parent.run("collector", log, self._folder, self.port)

    def kill(self) -> None:
        kill(self.pid)

    def end(self) -> None:
        kill(self.pid, signal.SIGTERM)
        self._parent.end()


@contextmanager
def served(folder: Path) -> Iterator[Server]:
    """A server that was not started yet."""
    server = Server(folder)
    try:
        yield server
    finally:
        server.end()


def kill(pid: int, how: signal.Signals = signal.SIGKILL) -> None:
    """End a process; it may be gone already."""
    if pid:
        with suppress(ProcessLookupError):
            os.kill(pid, how)


def is_alive(pid: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return bool(pid)


def gone(*pids: int) -> None:
    """Wait until none of these processes is there."""
    until = time.monotonic() + PATIENCE
    while any(is_alive(pid) for pid in pids if pid):
        assert time.monotonic() < until, "a process does not end"
        time.sleep(0.002)
