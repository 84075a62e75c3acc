"""Opening the parts of one collector in one process, and closing them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from askfirst.errors import CollectorUnavailable
from askfirst.observe.network_slots import NetworkSlots
from askfirst.spool.spool import Spool
from askfirst_collector.catalogue.host_policy import HostFile, StoredHostPolicy
from askfirst_collector.catalogue.key_files import Keys
from askfirst_collector.catalogue.notice_archive import Notices
from askfirst_collector.catalogue.placed_collectors import PlacedCollectors
from askfirst_collector.catalogue.sites import Registry
from askfirst_collector.catalogue.transfers import event_transfers
from askfirst_collector.config import SettingError, open_folder
from askfirst_collector.ingest.pending import EventConsentStatuses
from askfirst_collector.ledger.receipts import Receipts
from askfirst_collector.ledger.records import Ledger
from askfirst_collector.ledger.revocation_log import ledger_name, open_database, open_revocations
from askfirst_collector.ledger.sharing import check_salts
from askfirst_collector.members.members import Members
from askfirst_collector.runtime.after_restore import reconcile
from askfirst_collector.runtime.open_salts import open_salt_server, settle_salts
from askfirst_collector.services import Services
from askfirst_collector.store.clickhouse.events import open_event_store
from askfirst_collector.store.disclosed import is_closed
from askfirst_collector.store.faults import unavailable
from askfirst_collector.store.machines import machines_of
from askfirst_collector.store.transfer_queue import TransferQueue
from askfirst_collector.store.watch import Watch


def open_services(
    path: Path | str,
    *,
    host_policy: Path | None,
    now: Callable[[], float],
    urandom: Callable[[int], bytes],
    secure: bool = True,
    spool: Spool | None = None,
    revocations: Path | None = None,
    events: str | None = None,
    ledger: str | None = None,
    salts: str | None = None,
    may_end: bool = True,
) -> Services:
    """Open a collector's folder, made where it is missing; `spool` instead of the one in it.

    `revocations` is the path of `revocations.log` from now on. Where that is lost every grant
    ends, or, without `may_end`, it is refused. `events` is the address of a ClickHouse that has the
    rows from now on, `ledger` that of a PostgreSQL for all that else is in `ledger.db`, and `salts`
    that of one for salts; else what is noted in the folder. Raises SettingError for the folder and
    the addresses, PolicyError for the host's policy, CollectorUnavailable for the rest.
    """
    file = None if host_policy is None else HostFile(host_policy, now=now)
    folder = open_folder(path, revocations)
    with ExitStack() as opened:
        with unavailable("ledger"):
            engine = open_database(folder, ledger)
            opened.callback(engine.dispose)
            server = open_salt_server(folder, salts, now=now, urandom=urandom)
            if server is not None:
                opened.callback(server.close)
            check_salts(folder, on_server=server is not None)
            log = open_revocations(
                engine,
                folder,
                urandom=urandom,
                may_end=may_end,
                salts_are_new=None if server is None else not server.owner,
            )
            own = settle_salts(folder, server, salts, ledger_name(engine), now=now, urandom=urandom)
            opened.callback(own.close)
            machines = machines_of(engine, folder, urandom)
            watch = Watch(engine, folder.ledger, also=(own.check, log.check))
            opened.callback(watch.close)
            host = file or StoredHostPolicy(engine, watch)
        keys = Keys(folder.keys, urandom=urandom, machines=machines)
        entries = Ledger(engine, watch, log, now=now, urandom=urandom)
        opened.callback(entries.close)
        spool = spool or Spool(folder.spool)
        statuses = EventConsentStatuses(entries, spool)
        registry = Registry(engine, watch, host, log, now=now, urandom=urandom)
        transfers = TransferQueue(
            folder.transfers,
            targets=partial(event_transfers, engine),
            ended=statuses.ended,
            calendar_of=registry.calendar,
            now=now,
            urandom=urandom,
        )
        rows = open_event_store(
            folder,
            events,
            ended=statuses.ended,
            gone=statuses.gone,
            closed=partial(is_closed, engine),
            copy=transfers.copy,
            urandom=urandom,
            machines=machines,
        )
        opened.callback(rows.close)
        parts = Services(
            folder=folder,
            engine=engine,
            watch=watch,
            registry=registry,
            placed_collectors=PlacedCollectors(engine, host),
            members=Members(engine, now=now, urandom=urandom),
            ledger=entries,
            revocations=log,
            salts=own,
            events=rows,
            transfers=transfers,
            keys=keys,
            notices=Notices(engine),
            receipts=Receipts(keys.receipts(), keys.compromised()),
            host=host,
            spool=spool,
            network_slots=NetworkSlots(folder.spool / "networks", urandom=urandom),
            now=now,
            urandom=urandom,
            secure=secure,
            machines=machines,
        )
        reconcile(parts)
        opened.pop_all()
    return parts


def close_services(parts: Services) -> None:
    """Write what waits, then close every file; closing twice is harmless."""
    parts.ledger.close()
    parts.events.close()
    parts.salts.close()
    parts.watch.close()
    parts.network_slots.close()


@dataclass
class _Share:
    """Parts that several collectors of this process use, and with what they were opened."""

    parts: Services
    options: tuple[object, ...]
    users: int = 1


# A fork takes it along, so that nobody opens anything meanwhile.
sharing = threading.RLock()
_shares: dict[tuple[int, int], _Share] = {}  # by device and inode of the folder


def share_parts(
    path: Path | str,
    *,
    host_policy: Path | None,
    now: Callable[[], float],
    urandom: Callable[[int], bytes],
    secure: bool,
    spool: Spool,
    revocations: Path | None = None,
    events: str | None = None,
    ledger: str | None = None,
    salts: str | None = None,
) -> Services:
    """`open_parts`, where this process has not opened the folder yet: however it is called.

    Parts whose files were replaced meanwhile are opened anew, for all who share them. Give them
    back with `release_parts`. Raises SettingError `askfirst.E104` for other options than those that
    the folder is open with.
    """
    with sharing:
        folder = open_folder(path, revocations)
        identity = folder.identity
        options = (
            host_policy and host_policy.absolute(),
            now,
            urandom,
            secure,
            spool.folder.resolve(),
            events or folder.events_url,
            ledger or folder.ledger_url,
            salts or folder.salts_url,
        )
        share = _shares.get(identity)
        if share is not None and not is_usable(share.parts):
            del _shares[identity]
            close_services(share.parts)
            share = None
        if share is None:
            parts = open_services(
                path,
                host_policy=host_policy,
                now=now,
                urandom=urandom,
                secure=secure,
                spool=spool,
                events=events,
                ledger=ledger,
                salts=salts,
            )
            share = _shares[identity] = _Share(parts, options, 0)
        if share.options != options:
            advice = "this process has it open with other options: use one collector for both"
            raise SettingError("askfirst.E104", str(path), advice)
        share.users += 1
        return share.parts


def release_parts(parts: Services) -> None:
    """Give back what `share_parts` gave; the last one closes it."""
    with sharing:
        for identity, share in _shares.items():
            if share.parts is parts:
                share.users -= 1
                if not share.users:
                    del _shares[identity]
                    close_services(parts)
                return


def is_usable(parts: Services) -> bool:
    """Whether the files are those that were opened, as far as anybody noticed.

    A file that is not there at all may come back; a new one is not made in its place. So may a
    server: until it does, what is open answers that it is away.
    """
    if parts.watch.is_closed or parts.watch.is_there_again:
        return False
    if parts.watch.is_away:
        return True
    files = (parts.folder.ledger, parts.folder.salts, parts.revocations.path)
    if not all(file.exists() for file in files):
        return True
    try:
        parts.watch.check()
    except CollectorUnavailable:
        return False
    return parts.events.is_first
