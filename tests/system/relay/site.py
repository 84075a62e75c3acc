"""A site in a process of its own that may be killed: real uvicorn over a listening socket.

    python -m tests.system.relay.site URL KEY FOLDER

Prints its port. FOLDER holds the cookie keys and the spool.
"""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import uvicorn

from askfirst import ConsentMiddleware, HttpCollector
from tests.system.relay.world import page, shop


def main(url: str, key: str, folder: str) -> None:
    own = Path(folder)
    collector = HttpCollector(
        url, key, cookie_keys=own / "cookie.keys", spool=own / "spool", seconds=2.0
    )
    app = ConsentMiddleware(page, policy=shop(), collector=collector)
    listening = socket.create_server(("127.0.0.1", 0))
    print(listening.getsockname()[1], flush=True)
    config = uvicorn.Config(
        app, interface="asgi3", lifespan="auto", access_log=False, log_level="error"
    )
    uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main(*sys.argv[1:])
