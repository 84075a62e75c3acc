"""Publishing a host policy: with whom it stops, and who is notified, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass

from askfirst.errors import Reason, Refused
from askfirst.terms.policy import Policy
from askfirst_collector.catalogue.activate import move_revision
from askfirst_collector.catalogue.enforce_host_policy import Affected, enforce_host_policy
from askfirst_collector.catalogue.host_editions import HostEdition, add, newest, newest_edition
from askfirst_collector.catalogue.webhook_queue import tell
from askfirst_collector.members.permissions import Member
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.members.transaction import Transaction, transaction, unchecked
from askfirst_collector.services import Services


@dataclass(frozen=True)
class Saved:
    """The host policy as it is in force now, and what changed with it."""

    number: int
    hash: str
    suspended: tuple[Affected, ...] = ()
    resumed: tuple[Affected, ...] = ()


def host_policy_number(parts: Services) -> int:
    """The number of the newest host edition: what an editor hands back as `expected`."""
    edition = newest_edition(parts.engine)
    return edition.number if edition else 0


def save_host_policy(parts: Services, actor: Member, policy: Policy, *, expected: int) -> Saved:
    """Publish a host policy, in every worker, from the next event on (M33).

    `expected` is the number of the edition that was edited, 0 where there was none. Raises Refused
    `changed-meanwhile` where it is not the newest any more, and `ceiling-is-a-file` where a file
    governs. The same policy again changes nothing.
    """
    if parts.host.file is not None:
        name = parts.host.file.name
        detail = f"{name} is the host's policy: change that file"
        raise Refused(Reason.HOST_POLICY_IS_A_FILE, detail)
    with transaction(parts, actor, "host-policy.change") as work:
        before = newest(work.connection)
        number = before.number if before else 0
        if number != expected:
            detail = f"edition {number} was published meanwhile: look at it, then save again"
            raise Refused(Reason.CHANGED_MEANWHILE, detail)
        if before is not None and before.policy is not None and before.hash == policy.hash:
            return Saved(number, before.hash)
        return _activate(parts, work, before, policy)


def follow_file(parts: Services, now: float) -> Saved | None:
    """Archive the file's policy where it is new, and settle what follows from it; a job.

    Each worker looks at the file by itself, so that its events are narrowed before this ran.
    """
    policy = parts.host.current().policy if parts.host.file is not None else None
    if policy is None:
        return None
    if _governs(newest_edition(parts.engine), policy):
        return None
    with unchecked(parts, ON_THE_MACHINE) as work:
        before = newest(work.connection)
        if _governs(before, policy):
            return None
        return _activate(parts, work, before, policy)


def _governs(edition: HostEdition | None, policy: Policy) -> bool:
    return edition is not None and edition.policy is not None and edition.hash == policy.hash


def _activate(
    parts: Services, work: Transaction, before: HostEdition | None, policy: Policy
) -> Saved:
    number = before.number + 1 if before else 1
    add(work.connection, policy, number, work.now)
    changed = enforce_host_policy(work.connection, parts.revocations, policy, work.now)
    saved = Saved(
        number,
        policy.hash,
        tuple(change for change in changed if change.stops),
        tuple(change for change in changed if change.resumes),
    )
    old = None if before is None else {"number": before.number, "hash": before.hash}
    work.record("ceiling.save", "host", before=old, after={"number": number, "hash": policy.hash})
    for change in changed:
        kind = "collector" if change.collector else "site"
        states: list[object] = [{"state": "active"}, {"state": "suspended"}]
        old_state, new_state = states if change.stops else reversed(states)
        work.record(
            f"{kind}.{'suspend' if change.stops else 'resume'}",
            change.collector or change.site,
            before=old_state,
            after=new_state,
            site=change.site,
        )
    tell(
        work.connection,
        number,
        policy.hash,
        changed,
        now=work.now,
        urandom=parts.urandom,
    )
    move_revision(work.connection)
    return saved
