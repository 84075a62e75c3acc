"""A folder that has its ledger, rows and salts on servers becomes the first of several machines.

What `events.db` says of its rows goes beside the ledger, in one transaction; then the folder notes
that its ledger is shared. Ended between, it is refused until the same is run again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

from askfirst.spool.files import sync_folder
from askfirst_collector.config import Folder, SettingError, create_file
from askfirst_collector.store.clickhouse.address import read_address as read_events_address
from askfirst_collector.store.clickhouse.move_rows import check_events, owner_of
from askfirst_collector.store.clickhouse.server import Server
from askfirst_collector.store.machines import ID, KEY_FILES
from askfirst_collector.store.move_index import (
    Keys,
    check_deliveries,
    count_index,
    move_index,
    rehearse_index_move,
)
from askfirst_collector.store.postgresql_address import read_address
from askfirst_collector.store.present import Connection
from askfirst_collector.store.revocations import look
from askfirst_collector.store.snapshot import alone, draft_folder

_ROWS = "rows of several machines lie in a ClickHouse server: name it by --events"
_IN_PROCESS = (
    "that engine is in one process, and rows are not moved from it: several machines begin with "
    "empty databases"
)
_SALTS = "salts of several machines lie on a PostgreSQL server of their own: name it by --salts"
_NEVER_STARTED = (
    "nothing in it says which rows there are, and whose: start the collector once, for this folder "
    "alone, and stop it"
)
_ONE_OF_OTHERS = (
    "it is one of several machines already, which share another ledger, or by another name"
)
_NOT_THERE = "the rows of this folder are not there: name the database that has them"


def is_many(ledger: str) -> bool:
    """Whether an address says that several machines share it. Raises SettingError."""
    return bool(ledger) and read_address(ledger).is_shared


def check_many(folder: Folder, ledger: str, events: str, salts: str) -> None:
    """SettingError `askfirst.E174` where the rows, or the salts, would be one machine's own.

    `askfirst.E164` where there is nothing to begin with, or it is done, and not as is asked now.
    """
    events = events or folder.events_url
    if not events:
        raise SettingError("askfirst.E174", folder.events, _ROWS)
    if events.startswith("chdb:"):
        raise SettingError("askfirst.E174", events, _IN_PROCESS)
    if not (salts or folder.salts_url):
        raise SettingError("askfirst.E174", folder.salts, _SALTS)
    if not _has_index(folder):
        if not folder.machine:
            raise SettingError("askfirst.E164", folder.events, _NEVER_STARTED)
        if folder.ledger_url != ledger:
            raise SettingError("askfirst.E164", read_address(ledger).shown, _ONE_OF_OTHERS)


def _has_index(folder: Folder) -> bool:
    return folder.events.exists() and folder.events.stat().st_size > 0


def count_shared(folder: Folder, own: Mapping[str, Connection]) -> dict[str, int]:
    """How many rows go beside the ledger. SettingError `askfirst.E164` where they must not."""
    check_events(own["events"])
    if "ledger" in own:
        check_deliveries(lambda statement: own["ledger"].execute(statement).fetchone()[0])
    return count_index(own["events"], _keys_of(folder))


def rehearse_many(folder: Folder, own: Mapping[str, Connection], ledger: str) -> None:
    """Ask the servers of a folder, as far as it has them. Raises as `become_one_of_several`."""
    if "ledger" not in own:
        rehearse_index_move(own["events"], ledger, _ledger_of(folder), _keys_of(folder))
        if folder.events_url:
            _check_rows(own["events"], folder.events_url)


def _keys_of(folder: Folder) -> Keys:
    """What stands in each file that all machines have alike. Raises OSError."""
    paths = [path for kind in KEY_FILES for path in folder.keys.glob(kind)]
    return {path.name: path.read_text("ascii") for path in paths}


def _ledger_of(folder: Folder) -> bytes:
    """The name of a folder's ledger, as its log has it. Raises SettingError."""
    present = look(folder.revocations)
    if present is None or present.ledger is None:
        advice = "it is not there: start the collector once, which says what that means"
        raise SettingError("askfirst.E105", folder.revocations, advice)
    return present.ledger


def _check_rows(source: Connection, url: str) -> None:
    """SettingError where the rows of `events.db` are not at that address; StoreUnavailable."""
    owner = owner_of(source)
    server = Server(read_events_address(url), lambda: owner, urandom=os.urandom)
    try:
        if not server.is_ours():
            raise SettingError("askfirst.E143", server.address.shown, _NOT_THERE)
    finally:
        server.close()


def become_one_of_several(
    folder: Folder,
    ledger: str,
    *,
    urandom: Callable[[int], bytes],
    step: Callable[[int], object],
) -> None:
    """Share the ledger at that address, which this folder has by itself; twice is harmless.

    Raises SettingError `askfirst.E164`, `askfirst.E165` while a process has the folder open,
    StoreFault and StoreUnavailable.
    """
    if _has_index(folder):
        with ExitStack() as stack:
            own = stack.enter_context(alone(folder.events))
            draft = stack.enter_context(draft_folder(folder.path))
            check_events(own)
            _check_rows(own, folder.events_url)
            machine = move_index(
                own, ledger, _ledger_of(folder), urandom(ID).hex(), _keys_of(folder), step
            )
            # From here on it is there.
            folder.place_machine(machine)
            folder.place_ledger(ledger)
            # No row is in it, and what it says is older from the first start on.
            _empty(folder.events, draft / "events.db")
    sync_folder(folder.path)


def _empty(path: Path, draft: Path) -> None:
    create_file(draft)
    draft.replace(path)
