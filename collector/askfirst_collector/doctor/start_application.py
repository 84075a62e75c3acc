"""Starts `module:app` on a free loopback port, in a process of its own, and stops it again."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from askfirst_collector.doctor.probe_process import HEADER

PATIENCE = 20.0  # seconds a site may take to stop
MOMENT = 3.0  # seconds that one which hung up may take to say why
LAST = 12  # lines of its log that are shown where it does not start


@dataclass(frozen=True)
class Started:
    """A running site: `token` opens what it sees, `log` is what it says."""

    origin: str
    token: str
    log: Path
    process: subprocess.Popen[bytes]

    @property
    def as_stranger(self) -> tuple[str, str]:
        """The header that makes a request come from an address far away."""
        return HEADER, self.token

    def stop(self) -> None:
        """Stop it, so that everything it says is written; twice is once."""
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def said(self) -> str:
        """What the server and the site wrote until now."""
        return self.log.read_text("utf-8", "replace")

    def last_words(self) -> str:
        """The end of that, once the site has ended: what hung up says why a moment later."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(MOMENT)
        return "\n".join(self.said().splitlines()[-LAST:])


@contextmanager
def started(target: str) -> Iterator[Started]:
    """Serve an application until the end of the block, from this folder."""
    token = secrets.token_hex(16)
    with TemporaryDirectory(prefix="askfirst-doctor-") as folder:
        log = Path(folder) / "log"
        listener = socket.create_server(("127.0.0.1", 0))
        origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
        number = listener.fileno()
        words = [target, str(number), token]
        command = [sys.executable, "-m", "askfirst_collector.doctor.probe_process", *words]
        with log.open("wb") as out:
            process = subprocess.Popen(  # noqa: S603 (the owner's own application)
                command,
                pass_fds=(number,),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
            # From now on the port lives as long as the site does.
            listener.close()
            site = Started(origin, token, log, process)
            try:
                yield site
            finally:
                site.stop()
