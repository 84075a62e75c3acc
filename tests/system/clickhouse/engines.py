"""Starting ClickHouse's engine behind HTTP, and ending it."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from itertools import count
from pathlib import Path
from types import TracebackType
from urllib.parse import urlencode

import pytest

from tests.conftest import ROOT
from tests.system.frameworks.servers import free_port

PATIENCE = 60.0  # seconds
_numbers = count()


def need_clickhouse() -> None:
    """Skip, and say so, where neither the client nor the engine is installed; CI must have both."""
    for module in ("clickhouse_connect", "chdb"):
        if importlib.util.find_spec(module) is None:
            if os.environ.get("CI") == "true":
                pytest.fail(f"{module} is not installed; CI must have it")
            pytest.skip(f"{module} is not installed: pip install 'askfirst[chdb]'")


class Face:
    """A process with the engine on a folder; `kill` and `start` as often as is wanted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Face:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        arguments = ["-m", "tests.support.clickhouse_http", str(self.folder), str(self.port)]
        self._process = subprocess.Popen([sys.executable, *arguments], cwd=ROOT)
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            assert self._process.poll() is None, "the engine did not start"
            with suppress(OSError):
                self.ask("SELECT 1")
                return
            time.sleep(0.05)
        raise AssertionError("the engine does not answer")

    def kill(self, number: int = signal.SIGKILL) -> None:
        """End it, as a crash does."""
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(PATIENCE)
            self._process = None

    def ask(self, query: str, database: str = "default") -> str:
        """What a statement gives, as text."""
        address = f"http://127.0.0.1:{self.port}/?{urlencode({'database': database})}"
        request = urllib.request.Request(address, query.encode(), method="POST")
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return str(answer.read(), "utf-8").strip()

    def new_database(self) -> str:
        """The address of a new, empty database."""
        name = f"askfirst_{next(_numbers)}"
        self.ask(f"CREATE DATABASE {name}")
        return f"http://127.0.0.1:{self.port}/{name}"


def database_of(url: str) -> str:
    """The name of the database in an address."""
    return url.rpartition("/")[2]
