"""The gate: one request's headers in; its Consent, and a response's headers, out. No framework."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

from ..terms.consent import Consent, Signals, narrowest
from ..terms.edition import Editions
from ..terms.policy import Policy
from ..terms.token import State, read_state
from . import caching
from .advice import Advice
from .cookies import PARENT, STATE, only, read_cookies
from .faults import note
from .headers import Header, Headers
from .passing import Passing
from .signals import read_signals
from .visit import Visit

log = logging.getLogger("askfirst")

MOST_KEPT = 1024  # checked answers; M09 makes visitors share them
_Key = tuple[tuple[bytes, ...], tuple[bytes, ...], Signals]


@dataclass(frozen=True, eq=False)
class Known:
    """What a collector told us of the site: its editions, and the state cookie's keys."""

    editions: Editions
    keys: tuple[bytes, ...]


NOTHING_KNOWN = Known(Editions(), ())


class Gate:
    """Reads answers and lets through what was agreed to. `now` gives unix seconds.

    Whatever goes wrong in here means: no consent, and the page is served.
    """

    def __init__(self, policy: Policy, *, now: Callable[[], float], strict: bool = True) -> None:
        self.policy = policy
        self.known = NOTHING_KNOWN
        self.behind = False  # a cookie spoke of an edition we do not know
        self._now = now
        self._kept: dict[_Key, Consent] = {}
        self._passing = Passing(policy, strict=strict, advice=Advice(strict=strict))
        self.refused = self._passing.refused

    def learn(self, known: Known) -> None:
        """Take over what the collector says now; what was checked before is forgotten."""
        self.known = known
        self.behind = False
        self._kept = {}

    def visit(self, headers: Headers) -> Visit:
        """The lazy consent of a request."""
        return Visit(self.policy.site, lambda: self.consent(headers))

    def consent(self, headers: Headers) -> Consent:
        """The consent of a request; cookies that are not ours, or no longer, are not there."""
        try:
            return self._consent(headers)
        except Exception as error:
            note("reading consent", error)
            return Consent(self.policy.site)

    def _consent(self, headers: Headers) -> Consent:
        signals = read_signals(headers)
        cookies = read_cookies(headers)
        key = (tuple(only(cookies, STATE)), tuple(only(cookies, PARENT)), signals)
        now = self._now()
        found = self._kept.get(key)
        if found is not None and (found.state is None or found.state.expires > now):
            return found
        state = self._state(key, now)
        consent = Consent(self.policy.site, state, self.known.editions, signals)
        if state is not None or not (key[0] or key[1]):
            self._keep(key, consent)
        if state is not None and self.known.editions:
            self.behind |= state.edition > self.known.editions.current.number
        return consent

    def _keep(self, key: _Key, consent: Consent) -> None:
        self._kept[key] = consent
        if len(self._kept) > MOST_KEPT:
            del self._kept[next(iter(self._kept))]

    def _state(self, key: _Key, now: float) -> State | None:
        own, parents = (
            [s for token in tokens if (s := self._read(token, now))] for tokens in key[:2]
        )
        state = narrowest(own)
        for parent in parents:
            state = _below(state, parent)
        return state

    def _read(self, token: bytes, now: float) -> State | None:
        keys = self.known.keys
        return read_state(token.decode("latin-1"), keys, site=self.policy.site, now=now)

    def finish(self, visit: Visit, headers: list[Header]) -> list[Header]:
        """The headers of a response as they may leave; the same list where nothing changes."""
        passed = self._passing.filter(
            headers, allows=lambda p: visit.peek().allows(p), now=self._now()
        )
        found = passed.headers if passed.changed else headers
        visit.sealed = not (visit.read or passed.depends)
        if visit.read or passed.depends:
            found = caching.vary(found)
        return caching.private(found) if passed.depends else found


def _below(state: State | None, parent: State) -> State | None:
    # A parent domain's cookie may be anybody's there: it refuses and narrows, and grants nothing.
    if state is None:
        refused = {name: c for name, c in parent.choices.items() if not c.detail}
        return replace(parent, choices=refused) if refused else None
    return narrowest([state, replace(parent, choices={**state.choices, **parent.choices})])
