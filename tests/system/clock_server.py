"""A collector whose clock is set by a file: real uvicorn, real files, jobs and all.

    python -m tests.system.clock_server FOLDER CLOCK

CLOCK holds the seconds by which its clock is from the machine's. Prints its port and serves until
its input ends.
"""

from __future__ import annotations

import socket
import sys
import threading
import time
from pathlib import Path

import uvicorn

from askfirst_collector.embedded import EmbeddedCollector
from askfirst_collector.jobs.clock import even_seconds


def main(folder: str, clock: str) -> None:
    def now() -> float:
        return time.time() + float(Path(clock).read_text("ascii"))

    collector = EmbeddedCollector(folder, now=now, monotonic=even_seconds)
    collector.parts()
    config = uvicorn.Config(collector.app, lifespan="off", access_log=False, log_level="critical")
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        print(listening.getsockname()[1], flush=True)
        threading.Thread(target=_until_the_end, args=[server], daemon=True).start()
        server.run(sockets=[listening])
    collector.close()


def _until_the_end(server: uvicorn.Server) -> None:
    sys.stdin.read()
    server.should_exit = True


if __name__ == "__main__":
    main(*sys.argv[1:])
