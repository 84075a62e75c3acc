"""Actions that the site's own server tells of: one event for each purpose that lists them."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from askfirst.client import Caller
from askfirst.contracts.events import Property
from askfirst.gate.gate import Gate
from askfirst.gate.page_views import handed_on, page_of
from askfirst.gate.receipt import only_handle
from askfirst.gate.relay import Relay
from askfirst.gate.user_token import UserId, user_tokens
from askfirst.gate.visit import Visit
from askfirst.log_fault import log_fault
from askfirst.terms.consent import Consent


def tracked(
    consent: Consent,
    name: str,
    properties: Mapping[str, Property],
    path: str,
    query: bytes,
    urandom: Callable[[int], bytes],
) -> Mapping[str, object] | None:
    """The payload for one action, cut to what each purpose agreed to; None for nothing.

    Properties that a purpose does not list stay here.
    """
    events: list[dict[str, object]] = []
    for purpose in consent.editions.current.policy.asked:
        terms = consent.terms(purpose)
        action = terms.actions.get(name)
        if action is None or not terms.scope.level("action"):
            continue
        listed = action.values.keys() | action.buckets.keys()
        payload: dict[str, object] = {"name": name}
        if terms.scope.level("action") > 1:
            payload["properties"] = {key: properties[key] for key in listed & properties.keys()}
        event: dict[str, object] = {"purpose": purpose, "type": "action", "action": payload}
        if terms.scope.level("page") or terms.scope.level("campaign"):
            event["page"] = page_of(terms, path, query)
        events.append(event)
    if not events:
        return None
    batch = base64.urlsafe_b64encode(urandom(16)).rstrip(b"=").decode("ascii")
    return {"v": 1, "batch": batch, "events": events}


def server_caller(gate: Gate, consent: Consent, handle: str, user_id: UserId | None) -> Caller:
    """Whom the site's own server speaks for, and which user that is.

    Raises TypeError and ValueError for what is no id.
    """
    user = user_tokens(gate.known.keys, consent.site, user_id)
    signals = consent.signals
    return Caller(
        consent.site,
        handle,
        signals.gpc,
        signals.dnt,
        consent,
        gate.accepts_page_token,
        user[-1] if user else "",
    )


@dataclass(frozen=True)
class Where:
    """Where an action happened: the page's address as it was asked for, and who asked."""

    path: str
    query: bytes
    peer: str


@dataclass(slots=True, eq=False)
class Teller:
    """Hands the actions of one request to the collector; `soon` calls on the relay's own loop."""

    relay: Relay
    visit: Visit
    secrets: tuple[bytes, ...]
    where: Callable[[], Where]
    soon: Callable[[Callable[[], object]], object]

    def __call__(
        self, name: str, properties: Mapping[str, Property], user_id: UserId | None = None
    ) -> None:
        """Tell of one action; never raises."""
        try:
            handle, consent = only_handle(self.secrets), self.visit.peek()
            if handle is None or consent.state is None or not consent.editions:
                return
            where, urandom = self.where(), self.relay.urandom
            payload = tracked(consent, name, properties, where.path, where.query, urandom)
            if payload is None:
                return
            caller = server_caller(self.relay.gate, consent, handle, user_id)
            forwarded = handed_on(self.visit.headers)
            self.soon(lambda: self.relay.submit(caller, payload, forwarded, where.peer))
        except Exception as error:
            log_fault("telling of an action", error)
