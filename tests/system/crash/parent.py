"""The parent of all servers: it forks each of them, so that one is there again quickly.

    python -m tests.system.crash.parent

Reads an order a line (JSON), and answers each with a line. Listening sockets live here, so a port
stays while the servers on it die.

    {"listen": 0}                                      a port
    {"run": ROLE, "log": FILE, "arguments": [...]}     a process id; a number of "port" in the
                                                       arguments names a socket of `listen`
    {"close": PORT}
"""

from __future__ import annotations

import json
import os
import signal
import socket
import socketserver
import sqlite3
import sys
import traceback
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import uvicorn

from askfirst import ConsentMiddleware, HttpCollector
from askfirst.wsgi import ConsentMiddleware as WsgiMiddleware
from askfirst_collector.cli import main as askfirst
from askfirst_collector.embedded import EmbeddedCollector
from tests.system.relay.world import page, shop

_listening: dict[int, socket.socket] = {}


def collector(folder: str, port: int) -> None:
    """A collector's own face."""
    opened = EmbeddedCollector(folder)
    _serve(opened.app, port, "off")
    opened.close()


def embedded(folder: str, port: int) -> None:
    """A site with its collector inside."""
    opened = EmbeddedCollector(folder)
    _serve(ConsentMiddleware(page, policy=shop(), collector=opened), port, "on")


def relay(folder: str, port: int, url: str, key: str) -> None:
    """A WSGI site whose collector is elsewhere."""
    client = HttpCollector(url, key, cookie_keys=Path(folder) / "cookie.keys", seconds=2.0)
    app = WsgiMiddleware(_hello, policy=shop(), collector=client)
    server = _Threads(("127.0.0.1", port), _Quiet, bind_and_activate=False)
    server.socket.close()
    server.socket = _listening[port]
    server.server_name, server.server_port = "127.0.0.1", port
    server.setup_environ()
    server.set_app(app)
    server.serve_forever()


def command(*words: str) -> None:
    """One command of `askfirst`; `serve` is one, and binds its port itself."""
    askfirst([*words])


def holder(file: str) -> None:
    """Another program that holds a database for as long as it lives."""
    with closing(sqlite3.connect(file, isolation_level=None, timeout=30)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        signal.pause()


ROLES: dict[str, Callable[..., None]] = {
    "collector": collector,
    "embedded": embedded,
    "relay": relay,
    "command": command,
    "holder": holder,
}


class _Threads(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *_: Any) -> None:
        pass


def _hello(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/html")])
    return [b"<p>hello"]


def _serve(app: Any, port: int, lifespan: Any) -> None:
    config = uvicorn.Config(
        app, interface="asgi3", lifespan=lifespan, access_log=False, log_level="critical"
    )
    uvicorn.Server(config).run(sockets=[_listening[port]])


def _fork(role: str, log: str, arguments: list[Any]) -> int:
    child = os.fork()
    if child:
        return child
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    code = 1
    try:
        output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        ROLES[role](*arguments)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


def main() -> None:
    # Forked servers are killed by others; nobody here waits for them.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        order = json.loads(line)
        answer = 0
        if "run" in order:
            answer = _fork(order["run"], order["log"], order["arguments"])
        elif "close" in order:
            _listening.pop(order["close"]).close()
        else:
            listening = socket.create_server(("127.0.0.1", 0), backlog=512)
            answer = listening.getsockname()[1]
            _listening[answer] = listening
        print(answer, flush=True)


if __name__ == "__main__":
    main()
