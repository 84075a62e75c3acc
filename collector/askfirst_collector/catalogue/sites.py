"""The registry: which sites there are, what they published, and what may be gathered now."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain

from sqlalchemy import Connection, Engine, func, select

from askfirst.errors import Problem
from askfirst.terms.edition import Choice, Editions, bounded_terms
from askfirst.terms.policy import Policy
from askfirst.terms.terms import BOTTOM, Terms
from askfirst_collector.catalogue import site_limits
from askfirst_collector.catalogue.activate import revision
from askfirst_collector.catalogue.editions import archived, edition, load_editions
from askfirst_collector.catalogue.fingerprints import Fingerprint, fingerprints
from askfirst_collector.catalogue.host_policy import CurrentHostPolicy, HostPolicy
from askfirst_collector.catalogue.placed import collector_of_key
from askfirst_collector.catalogue.relay_keys import site_of_key
from askfirst_collector.catalogue.retired import is_retired
from askfirst_collector.catalogue.scheduled import (
    Scheduled,
    due_at,
    load_all_scheduled,
    load_scheduled,
)
from askfirst_collector.catalogue.site_changes import SiteChange, publish, publish_scheduled
from askfirst_collector.catalogue.suspensions import why
from askfirst_collector.catalogue.unreadable import Unreadable, unreadable
from askfirst_collector.ledger.changes import THE_SITE, record_change
from askfirst_collector.store.database import changing, reading
from askfirst_collector.store.periods import IN_UTC, Calendar
from askfirst_collector.store.revocations import Revocations
from askfirst_collector.store.watch import Watch

# Made once: it is asked after every commit.
_REVISION = str(select(func.max(revision.c.number)))


@dataclass(frozen=True, eq=False)
class Site:
    """A site as it stands: its editions, and the host policy above it (None: nothing is gathered).

    Where it is retired, or its policy is in conflict with the host's (`suspended`), there is none.
    """

    name: str
    editions: Editions
    host: Policy | None
    host_version: int
    suspended: tuple[Problem, ...] = ()
    retired: bool = False
    rows_a_day: int = site_limits.MOST_ROWS_A_DAY
    calendar: Calendar = IN_UTC

    def effective(self, purpose: str, choice: Choice) -> Terms:
        """What may be gathered: host ∧ site ∧ placed ∧ agreed edition ∧ detail; else BOTTOM."""
        if self.host is None:
            return BOTTOM
        return bounded_terms(self.editions, purpose, choice, self.host)


@dataclass(frozen=True)
class Origins:
    """The origins of all sites: of each, and all of them."""

    by_site: Mapping[str, Collection[str]]
    every: frozenset[str]


@dataclass(frozen=True)
class _Known:
    editions: Editions
    suspended: tuple[Problem, ...]
    retired: bool
    due: int | None  # unix seconds; when a scheduled policy takes effect
    rows_a_day: int
    calendar: Calendar


class Registry:
    """Safe in any thread of any process. Every method may raise CollectorUnavailable."""

    def __init__(
        self,
        engine: Engine,
        watch: Watch,
        host: HostPolicy,
        revocations: Revocations,
        *,
        now: Callable[[], float],
        urandom: Callable[[int], bytes],
    ) -> None:
        self._engine = engine
        self._watch = watch
        self._host = host
        self._revocations = revocations
        self._now = now
        self._urandom = urandom
        self._lock = threading.Lock()
        self._known: dict[str, _Known] = {}
        self._keys: dict[str, tuple[str, str]] = {}
        self._fingerprints: Mapping[str, Fingerprint] = {}  # as the revision was seen last
        # Of every site, once somebody asked; until the revision, or this moment, moves.
        self._origins: Origins | None = None
        self._due = math.inf
        # What `site` answered last, and what that was made of.
        self._sites: dict[str, tuple[_Known, CurrentHostPolicy, Site]] = {}
        self._version = -1
        self._revision = -1

    def site(self, name: str, *, heard: bool = False) -> Site | None:
        """A site, exact as of this call in every worker; None for one that published nothing.

        With `heard` as of what the running event loop has heard of by now (see `OnceATurn`).
        """
        version = self._refresh(self._watch.heard() if heard else None)
        known = self._known.get(name) or self._load(name)
        if known.due is not None and self._now() >= known.due and self.governed:
            self._publish_scheduled(name)
            version = self._refresh()
            known = self._known.get(name) or self._load(name)
        if not known.editions:
            return None
        host = self._host.current(version)
        before = self._sites.get(name)
        if before is not None and before[0] is known and before[1] is host:
            return before[2]
        site = _site(name, known, host)
        self._sites[name] = known, host, site
        return site

    def calendar(self, name: str) -> Calendar:
        """The days of a site's time zone; those of UTC for a site that cannot be read."""
        try:
            site = self.site(name)
        except Unreadable:
            return IN_UTC
        return IN_UTC if site is None else site.calendar

    def sites(self) -> tuple[str, ...]:
        """The names of all sites, in order."""
        query = select(edition.c.site).distinct().order_by(edition.c.site)
        with reading(self._engine) as connection:
            return tuple(connection.execute(query).scalars())

    def readable(self) -> Iterator[Site]:
        """Every site, by name; one whose editions cannot be read any more is passed over."""
        for name in self.sites():
            with suppress(Unreadable):
                site = self.site(name)
                if site is not None:
                    yield site

    def origins(self) -> Mapping[str, Collection[str]]:
        """The origins that each site names in its current edition, by its name.

        One whose editions cannot be read any more is left out.
        """
        return self._origins_now().by_site

    def has_origin(self, origin: str) -> bool:
        """Whether a site names exactly this origin in its current edition."""
        return origin in self._origins_now().every

    def _origins_now(self) -> Origins:
        self._refresh()
        origins, revision = self._origins, self._revision
        if origins is not None and self._now() < self._due:
            return origins
        sites = {site.name: site.editions.current.policy.origins for site in self.readable()}
        origins = Origins(sites, frozenset(chain.from_iterable(sites.values())))
        with self._lock:
            # What somebody changed meanwhile is read by whoever comes next.
            if revision == self._revision:
                due = (known.due for known in self._known.values() if known.due is not None)
                self._origins, self._due = origins, min(due, default=math.inf)
        return origins

    def publish(self, policy: Policy) -> Editions:
        """Make a policy the current edition of its site, as the site itself does at its start.

        What a member publishes is in `usecases`. Raises PolicyError and Refused, see
        `site_changes.publish`.
        """
        now = self._now()
        with changing(self._engine) as connection:
            host = self._host.current().policy
            change = publish(connection, self._revocations, policy, host, now)
            if change is not None:
                self._record(connection, THE_SITE, policy.site, change, now)
            return load_editions(connection, policy.site)

    def scheduled(self, site: str) -> Scheduled | None:
        """The policy that will take effect later; None where none is kept."""
        with reading(self._engine) as connection:
            return load_scheduled(connection, site)

    def scheduled_of(self, sites: Collection[str]) -> dict[str, Scheduled]:
        """The policies that will take effect later at these sites, by name."""
        with reading(self._engine) as connection:
            return load_all_scheduled(connection, sites)

    def effective(self, site: str, purpose: str, choice: Choice) -> Terms:
        """What may be gathered: host ∧ site ∧ placed ∧ agreed edition ∧ detail; else BOTTOM.

        Kept in memory by the identity of editions and host policy, which change when they do.
        """
        record = self.site(site)
        return BOTTOM if record is None else record.effective(purpose, choice)

    def document(self, site: str, digest: str) -> bytes | None:
        """The canonical JSON of an edition, by its hash."""
        with reading(self._engine) as connection:
            return archived(connection, site, digest)

    def site_of_key(self, token: str) -> str | None:
        """The site whose relay shows this key; None for one that is unknown or has ended."""
        with reading(self._engine) as connection:
            return site_of_key(connection, token, now=self._now())

    def collector_of_key(self, key: str) -> tuple[str, str] | None:
        """Site and name of the placed collector with this write key, in whatever state."""
        self._refresh()
        address = self._keys.get(key)
        if address is None:
            with self._lock, reading(self._engine) as connection:
                address = collector_of_key(connection, key)
                # Keys of strangers are not kept.
                if address is not None:
                    self._keys[key] = address
        return address

    @property
    def governed(self) -> bool:
        """Whether there is a host policy at all."""
        return self._host.current().policy is not None

    def _publish_scheduled(self, site: str) -> None:
        now = self._now()
        with changing(self._engine) as connection:
            host = self._host.current().policy
            outcome = publish_scheduled(connection, self._revocations, site, host, now)
            if outcome is None:
                return
            scheduled, change = outcome
            self._record(connection, scheduled.actor or THE_SITE, site, change, now)

    def _record(
        self, connection: Connection, actor: str, site: str, change: SiteChange, now: float
    ) -> None:
        record_change(
            connection,
            actor=actor,
            action=change.action,
            target=site,
            before=change.before,
            after=change.after,
            now=now,
            urandom=self._urandom,
            site=site,
        )

    def _refresh(self, version: int | None = None) -> int:
        """Forget what changed until this version of the ledger, or now; which one that is."""
        version = self._watch.version() if version is None else version
        if version == self._version:
            return version
        with self._lock:
            version = self._watch.version()
            number = self._watch.ask(_REVISION)
            if number != self._revision:
                with reading(self._engine) as connection:
                    before, self._fingerprints = self._fingerprints, fingerprints(connection)
                for name in [*self._known]:
                    if before.get(name) != self._fingerprints.get(name):
                        del self._known[name]
                        self._sites.pop(name, None)
                self._origins = None
                self._keys.clear()
                self._revision = number or -1
            self._version = version
        return version

    def _load(self, name: str) -> _Known:
        with self._lock, reading(self._engine) as connection:
            editions = load_editions(connection, name)
            with unreadable("E121", "the time zone", name):
                calendar = Calendar((e.effective, e.policy.time_zone) for e in editions)
            known = _Known(
                editions,
                why(connection, name),
                is_retired(connection, name),
                due_at(connection, name),
                site_limits.rows_a_day(connection, name),
                calendar,
            )
            # Sites are few, and each is one that published: names of strangers are not kept.
            if known.editions or known.due is not None:
                self._known[name] = known
        return known


def _site(name: str, known: _Known, host: CurrentHostPolicy) -> Site:
    stands = not (known.suspended or known.retired)
    return Site(
        name,
        known.editions,
        host.policy if stands else None,
        host.version,
        known.suspended,
        known.retired,
        known.rows_a_day,
        known.calendar,
    )
