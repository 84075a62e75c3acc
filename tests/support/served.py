"""A real server in a thread of this process, as long as a test needs it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn


@contextmanager
def served(app: Any, *, port: int = 0, **options: Any) -> Iterator[str]:
    """An application behind a real server on loopback; gives its origin."""
    chosen = {"log_level": "error", "lifespan": "off", "access_log": False, **options}
    server = uvicorn.Server(uvicorn.Config(app, port=port, **chosen))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            thread.join(0.01)
        own = server.servers[0].sockets[0].getsockname()[1]
        yield f"http{'s' if options.get('ssl_certfile') else ''}://127.0.0.1:{own}"
    finally:
        server.should_exit = True
        thread.join()
