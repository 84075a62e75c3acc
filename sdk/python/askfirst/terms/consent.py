"""`Consent`: what one request may do, and what its visitor is to be asked. Pure decisions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

from .edition import Choice, Editions, bounded_terms, sells_under_any, widenings
from .lattice import NOTHING, Scope
from .placed import split
from .terms import BOTTOM, Terms
from .token import State
from .widening import Widening

Source = Literal["visitor", "gpc", "dnt", "none"]


@dataclass(frozen=True)
class Signals:
    """What the browser says by itself: Global Privacy Control, Do Not Track, under age."""

    gpc: bool = False
    dnt: bool = False
    under_age: bool = False


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
        """The detail chosen for `purpose`, 0 to 3, whatever the signals of this request say."""
        choice = self._choice(purpose)
        return choice.detail if choice else 0

    def terms(self, purpose: str) -> Terms:
        """The terms of `purpose` under this request's answer and signals; BOTTOM is none."""
        choice = self._choice(purpose)
        if choice is None or not choice.detail or not self.editions or self.closed:
            return BOTTOM
        if self.signals.gpc and self._sells(purpose):
            return BOTTOM
        return bounded_terms(self.editions, purpose, choice)

    @cached_property
    def hosts(self) -> frozenset[str]:
        """The hosts of every recipient agreed to, under this request's signals."""
        agreed = (self.terms(name).recipients for name in self._allowed)
        return frozenset(
            h for recipients in agreed for recipient in recipients for h in recipient.hosts
        )

    @property
    def source(self) -> Source:
        """Where this request's answer comes from; computed for each request, never stored."""
        if self.signals.gpc and any(self._sells(name) for name in self._asked):
            return "gpc"
        if self.state is not None:
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

    def _choice(self, purpose: str) -> Choice | None:
        return self.state.choices.get(purpose) if self.state is not None else None

    @property
    def _is_silent(self) -> bool:
        return self.closed or (self.signals.dnt and self.state is None)

    def _is_open(self, purpose: str) -> bool:
        if self.signals.gpc and self._sells(purpose):
            return False
        choice = self._choice(purpose)
        if choice is None or (choice.detail and self.editions.get(choice.edition) is None):
            return not self.signals.dnt
        if not choice.detail or self.state is None:
            return False
        # What an earlier edition added was already answered: ask only for what came since.
        return bool(widenings(self.editions, purpose, max(choice.edition, self.state.edition)))

    def _is_open_placed(self, purpose: str) -> bool:
        if self.state is not None and self._choice(purpose) is None:
            # A refuser is not asked again, whoever it is that asks.
            above = self._choice(split(purpose)[1])
            if above is None or not above.detail:
                return False
        return self._is_open(purpose)

    def _question(self, purpose: str) -> Question:
        choice = self._choice(purpose)
        since = choice.edition if choice else 0
        return Question(purpose, widenings(self.editions, purpose, since))


def narrowest(states: Iterable[State]) -> State | None:
    """The meet of several states of one browser: the coarser detail, the older edition."""
    meet: State | None = None
    for state in states:
        meet = state if meet is None else _meet(meet, state)
    return meet


def _meet(a: State, b: State) -> State:
    both = {
        name: Choice(
            min(a.choices[name].detail, b.choices[name].detail),
            min(a.choices[name].edition, b.choices[name].edition),
        )
        for name in a.choices.keys() & b.choices.keys()
    }
    # A refusal in either one stands; a grant needs both.
    refused = {
        name: choice
        for state in (a, b)
        for name, choice in state.choices.items()
        if name not in both and not choice.detail
    }
    return replace(
        a,
        choices=dict(sorted({**both, **refused}.items())),
        edition=min(a.edition, b.edition),
        expires=min(a.expires, b.expires),
    )
