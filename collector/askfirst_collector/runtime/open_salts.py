"""Opening the salts of a folder: its `salts.db`, or a PostgreSQL server of their own."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from askfirst_collector.config import Folder, SettingError, cut_off
from askfirst_collector.store.postgresql_address import shown
from askfirst_collector.store.salts import Salts
from askfirst_collector.store.salts_file import SaltFile

if TYPE_CHECKING:
    from askfirst_collector.store.salts_server import SaltServer

log = logging.getLogger("askfirst.collector")

_LEFT_BEHIND = (
    "salts.db has salts, which nobody would look at there: begin with a folder of its own, or "
    "take them along with askfirst move --salts"
)
_NOT_NOTED = "it has not the salts that this folder noted: name the database that has them"
_LEDGERS = (
    "it is the server of the ledger, whose replicas, archives and dumps would have the salts: give "
    "them a server of their own"
)


def open_salt_server(
    folder: Folder,
    url: str | None,
    *,
    now: Callable[[], float],
    urandom: Callable[[int], bytes],
) -> SaltServer | None:
    """The server that has a folder's salts, or is to have them; None where they are in its file.

    Raises SettingError for an address, or a server, that cannot be used, and where salts would be
    left behind; CollectorUnavailable.
    """
    noted = folder.salts_url
    address = url or noted
    if not address:
        return None
    if folder.salts.stat().st_size:
        raise cut_off("salts.db") if noted else _left_behind(folder)
    # Its driver is installed where PostgreSQL is used.
    from askfirst_collector.store.salts_server import SaltServer

    server = SaltServer(address, now=now, urandom=urandom)
    try:
        check_apart(server, folder.ledger_url)
        if noted not in ("", address) and not server.owner:
            raise SettingError("askfirst.E163", shown(address), _NOT_NOTED)
    except BaseException:
        server.close()
        raise
    return server


def _left_behind(folder: Folder) -> SettingError:
    return SettingError("askfirst.E163", folder.salts, _LEFT_BEHIND)


def check_apart(server: SaltServer, ledger: str) -> None:
    """SettingError `askfirst.E163` where the ledger is on that server, too."""
    from askfirst_collector.store.salts_copies import is_ledgers

    if is_ledgers(server.system(), ledger):
        raise SettingError("askfirst.E163", server.shown, _LEDGERS)


def settle_salts(
    folder: Folder,
    server: SaltServer | None,
    url: str | None,
    ledger: bytes,
    *,
    now: Callable[[], float],
    urandom: Callable[[int], bytes],
) -> Salts:
    """The salts, of the ledger of that name, once `revocations.log` says whether they are new.

    Raises as `open_salt_server`.
    """
    if server is None:
        return SaltFile(folder.salts, now=now, urandom=urandom)
    server.belong_to(ledger.hex())
    if url and url != folder.salts_url:
        folder.place_salts(url)
    for advice in server.left_behind():
        log.warning("askfirst.W220 the server of the salts keeps former content: %s", advice)
    return server
