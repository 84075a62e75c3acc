"""Placed collectors: what owners may do with theirs, each change in force at once."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, replace

from askfirst.errors import PolicyError, Problem, Reason, Refused
from askfirst.terms.canonical import canonical
from askfirst.terms.edition import Edition
from askfirst.terms.placed import Placed, clamped
from askfirst.terms.policy import Policy
from askfirst_collector.catalogue.activate import activate_edition, chain_conflicts
from askfirst_collector.catalogue.editions import made_since
from askfirst_collector.catalogue.placed import (
    PlacedCollector,
    State,
    by_member,
    find_placed,
    load_placed,
    write_placed,
)
from askfirst_collector.catalogue.placed_collectors import current_edition
from askfirst_collector.members.permissions import Member
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.members.transaction import Transaction, unchecked
from askfirst_collector.services import Services

KEY_BYTES = 16
LARGEST_COUNT = 50  # collectors of one site that are not retired
DAY = 86_400  # seconds
# Editions of one site: every visitor is told of each, for as long as it counts.
MOST_A_DAY = 100
# From which states each can be reached. What is retired is over: its key and name stay taken.
REACHED: dict[State, tuple[State, ...]] = {
    "draft": (),
    "active": ("draft", "suspended"),
    "suspended": ("active",),
    "retired": ("draft", "active", "suspended"),
}


@dataclass(frozen=True)
class SavedCollector:
    """A collector as it was saved; `cut` is what clamping took away."""

    collector: PlacedCollector
    cut: tuple[Problem, ...] = ()


def save_collector(
    parts: Services,
    actor: Member,
    placed: Placed,
    *,
    owner: str | None = None,
    expected: int | None = None,
    clamp: bool = False,
) -> SavedCollector:
    """Keep a collector's terms; a new one is a draft, an active one is in force at once.

    `owner` is whose it becomes: else it stays its owner's, and a new one is the actor's.
    `expected` is the version that was edited, 0 for a new one. Raises PolicyError with every
    conflict (M31), unless `clamp` asks to cut them off; Refused `no-such-site`, `site-retired`,
    `changed-meanwhile`, `collector-retired`, `too-many-collectors`, `too-many-requests`.
    """
    site, name = placed.policy.site, placed.name
    with unchecked(parts, actor, site) as work:
        before = find_placed(work.connection, site, name)
        # Before the right: of two new ones of a name, the second is told that there is another.
        _check_version(before, expected)
        owned_by = actor.name if before is None else before.owner
        if before is None:
            work.check("collector.add")
        else:
            work.check("collector.change", owner=before.owner)
        if owner not in (None, owned_by):
            work.check("member.change")
        edition = current_edition(work.connection, site)
        _check_retired(before)
        if before is None and _count(work) >= LARGEST_COUNT:
            raise Refused(
                Reason.TOO_MANY_COLLECTORS, f"retire one first: a site has at most {LARGEST_COUNT}"
            )
        placed, cut = _fitting(parts, placed, edition.policy, clamp=clamp)
        if before is None:
            key = _new_key(parts)
            after = PlacedCollector(site, name, owner or owned_by, "draft", placed, key, 1)
        else:
            goes_on = before.state == "suspended" and before.by_chain
            after = replace(
                before,
                owner=owner or owned_by,
                placed=placed,
                version=before.version + 1,
                # What fits again was stopped by the chain alone.
                state="active" if goes_on else before.state,
                reason=None if goes_on else before.reason,
            )
        _keep(parts, work, edition, before, after)
    return SavedCollector(after, cut)


def set_collector_state(
    parts: Services,
    actor: Member,
    site: str,
    name: str,
    state: State,
    *,
    expected: int | None = None,
) -> PlacedCollector:
    """Put a collector on its pages, stop it, or retire it for good.

    Raises PolicyError where it is to stand and goes beyond what is above it now; Refused
    `not-found`, `changed-meanwhile`, `wrong-state`, `too-many-requests`.
    """
    with unchecked(parts, actor, site) as work:
        before = _known(work, name)
        # Whoever answers for the pages may stop it; it goes on and ends by its owner's word.
        action = "collector.suspend" if state == "suspended" else "collector.change"
        work.check(action, owner=before.owner)
        # What somebody else stopped, the collector's owner alone cannot start again.
        by_another = before.by not in ("", actor.name)
        if state == "active" and by_another and not work.may("collector.suspend"):
            detail = f"{before.by} suspended it: ask them, or a host admin"
            raise Refused(Reason.NOT_ALLOWED, detail)
        edition = current_edition(work.connection, site)
        _check_retired(before)
        _check_version(before, expected)
        if before.state == state and not _stops_anew(before, actor.name):
            return before
        if before.state not in (*REACHED[state], state):
            raise Refused(Reason.WRONG_STATE, f"it is {before.state}: it cannot become {state}")
        if state == "active":
            _fitting(parts, before.placed, edition.policy, clamp=False)
        reason = by_member(actor.name) if state == "suspended" else None
        after = replace(before, state=state, reason=reason, version=before.version + 1)
        _keep(parts, work, edition, before, after)
    return after


def renew_write_key(
    parts: Services, actor: Member, site: str, name: str, *, expected: int | None = None
) -> PlacedCollector:
    """Draw another write key; events under the old one are dropped from now on.

    Raises Refused `not-found` and `changed-meanwhile`.
    """
    with unchecked(parts, actor, site) as work:
        before = _known(work, name)
        work.check("collector.change", owner=before.owner)
        edition = current_edition(work.connection, site)
        _check_retired(before)
        _check_version(before, expected)
        after = replace(before, write_key=_new_key(parts), version=before.version + 1)
        _keep(parts, work, edition, before, after)
    return after


def _fitting(
    parts: Services, placed: Placed, site: Policy, *, clamp: bool
) -> tuple[Placed, tuple[Problem, ...]]:
    host = parts.host.current().policy
    problems = chain_conflicts(placed, site, host)
    if not problems:
        return placed, ()
    cut = clamped(placed, site) if clamp else None
    if cut is None or chain_conflicts(cut, site, host):
        raise PolicyError(problems)
    return cut, problems


def _keep(
    parts: Services,
    work: Transaction,
    edition: Edition,
    before: PlacedCollector | None,
    after: PlacedCollector,
) -> None:
    if work.actor is not ON_THE_MACHINE and _makes_edition(before, after):
        _check_pace(work)
    write_placed(work.connection, after)
    following = activate_edition(work.connection, parts.revocations, edition.policy, work.now)
    work.record(
        "collector.add" if before is None else "collector.change",
        after.name,
        before=None if before is None else _as_change(before, edition),
        after=_as_change(after, following),
    )


def _check_pace(work: Transaction) -> None:
    if made_since(work.connection, str(work.site), work.now - DAY) >= MOST_A_DAY:
        detail = f"wait: this site had {MOST_A_DAY} editions within a day"
        raise Refused(Reason.TOO_MANY_REQUESTS, detail)


def _known(work: Transaction, name: str) -> PlacedCollector:
    collector = find_placed(work.connection, str(work.site), name)
    if collector is None:
        raise Refused(Reason.NOT_FOUND, "there is no collector of this name")
    return collector


def _count(work: Transaction) -> int:
    collectors = load_placed(work.connection, str(work.site))
    return sum(collector.state != "retired" for collector in collectors)


def _new_key(parts: Services) -> str:
    key = base64.urlsafe_b64encode(parts.urandom(KEY_BYTES))
    return "placed_" + key.rstrip(b"=").decode()


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


def _check_retired(before: PlacedCollector | None) -> None:
    if before is not None and before.state == "retired":
        raise Refused(Reason.COLLECTOR_RETIRED, "choose another name: this collector was retired")


def _check_version(before: PlacedCollector | None, expected: int | None) -> None:
    if expected is not None and expected != (before.version if before is not None else 0):
        raise Refused(Reason.CHANGED_MEANWHILE, "somebody changed it meanwhile: read it again")


def _as_change(collector: PlacedCollector, edition: Edition) -> dict[str, object]:
    """What the audit says of it: its words are its owner's own, so they stand there as a hash."""
    return {
        "owner": collector.owner,
        "state": collector.state,
        "version": collector.version,
        "terms": hashlib.sha256(canonical(collector.placed.document)).hexdigest(),
        "key": hashlib.sha256(collector.write_key.encode()).hexdigest()[:16],
        "edition": edition.number,
        "hash": edition.hash,
    }
