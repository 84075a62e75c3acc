"""Whether a folder may be one of several machines that share a ledger, or the only one of its own.

A machine that joins has no `revocations.log`, and makes one of what the ledger says. That is all
that anybody took back as long as another machine is there, which holds the ledger against its own.
"""

from __future__ import annotations

from sqlalchemy import Engine, select

from askfirst_collector.config import Folder, SettingError, cut_off
from askfirst_collector.ledger.tables import pair
from askfirst_collector.store.database import reading
from askfirst_collector.store.machines import is_shared, others_live
from askfirst_collector.store.postgresql_address import read_address, shown

_SAY = "several machines share it: write machines=many after the ? of its address, on each of them"
_OF_ONE = (
    "it is the ledger of one data folder, whose rows several machines would not find: let that "
    "folder share it with askfirst move, or begin with an empty database"
)
_OWN_SALTS = (
    "salts of several machines lie on a PostgreSQL server of their own, the same for all: name it "
    "by --salts"
)
_NOBODY = (
    "no other machine of it has been there for a minute, and who withdrew is known to their "
    "revocations.log: start one of them first"
)


def is_joining(folder: Folder) -> bool:
    """Whether a folder is to be one of several, and is none yet."""
    url = folder.ledger_url
    return bool(url) and not folder.machine and read_address(url).is_shared


def check_salts(folder: Folder, *, on_server: bool) -> None:
    """SettingError `askfirst.E174` where one of several machines would have salts of its own.

    To it, the rows of the others would be nobody's.
    """
    url = folder.ledger_url
    if url and read_address(url).is_shared and not on_server:
        raise SettingError("askfirst.E174", folder.salts, _OWN_SALTS)


def check_sharing(engine: Engine, folder: Folder, address: str) -> None:
    """SettingError `askfirst.E174` where the ledger at an address is not what a folder may have."""
    wants, has = read_address(address).is_shared, is_shared(engine)
    noted = folder.ledger_url
    if has and noted and not read_address(noted).is_shared:
        raise cut_off("ledger.url")
    if folder.machine and folder.events.stat().st_size:
        raise cut_off("events.db")
    if folder.machine or not wants:
        if wants != (has or bool(folder.machine)):
            raise SettingError("askfirst.E174", shown(address), _SAY)
    elif has:
        if not others_live(engine):
            raise SettingError("askfirst.E174", shown(address), _NOBODY)
    elif _is_named(engine) and not _is_fresh(folder):
        raise SettingError("askfirst.E174", shown(address), _OF_ONE)


def _is_named(engine: Engine) -> bool:
    with reading(engine) as connection:
        return connection.execute(select(pair.c.name)).first() is not None


def _is_fresh(folder: Folder) -> bool:
    """Whether it was cut off between its first log and its joining."""
    has_rows = folder.events_url or folder.events.stat().st_size
    return bool(folder.ledger_url) and not has_rows
