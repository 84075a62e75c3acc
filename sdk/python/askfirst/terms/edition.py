"""`Edition`: a policy as published, and what a choice made under one still allows today."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from .policy import Policy
from .terms import BOTTOM, CONSENT, Terms, meet
from .uses import within
from .widening import IDENTITY, Widening, widened


@dataclass(frozen=True)
class Choice:
    """What was chosen for one purpose: a detail (0 to 3) and the edition that bounds it."""

    detail: int
    edition: int


@dataclass(frozen=True)
class Edition:
    """One published policy: number from 1 on, hash, effective time (unix seconds, UTC)."""

    number: int
    hash: str
    effective: int
    policy: Policy


@dataclass(frozen=True, eq=False)
class Editions:
    """All editions of one site, oldest first; empty while nothing is known of them."""

    all: tuple[Edition, ...] = field(default=())

    def __iter__(self) -> Iterator[Edition]:
        return iter(self.all)

    def __len__(self) -> int:
        return len(self.all)

    @property
    def current(self) -> Edition:
        """The newest edition; LookupError where there is none."""
        if not self.all:
            raise LookupError("no edition is known")
        return self.all[-1]

    def get(self, number: int) -> Edition | None:
        """The edition with this number."""
        return next((edition for edition in self.all if edition.number == number), None)

    def by_hash(self, digest: str) -> Edition | None:
        """The newest edition with this hash."""
        found = (edition for edition in reversed(self.all) if edition.hash == digest)
        return next(found, None)


def widenings(editions: Editions, purpose: str, since: int) -> tuple[Widening, ...]:
    """What the current edition asks for `purpose` beyond edition `since`."""
    old = editions.get(since)
    if old is None or not editions:
        return ()
    return widened(old.policy, editions.current.policy, purpose)


def sells_under_any(editions: Editions, purpose: str) -> bool:
    """Whether any edition sells or shares for `purpose`; what is not known is taken to.

    Under any edition, because a choice may be bounded by an older one.
    """
    found = [edition.policy.purposes.get(purpose) for edition in editions]
    known = [each for each in found if each is not None]
    return not known or any(each.terms.sells_or_shares for each in known)


def host_terms(host: Policy, use: str) -> Terms:
    """The ceiling for a use: the host's entry at or above it; no entry, no gathering."""
    for purpose in host.purposes.values():
        if within(use, purpose.terms.data_use):
            return purpose.terms
    return BOTTOM


def bounded_terms(
    editions: Editions, purpose: str, choice: Choice, host: Policy | None = None
) -> Terms:
    """What may be gathered for `purpose` under `choice`: host ∧ site ∧ agreed edition ∧ detail.

    BOTTOM when the purpose, the edition or the ceiling is not known, when it is not based on
    consent, or when somebody else answers for the data now. `host=None` leaves the ceiling out:
    for the gate, which cannot see it; a collector always passes it.
    """
    return _bounded(editions, purpose, choice, host)


# Editions and policies are compared by identity: a new one is a new key, an old one ages out.
@lru_cache(maxsize=4096)
def _bounded(editions: Editions, purpose: str, choice: Choice, host: Policy | None) -> Terms:
    agreed = editions.get(choice.edition)
    if agreed is None or choice.detail <= 0:
        return BOTTOM
    current = editions.current.policy
    then, now = agreed.policy.purposes.get(purpose), current.purposes.get(purpose)
    if then is None or now is None or now.terms.legal_basis != CONSENT:
        return BOTTOM
    if agreed is not editions.current and any(
        each.dimension in IDENTITY for each in widened(agreed.policy, current, purpose)
    ):
        return BOTTOM
    terms = meet(then.terms.at(choice.detail), now.terms)
    return terms if host is None else meet(terms, host_terms(host, now.terms.data_use))
