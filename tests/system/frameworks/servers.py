"""Starts the real server of a framework in front of an application, on a free port."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from tests.conftest import ROOT
from tests.support.programs import python
from tests.system.frameworks.visitor import Visitor

PATIENCE = 40.0  # seconds until a server must listen; the machine may be busy

# What each server is called with; {app} is "module:name".
COMMANDS: Mapping[str, tuple[str, ...]] = {
    "gunicorn": ("gunicorn", "-k", "gthread", "--threads", "8", "-b", "127.0.0.1:{port}", "{app}"),
    "gunicorn-preloaded": (
        *("gunicorn", "--preload", "-w", "2", "-k", "gthread", "--threads", "4"),
        *("-b", "127.0.0.1:{port}", "{app}"),
    ),
    "uvicorn": ("uvicorn", "--host", "127.0.0.1", "--port", "{port}", "--no-access-log", "{app}"),
    "uvicorn-logged": ("uvicorn", "--host", "127.0.0.1", "--port", "{port}", "{app}"),
    "hypercorn-logged": ("hypercorn", "--access-logfile", "-", "-b", "127.0.0.1:{port}", "{app}"),
    "granian-logged": (
        "granian",
        "--access-log",
        "--interface",
        "asgi",
        "--port",
        "{port}",
        "{app}",
    ),
    "granian-wsgi-logged": (
        *("granian", "--access-log", "--interface", "wsgi", "--port", "{port}", "{app}"),
    ),
    "gunicorn-logged": (
        *("gunicorn", "--access-logfile", "-", "-k", "gthread", "-b", "127.0.0.1:{port}", "{app}"),
    ),
    "gunicorn-asgi-logged": (
        *("gunicorn", "--access-logfile", "-", "-k", "asgi", "-b", "127.0.0.1:{port}", "{app}"),
    ),
    "werkzeug-logged": ("flask", "--app", "{app}", "run", "--port", "{port}"),
    "hypercorn": ("hypercorn", "-b", "127.0.0.1:{port}", "{app}"),
    "granian": ("granian", "--interface", "asgi", "--port", "{port}", "{app}"),
    "granian-wsgi": ("granian", "--interface", "wsgi", "--port", "{port}", "{app}"),
    "daphne": ("daphne", "-b", "127.0.0.1", "-p", "{port}", "{app}"),
}


@dataclass(frozen=True)
class Site:
    """A running site: `folder` is where it was started, `log` what it and its server say."""

    port: int
    folder: Path
    log: Path
    pid: int
    kind: str = ""  # one of COMMANDS

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def visitor(self, *also: tuple[str, str]) -> Visitor:
        """Somebody who was never here."""
        return Visitor(self.port, also=[*also])

    def said(self) -> str:
        return self.log.read_text("utf-8", "replace")


_DATA = shutil.ignore_patterns("askfirst-data*", "__pycache__")


@contextmanager
def serve(app: str, kind: str, folder: Path, *, where: Path) -> Iterator[Site]:
    """Serve `module:name`, found in the folder `where`, by the server `kind`; data go to `folder`.

    An example keeps its data beside itself, so it is copied there. The server is asked to stop at
    the end, and must.
    """
    if where.parent == ROOT / "examples":
        shutil.copytree(where, folder, ignore=_DATA, dirs_exist_ok=True)
        where = folder
    port = free_port()
    words = [word.format(port=port, app=app) for word in COMMANDS[kind]]
    log = folder / "server.log"
    paths = (where, ROOT / "examples", ROOT / "sdk/python", ROOT / "collector", ROOT)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(map(str, paths)),
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    with (
        log.open("wb") as out,
        python(
            *("-m", *words),
            cwd=folder,
            env=environment,
            stdout=out,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            _await_listening(port, process, log)
            yield Site(port, folder, log, process.pid, kind)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _await_listening(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = monotonic() + PATIENCE
    while process.poll() is None and monotonic() < deadline:
        with suppress(OSError):
            # The first page does without a notice where the collector takes too long to open.
            if Visitor(port).get("/askfirst/policy").status == 200:
                return
        # Waits a little for the child: it ends at once where it cannot start.
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
    raise AssertionError(f"the server does not listen:\n{log.read_text('utf-8', 'replace')}")
