"""The opened parts of one collector, handed to whoever works on them: ingest, dashboard, jobs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from askfirst.observe.network_slots import NetworkSlots
    from askfirst.spool.spool import Spool
    from askfirst_collector.catalogue.host_policy import HostPolicy
    from askfirst_collector.catalogue.key_files import Keys
    from askfirst_collector.catalogue.notice_archive import Notices
    from askfirst_collector.catalogue.placed_collectors import PlacedCollectors
    from askfirst_collector.catalogue.sites import Registry
    from askfirst_collector.config import Folder
    from askfirst_collector.ledger.receipts import Receipts
    from askfirst_collector.ledger.records import Ledger
    from askfirst_collector.members.members import Members
    from askfirst_collector.store.database import Database
    from askfirst_collector.store.events import EventStore
    from askfirst_collector.store.machines import Machines
    from askfirst_collector.store.revocations import Revocations
    from askfirst_collector.store.salts import Salts
    from askfirst_collector.store.transfer_queue import TransferQueue
    from askfirst_collector.store.watch import Watch


@dataclass(frozen=True)
class Services:
    """What one process has open; every part is safe to use from any thread."""

    folder: Folder
    engine: Database
    watch: Watch
    registry: Registry
    placed_collectors: PlacedCollectors
    members: Members
    ledger: Ledger
    revocations: Revocations
    salts: Salts
    events: EventStore
    transfers: TransferQueue
    keys: Keys
    notices: Notices
    receipts: Receipts
    host: HostPolicy
    spool: Spool
    network_slots: NetworkSlots
    now: Callable[[], float]  # unix seconds
    urandom: Callable[[int], bytes]
    machines: Machines | None = None  # that share its ledger, this one among them
    secure: bool = True  # False only where a site is served without TLS on loopback
