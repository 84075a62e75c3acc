"""Opening the parts of one collector in one process, and closing them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from sqlalchemy import Engine

from askfirst_collector.closing import disclosed
from askfirst_collector.config import open_folder
from askfirst_collector.ledger.receipts import Receipts
from askfirst_collector.ledger.records import Ledger
from askfirst_collector.parts import Parts
from askfirst_collector.registry.host import HostFile, HostKept
from askfirst_collector.registry.keys import Keys
from askfirst_collector.registry.notices import Notices
from askfirst_collector.registry.placing import Placing
from askfirst_collector.registry.sites import Registry
from askfirst_collector.restored import reconcile
from askfirst_collector.store.database import open_ledger
from askfirst_collector.store.events import PeriodKey
from askfirst_collector.store.faults import away
from askfirst_collector.store.present import Present
from askfirst_collector.store.salts import Salts
from askfirst_collector.store.sqlite import SqliteEvents
from askfirst_collector.store.watch import Watch


def open_parts(
    path: Path | str,
    *,
    host_policy: Path | None,
    now: Callable[[], float],
    urandom: Callable[[int], bytes],
    secure: bool = True,
) -> Parts:
    """Open a collector's folder, made where it is missing.

    Raises SettingError for the folder, PolicyError for the host's policy, CollectorAway for the
    rest.
    """
    file = None if host_policy is None else HostFile(host_policy, now=now)
    folder = open_folder(path)
    with away("ledger"):
        engine = open_ledger(folder.ledger)
        present = Present(folder.ledger)
        watch = Watch(engine, present)
        host = file or HostKept(engine, watch)
    keys = Keys(folder.keys, urandom=urandom)
    ledger = Ledger(engine, watch, present, now=now, urandom=urandom)
    parts = Parts(
        folder=folder,
        engine=engine,
        registry=Registry(engine, watch, host, now=now, urandom=urandom),
        placing=Placing(engine, host, now=now, urandom=urandom),
        ledger=ledger,
        salts=Salts(folder.salts, now=now, urandom=urandom),
        events=SqliteEvents(
            folder.events,
            ended=ledger.ended,
            closed=partial(_is_closed, engine),
            urandom=urandom,
        ),
        keys=keys,
        notices=Notices(engine),
        receipts=Receipts(keys.receipts()),
        host=host,
        now=now,
        urandom=urandom,
        secure=secure,
    )
    reconcile(parts)
    return parts


def _is_closed(engine: Engine, key: PeriodKey) -> bool:
    with away("ledger"), engine.connect() as connection:
        return disclosed.is_closed(connection, key)


def close_parts(parts: Parts) -> None:
    """Write what waits, then close every file."""
    parts.events.close()
    parts.salts.close()
    parts.engine.dispose()
