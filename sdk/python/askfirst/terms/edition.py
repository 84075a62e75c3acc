"""`Edition`: a policy as published, and what a choice made under one still allows today."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any

from .canonical import canonical
from .pages import covers
from .placed import Placed, join, read_placed, split
from .policy import Policy, read_policy
from .purpose import Purpose
from .terms import BOTTOM, CLOSES, CONSENT, Closes, Terms, meet
from .uses import within
from .widening import IDENTITY, Widening, widened


@dataclass(frozen=True)
class Choice:
    """What was chosen for one purpose: a detail (0 to 2) and the edition that bounds it."""

    detail: int
    edition: int


@dataclass(frozen=True)
class Edition:
    """Everything the visitors of a site can be asked, as published.

    The site's policy, and the collectors placed on its pages then: number from 1 on, hash,
    effective time (unix seconds, UTC). A purpose of a placed collector is named
    `collector/purpose`.
    """

    number: int
    hash: str
    effective: int
    policy: Policy
    placed: Mapping[str, Placed] = field(default_factory=dict, hash=False)

    @cached_property
    def every(self) -> tuple[str, ...]:
        """All that visitors are asked about: the site's own purposes, then the placed ones."""
        return (
            *self.policy.asked,
            *(name for collector in self._sorted for name in collector.asked),
        )

    def asked_on(self, path: str) -> tuple[str, ...]:
        """What they are asked about on the page at `path`."""
        if not self.placed:
            return self.policy.asked
        collectors = [collector for collector in self._sorted if collector.is_active_on(path)]
        return (*self.policy.asked, *(name for collector in collectors for name in collector.asked))

    def active_on(self, path: str) -> tuple[Placed, ...]:
        """The collectors that stand on the page at `path`."""
        return tuple(collector for collector in self._sorted if collector.is_active_on(path))

    def policy_of(self, name: str) -> Policy | None:
        """The policy that a purpose is of: the site's, or a placed collector's."""
        collector, _ = split(name)
        if not collector:
            return self.policy
        placed = self.placed.get(collector)
        return None if placed is None else placed.policy

    def purpose(self, name: str) -> Purpose | None:
        """A purpose by its name, `collector/purpose` where it is of a placed collector."""
        return self._purposes.get(name)

    def minimum_age(self, names: Iterable[str]) -> int:
        """The age in years one must have to agree to all of these; 0 where anybody may."""
        purposes = (self.purpose(name) for name in names)
        return max((p.terms.minimum_age for p in purposes if p is not None), default=0)

    @cached_property
    def longest_period(self) -> Closes:
        """The longest period that a purpose closes with; a day where there is no purpose."""
        closes = (purpose.terms.closes for name in self.every if (purpose := self.purpose(name)))
        return max(closes, key=CLOSES.index, default=CLOSES[0])

    @cached_property
    def _purposes(self) -> Mapping[str, Purpose]:
        purposes = dict(self.policy.purposes)
        for collector, placed in self.placed.items():
            own = placed.policy.purposes
            purposes |= {join(collector, name): purpose for name, purpose in own.items()}
        return purposes

    @cached_property
    def _sorted(self) -> tuple[Placed, ...]:
        return tuple(self.placed[name] for name in sorted(self.placed))


def edition_document(policy: Policy, placed: Mapping[str, Placed]) -> dict[str, Any]:
    """What is archived of an edition: the policy alone where nothing is placed."""
    if not placed:
        return policy.document
    collectors = {name: placed[name].document for name in sorted(placed)}
    return {"placed": collectors, "policy": policy.document}


def edition_hash(policy: Policy, placed: Mapping[str, Placed]) -> str:
    """Hex SHA-256 of the canonical JSON of the edition's document."""
    if not placed:
        return policy.hash
    return hashlib.sha256(canonical(edition_document(policy, placed))).hexdigest()


def read_edition(
    document: Mapping[str, Any], *, number: int, effective: int, digest: str
) -> Edition:
    """The edition that was archived as this document; PolicyError where it cannot be read."""
    if "policy" not in document:
        return Edition(number, digest, effective, read_policy(document, archived=True))
    collectors = document["placed"].items()
    placed = {name: read_placed(entry, archived=True) for name, entry in collectors}
    policy = read_policy(document["policy"], archived=True)
    return Edition(number, digest, effective, policy, placed)


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
        return self._by_number.get(number)

    def by_hash(self, digest: str) -> Edition | None:
        """The newest edition with this hash."""
        matches = (edition for edition in reversed(self.all) if edition.hash == digest)
        return next(matches, None)

    @cached_property
    def _by_number(self) -> Mapping[int, Edition]:
        return {edition.number: edition for edition in reversed(self.all)}

    @cached_property
    def _steps(self) -> tuple[int, ...]:
        """The numbers of the editions that asked for anything more than the one before."""
        pairs = zip(self.all, self.all[1:], strict=False)
        wider = (
            new.number
            for old, new in pairs
            if any(_widened(old, new, purpose) for purpose in new.every)
        )
        return (*(edition.number for edition in self.all[:1]), *wider)

    def asked_by(self, number: int) -> int:
        """The newest edition, not later than this one, that asked for anything more; 0 for none."""
        return max((step for step in self._steps if step <= number), default=0)

    def bound_of(self, number: int) -> int:
        """The edition that bounds an answer of which only `asked_by` is known.

        It may have been given under any edition until the next that asked for more: of these the
        last one allows least.
        """
        later = min((step for step in self._steps if step > number), default=None)
        run = [e.number for e in self.all if number <= e.number and (not later or e.number < later)]
        return run[-1] if run and run[0] == number else number


