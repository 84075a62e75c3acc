"""The registry: which sites there are, what they published, and what may be gathered now."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, func, select

from askfirst.errors import PolicyError, Problem, Reason, Refused
from askfirst.terms.edition import Choice, Editions, bounded_terms
from askfirst.terms.policy import Policy
from askfirst.terms.terms import BOTTOM, Terms
from askfirst_collector.catalogue import site_limits
from askfirst_collector.catalogue.activate import enforce_on_placed, move_revision, revision
from askfirst_collector.catalogue.chain_conflicts import conflicts
from askfirst_collector.catalogue.editions import archived, as_change, edition, load_editions
from askfirst_collector.catalogue.host_policy import HostPolicy
from askfirst_collector.catalogue.placed import collector_of_key
from askfirst_collector.catalogue.relay_keys import site_of_key
from askfirst_collector.catalogue.retired import is_retired, retire
from askfirst_collector.catalogue.scheduled import (
    Scheduled,
    due_at,
    load_scheduled,
    schedule,
    unschedule,
)
from askfirst_collector.catalogue.suspensions import lift, why
from askfirst_collector.catalogue.unreadable import Unreadable
from askfirst_collector.ledger.changes import record_change
from askfirst_collector.ledger.entries import timestamp
from askfirst_collector.store.database import changing, reading
from askfirst_collector.store.revocations import Revocations
from askfirst_collector.store.watch import Watch


@dataclass(frozen=True)
class Site:
    """A site as it stands: its editions, and the host policy above it (None: nothing is gathered).

    Where it is retired, or its policy is in conflict with the ceiling (`suspended`), there is none.
    """

    name: str
    editions: Editions
    host: Policy | None
    host_version: int
    suspended: tuple[Problem, ...] = ()
    retired: bool = False
    rows_a_day: int = site_limits.MOST_ROWS_A_DAY

    def effective(self, purpose: str, choice: Choice) -> Terms:
        """What may be gathered: host ∧ site ∧ placed ∧ agreed edition ∧ detail; else BOTTOM."""
        if self.host is None:
            return BOTTOM
        return bounded_terms(self.editions, purpose, choice, self.host)


@dataclass(frozen=True)
class _Known:
    editions: Editions
    suspended: tuple[Problem, ...]
    retired: bool
    due: int | None  # unix seconds; when a scheduled policy takes effect
    rows_a_day: int


def _anybody(_: Connection) -> None:
    """What a site does to itself at its start is nobody's to allow."""


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
        self._version = -1
        self._revision = -1

    def site(self, name: str) -> Site | None:
        """A site, exact as of this call in every worker; None for one that published nothing."""
        self._refresh()
        known = self._known.get(name) or self._load(name)
        if known.due is not None and self._now() >= known.due and self.governed:
            self._put_scheduled_in_force(name)
            self._refresh()
            known = self._known.get(name) or self._load(name)
        if not known.editions:
            return None
        current_host = self._host.current()
        stands = not (known.suspended or known.retired)
        host = current_host.policy if stands else None
        return Site(
            name,
            known.editions,
            host,
            current_host.version,
            known.suspended,
            known.retired,
            known.rows_a_day,
        )

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

    def has_origin(self, origin: str) -> bool:
        """Whether a site names exactly this origin in its current edition."""
        return any(origin in site.editions.current.policy.origins for site in self.readable())

    def publish(
        self,
        policy: Policy,
        *,
        actor: str | None = None,
        effective: int | None = None,
        expected: int | None = None,
        authorize: Callable[[Connection], None] = _anybody,
    ) -> Editions:
        """Make a policy the current edition of its site; one that is current already stays so.

        With `effective` (unix seconds, later than now) it is kept until then, and replaces what
        was kept before. `actor` is the member whose change this is; None where the site was
        started with it; `authorize` refuses inside the transaction. `expected` is the number of
        the edition that was edited, 0 where there was none. Raises PolicyError, with every
        conflict, where the policy goes beyond the host's (M31), and Refused `changed-meanwhile`,
        and for a site that was retired.
        """
        now = self._now()
        with changing(self._engine) as connection:
            authorize(connection)
            before = load_editions(connection, policy.site)
            current = before.current if before else None
            if is_retired(connection, policy.site):
                raise Refused(Reason.SITE_RETIRED, "choose another name: this site was retired")
            number = current.number if current is not None else 0
            if expected is not None and expected != number:
                detail = f"edition {number} took effect meanwhile: look at it, then publish again"
                raise Refused(Reason.CHANGED_MEANWHILE, detail)
            host = self._host.current().policy
            unchanged = current is not None and current.policy.hash == policy.hash
            if unchanged and effective is None and not why(connection, policy.site):
                return before
            problems = (*conflicts(policy, host), *_effective_problems(effective, now))
            if problems or host is None:
                raise PolicyError(problems)
            if effective is None:
                lift(connection, policy.site)
                enforce_on_placed(connection, self._revocations, policy, host, now)
            else:
                schedule(connection, Scheduled(policy.site, effective, policy, actor))
            move_revision(connection)
            editions = load_editions(connection, policy.site)
            action = "site.publish" if effective is None else "site.schedule"
            old = None if current is None else as_change(current)
            planned = {"policy": policy.hash, "effective": timestamp(effective or 0)}
            new = as_change(editions.current) if effective is None else planned
            self._record(connection, policy.site, actor, action, old, new)
            return editions

    def scheduled(self, site: str) -> Scheduled | None:
        """The policy that will take effect later; None where none is kept."""
        with reading(self._engine) as connection:
            return load_scheduled(connection, site)

    def unschedule(
        self,
        site: str,
        *,
        actor: str,
        expected: str | None = None,
        authorize: Callable[[Connection], None] = _anybody,
    ) -> None:
        """Drop the policy that was to take effect later; harmless where there is none.

        `expected` is the hash of the one that was seen; Refused `changed-meanwhile` for another.
        """
        with changing(self._engine) as connection:
            authorize(connection)
            scheduled = load_scheduled(connection, site)
            digest = None if scheduled is None else scheduled.policy.hash
            if expected not in (None, digest):
                detail = "another policy waits by now, or none: read it again"
                raise Refused(Reason.CHANGED_MEANWHILE, detail)
            if scheduled is not None:
                self._drop_scheduled(connection, scheduled, actor=actor, problems=())

    def retire(
        self, site: str, *, actor: str, authorize: Callable[[Connection], None] = _anybody
    ) -> None:
        """End a site for good: nothing is gathered any more, what was closes and runs out."""
        with changing(self._engine) as connection:
            authorize(connection)
            if is_retired(connection, site) or not load_editions(connection, site):
                return
            retire(connection, site, self._now())
            unschedule(connection, site)
            move_revision(connection)
            states: tuple[object, object] = ({"state": "active"}, {"state": "retired"})
            self._record(connection, site, actor, "site.delete", *states)

    def limit(
        self,
        site: str,
        number: int,
        *,
        actor: str,
        authorize: Callable[[Connection], None] = _anybody,
    ) -> None:
        """Let a site store this many rows a day; Refused for a site that published nothing."""
        most = site_limits.LARGEST
        if not 1 <= number <= most:
            detail = f"write rows_a_day as a whole number from 1 to {most}"
            raise Refused(Reason.BAD_SHAPE, detail)
        with changing(self._engine) as connection:
            authorize(connection)
            if not load_editions(connection, site):
                raise Refused(Reason.NO_SUCH_SITE, "name a site that has published a policy")
            before = site_limits.rows_a_day(connection, site)
            site_limits.set_rows_a_day(connection, site, number)
            move_revision(connection)
            old, new = {"rows_a_day": before}, {"rows_a_day": number}
            self._record(connection, site, actor, "site.limit", old, new)

    def effective(self, site: str, purpose: str, choice: Choice) -> Terms:
        """What may be gathered: host ∧ site ∧ placed ∧ agreed edition ∧ detail; else BOTTOM.

        Kept in memory by the identity of editions and ceiling, which change when they do.
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

    def _put_scheduled_in_force(self, site: str) -> None:
        now = self._now()
        with changing(self._engine) as connection:
            scheduled, host = load_scheduled(connection, site), self._host.current().policy
            if host is None or due_at(connection, site) is None:
                return
            if scheduled is None:
                # Damaged. Who scheduled it may do so again, and meanwhile the site goes on.
                unschedule(connection, site)
                move_revision(connection)
                return
            if not scheduled.due(now):
                return
            before = load_editions(connection, site)
            problems = conflicts(scheduled.policy, host)
            if not problems:
                try:
                    with connection.begin_nested():
                        lift(connection, site)
                        enforce_on_placed(
                            connection, self._revocations, scheduled.policy, host, now
                        )
                except PolicyError as error:
                    problems = error.problems
            self._drop_scheduled(
                connection, scheduled, actor=scheduled.actor, problems=problems, before=before
            )

    def _drop_scheduled(
        self,
        connection: Connection,
        scheduled: Scheduled,
        *,
        actor: str | None,
        problems: tuple[Problem, ...],
        before: Editions | None = None,
    ) -> None:
        """With problems it is kept, and never tried again: its owner is told why.

        `before` are the editions that it was put in force after; None where it is dropped.
        """
        unschedule(connection, scheduled.site, problems=problems)
        move_revision(connection)
        intended = {"policy": scheduled.policy.hash, "effective": timestamp(scheduled.effective)}
        if problems:
            action = "site.refuse"
            old: object = intended
            new: object = {"conflicts": [problem.pointer for problem in problems]}
        elif before is None:
            action, old, new = "site.unschedule", intended, None
        else:
            action = "site.publish"
            old = as_change(before.current) if before else None
            new = as_change(load_editions(connection, scheduled.site).current)
        self._record(connection, scheduled.site, actor, action, old, new)

    def _record(
        self,
        connection: Connection,
        site: str,
        actor: str | None,
        action: str,
        before: object,
        after: object,
    ) -> None:
        if actor is not None:
            record_change(
                connection,
                actor=actor,
                action=action,
                target=site,
                before=before,
                after=after,
                now=self._now(),
                urandom=self._urandom,
                site=site,
            )

    def _refresh(self) -> None:
        if self._watch.version() == self._version:
            return
        with self._lock, reading(self._engine) as connection:
            version = self._watch.version()
            number = connection.execute(select(func.max(revision.c.number))).scalar()
            if number != self._revision:
                self._known.clear()
                self._keys.clear()
                self._revision = number or -1
            self._version = version

    def _load(self, name: str) -> _Known:
        with self._lock, reading(self._engine) as connection:
            known = _Known(
                load_editions(connection, name),
                why(connection, name),
                is_retired(connection, name),
                due_at(connection, name),
                site_limits.rows_a_day(connection, name),
            )
            # Sites are few, and each is one that published: names of strangers are not kept.
            if known.editions or known.due is not None:
                self._known[name] = known
        return known


def _effective_problems(effective: int | None, now: float) -> tuple[Problem, ...]:
    if effective is None or effective > now:
        return ()
    message = "write a time to come, or leave it out: editions do not go back in time"
    return (Problem("/effective", effective, message),)
