"""Evidence of a grant, which lies locked: two host admins open it, and the audit says so.

That somebody agreed is proved by the entries of the ledger, until `evidence_days` after the grant
ended. Nobody needs them before somebody doubts it, and no page shows them. Whoever has a receipt
knows its leaf, by which they are found.
"""

from __future__ import annotations

import re
from typing import Any

from askfirst.errors import Reason, Refused
from askfirst_collector.catalogue.evidence_locks import (
    EvidenceLock,
    add_lock,
    entries_of_leaf,
    find_lock,
    open_lock,
)
from askfirst_collector.members.permissions import Member, may
from askfirst_collector.members.rows import find_member
from askfirst_collector.members.transaction import Transaction, transaction
from askfirst_collector.services import Services

ACTION = "evidence.read"
_LEAF = re.compile(r"[0-9a-f]{64}")


def ask_evidence(parts: Services, actor: Member, leaf: str) -> str:
    """Ask for the entries of whoever has the receipt with this leaf (hex); the id of the question.

    Raises Refused `bad-shape` for what is no leaf, `not-found` where nothing is left of it.
    """
    leaf = leaf.strip().lower()
    if not _LEAF.fullmatch(leaf):
        raise Refused(Reason.BAD_SHAPE, "write the leaf of a receipt: 64 hexadecimal digits")
    with transaction(parts, actor, ACTION) as work:
        _entries(work, leaf)
        id = work.urandom(8).hex()
        add_lock(work.connection, id, leaf, actor.name, work.now)
        work.record("evidence.ask", leaf, before=None, after=None)
    return id


def open_evidence(parts: Services, actor: Member, id: str) -> None:
    """Agree to what somebody else asked for, who still is a host admin: it is open for a day."""
    with transaction(parts, actor, ACTION) as work:
        lock = _lock(work, id)
        if lock.opened_by:
            raise Refused(Reason.WRONG_STATE, "it is open already")
        asker = find_member(work.connection, lock.asked_by)
        if lock.asked_by == actor.name or asker is None or not may(asker, ACTION):
            raise Refused(
                Reason.NOT_ALLOWED, "another host admin has to agree than the one who asked"
            )
        open_lock(work.connection, id, actor.name, work.now)
        work.record("evidence.open", lock.leaf, before=None, after={"asked_by": lock.asked_by})


def read_evidence(parts: Services, actor: Member, id: str) -> list[dict[str, Any]]:
    """The entries with their leaves and salts, by which they prove themselves; for those two."""
    with transaction(parts, actor, ACTION) as work:
        lock = _lock(work, id)
        if not lock.opened_by:
            raise Refused(Reason.WRONG_STATE, "another host admin has to agree first")
        if actor.name not in (lock.asked_by, lock.opened_by):
            raise Refused(Reason.NOT_ALLOWED, "it is open for the two who opened it")
        entries = _entries(work, lock.leaf)
        work.record("evidence.read", lock.leaf, before=None, after=None)
    return [
        {"entry": dict(one.body), "leaf": one.leaf.hex(), "salt": one.salt.hex()} for one in entries
    ]


def _lock(work: Transaction, id: str) -> EvidenceLock:
    lock = find_lock(work.connection, id, work.now)
    if lock is None:
        raise Refused(Reason.NOT_FOUND, "nothing is asked for by this id, or it is over")
    return lock


def _entries(work: Transaction, leaf: str) -> Any:
    entries = entries_of_leaf(work.connection, leaf)
    if not entries:
        raise Refused(Reason.NOT_FOUND, "no entry of a visitor with this leaf is left")
    return entries
