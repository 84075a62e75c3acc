"""python -m tests.system.clickhouse.mover FOLDER URL ROWS [STOP]

Accepts rows one by one, each with its number as page, and says each number once it is answered;
moves them all the while. With STOP it ends itself, as `kill -9` does, once it has put that many
lots there: before it is noted that they are.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from askfirst_collector.store.clickhouse.events import ClickHouseEvents
from askfirst_collector.store.events import StoreUnavailable
from tests.unit.store.rows import ROW, batch, nobody


def main() -> None:
    folder, url, rows, *stop = sys.argv[1:]
    store = ClickHouseEvents(Path(folder) / "events.db", url, ended=nobody)
    if stop:
        _end_after(store, int(stop[0]))

    def move() -> None:
        while True:
            with suppress(StoreUnavailable):
                store.drain()

    threading.Thread(target=move, daemon=True).start()
    asyncio.run(_accept(store, int(rows)))
    store.close()


def _end_after(store: ClickHouseEvents, lots: int) -> None:
    insert, done = store.file.server.insert, [0]

    def insert_and_end(fields: Sequence[Sequence[object]], *, token: str) -> None:
        insert(fields, token=token)
        done[0] += 1
        if done[0] == lots:
            os.kill(os.getpid(), signal.SIGKILL)

    server: Any = store.file.server
    server.insert = insert_and_end


async def _accept(store: ClickHouseEvents, rows: int) -> None:
    for _ in range(rows):
        number = os.urandom(6).hex()
        row = replace(ROW, values={"page": ("/", number)}, pseudonym=os.urandom(32))
        await store.append(batch(number, row))
        print(number, flush=True)


if __name__ == "__main__":
    main()
