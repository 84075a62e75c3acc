"""A wire between a site and its collector that keeps every byte, and can be cut."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field


@dataclass
class Wiretap:
    """Listens on a port of its own and hands on to `port`; `sent` is what the site sent."""

    port: int
    sent: bytearray = field(default_factory=bytearray)
    received: bytearray = field(default_factory=bytearray)
    cut: bool = False
    deaf: bool = False  # what the collector answers is lost

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.own_port: int = self._listener.getsockname()[1]
        self._open: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.own_port}"

    def hang_up(self) -> None:
        """Cut the wire, and every connection that is open."""
        self.cut = True
        for each in [*self._open]:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        """Let connections through again."""
        self.cut = False

    def close(self) -> None:
        self.hang_up()
        self._listener.close()
        deadline = time.monotonic() + 10
        while self._open and time.monotonic() < deadline:
            time.sleep(0.01)

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if self.cut:
                near.close()
                continue
            try:
                far = socket.create_connection(("127.0.0.1", self.port), timeout=10)
            except OSError:
                near.close()
                continue
            self._open |= {near, far}
            for a, b, log in ((near, far, self.sent), (far, near, self.received)):
                threading.Thread(target=self._pump, args=(a, b, log), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket, log: bytearray) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                log += data
                if not (self.deaf and log is self.received):
                    target.sendall(data)
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
            self._open.discard(each)
