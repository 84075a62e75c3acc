"""Makes events less precise in the site's own process, before they leave it.

What reads raw requests is the extra `telemetry`, imported when it is first needed. Without it only
what needs no part of others is read; the rest stays unknown, and nothing raw leaves instead.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from askfirst.contracts.drops import Drop
from askfirst.contracts.events import OBSERVABLE, Event, fields_of, read_fields
from askfirst.http.headers import Headers
from askfirst.observe.address import Address
from askfirst.observe.network_sizes import NetworkSizes
from askfirst.observe.proxies import Proxies
from askfirst.terms.attributes import Value
from askfirst.terms.consent import Consent
from askfirst.terms.edition import Choice, Edition
from askfirst.terms.lattice import NOTHING
from askfirst.terms.policy import Policy
from askfirst.terms.terms import BOTTOM, Terms, meet

if TYPE_CHECKING:
    from askfirst.observe.location import Locator

log = logging.getLogger("askfirst")

_READ = frozenset({b"user-agent", b"accept-language", b"x-forwarded-for", b"forwarded"})

Effective = Callable[[str, Choice], Terms]


@dataclass(frozen=True)
class Asking:
    """The request that events came with; looked at only for what its terms want."""

    headers: Headers
    peer: str
    now: float


@dataclass
class Generaliser:
    """Turns events into what may leave. `places` is an MMDB file; `proxies` those in front."""

    places: Path | None = None
    proxies: Proxies | None = None
    networks: NetworkSizes = field(default_factory=lambda: NetworkSizes(urandom=os.urandom))
    _place: Locator | None = field(default=None, init=False)

    def open(self) -> None:
        """Read the database of places now; Unusable where it is none. Does nothing twice."""
        if self._place is None and self.observe is not None:
            from askfirst.observe.location import Locator

            self._place = Locator.open(self.places)

    def event(
        self, event: Event, consent: Consent, effective: Effective, asking: Asking
    ) -> dict[str, Any] | Drop:
        """The event as it may leave, or the reason why none of it does.

        `effective` answers what the collector said of a choice. Grant and signals are judged before
        anything of the request is looked at.
        """
        terms = _terms(event, consent, effective)
        if isinstance(terms, Drop):
            return terms
        fields = read_fields(event, fields_of(terms.scope))
        if fields is None:
            return Drop.BAD_EVENT
        policy = consent.editions.current.policy
        read = _plain if self.observe is None else self._observed
        values = read(asking, fields, terms, policy)
        if values is None:
            return Drop.BOT
        observed = {name: list(v) for name, v in values.items() if name in OBSERVABLE}
        return {"purpose": event.purpose, "type": event.type, "observed": observed}

    def is_sized(self, counted: Hashable, period: str, handle: str, asking: Asking) -> bool:
        """Whether a visitor is one of the few of a network who count towards sizes in a period."""
        return self.networks.is_sized(counted, period, handle, self._address(asking))

    def counts_answer(self, edition: Edition, handle: str, asking: Asking) -> bool:
        """The same of an answer to an edition."""
        return self.networks.counts_answer(edition, handle, asking.now, self._address(asking))

    def _address(self, asking: Asking) -> Address | None:
        return (self.proxies or Proxies()).client(asking.peer, needed(asking.headers))

    @cached_property
    def observe(self) -> Callable[..., dict[str, Value]] | None:
        """The reader of raw requests; None, said once, where `askfirst[telemetry]` is missing."""
        try:
            from askfirst.observe.event import observe
        except ImportError as error:
            message = "askfirst.W030 install 'askfirst[telemetry]': without %s, pages, referrers, "
            log.warning(message + "browsers, systems and places stay unknown", error.name)
            return None
        return observe

    def _observed(
        self, asking: Asking, fields: Mapping[str, Any], terms: Terms, policy: Policy
    ) -> dict[str, Value] | None:
        from askfirst.observe.event import DIRECT, Raw, is_bot, observe

        raw = Raw(needed(asking.headers), asking.peer, asking.now)
        if is_bot(raw, terms):
            return None
        proxies = self.proxies or DIRECT
        place = self._place
        return observe(
            raw,
            fields,
            terms,
            place=place,
            proxies=proxies,
            own_origins=policy.origins,
            routes=policy.routes,
        )


def _terms(event: Event, consent: Consent, effective: Effective) -> Terms | Drop:
    name = event.purpose
    choice = consent.choice(name)
    if not consent.editions or consent.closed or choice is None:
        return Drop.NO_GRANT
    if choice.detail and consent.is_denied(name):
        return Drop.OPT_OUT
    agreed = consent.terms(name)
    terms = BOTTOM if agreed == BOTTOM else meet(agreed, effective(name, choice))
    if terms.scope == NOTHING or (event.type == "action" and not terms.scope.level("action")):
        return Drop.NO_GRANT
    return terms


def _plain(
    asking: Asking, fields: Mapping[str, Any], terms: Terms, policy: Policy
) -> dict[str, Value]:
    """What can be read with the standard library alone."""
    from askfirst.observe.action import action
    from askfirst.observe.campaign import campaign
    from askfirst.observe.cookies import cookies
    from askfirst.observe.language import language
    from askfirst.observe.screen import screen

    header = needed(asking.headers).get(b"accept-language", b"").decode("latin-1")
    sources: dict[str, Callable[[], Value]] = {
        "campaign": lambda: campaign(fields.get("page")),
        "screen": lambda: screen(fields.get("screen")),
        "language": lambda: language(header),
        "cookies": lambda: cookies(fields.get("cookies"), terms.cookies),
    }
    if fields["type"] == "action":
        sources["action"] = lambda: action(fields.get("action"), terms.actions)
    scope = terms.scope
    return scope.generalise({name: read() for name, read in sources.items() if scope.level(name)})


def needed(headers: Headers) -> dict[bytes, bytes]:
    fields: dict[bytes, bytes] = {}
    for name, value in headers:
        if (lowered := name.lower()) in _READ:
            fields[lowered] = fields[lowered] + b", " + value if lowered in fields else value
    return fields