def widenings(editions: Editions, purpose: str, since: int) -> tuple[Widening, ...]:
    """What the current edition asks for `purpose` beyond edition `since`."""
    old = editions.get(since)
    if old is None or not editions:
        return ()
    return _widened(old, editions.current, purpose)


def widens_between(editions: Editions, purpose: str, old: int, new: int) -> bool:
    """Whether edition `new` asks for more of `purpose` than the older `old`; unknown ones do."""
    if old >= new:
        return False
    then, later = editions.get(old), editions.get(new)
    return then is None or later is None or bool(_widened(then, later, purpose))


def _widened(old: Edition, new: Edition, purpose: str) -> tuple[Widening, ...]:
    now = new.policy_of(purpose)
    if now is None:
        return ()
    # Where a collector stood nowhere yet, everything of it is new.
    then = old.policy_of(purpose) or replace(now, purposes={})
    collector, own = split(purpose)
    before, placed = old.placed.get(collector), new.placed.get(collector)
    more = _more_pages(before, placed) if before is not None and placed is not None else ()
    return (*widened(then, now, own), *more)


def _more_pages(old: Placed, new: Placed) -> Iterator[Widening]:
    """Where a collector stands now and did not: visitors were told on which pages it gathers."""
    for page in new.pages:
        if not covers(old.pages, page):
            yield Widening("/pages", list(old.pages), page)
    if old.policy.origins:
        # Without origins of its own it stands on all of the site's.
        added = [address for address in new.policy.origins if address not in old.policy.origins]
        for origin in added if new.policy.origins else ["*"]:
            yield Widening("/origins", list(old.policy.origins), origin)


def choice_of(choices: Mapping[str, Choice], purpose: str) -> Choice | None:
    """What was chosen for a purpose; of a placed collector no more than the site's own holds.

    Off included: who turned the site's purpose of that name off gives nobody else more.
    """
    choice = choices.get(purpose)
    collector, own = split(purpose)
    if choice is None or not collector:
        return choice
    above = choices.get(own)
    return replace(choice, detail=min(choice.detail, above.detail if above is not None else 0))


def sells_under_any(editions: Editions, purpose: str) -> bool:
    """Whether any edition sells or shares for `purpose`; what is not known is taken to.

    Under any edition, because a choice may be bounded by an older one.
    """
    versions = [edition.purpose(purpose) for edition in editions]
    known = [version for version in versions if version is not None]
    return not known or any(version.terms.sells_or_shares for version in known)


def host_terms(host: Policy, use: str) -> Terms:
    """The host policy for a use: the host's entry at or above it; no entry, no gathering."""
    for purpose in host.purposes.values():
        if within(use, purpose.terms.data_use):
            return purpose.terms
    return BOTTOM


def bounded_terms(
    editions: Editions, purpose: str, choice: Choice, host: Policy | None = None
) -> Terms:
    """What may be gathered for `purpose` under `choice`: the whole chain of terms.

    host ∧ site ∧ placed ∧ agreed edition ∧ detail; `purpose` may be of a placed collector.

    BOTTOM when the purpose, the edition or the host policy is not known, when it is not based on
    consent, or when somebody else answers for the data now. `host=None` leaves the host policy out:
    for the gate, which cannot see it; a collector always passes it.
    """
    return _bounded(editions, purpose, choice, host)


# Editions and policies are compared by identity: a new one is a new key, an old one ages out.
@lru_cache(maxsize=4096)
def _bounded(editions: Editions, purpose: str, choice: Choice, host: Policy | None) -> Terms:
    agreed = editions.get(choice.edition)
    if agreed is None or choice.detail <= 0:
        return BOTTOM
    current = editions.current
    then, now = agreed.purpose(purpose), current.purpose(purpose)
    if then is None or now is None or now.terms.legal_basis != CONSENT:
        return BOTTOM
    if agreed is not current and any(
        widening.dimension in IDENTITY for widening in _widened(agreed, current, purpose)
    ):
        return BOTTOM
    terms = meet(then.terms.at(choice.detail), now.terms)
    collector, own = split(purpose)
    if collector:
        above = current.policy.purposes.get(own)
        terms = BOTTOM if above is None else meet(terms, above.terms)
    return terms if host is None else meet(terms, host_terms(host, now.terms.data_use))
