"""Servers over one data folder, killed and started again: real processes, real files, real locks.

python -m tests.system.serving embedded FOLDER PORT   a collector inside uvicorn
python -m tests.system.serving commands               runs each line of its input as a command
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import uvicorn

from askfirst_collector.cli import main as askfirst
from askfirst_collector.embedded import EmbeddedCollector
from tests.conftest import ROOT
from tests.support.programs import python
from tests.system.frameworks.servers import free_port

PATIENCE = 60.0  # seconds
DATABASES = ("ledger.db", "events.db", "salts.db")
COMMANDS = {
    "serve": ("-m", "askfirst", "serve", "--data", "{folder}", "--port", "{port}"),
    "demo": ("-m", "askfirst", "demo", "--data", "{folder}", "--port", "{port}"),
    "embedded": ("-m", "tests.system.serving", "embedded", "{folder}", "{port}"),
}


class Server:
    """A server of one kind of COMMANDS on a port that stays, alive between `start` and `kill`."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.log = folder.parent / f"{kind}-{self.port}.log"
        self._words = [word.format(folder=folder, port=self.port) for word in COMMANDS[kind]]
        # The demo has no face of its own at that path, and answers 404: it listens.
        self._url = f"http://127.0.0.1:{self.port}/healthz"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the process that runs now."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with self.log.open("ab") as log:
            self._process = python(*self._words, cwd=ROOT, stdout=log, stderr=log)
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            if listens(self._url):
                return
            # Waits a little for the child: it ends at once where it cannot start.
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(0.05)
                break
        raise AssertionError(f"it does not listen:\n{self.said()}")

    def kill(self) -> None:
        """kill -9."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to stop, as a supervisor does, and wait for that."""
        self._end(signal.SIGTERM)

    def said(self) -> str:
        """Everything on its output and in its log."""
        return self.log.read_text("utf-8", "replace")

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(PATIENCE)
            self._process = None


def listens(url: str) -> bool:
    """Whether anything answers, whatever its status."""
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE):
            return True
    except urllib.error.HTTPError as error:
        error.close()
        return True
    except OSError:
        return False


@contextmanager
def served(kind: str, folder: Path) -> Iterator[Server]:
    """A server that runs, and is gone at the end."""
    server = Server(kind, folder)
    server.start()
    try:
        yield server
    finally:
        server.kill()


class CommandProcess:
    """A process beside this one that runs commands one after another: its modules are read once."""

    def __init__(self) -> None:
        self._process = python(
            *("-m", "tests.system.serving", "commands"),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, words: list[str]) -> tuple[int, str]:
        """Run `askfirst …`: exit code and output; AssertionError for what it did not catch."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{json.dumps(words)}\n")
        self._process.stdin.flush()
        code, output, failure = json.loads(self._process.stdout.readline())
        assert failure == "", (words, output, failure)
        return code, output

    def close(self) -> None:
        """End it."""
        with self._process:
            self._process.terminate()


def run_commands(commands: Iterable[list[str]]) -> list[tuple[int, str]]:
    """Run each as `askfirst …` in one process beside; exit code and output of each."""
    process = CommandProcess()
    try:
        return [process.run(words) for words in commands]
    finally:
        process.close()


def call(
    url: str, body: object = None, headers: Mapping[str, str] | None = None
) -> tuple[int, Any]:
    """Status and JSON of a request: POST with a body, GET without."""
    data = None if body is None else json.dumps(body).encode()
    sent = {"Content-Type": "application/json", **(headers or {})}
    request = urllib.request.Request(url, data, sent)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def unlocked(pid: int, folder: Path) -> list[str]:
    """The databases that a process has open without a lock on them, from /proc (Linux)."""
    inodes = {(folder / name).stat().st_ino: name for name in DATABASES}
    # What a server uses all the time; it writes to events.db only once there are events.
    names = {"ledger.db", "salts.db"} | {
        path.name for path in open_files(pid) if path.name == "events.db-wal"
    }
    locked = set()
    for line in Path("/proc/locks").read_text("ascii").splitlines():
        words = line.replace("->", "").split()
        if int(words[4]) == pid and int(words[5].split(":")[2]) in inodes:
            locked.add(inodes[int(words[5].split(":")[2])])
    return sorted({name.removesuffix("-wal") for name in names} - locked)


def removed(pid: int, folder: Path) -> list[str]:
    """The files of a folder that a process has open though nobody finds them any more."""
    inside = [path for path in open_files(pid) if str(path).startswith(str(folder))]
    return [str(path) for path in inside if str(path).endswith(" (deleted)")]


def open_files(pid: int) -> list[Path]:
    """What a process has open, by /proc."""
    paths = []
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            paths.append(descriptor.readlink())
    return paths


def _embedded(folder: str, port: str) -> None:
    collector = EmbeddedCollector(folder)
    config = uvicorn.Config(
        collector.app, port=int(port), lifespan="off", access_log=False, log_level="critical"
    )
    uvicorn.Server(config).run()
    collector.close()


def _commands() -> None:
    from click.testing import CliRunner

    for line in sys.stdin:
        result = CliRunner().invoke(askfirst, json.loads(line))
        is_plain = result.exception is None or isinstance(result.exception, SystemExit)
        failure = "" if is_plain else repr(result.exception)
        print(json.dumps([result.exit_code, result.output, failure]), flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "embedded":
        _embedded(*sys.argv[2:])
    else:
        _commands()
    os._exit(0)
