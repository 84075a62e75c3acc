"""Runs in a process of its own: serves `module:app` on a socket it was given, and looks around.

    python -m askfirst_collector.doctor.probe_process module:app FD TOKEN

What it saw is answered as JSON at the path `/TOKEN`, which nobody else knows.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from collections.abc import Callable
from importlib.util import find_spec
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import ServerHandler, WSGIRequestHandler, WSGIServer

from askfirst_collector.doctor.load_application import is_wsgi, load
from askfirst_collector.doctor.probe import Probe, watch_gates

# For documentation alone (RFC 5737): nobody is there, and nobody trusts it.
STRANGER = "203.0.113.9"
HEADER = "askfirst-doctor-as-stranger"


class WatchedASGI:
    """Outside of everything: answers what was seen, and makes a request a stranger's."""

    def __init__(self, app: Any, token: str, probe: Probe) -> None:
        self.app, self._token, self._probe = app, token, probe

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one connection."""
        if scope["type"] == "http":
            if scope["path"] == f"/{self._token}":
                await self._answer(send)
                return
            name = HEADER.encode()
            if (name, self._token.encode()) in scope["headers"]:
                headers = [header for header in scope["headers"] if header[0] != name]
                scope = {**scope, "headers": headers, "client": (STRANGER, 1)}
        await self.app(scope, receive, send)

    async def _answer(self, send: Any) -> None:
        body = json.dumps(self._probe.seen()).encode()
        kind = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": kind})
        await send({"type": "http.response.body", "body": body})


class WatchedWSGI:
    """The same for WSGI."""

    def __init__(self, app: Any, token: str, probe: Probe) -> None:
        self.app, self._token, self._probe = app, token, probe

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Serve one request."""
        if environ["PATH_INFO"] == f"/{self._token}":
            start_response("200 OK", [("Content-Type", "application/json")])
            return [json.dumps(self._probe.seen()).encode()]
        if environ.pop(f"HTTP_{HEADER.upper().replace('-', '_')}", "") == self._token:
            environ["REMOTE_ADDR"] = STRANGER
        return self.app(environ, start_response)


class _Handler(ServerHandler):
    wsgi_multithread = True
    wsgi_multiprocess = False


class _Requests(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: what is logged here is the application's own."""

    def handle(self) -> None:
        """Serve one request, told that other threads serve others."""
        self.raw_requestline = self.rfile.readline(65_537)
        if not self.parse_request():
            return
        read: Any = self.rfile
        write: Any = self.wfile
        handler = _Handler(read, write, self.get_stderr(), self.get_environ())
        handler.request_handler = self  # type: ignore[attr-defined]
        handler.run(self.server.get_app())  # type: ignore[attr-defined]


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


def serve(target: str, listener: socket.socket, token: str) -> None:
    """Serve until told to stop."""
    probe = Probe(STRANGER, environ=os.environ)
    watch_gates(probe)
    # Before the application is there, as uvicorn itself does: its log settings come first.
    # Without an access log: this server is the doctor's own, and says nothing of the owner's.
    run = _asgi_server(listener) if find_spec("uvicorn") is not None else None
    app = load(target)
    probe.root = app
    if not is_wsgi(app):
        if run is None:
            sys.exit("uvicorn is not here, which serves ASGI applications: pip install uvicorn")
        run(WatchedASGI(app, token, probe))
        return
    server = _Server(("127.0.0.1", 0), _Requests, bind_and_activate=False)
    server.socket.close()
    server.socket = listener
    server.server_name, server.server_port = listener.getsockname()
    server.setup_environ()
    server.set_app(WatchedWSGI(app, token, probe))
    server.serve_forever()


def _asgi_server(listener: socket.socket) -> Callable[[Any], None]:
    """What serves an application, once it is there."""
    import uvicorn

    config = uvicorn.Config(_later, access_log=False, proxy_headers=False, log_level="info")

    def run(app: Any) -> None:
        config.app = app
        uvicorn.Server(config).run(sockets=[listener])

    return run


async def _later(scope: Any, receive: Any, send: Any) -> None:
    raise RuntimeError("the application is not there yet")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    _target, _fd, _token = sys.argv[1:]
    serve(_target, socket.socket(fileno=int(_fd)), _token)
