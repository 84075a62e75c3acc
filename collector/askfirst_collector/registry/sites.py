"""The registry: which sites there are, what they published, and what may be gathered now."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import Column, Engine, Integer, Table, func, insert, select, update

from askfirst.errors import PolicyError, Problem
from askfirst.terms.conflicts import subsumed_by
from askfirst.terms.edition import Choice, Editions, bounded_terms, host_terms
from askfirst.terms.policy import Policy
from askfirst.terms.terms import BOTTOM, Terms
from askfirst_collector.registry.editions import add_edition, archived, edition, load_editions
from askfirst_collector.registry.host import HostPolicy
from askfirst_collector.registry.notices import keep_words
from askfirst_collector.registry.relays import site_of_key
from askfirst_collector.store.database import metadata, writing
from askfirst_collector.store.faults import away
from askfirst_collector.store.watch import Watch

# One row: moves when anything is published, so that a grant does not empty anybody's cache.
revision = Table("revision", metadata, Column("number", Integer, primary_key=True))


@dataclass(frozen=True)
class Site:
    """A site as it stands: its editions, and the ceiling above it (None: nothing is gathered)."""

    name: str
    editions: Editions
    host: Policy | None
    host_version: int

    def effective(self, purpose: str, choice: Choice) -> Terms:
        """What may be gathered: host ∧ site ∧ agreed edition ∧ detail; BOTTOM when unknown."""
        if self.host is None:
            return BOTTOM
        return bounded_terms(self.editions, purpose, choice, self.host)


class Registry:
    """Safe in any thread of any number of processes. Every method may raise CollectorAway."""

    def __init__(
        self, engine: Engine, watch: Watch, host: HostPolicy, *, now: Callable[[], float]
    ) -> None:
        self._engine = engine
        self._watch = watch
        self._host = host
        self._now = now
        self._lock = threading.Lock()
        self._known: dict[str, Editions] = {}
        self._version = -1
        self._revision = -1

    def site(self, name: str) -> Site | None:
        """A site, exact as of this call in every worker; None for one that published nothing."""
        self._refresh()
        editions = self._known.get(name)
        if editions is None:
            editions = self._load(name)
            if not editions:
                return None
        ceiling = self._host.current()
        return Site(name, editions, ceiling.policy, ceiling.version)

    def sites(self) -> tuple[str, ...]:
        """The names of all sites, in order."""
        query = select(edition.c.site).distinct().order_by(edition.c.site)
        with away("ledger"), self._engine.connect() as connection:
            return tuple(connection.execute(query).scalars())

    def has_origin(self, origin: str) -> bool:
        """Whether a site names exactly this origin in its current edition."""
        found = (self.site(name) for name in self.sites())
        return any(site and origin in site.editions.current.policy.origins for site in found)

    def publish(self, policy: Policy) -> Editions:
        """Make a policy the current edition of its site; one that is current already stays so.

        Raises PolicyError, with every conflict, where the policy goes beyond the host's (M31).
        """
        with away("ledger"), writing(self._engine) as connection:
            before = load_editions(connection, policy.site)
            if before and before.current.hash == policy.hash:
                return before
            problems = tuple(conflicts(policy, self._host.current().policy))
            if problems:
                raise PolicyError(problems)
            number = before.current.number + 1 if before else 1
            add_edition(connection, policy, number, self._now())
            for language in policy.languages:
                keep_words(connection, policy, language)
            moved = update(revision).values(number=revision.c.number + 1)
            if not connection.execute(moved).rowcount:
                connection.execute(insert(revision).values(number=1))
            return load_editions(connection, policy.site)

    def effective(self, site: str, purpose: str, choice: Choice) -> Terms:
        """What may be gathered: host ∧ site ∧ agreed edition ∧ detail; BOTTOM when unknown.

        Kept in memory by the identity of editions and ceiling, which change when they do.
        """
        found = self.site(site)
        return BOTTOM if found is None else found.effective(purpose, choice)

    def document(self, site: str, digest: str) -> bytes | None:
        """The canonical JSON of an edition, by its hash."""
        with away("ledger"), self._engine.connect() as connection:
            return archived(connection, site, digest)

    def site_of_key(self, token: str) -> str | None:
        """The site whose relay shows this key; None for an unknown key."""
        with away("ledger"), self._engine.connect() as connection:
            return site_of_key(connection, token)

    @property
    def governed(self) -> bool:
        """Whether there is a ceiling at all."""
        return self._host.current().policy is not None

    def _refresh(self) -> None:
        if self._watch.version() == self._version:
            return
        with self._lock, away("ledger"), self._engine.connect() as connection:
            version = self._watch.version()
            number = connection.execute(select(func.max(revision.c.number))).scalar()
            if number != self._revision:
                self._known.clear()
                self._revision = number or -1
            self._version = version

    def _load(self, name: str) -> Editions:
        with self._lock, away("ledger"), self._engine.connect() as connection:
            editions = load_editions(connection, name)
            # Sites are few, and each is one that published: names of strangers are not kept.
            if editions:
                self._known[name] = editions
        return editions


def conflicts(policy: Policy, host: Policy | None) -> Iterator[Problem]:
    """Every place where a site's policy goes beyond the host's, as problems of the site's file."""
    if host is None:
        yield Problem("", None, "the host's policy cannot be read: nothing can be published now")
        return
    for key in ("consent_days", "evidence_days"):
        declared, limit = getattr(policy, key), getattr(host, key)
        if declared > limit:
            yield Problem(f"/{key}", declared, f"the host allows {limit}: write {limit} or less")
    # A purpose on another basis is disclosed, and gathers nothing that a ceiling could bound.
    for name in policy.asked:
        purpose = policy.purposes[name]
        ceiling = host_terms(host, purpose.terms.data_use)
        for conflict in subsumed_by(purpose.terms, ceiling):
            at = conflict.below(f"/purposes/{name}")
            allowed = f"the host allows {at.allowed!r}: {at.advice}"
            yield Problem(at.pointer, at.declared, allowed)
