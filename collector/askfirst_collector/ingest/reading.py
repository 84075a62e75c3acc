"""The events of one request, each read into a row, or into the reason why there is none.

What they have in common is worked out for the first that needs it, and once.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import msgspec

from askfirst.observe.event import Observer
from askfirst.terms.attributes import ATTRIBUTES, Value
from askfirst.terms.consent import Signals
from askfirst.terms.lattice import Scope
from askfirst_collector.ledger.entries import Standing
from askfirst_collector.registry.sites import Site
from askfirst_collector.store.events import Row
from askfirst_collector.store.salts import Salts

from . import judging
from .batch import TOLD_BY_PAGE, Told, read_event, read_fields, read_observed
from .judging import Judge
from .observed import listed
from .rows import Mould, mould

DROP: Final = "drop"  # the type of a row that only counts why an event was not stored


@dataclass(frozen=True, slots=True)
class Sender:
    """Whose events these are, as far as the request was allowed to say."""

    site: Site
    handle: str | None
    signals: Signals
    relay: bool = False  # under the site's key: it observed, the request's headers are its own


class Reading:
    """Reads the events of a request whose receipt stands."""

    def __init__(
        self,
        sender: Sender,
        standing: Standing,
        observer: Observer,
        salts: Salts,
        *,
        collector: str,  # a placed one that is named; "" for the site itself
    ) -> None:
        self._relay = sender.relay
        self._observer = observer
        self._salts = salts
        self._collector = collector
        self._judge = Judge(sender.site, standing, sender.signals)
        self._moulds: dict[str, Mould | str] = {}

    def row(self, event: msgspec.Raw) -> Row | str:
        """A row, one of type `drop`, or a reason that is counted nowhere."""
        told = read_event(event)
        if told is None:
            return judging.BAD_EVENT
        found = self._moulds.get(told.purpose)
        if found is None:
            found = self._moulds[told.purpose] = self._mould(told.purpose)
        if isinstance(found, str):
            return found
        if told.type == "action" and not found.terms.scope.level("action"):
            return judging.NO_GRANT
        values = self._values(told, found)
        if isinstance(values, str):
            # The reason is a word of ours: it says nothing of the visitor but that this happened.
            return replace(found.row(DROP, {}), values={"action": (values,)})
        return found.row(told.type, values)

    def _mould(self, purpose: str) -> Mould | str:
        if self._collector:
            return judging.UNKNOWN_COLLECTOR
        terms = self._judge.judge(purpose)
        if isinstance(terms, str):
            return terms
        now = self._observer.raw.now
        found = mould(self._judge.standing, purpose, terms, self._salts, now)
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
