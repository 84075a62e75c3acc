"""What `HttpCollector` owes, while something of the same visitor is on its way."""

from __future__ import annotations

import asyncio
import socket
from functools import partial
from pathlib import Path

import pytest

from askfirst import HttpCollector
from askfirst.remote import collector as module
from askfirst.remote.connections import AnswerLost, Connections, Place
from askfirst.spool import spool as spools
from askfirst.spool.spool import Spool
from tests.unit.spool.test_spool import HANDLE, withdrawal

pytestmark = pytest.mark.anyio
SECONDS = 1.0


async def test_a_withdrawal_outlasts_an_event_that_nobody_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """M20, M50: it is taken, on disk, and answered once the event was given up; never refused."""
    for where in (module, spools):
        monkeypatch.setattr(where, "LINGER", SECONDS)
    spool = Spool(tmp_path / "spool")
    with socket.create_server(("127.0.0.1", 0)) as collector:
        url = f"http://127.0.0.1:{collector.getsockname()[1]}"
        client = HttpCollector(
            url, "key", cookie_keys=(bytes(32),), spool=spool.folder, seconds=2 * SECONDS
        )
        telling = Connections(Place.of(url, None), seconds=2 * SECONDS, threads=1, most_waiting=0)
        during = partial(spool.sending, HANDLE)
        event = asyncio.create_task(telling.ask("POST", "/v1/events", {}, b"{}", during=during))
        connection, _ = await asyncio.to_thread(collector.accept)
        with connection:
            await client.owe(withdrawal())
        assert spool.owes(HANDLE)
        with pytest.raises(AnswerLost):
            event.result()
        telling.close()
        await client.aclose()
