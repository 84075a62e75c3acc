"""Placing collectors: what owners may do with theirs, each change checked, recorded, in force."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlalchemy import Connection, Engine

from askfirst.errors import PolicyError, Problem, Reason, Refused
from askfirst.terms.edition import Edition
from askfirst.terms.placed import Placed, clamped
from askfirst.terms.policy import Policy
from askfirst_collector.catalogue.activate import activate_edition, chain_conflicts
from askfirst_collector.catalogue.editions import load_editions, made_since
from askfirst_collector.catalogue.host_policy import HostPolicy
from askfirst_collector.catalogue.placed import (
    PlacedCollector,
    State,
    by_member,
    find_placed,
    load_placed,
    write_placed,
)
from askfirst_collector.catalogue.retired import is_retired
from askfirst_collector.ledger.changes import CLI, record_change
from askfirst_collector.store.database import writing
from askfirst_collector.store.faults import unavailable

KEY_BYTES = 16
MOST = 50  # collectors of one site that are not retired
DAY = 86_400  # seconds
MOST_A_DAY = 100  # editions of one site: every visitor is told of each, for as long as it counts
# From which states each can be reached. What is retired is over: its key and name stay taken.
REACHED: dict[State, tuple[State, ...]] = {
    "draft": (),
    "active": ("draft", "suspended"),
    "suspended": ("active",),
    "retired": ("draft", "active", "suspended"),
}


@dataclass(frozen=True)
class Saved:
    """A collector as it was saved; `cut` is what clamping took away."""

    collector: PlacedCollector
    cut: tuple[Problem, ...] = ()


class PlacedCollectors:
    """The placed collectors in `ledger.db`; every method may raise CollectorUnavailable."""

    def __init__(
        self,
        engine: Engine,
        host: HostPolicy,
        *,
        now: Callable[[], float],
        urandom: Callable[[int], bytes],
    ) -> None:
        self._engine = engine
        self._host = host
        self._now = now
        self._urandom = urandom

    def all(self, site: str) -> tuple[PlacedCollector, ...]:
        """The collectors of a site, by name, in whatever state."""
        with unavailable("ledger"), self._engine.connect() as connection:
            return load_placed(connection, site)

    def get(self, site: str, name: str) -> PlacedCollector | None:
        """One collector of a site."""
        with unavailable("ledger"), self._engine.connect() as connection:
            return find_placed(connection, site, name)

    def overlapping(self, placed: Placed) -> tuple[str, ...]:
        """The other collectors that share a page pattern with this one; each asks for itself."""
        pages = set(placed.pages)
        collectors = self.all(placed.policy.site)
        others = [
            collector
            for collector in collectors
            if collector.state == "active" and collector.name != placed.name
        ]
        return tuple(collector.name for collector in others if pages & set(collector.placed.pages))

    def check(self, placed: Placed) -> tuple[Problem, ...]:
        """Every conflict with the chain above, as it is now; nothing is written."""
        with unavailable("ledger"), self._engine.connect() as connection:
            edition = self._edition(connection, placed.policy.site)
        return chain_conflicts(placed, edition.policy, self._host.current().policy)

    def save(
        self,
        placed: Placed,
        *,
        owner: str,
        actor: str,
        expected: int | None = None,
        clamp: bool = False,
    ) -> Saved:
        """Keep a collector's terms; a new one is a draft, an active one is in force at once.

        `expected` is the version that was edited. Raises PolicyError with every conflict (M31),
        unless `clamp` asks to cut them off; Refused `no-such-site`, `site-retired`,
        `changed-meanwhile`, `collector-retired`, `too-many-collectors`, `too-many-requests`.
        """
        site, name = placed.policy.site, placed.name
        with unavailable("ledger"), writing(self._engine) as connection:
            edition = self._edition(connection, site)
            before = find_placed(connection, site, name)
            _check_version(before, expected)
            if before is None and _standing(load_placed(connection, site)) >= MOST:
                raise Refused(
                    Reason.TOO_MANY_COLLECTORS, f"retire one first: a site has at most {MOST}"
                )
            placed, cut = self._fitting(placed, edition.policy, clamp=clamp)
            if before is None:
                saved = PlacedCollector(site, name, owner, "draft", placed, self._key(), 1)
            else:
                goes_on = before.state == "suspended" and before.by_chain
                saved = replace(
                    before,
                    owner=owner,
                    placed=placed,
                    version=before.version + 1,
                    # What fits again was stopped by the chain alone.
                    state="active" if goes_on else before.state,
                    reason=None if goes_on else before.reason,
                )
            self._keep(connection, edition.policy, before, saved, actor=actor)
        return Saved(saved, cut)

    def set_state(
        self, site: str, name: str, state: State, *, actor: str, expected: int | None = None
    ) -> PlacedCollector:
        """Put a collector on its pages, stop it, or retire it for good.

        Raises PolicyError where it is to stand and goes beyond what is above it now; Refused
        `not-found`, `changed-meanwhile`, `wrong-state`, `too-many-requests`.
        """
        with unavailable("ledger"), writing(self._engine) as connection:
            edition = self._edition(connection, site)
            before = self._find(connection, site, name)
            _check_version(before, expected)
            if before.state == state and not _stops_anew(before, actor):
                return before
            if before.state not in (*REACHED[state], state):
                raise Refused(Reason.WRONG_STATE, f"it is {before.state}: it cannot become {state}")
            if state == "active":
                self._fitting(before.placed, edition.policy, clamp=False)
            reason = by_member(actor) if state == "suspended" else None
            changed = replace(before, state=state, reason=reason, version=before.version + 1)
            self._keep(connection, edition.policy, before, changed, actor=actor)
        return changed

    def new_key(self, site: str, name: str, *, actor: str) -> PlacedCollector:
        """Draw another write key; events under the old one are dropped from now on."""
        with unavailable("ledger"), writing(self._engine) as connection:
            edition = self._edition(connection, site)
            before = self._find(connection, site, name)
            changed = replace(before, write_key=self._key(), version=before.version + 1)
            self._keep(connection, edition.policy, before, changed, actor=actor)
        return changed

    def _fitting(
        self, placed: Placed, site: Policy, *, clamp: bool
    ) -> tuple[Placed, tuple[Problem, ...]]:
        host = self._host.current().policy
        problems = chain_conflicts(placed, site, host)
        if not problems:
            return placed, ()
        cut = clamped(placed, site) if clamp else None
        if cut is None or chain_conflicts(cut, site, host):
            raise PolicyError(problems)
        return cut, problems

    def _keep(
        self,
        connection: Connection,
        policy: Policy,
        before: PlacedCollector | None,
        after: PlacedCollector,
        *,
        actor: str,
    ) -> None:
        now = self._now()
        if actor != CLI and _makes_edition(before, after):
            self._check_pace(connection, after.site, now)
        write_placed(connection, after)
        activate_edition(connection, policy, now)
        record_change(
            connection,
            actor=actor,
            action="collector.add" if before is None else "collector.change",
            target=after.name,
            before=None if before is None else _told(before),
            after=_told(after),
            now=now,
            urandom=self._urandom,
            site=after.site,
        )

    def _check_pace(self, connection: Connection, site: str, now: float) -> None:
        if made_since(connection, site, now - DAY) >= MOST_A_DAY:
            detail = f"wait: this site had {MOST_A_DAY} editions within a day"
            raise Refused(Reason.TOO_MANY_REQUESTS, detail)

    def _edition(self, connection: Connection, site: str) -> Edition:
        editions = load_editions(connection, site)
        if not editions:
            raise Refused(Reason.NO_SUCH_SITE, "publish a policy for this site first")
        if is_retired(connection, site):
            raise Refused(Reason.SITE_RETIRED, "this site was retired")
        return editions.current

    def _find(self, connection: Connection, site: str, name: str) -> PlacedCollector:
        collector = find_placed(connection, site, name)
        if collector is None:
            raise Refused(Reason.NOT_FOUND, "there is no collector of this name")
        return collector

    def _key(self) -> str:
        drawn = base64.urlsafe_b64encode(self._urandom(KEY_BYTES))
        return "placed_" + drawn.rstrip(b"=").decode()


def expected_version(collector: PlacedCollector | None, expected: int | None) -> int:
    """The version that a member's right was judged on, to be expected of what is changed.

    `expected` is what they sent; Refused `changed-meanwhile` where it is another.
    """
    version = collector.version if collector is not None else 0
    if expected not in (None, version):
        raise _changed_meanwhile()
    return version


def _makes_edition(before: PlacedCollector | None, after: PlacedCollector) -> bool:
    """Whether visitors are to be told of this change; that something stops is never put off."""
    if after.state != "active":
        return False
    then = None if before is None else (before.state, before.placed.document)
    return then != (after.state, after.placed.document)


def _stops_anew(before: PlacedCollector, actor: str) -> bool:
    """Whether what is stopped is stopped by somebody else now: the site's word over its owner's.

    An owner's word never takes the place of another's, or they could take it back by themselves.
    """
    if before.state != "suspended":
        return False
    return before.by_chain or (before.by == before.owner and actor != before.owner)


def _standing(collectors: tuple[PlacedCollector, ...]) -> int:
    return sum(collector.state != "retired" for collector in collectors)


def _check_version(before: PlacedCollector | None, expected: int | None) -> None:
    if before is not None and before.state == "retired":
        raise Refused(Reason.COLLECTOR_RETIRED, "choose another name: this collector was retired")
    if expected is not None and expected != (before.version if before is not None else 0):
        raise _changed_meanwhile()


def _changed_meanwhile() -> Refused:
    return Refused(Reason.CHANGED_MEANWHILE, "somebody changed it meanwhile: read it again")


def _told(collector: PlacedCollector) -> dict[str, object]:
    """What the record of a change says; the write key is public, and yet not said."""
    return {
        "owner": collector.owner,
        "state": collector.state,
        "version": collector.version,
        "document": collector.placed.document,
    }
