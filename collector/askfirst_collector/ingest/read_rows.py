"""The events of one request, each read into a row, or into the reason why there is none.

What they have in common is worked out for the first that needs it, and once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from askfirst.contracts.drops import Drop
from askfirst.contracts.events import Event, fields_of, read_fields, read_observed
from askfirst.observe.event import Observer
from askfirst.terms.attributes import Value
from askfirst.terms.consent import Signals
from askfirst.terms.placed import Placed, split
from askfirst_collector.catalogue.sites import Site
from askfirst_collector.ingest.authorize import Authorization
from askfirst_collector.ingest.build_row import RowTemplate, row_template
from askfirst_collector.ingest.placed_batch import AcceptsPageToken, PlacedBatch
from askfirst_collector.ingest.relay_observed import listed
from askfirst_collector.ledger.entries import ConsentStatus
from askfirst_collector.store.events import Row, always
from askfirst_collector.store.salts import Salts

DROP: Final = "drop"  # the type of a row that only counts why an event was not stored


class Sender(Struct, frozen=True):
    """Whose events these are, as far as the request was allowed to say."""

    site: Site
    handle: str | None
    signals: Signals
    accepts_page_token: AcceptsPageToken
    relay: bool = False  # under the site's key: it observed, the request's headers are its own
    is_awaited: Callable[[], bool] = always  # whether whoever sent them still listens
    user: str = ""  # the token of a signed-in user, as the site's own server says

    def named(self, placed: Placed | None) -> PlacedBatch:
        """The collector whose write key came with the events."""
        return PlacedBatch(placed, self.accepts_page_token, relay=self.relay)


class Reading:
    """Reads the events of a request whose receipt stands."""

    def __init__(
        self,
        sender: Sender,
        status: ConsentStatus,
        observer: Observer,
        salts: Salts,
        *,
        placed: PlacedBatch | None,  # None: the events are the site's own
    ) -> None:
        self._observer = observer
        self._salts = salts
        self._named = placed
        self._calendar = sender.site.calendar
        self._user = sender.user
        self._authorization = Authorization(sender.site, status, sender.signals)
        self._moulds: dict[str, RowTemplate | Drop] = {}

    def row(self, raw: Event | None) -> Row | Drop:
        """A row, one of type `drop`, or a reason that is counted nowhere."""
        if raw is None:
            return Drop.BAD_EVENT
        if self._named is not None and (wrong := self._named.wrong(raw)):
            return self._noted(self._named, raw.purpose, wrong)
        template = self._row_template(raw.purpose)
        if isinstance(template, Drop):
            return template
        if self._named is not None and not self._named.was_told(
            raw, self._authorization.agreed(raw.purpose)
        ):
            return Drop.NO_GRANT
        if raw.type == "action" and not template.terms.scope.level("action"):
            return Drop.NO_GRANT
        values = self._values(raw, template)
        if isinstance(values, Drop):
            return _drop(template, values)
        return template.row(raw.type, values)

    def _noted(self, placed: PlacedBatch, purpose: str, reason: Drop) -> Row | Drop:
        """A wrong page is counted by its collector; a key that is nobody's, by the site itself.

        Each only where the visitor agreed to that purpose there: else nowhere.
        """
        if reason == Drop.UNKNOWN_COLLECTOR:
            purpose = split(purpose)[1]
        elif not placed.is_asked(purpose):
            return reason
        template = self._row_template(purpose)
        return reason if isinstance(template, Drop) else _drop(template, reason)

    def _row_template(self, name: str) -> RowTemplate | Drop:
        template = self._moulds.get(name)
        if template is None:
            template = self._moulds[name] = self._new_row_template(name)
        return template

    def _new_row_template(self, name: str) -> RowTemplate | Drop:
        collector, purpose = split(name)
        if collector and self._named is None:
            return Drop.UNKNOWN_PURPOSE
        terms = self._authorization.authorize(name)
        if isinstance(terms, Drop):
            return terms
        status, now = self._authorization.status, self._observer.raw.now
        template = row_template(
            status,
            purpose,
            terms,
            self._salts,
            now,
            calendar=self._calendar,
            collector=collector,
            # Of a placed collector nobody signs in at the site.
            user="" if collector else self._user,
        )
        return template or Drop.NO_GRANT

    def _values(self, event: Event, template: RowTemplate) -> dict[str, Value] | Drop:
        terms = template.terms
        fields = read_fields(event, fields_of(terms.scope))
        # A page says nothing for itself, and most events are of pages.
        observed = read_observed(event) if "observed" in event.fields else {}
        if fields is None or observed is None:
            return Drop.BAD_EVENT
        if self._observer.is_bot(terms):
            return Drop.BOT
        values = self._observer.observe(fields, terms)
        return values | listed(terms.scope.generalise(observed), terms) if observed else values


def _drop(template: RowTemplate, reason: Drop) -> Row:
    # The reason is a word of ours: it says nothing of the visitor but that this happened.
    return drop_of(template.row(DROP, {}), reason)


def drop_of(row: Row, reason: Drop) -> Row:
    """What counts that this row is not stored, and why."""
    return replace(row, type=DROP, values={"action": (reason.value,)})
