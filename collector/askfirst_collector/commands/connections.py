"""Connections of a server that stands alone: how long headers may take, and how many there are.

uvicorn waits for headers for ever, and accepts until the process has no file left: whoever opens
enough connections and sends half a header keeps everybody else out.
"""

from __future__ import annotations

import asyncio
import resource
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol

HEADER_SECONDS = 10.0  # from the first byte of a request, or from connecting, to its last header
MOST_FILES = 65_536  # that a process asks for; the system may allow fewer
OWN_FILES = 128  # of them for databases, logs and outgoing requests
FEWEST = 16  # connections, however few files there are
BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\nconnection: close\r\n"
    b"content-length: 0\r\n\r\n"
)

if TYPE_CHECKING:
    from uvicorn.protocols.http.h11_impl import H11Protocol as HttpProtocol
else:
    HttpProtocol = AutoHTTPProtocol


def raise_file_limit() -> int:
    """Ask for as many open files as are allowed, MOST_FILES at most; how many there may be now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    return MOST_FILES if soft == resource.RLIM_INFINITY else soft


def bounded_protocol(*, most: int, seconds: float = HEADER_SECONDS) -> type[asyncio.Protocol]:
    """uvicorn's protocol for at most `most` connections whose headers come within `seconds`.

    Where there are as many, the one that has waited longest for its headers makes room; where none
    waits, the new one is answered 503.
    """
    waiting: dict[Bounded, None] = {}  # in the order in which they began

    class Bounded(HttpProtocol):
        _timer: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            if len(self.connections) >= most and not _make_room():
                transport.write(BUSY)
                transport.close()
                return
            super().connection_made(transport)
            self._wait()

        def data_received(self, data: bytes) -> None:
            if self.transport is None:  # refused, and closing
                return
            if self._timer is None and not self._answering():
                self._wait()
            super().data_received(data)
            if self._answering() or self.transport.get_protocol() is not self:
                self._stop_waiting()

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop_waiting()
            if self.transport is not None:
                super().connection_lost(exc)

        def _answering(self) -> bool:
            """Whether the headers of a request are here and its answer is not whole yet."""
            return self.cycle is not None and not self.cycle.response_complete

        def _wait(self) -> None:
            waiting[self] = None
            self._timer = self.loop.call_later(seconds, self._give_up)

        def _stop_waiting(self) -> None:
            waiting.pop(self, None)
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

        def _give_up(self) -> None:
            self._stop_waiting()
            # It ends at once: a client that reads nothing would keep a polite end waiting.
            self.transport.abort()
            self.connections.discard(self)

    def _make_room() -> bool:
        for oldest in waiting:
            oldest._give_up()
            return True
        return False

    return Bounded
