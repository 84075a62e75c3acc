"""How handles stand, kept in memory by each process and yet exact in all of them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Set
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from askfirst_collector.ledger.entries import ConsentStatus, status_of
from askfirst_collector.store.events import Authorized
from askfirst_collector.store.watch import Watch

if TYPE_CHECKING:
    from askfirst_collector.ledger.records import Ledger

REMEMBERED = 10_000  # statuses in memory, and as many of handles that have none

Name = tuple[str, str]  # site and handle


class ConsentStatuses:
    """A bounded memory of statuses that forgets what the ledger has since added to.

    Handles that have ended, and those that nobody knows, are remembered alike and apart from those
    that live: how long an answer takes tells nobody which of the two it was, and inventing handles
    pushes out no visitor.
    """

    def __init__(self, ledger: Ledger, watch: Watch, *, now: Callable[[], float]) -> None:
        self._ledger = ledger
        self._watch = watch
        self._now = now
        self._lock = threading.Lock()
        self._living: OrderedDict[Name, ConsentStatus | None] = OrderedDict()
        self._over: OrderedDict[Name, ConsentStatus | None] = OrderedDict()
        self._version = watch.version()
        self._seen = ledger.newest()

    def consent_status(
        self, site: str, handle: str, *, heard: bool = False
    ) -> ConsentStatus | None:
        """How a handle stands, exact as of this call in every worker; None for an unknown one.

        With `heard` as of what the running event loop has heard of by now (see `OnceATurn`).
        """
        return self._as_of(self._refresh(self._watch.heard() if heard else None), site, handle)

    def _as_of(self, version: int, site: str, handle: str) -> ConsentStatus | None:
        name = (site, handle)
        status: ConsentStatus | Literal[False] | None = self._living.get(name)
        if status is None:
            status = self._over.get(name, False)
        if status is False:
            latest = self._ledger.latest(site, handle)
            status = None if latest is None else status_of(latest, now=self._now())
            self._keep(name, status, version)
        if status is not None and not status.ended and status.expires <= self._now():
            return replace(status, alive=False, ended=True)
        return status

    def ended(self, judged: Collection[Authorized]) -> Set[Authorized]:
        """Those whose handle is not as it was judged any more; asked inside the event writer.

        One look at the ledger's version serves all: whoever changes it meanwhile waits for the
        writer before saying so.
        """
        version = self._refresh()
        return {
            authorization for authorization in judged if not self._holds(authorization, version)
        }

    def _holds(self, judged: Authorized, version: int) -> bool:
        status = self._as_of(version, judged.site, judged.handle)
        return status is not None and status.alive and status.index == judged.index

    def _refresh(self, version: int | None = None) -> int:
        version = self._watch.version() if version is None else version
        if version == self._version:
            return version
        with self._lock:
            # Asked again inside the lock: versions then only move forward from thread to thread.
            version = self._watch.version()
            for index, site, handle in self._ledger.handles_since(self._seen):
                self._seen = max(self._seen, index)
                if site is None or handle is None:
                    # An erasure does not say whose: nothing that is remembered counts any more.
                    self._living.clear()
                    self._over.clear()
                else:
                    self._living.pop((site, handle), None)
                    self._over.pop((site, handle), None)
            self._version = version
        return version

    def _keep(self, name: Name, status: ConsentStatus | None, version: int) -> None:
        with self._lock:
            # Read before somebody else's commit, kept after it: it would never be dropped again.
            if version != self._version:
                return
            is_over = status is None or status.ended
            memory = self._over if is_over else self._living
            memory[name] = status
            if len(memory) > REMEMBERED:
                memory.popitem(last=False)
