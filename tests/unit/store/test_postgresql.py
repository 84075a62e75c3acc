"""What answers at the address of a PostgreSQL, and is none, or asks for what nobody has."""

from __future__ import annotations

import logging
import socket
import threading
import time
from contextlib import closing, suppress

import pytest

from askfirst_collector.store.faults import StoreFault
from askfirst_collector.store.postgresql import Run, _compare_clocks
from askfirst_collector.store.postgresql_address import read_address

pytest.importorskip("pg8000")
SASL = b"R\0\0\0\x17\0\0\0\nSCRAM-SHA-256\0\0"


def answering(server: socket.socket, answer: bytes) -> None:
    """Answer the first who comes with these bytes, and hang up."""
    with suppress(OSError), closing(server.accept()[0]) as session:
        session.recv(4096)
        session.sendall(answer)


@pytest.mark.parametrize(
    "answer",
    [SASL, b"R\0\0\0\x09\0\0\0\nX\0\0", b"J\0\0\0\n8.0.36\0", b"-ERR unknown\r\n", b"R\0\0\0\4"],
    ids=["a password", "another sign-in", "MySQL", "Redis", "too short"],
)
@pytest.mark.parametrize("password", ["", ":geheim"], ids=["without", "with"])
def test_who_cannot_be_talked_to_is_away(answer: bytes, password: str) -> None:
    """No error of the driver's own, which nobody waits for, and nothing of what was sent."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        threading.Thread(target=answering, args=(server, answer), daemon=True).start()
        port = server.getsockname()[1]
        address = read_address(f"postgresql://ask{password}@127.0.0.1:{port}/consents")
        with pytest.raises(StoreFault, match="ledger is away: it ") as error:
            Run(address).connect(2.0)
    assert "geheim" not in repr(error.value) + repr(address)


def test_a_clock_that_is_off_is_said(caplog: pytest.LogCaptureFixture) -> None:
    """Where several machines share a server, one of them whose days are others' takes nothing."""
    with caplog.at_level(logging.WARNING):
        _compare_clocks(time.time() - 2, is_shared=True)
        assert caplog.text == ""
        _compare_clocks(time.time() - 100, is_shared=False)
    assert "askfirst.W230 this machine's clock is +100 seconds from" in caplog.text
    for off in (-16, 16):
        with pytest.raises(StoreFault, match=r"[+-]16 seconds"):
            _compare_clocks(time.time() - off, is_shared=True)
