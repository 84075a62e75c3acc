"""Putting a ceiling in force: one transaction for it, for whom it stops, and for who is told."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from askfirst.errors import Reason, Refused
from askfirst.terms.policy import Policy
from askfirst_collector.catalogue.activate import move_revision
from askfirst_collector.catalogue.enforce_host_policy import Affected, enforce_host_policy
from askfirst_collector.catalogue.host_editions import HostEdition, add, newest
from askfirst_collector.catalogue.webhook_queue import tell
from askfirst_collector.ledger.changes import CLI, record_change
from askfirst_collector.services import Services
from askfirst_collector.store.database import writing
from askfirst_collector.store.faults import unavailable


@dataclass(frozen=True)
class Saved:
    """The host policy as it is in force now, and what changed with it."""

    number: int
    hash: str
    suspended: tuple[Affected, ...] = ()
    resumed: tuple[Affected, ...] = ()


def host_policy_number(parts: Services) -> int:
    """The number of the newest host edition: what an editor hands back as `expected`."""
    with unavailable("ledger"), parts.engine.connect() as connection:
        edition = newest(connection)
    return edition.number if edition else 0


def save_host_policy(parts: Services, policy: Policy, *, actor: str, expected: int) -> Saved:
    """Put a host policy in force, in every worker, from the next event on (M33).

    `expected` is the number of the edition that was edited, 0 where there was none. Raises Refused
    `changed-meanwhile` where it is not the newest any more, and `ceiling-is-a-file` where a file
    governs. The same policy again changes nothing.
    """
    if parts.host.file is not None:
        name = parts.host.file.name
        raise Refused(Reason.CEILING_IS_A_FILE, f"{name} is the host's policy: change that file")
    with unavailable("ledger"), writing(parts.engine) as connection:
        before = newest(connection)
        number = before.number if before else 0
        if number != expected:
            detail = f"edition {number} was put in force meanwhile: look at it, then save again"
            raise Refused(Reason.CHANGED_MEANWHILE, detail)
        if before is not None and before.policy is not None and before.hash == policy.hash:
            return Saved(number, before.hash)
        return _activate(parts, connection, before, policy, actor)


def follow_file(parts: Services, now: float) -> Saved | None:
    """Archive the file's policy where it is new, and settle what follows from it; a job.

    Each worker looks at the file by itself, so that its events are narrowed before this ran.
    """
    policy = parts.host.current().policy if parts.host.file is not None else None
    if policy is None:
        return None
    with unavailable("ledger"), parts.engine.connect() as connection:
        if _governs(newest(connection), policy):
            return None
    with unavailable("ledger"), writing(parts.engine) as connection:
        before = newest(connection)
        if _governs(before, policy):
            return None
        return _activate(parts, connection, before, policy, CLI)


def _governs(edition: HostEdition | None, policy: Policy) -> bool:
    return edition is not None and edition.policy is not None and edition.hash == policy.hash


def _activate(
    parts: Services, connection: Connection, before: HostEdition | None, policy: Policy, actor: str
) -> Saved:
    now = parts.now()
    number = before.number + 1 if before else 1
    add(connection, policy, number, now)
    changed = enforce_host_policy(connection, policy, now)
    saved = Saved(
        number,
        policy.hash,
        tuple(change for change in changed if change.stops),
        tuple(change for change in changed if change.resumes),
    )
    record_change(
        connection,
        actor=actor,
        action="ceiling.save",
        target="host",
        before=None if before is None else {"number": before.number, "hash": before.hash},
        after={"number": number, "hash": policy.hash},
        now=now,
        urandom=parts.urandom,
    )
    for change in changed:
        _record(parts, connection, change, actor, now)
    tell(connection, saved.number, saved.hash, changed, now=now, urandom=parts.urandom)
    move_revision(connection)
    return saved


def _record(
    parts: Services, connection: Connection, change: Affected, actor: str, now: float
) -> None:
    kind = "collector" if change.collector else "site"
    stands, stopped = {"state": "active"}, {"state": "suspended"}
    record_change(
        connection,
        actor=actor,
        action=f"{kind}.{'suspend' if change.stops else 'resume'}",
        target=change.collector or change.site,
        before=stands if change.stops else stopped,
        after=stopped if change.stops else stands,
        now=now,
        urandom=parts.urandom,
        site=change.site,
    )
