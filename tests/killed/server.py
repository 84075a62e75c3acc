"""A collector that can be killed and started again quickly: real uvicorn, real files.

    python -m tests.killed.server FOLDER

Prints the port, then forks a server for each line that comes in and prints its process id. The
listening socket lives in the parent, so the port stays while servers die.
"""

from __future__ import annotations

import os
import signal
import socket
import sys

import uvicorn

from askfirst_collector.embedded import EmbeddedCollector


def main(folder: str) -> None:
    # Forked servers are killed by others; nobody here waits for them.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    listening = socket.create_server(("127.0.0.1", 0), backlog=512)
    print(listening.getsockname()[1], flush=True)
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            serve(folder, listening)
            os._exit(0)
        print(child, flush=True)


def serve(folder: str, listening: socket.socket) -> None:
    collector = EmbeddedCollector(folder)
    config = uvicorn.Config(collector.app, lifespan="off", access_log=False, log_level="critical")
    uvicorn.Server(config).run(sockets=[listening])
    collector.close()


if __name__ == "__main__":
    main(sys.argv[1])
