"""`Consent`: what one request may do, and what its visitor is to be asked. Pure decisions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

from .edition import (
    Choice,
    Editions,
    bounded_terms,
    choice_of,
    sells_under_any,
    widenings,
    widens_between,
)
from .lattice import NOTHING, Scope
from .placed import split
from .terms import BOTTOM, Terms
from .token import State
from .uses import within
from .widening import Widening

Source = Literal["visitor", "gpc", "dnt", "none"]


@dataclass(frozen=True)
class Decisions:
    """What a browser decided for its visitor (ADPC, unofficial draft of June 2021, section 6).

    Each is of identifiers as the header names them. What it consents to grants nothing: it spares
    a purpose from what is said of all of them (section 6.5).
    """

    withdraw: frozenset[str] = frozenset()
    object: frozenset[str] = frozenset()
    consent: frozenset[str] = frozenset()

    def deny(self, purpose: str, data_use: str) -> bool:
        """Whether `purpose` is taken back; of a placed collector's, the site's own with it."""
        if not self.withdraw.isdisjoint((purpose, split(purpose)[1])):
            return True
        is_marketing = "direct-marketing" in self.object and within(data_use, "marketing")
        return ("*" in self.withdraw or is_marketing) and purpose not in self.consent


@dataclass(frozen=True)
class Signals:
    """What the browser says by itself: GPC, Do Not Track, under age, and by ADPC."""

    gpc: bool = False
    dnt: bool = False
    under_age: bool = False
    decisions: Decisions | None = None

    def deny(self, editions: Editions, purpose: str) -> bool:
        """Whether they deny `purpose` to this request, whatever was answered (M21, S07)."""
        if self.gpc and sells_under_any(editions, purpose):
            return True
        if self.decisions is None or not editions:
            return False
        current = editions.current.purpose(purpose)
        return self.decisions.deny(purpose, current.terms.data_use if current else "")


@dataclass(frozen=True)
class Question:
    """One purpose the visitor is to be asked about; `widened` only where it was agreed before."""

    purpose: str
    widened: tuple[Widening, ...] = ()


@dataclass(frozen=True)
class Consent:
    """The consent of one request. Nothing is allowed unless an answer says so."""

    site: str
    state: State | None = None
    editions: Editions = field(default_factory=Editions)
    signals: Signals = field(default_factory=Signals)

    def allows(self, purpose: str) -> bool:
        """Whether this request may do anything for `purpose`."""
        return purpose in self._allowed

    def scope(self, purpose: str) -> Scope:
        """How precisely this request may be observed for `purpose`."""
        return self.terms(purpose).scope if self.allows(purpose) else NOTHING

    def detail(self, purpose: str) -> int:
        """The detail chosen for `purpose`, 0 to 2, whatever the signals of this request say."""
        return self.state.choices.get(purpose, 0) if self.state is not None else 0

    @property
    def shared_detail(self) -> int:
        """The detail of all that the site itself was granted; 0 where nothing was."""
        details = self.state.choices if self.state is not None else {}
        return max((d for name, d in details.items() if not split(name)[0]), default=0)

    def choice(self, purpose: str) -> Choice | None:
        """The same with the edition that bounds it; of a placed collector within the site's own."""
        return choice_of(self._choices, purpose)

    def terms(self, purpose: str) -> Terms:
        """The terms of `purpose` under this request's answer and signals; BOTTOM is none."""
        choice = self.choice(purpose)
        if choice is None or not choice.detail or not self.editions or self.closed:
            return BOTTOM
        if self.is_denied(purpose):
            return BOTTOM
        return bounded_terms(self.editions, purpose, choice)

    @cached_property
    def hosts(self) -> frozenset[str]:
        """The hosts of every recipient agreed to, under this request's signals."""
        agreed = (self.terms(name).recipients for name in self._allowed)
        return frozenset(
            h for recipients in agreed for recipient in recipients for h in recipient.hosts
        )

    def is_denied(self, purpose: str) -> bool:
        """Whether the browser's signals deny `purpose` to this request, whatever was answered."""
        return self.signals.deny(self.editions, purpose)

    @property
    def source(self) -> Source:
        """Where this request's answer comes from; computed for each request, never stored."""
        if self.signals.gpc and any(self._sells(name) for name in self._asked):
            return "gpc"
        if self.state is not None or any(map(self.is_denied, self._asked)):
            return "visitor"
        return "dnt" if self.signals.dnt else "none"

    @property
    def closed(self) -> bool:
        """Whether nobody may be asked or gathered from: a child's request, or a site for them."""
        children = bool(self.editions) and self.editions.current.policy.for_children
        return children or self.signals.under_age

    @cached_property
    def asks(self) -> tuple[Question, ...]:
        """What a notice is to ask about the site itself; empty means nothing."""
        if self._is_silent:
            return ()
        return tuple(self._question(name) for name in self._asked if self._is_open(name))

    def asks_on(self, path: str) -> tuple[Question, ...]:
        """What the notice of the page at `path` (without its query) is to ask now.

        Placed collectors are asked about on their own pages alone, and of those who answered
        before only where they agreed to what the site gathers for that purpose (M49).
        """
        if not self.editions or not self.editions.current.placed or self._is_silent:
            return self.asks
        purposes = self.editions.current.asked_on(path)[len(self._asked) :]
        placed = (self._question(name) for name in purposes if self._is_open_placed(name))
        return (*self.asks, *placed)

    def question(self, purpose: str) -> Question | None:
        """What is to be asked about one purpose, wherever it is asked; None for nothing."""
        if not self.editions or self._is_silent or purpose not in self.editions.current.every:
            return None
        is_open = self._is_open_placed if split(purpose)[0] else self._is_open
        return self._question(purpose) if is_open(purpose) else None

    @cached_property
    def _allowed(self) -> frozenset[str]:
        purposes = self.state.choices if self.state is not None else ()
        return frozenset(name for name in purposes if self.terms(name) != BOTTOM)

    @property
    def _asked(self) -> tuple[str, ...]:
        return self.editions.current.policy.asked if self.editions else ()

    def _sells(self, purpose: str) -> bool:
        return sells_under_any(self.editions, purpose)

    @cached_property
    def _bound(self) -> int:
        """The edition that bounds what is granted."""
        return self.editions.bound_of(self.state.edition) if self.state is not None else 0

    @cached_property
    def _choices(self) -> dict[str, Choice]:
        details = self.state.choices if self.state is not None else {}
        return {name: Choice(detail, self._bound) for name, detail in details.items()}

    @property
    def _is_silent(self) -> bool:
        return self.closed or (self.signals.dnt and self.state is None)

    def _is_open(self, purpose: str) -> bool:
        if self.is_denied(purpose):
            return False
        choice = self._choices.get(purpose)
        if choice is None or (choice.detail and self.editions.get(choice.edition) is None):
            return not self.signals.dnt
        return bool(choice.detail and widenings(self.editions, purpose, choice.edition))

    def _is_open_placed(self, purpose: str) -> bool:
        state = self.state
        if state is not None and purpose not in state.choices:
            # A refuser is not asked again, whoever it is that asks.
            return bool(state.choices.get(split(purpose)[1])) and self._is_open(purpose)
        return self._is_open(purpose)

    def _question(self, purpose: str) -> Question:
        choice = self._choices.get(purpose)
        since = choice.edition if choice else 0
        return Question(purpose, widenings(self.editions, purpose, since))


