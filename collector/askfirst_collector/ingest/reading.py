"""The events of one request, each read into a row, or into the reason why there is none.

What they have in common is worked out for the first that needs it, and once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import msgspec

from askfirst.observe.event import Observer
from askfirst.terms.attributes import ATTRIBUTES, Value
from askfirst.terms.consent import Signals
from askfirst.terms.lattice import Scope
from askfirst.terms.placed import Placed, split
from askfirst_collector.ledger.entries import Standing
from askfirst_collector.registry.sites import Site
from askfirst_collector.store.events import Row, always
from askfirst_collector.store.salts import Salts

from . import judging
from .batch import TOLD_BY_PAGE, Told, read_event, read_fields, read_observed
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
        self._relay = sender.relay
        self._observer = observer
        self._salts = salts
        self._named = named
        self._judge = Judge(sender.site, standing, sender.signals)
        self._moulds: dict[str, Mould | str] = {}

    def row(self, event: msgspec.Raw) -> Row | str:
        """A row, one of type `drop`, or a reason that is counted nowhere."""
        told = read_event(event)
        if told is None:
            return judging.BAD_EVENT
        if self._named is not None and (wrong := self._named.wrong(told)):
            return self._noted(self._named, told.purpose, wrong)
        found = self._mould(told.purpose)
        if isinstance(found, str):
            return found
        if self._named is not None and not self._named.was_told(
            told, self._judge.agreed(told.purpose)
        ):
            return judging.NO_GRANT
        if told.type == "action" and not found.terms.scope.level("action"):
            return judging.NO_GRANT
        values = self._values(told, found)
        if isinstance(values, str):
            return _drop(found, values)
        return found.row(told.type, values)

    def _noted(self, named: Named, purpose: str, reason: str) -> Row | str:
        """A wrong page is counted by its collector; a key that is nobody's, by the site itself.

        Each only where the visitor agreed to that purpose there: else nowhere.
        """
        if reason == judging.UNKNOWN_COLLECTOR:
            purpose = split(purpose)[1]
        elif not named.is_asked(purpose):
            return reason
        found = self._mould(purpose)
        return reason if isinstance(found, str) else _drop(found, reason)

    def _mould(self, name: str) -> Mould | str:
        found = self._moulds.get(name)
        if found is None:
            found = self._moulds[name] = self._new_mould(name)
        return found

    def _new_mould(self, name: str) -> Mould | str:
        collector, purpose = split(name)
        if collector and self._named is None:
            return judging.UNKNOWN_PURPOSE
        terms = self._judge.judge(name)
        if isinstance(terms, str):
            return terms
        standing, now = self._judge.standing, self._observer.raw.now
        found = mould(standing, purpose, terms, self._salts, now, collector=collector)
        return found or judging.NO_GRANT

    def _values(self, told: Told, found: Mould) -> dict[str, Value] | str:
        fields = read_fields(told, _told(found.terms.scope))
        observed = read_observed(told) if self._relay else {}
        if fields is None or observed is None or not _observable(observed):
            return judging.BAD_EVENT
        if self._observer.is_bot(found.terms):
            return judging.BOT
        told_by_relay = listed(found.terms.scope.generalise(observed), found.terms)
        return self._observer.observe(fields, found.terms) | told_by_relay


def _drop(found: Mould, reason: str) -> Row:
    # The reason is a word of ours: it says nothing of the visitor but that this happened.
    return drop_of(found.row(DROP, {}), reason)


def drop_of(row: Row, reason: str) -> Row:
    """What counts that this row is not stored, and why."""
    return replace(row, type=DROP, values={"action": (reason,)})


@lru_cache(maxsize=1024)  # scopes come from policies, never from visitors
def _told(scope: Scope) -> tuple[str, ...]:
    """What is wanted of that which only the page can tell."""
    return tuple(name for name in scope.as_dict() if name in TOLD_BY_PAGE)


def _observable(observed: dict[str, Value]) -> bool:
    """Whether a relay may say this: time is of arrival, pseudonyms are of the receipt."""
    return all(
        name in _OBSERVABLE and len(parts) <= ATTRIBUTES[name].finest
        for name, parts in observed.items()
    )


_OBSERVABLE: Collection[str] = ATTRIBUTES.keys() - {"time", "visitor", "user_id"}
