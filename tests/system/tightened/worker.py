"""One worker of a collector: real uvicorn, real files, jobs and all.

    python -m tests.system.tightened.worker FOLDER [HOST_POLICY]

Prints its port and serves until its input ends.
"""

from __future__ import annotations

import socket
import sys
import threading
from pathlib import Path

import uvicorn

from askfirst_collector.embedded import EmbeddedCollector


def main(folder: str, *host_policy: str) -> None:
    collector = EmbeddedCollector(folder, host_policy=Path(*host_policy) if host_policy else None)
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
