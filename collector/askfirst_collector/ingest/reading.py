"""The events of one request, each read into a row, or into the reason why there is none.

What they have in common is worked out for the first that needs it, and once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from askfirst.contracts.drops import Drop
from askfirst.contracts.events import FIELDS, Event, read_fields, read_observed
from askfirst.observe.event import Observer
from askfirst.terms.attributes import Value
from askfirst.terms.consent import Signals
from askfirst.terms.lattice import Scope
from askfirst.terms.placed import Placed, split
from askfirst_collector.ledger.entries import Standing
from askfirst_collector.registry.sites import Site
from askfirst_collector.store.events import Row, always
from askfirst_collector.store.salts import Salts

from .judging import Judge
from .named import Named, Vouches
from .observed import listed
from .rows import Mould, mould

DROP: Final = "drop"  # the type of a row that only counts why an event was not stored


@dataclass(frozen=True, slots=True)
class Sender:
    """Whose events these are, as far as the request was allowed to say."""

    site: Site
    handle: str | None
    signals: Signals
    vouches: Vouches
    relay: bool = False  # under the site's key: it observed, the request's headers are its own
    is_awaited: Callable[[], bool] = always  # whether whoever sent them still listens

    def named(self, placed: Placed | None) -> Named:
        """The collector whose write key came with the events."""
        return Named(placed, self.vouches, relay=self.relay)


class Reading:
    """Reads the events of a request whose receipt stands."""

    def __init__(
        self,
        sender: Sender,
        standing: Standing,
        observer: Observer,
        salts: Salts,
        *,
        named: Named | None,  # None: the events are the site's own
    ) -> None:
        self._observer = observer
        self._salts = salts
        self._named = named
        self._judge = Judge(sender.site, standing, sender.signals)
        self._moulds: dict[str, Mould | Drop] = {}

    def row(self, event: Event | None) -> Row | Drop:
        """A row, one of type `drop`, or a reason that is counted nowhere."""
        if event is None:
            return Drop.BAD_EVENT
        if self._named is not None and (wrong := self._named.wrong(event)):
            return self._noted(self._named, event.purpose, wrong)
        found = self._mould(event.purpose)
        if isinstance(found, Drop):
            return found
        if self._named is not None and not self._named.was_told(
            event, self._judge.agreed(event.purpose)
        ):
            return Drop.NO_GRANT
        if event.type == "action" and not found.terms.scope.level("action"):
            return Drop.NO_GRANT
        values = self._values(event, found)
        if isinstance(values, Drop):
            return _drop(found, values)
        return found.row(event.type, values)

    def _noted(self, named: Named, purpose: str, reason: Drop) -> Row | Drop:
        """A wrong page is counted by its collector; a key that is nobody's, by the site itself.

        Each only where the visitor agreed to that purpose there: else nowhere.
        """
        if reason == Drop.UNKNOWN_COLLECTOR:
            purpose = split(purpose)[1]
        elif not named.is_asked(purpose):
            return reason
        found = self._mould(purpose)
        return reason if isinstance(found, Drop) else _drop(found, reason)

    def _mould(self, name: str) -> Mould | Drop:
        found = self._moulds.get(name)
        if found is None:
            found = self._moulds[name] = self._new_mould(name)
        return found

    def _new_mould(self, name: str) -> Mould | Drop:
        collector, purpose = split(name)
        if collector and self._named is None:
            return Drop.UNKNOWN_PURPOSE
        terms = self._judge.judge(name)
        if isinstance(terms, Drop):
            return terms
        standing, now = self._judge.standing, self._observer.raw.now
        found = mould(standing, purpose, terms, self._salts, now, collector=collector)
        return found or Drop.NO_GRANT

    def _values(self, event: Event, found: Mould) -> dict[str, Value] | Drop:
        fields = read_fields(event, _told(found.terms.scope))
        observed = read_observed(event)
        if fields is None or observed is None:
            return Drop.BAD_EVENT
        if self._observer.is_bot(found.terms):
            return Drop.BOT
        told_by_relay = listed(found.terms.scope.generalise(observed), found.terms)
        return self._observer.observe(fields, found.terms) | told_by_relay


def _drop(found: Mould, reason: Drop) -> Row:
    # The reason is a word of ours: it says nothing of the visitor but that this happened.
    return drop_of(found.row(DROP, {}), reason)


def drop_of(row: Row, reason: Drop) -> Row:
    """What counts that this row is not stored, and why."""
    return replace(row, type=DROP, values={"action": (reason.value,)})


@lru_cache(maxsize=1024)  # scopes come from policies, never from visitors
def _told(scope: Scope) -> tuple[str, ...]:
    """What is wanted of that which only the page can tell."""
    return tuple(name for name in scope.as_dict() if name in FIELDS)
