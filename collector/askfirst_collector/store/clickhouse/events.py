"""`EventStore` whose rows are in ClickHouse."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from askfirst_collector.config import Folder, SettingError, cut_off
from askfirst_collector.store.events import Closed, Ended, EventStore, Gone, StoreUnavailable
from askfirst_collector.store.events_file import EventsFile
from askfirst_collector.store.machines import Machines
from askfirst_collector.store.spooled import Copy, SpooledEvents, no_copy
from askfirst_collector.store.sqlite import SqliteEvents

from .address import read_address
from .lot_rows import LotRows
from .rows import ClickHouseRows, Index
from .server import Server
from .shared_index import SharedIndex


class ClickHouseEvents(SpooledEvents[ClickHouseRows]):
    """`EventStore` on a server, or on its engine in this process, at `url`.

    `path` is `events.db`, which keeps what has to be exact (see `rows`); spools lie beside it, and
    take what comes while the server is away. With `machines` all of them keep that in their ledger
    instead. Raises SettingError.
    """

    def __init__(
        self,
        path: Path,
        url: str,
        *,
        ended: Ended,
        gone: Gone = lambda judged: frozenset(),
        closed: Closed = lambda key: False,
        copy: Copy = no_copy,
        urandom: Callable[[int], bytes] = os.urandom,
        busy_timeout: int = 5_000,
        machines: Machines | None = None,
    ) -> None:
        server = Server(read_address(url), self._owner, urandom=urandom)
        index: Index
        if machines is None:
            appender = LotRows(urandom, closed)
            index = EventsFile(
                path,
                gone=gone,
                closed=closed,
                urandom=urandom,
                busy_timeout=busy_timeout,
                appender=appender,
            )
        else:
            index = SharedIndex(machines, closed, urandom)
            appender = index.appender
        rows = ClickHouseRows(index, appender, server, gone=gone, urandom=urandom)
        super().__init__(
            path,
            rows,
            ended=ended,
            closed=closed,
            copy=copy,
            urandom=urandom,
            busy_timeout=busy_timeout,
            view=index.view() if isinstance(index, SharedIndex) else None,
            machines=machines,
        )

    def _owner(self) -> str:
        return self.file.owner()


def open_event_store(
    folder: Folder,
    url: str | None,
    *,
    ended: Ended,
    gone: Gone,
    closed: Closed,
    copy: Copy,
    urandom: Callable[[int], bytes],
    machines: Machines | None = None,
) -> EventStore:
    """The store of a folder: where its rows are, or are to be from now on.

    A server that is away is no fault: what comes waits. Raises SettingError for an address, or a
    table, that cannot be used, and where rows would be left behind; CollectorUnavailable.
    """
    address = folder.events_url if url is None else url
    if machines is not None and not address:
        advice = "rows of several machines lie in a ClickHouse: name it by --events"
        raise SettingError("askfirst.E174", folder.path, advice)
    if not address:
        return SqliteEvents(
            folder.events, ended=ended, gone=gone, closed=closed, copy=copy, urandom=urandom
        )
    if machines is not None and address.startswith("chdb:"):
        advice = "that engine is in one process: name a ClickHouse server by --events"
        raise SettingError("askfirst.E174", address, advice)
    store = ClickHouseEvents(
        folder.events,
        address,
        ended=ended,
        gone=gone,
        closed=closed,
        copy=copy,
        urandom=urandom,
        machines=machines,
    )
    try:
        if folder.events_url and machines is None and store.file.has_rows_of_before():
            raise cut_off("events.db")
        if address != folder.events_url and machines is None:
            _check_move(store, folder)
        with suppress(StoreUnavailable):
            store.file.server.connect()
        if address != folder.events_url:
            folder.place_events(address)
    except BaseException:
        store.close()
        raise
    return store


def _check_move(store: ClickHouseEvents, folder: Folder) -> None:
    """Nothing where no row is left behind: there is none, or they are there."""
    if not store.file.periods():
        return
    if not folder.events_url:
        advice = (
            "events.db has rows of open periods, or kept ones, which nobody would count there: "
            "begin with a folder of its own, or take them along with askfirst move --events"
        )
        raise SettingError("askfirst.E143", store.file.server.address.shown, advice)
    if not store.file.server.is_ours():
        advice = "the rows of this folder are not there: name the database that has them"
        raise SettingError("askfirst.E143", store.file.server.address.shown, advice)
