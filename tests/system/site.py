"""A site with its collector inside, in a process of its own that may be killed.

    python -m tests.system.site FOLDER

Prints its port. Several of them may be over one folder.
"""

from __future__ import annotations

import socket
import sys

import uvicorn

from askfirst import ConsentMiddleware
from askfirst_collector.embedded import EmbeddedCollector
from tests.system.relay.world import page, shop


def main(folder: str) -> None:
    app = ConsentMiddleware(page, policy=shop(), collector=EmbeddedCollector(folder))
    listening = socket.create_server(("127.0.0.1", 0))
    print(listening.getsockname()[1], flush=True)
    config = uvicorn.Config(
        app, interface="asgi3", lifespan="auto", access_log=False, log_level="error"
    )
    uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main(*sys.argv[1:])