def state_of(
    site: str, editions: Editions, choices: Mapping[str, Choice], *, expires: int
) -> State:
    """What a browser is told to keep of the choices that a ledger holds now.

    One edition for all of it, so that few values exist: the newest that asked for anything more. A
    purpose that it passes by a widening was not asked in that answer: it is left out, gathers
    nothing, and is asked about.
    """
    granted = any(choice.detail for choice in choices.values())
    edition = editions.asked_by(editions.current.number) if granted else 0
    details = {
        name: choice.detail
        for name, choice in choices.items()
        if not (choice.detail and widens_between(editions, name, choice.edition, edition))
    }
    return State(site, edition if any(details.values()) else 0, details, expires)


def narrowest(states: Iterable[State]) -> State | None:
    """The meet of several states of one browser: the coarser detail, the older edition."""
    meet: State | None = None
    for state in states:
        meet = state if meet is None else _meet(meet, state)
    return meet


def _meet(a: State, b: State) -> State:
    both = {
        name: min(a.choices[name], b.choices[name]) for name in a.choices.keys() & b.choices.keys()
    }
    # A refusal in either one stands; a grant needs both.
    refused = {
        name: detail
        for state in (a, b)
        for name, detail in state.choices.items()
        if name not in both and not detail
    }
    # 0 is of a state that grants nothing: it bounds nothing.
    bounds = [state.edition for state in (a, b) if state.edition]
    return replace(
        a,
        choices=dict(sorted({**both, **refused}.items())),
        edition=min(bounds, default=0) if any(both.values()) else 0,
        expires=min(a.expires, b.expires),
    )
