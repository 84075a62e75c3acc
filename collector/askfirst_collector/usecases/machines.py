"""Going on without a machine that does not come back."""

from __future__ import annotations

import logging

from askfirst.errors import Reason, Refused
from askfirst_collector.members.permissions import Member
from askfirst_collector.members.transaction import transaction
from askfirst_collector.services import Services
from askfirst_collector.store.machines import lose

log = logging.getLogger("askfirst.collector")


def lose_machine(parts: Services, actor: Member, id: str) -> None:
    """Count on a machine no more, for good: what its spools hold is counted nowhere.

    Raises Refused `bad-shape` where no other machine that shares the ledger has that id.
    """
    with transaction(parts, actor, "host-policy.change") as work:
        if parts.machines is None:
            advice = "this folder has its ledger for itself: see docs/many-machines.md"
            raise Refused(Reason.BAD_SHAPE, advice)
        if id == parts.machines.id:
            raise Refused(Reason.BAD_SHAPE, "this is that machine: say it on another one")
        if not lose(work.connection, id):
            raise Refused(Reason.BAD_SHAPE, "name one of those of askfirst machine list")
        work.record("machine.lost", id, before=None, after=None)
    log.error("askfirst.E175 the machine %s is lost: what its spools hold is counted nowhere", id)
