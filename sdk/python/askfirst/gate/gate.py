"""The gate: one request's headers in; its Consent, and a response's headers, out. No framework."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

from ..terms.consent import Consent, Signals, narrowest
from ..terms.edition import Editions
from ..terms.policy import Policy
from ..terms.token import LONGEST, State, read_state
from . import caching
from .advice import Advice
from .cookies import PARENT, STATE, find
from .faults import note
from .headers import Header, Headers
from .passing import Passing
from .signals import is_set
from .visit import Visit

log = logging.getLogger("askfirst")

MOST_KEPT = 1024  # checked answers; M09 makes visitors share them
MOST_TOKENS = 8  # in one request: one each for the host, its partition and its parent domains
_READ = frozenset({b"cookie", b"sec-gpc", b"dnt"})
_LENGTHS = frozenset(map(len, _READ))
# What an answer is read from: the tokens by name, and whether each signal is set.
_Key = tuple[tuple[tuple[bytes, bytes], ...], bool, bool]


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
        # False until the collector has spoken, and when a cookie names an edition it did not.
        self.ready = False
        self._now = now
        self._kept: dict[_Key, Consent] = {}
        self._passing = Passing(policy, strict=strict, advice=Advice(strict=strict))
        self.refused = self._passing.refused

    def learn(self, known: Known) -> None:
        """Take over what the collector says now; what was checked before is forgotten."""
        self.known = known
        self.ready = bool(known.editions)
        self._kept = {}

    def visit(self, headers: Headers) -> Visit:
        """The lazy consent of a request."""
        return Visit(self.consent, headers)

    def consent(self, headers: Headers) -> Consent:
        """The consent of a request; cookies that are not ours, or no longer, are not there."""
        try:
            return self._consent(headers)
        except Exception as error:
            note("reading consent", error)
            return Consent(self.policy.site)

    def _consent(self, headers: Headers) -> Consent:
        key = _key(headers)
        now = self._now()
        found = self._kept.get(key)
        if found is not None and (found.state is None or found.state.expires > now):
            return found
        state = self._state(key[0], now)
        signals = Signals(gpc=key[1], dnt=key[2])
        consent = Consent(self.policy.site, state, self.known.editions, signals)
        if state is not None or not key[0]:
            self._keep(key, consent)
        if state is not None and self.known.editions:
            self.ready &= state.edition <= self.known.editions.current.number
        return consent

    def _keep(self, key: _Key, consent: Consent) -> None:
        self._kept[key] = consent
        if len(self._kept) > MOST_KEPT:
            del self._kept[next(iter(self._kept))]

    def _state(self, tokens: tuple[tuple[bytes, bytes], ...], now: float) -> State | None:
        read = [(name, self._read(token, now)) for name, token in tokens]
        state = narrowest(found for name, found in read if found is not None and name == STATE)
        for name, parent in read:
            if parent is not None and name == PARENT:
                state = _below(state, parent)
        return state

    def _read(self, token: bytes, now: float) -> State | None:
        keys = self.known.keys
        return read_state(token.decode("latin-1"), keys, site=self.policy.site, now=now)

    def finish(self, visit: Visit, headers: list[Header]) -> list[Header]:
        """The headers of a response as they may leave; the same list where nothing changes."""
        found, depends = self._passing.filter(headers, allows=visit.may, now=self._now)
        visit.sealed = not (visit.read or depends)
        if visit.sealed:
            return found
        found = caching.vary(found)
        return caching.private(found) if depends else found


def _key(headers: Headers) -> _Key:
    tokens: list[tuple[bytes, bytes]] = []
    gpc = dnt = False
    for name, value in headers:
        if len(name) not in _LENGTHS or (lowered := name.lower()) not in _READ:
            continue
        if lowered == b"cookie":
            if PARENT in value:
                # The shorter name is within the longer one.
                tokens += [
                    (key, token)
                    for key, token in find(value, PARENT)
                    if key in (STATE, PARENT) and len(token) <= LONGEST
                ]
        elif lowered == b"dnt":
            dnt = dnt or is_set(value)
        else:
            gpc = gpc or is_set(value)
    # More than a browser has is no answer, and not worth its time and memory.
    return (tuple(tokens) if len(tokens) <= MOST_TOKENS else ()), gpc, dnt


def _below(state: State | None, parent: State) -> State | None:
    # A parent domain's cookie may be anybody's there: it refuses and narrows, and grants nothing.
    if state is None:
        refused = {name: c for name, c in parent.choices.items() if not c.detail}
        return replace(parent, choices=refused) if refused else None
    return narrowest([state, replace(parent, choices={**state.choices, **parent.choices})])
