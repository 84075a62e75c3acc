"""Who backed a collector up, and who put a backup back: in the audit."""

from __future__ import annotations

from typing import Literal

from askfirst_collector.members.permissions import Member
from askfirst_collector.members.transaction import transaction
from askfirst_collector.services import Services

Done = Literal["make", "keys", "restore"]


def record_backup(parts: Services, actor: Member, done: Done, file: str) -> None:
    """Note that the databases or the keys were backed up to a file, or restored from one."""
    with transaction(parts, actor, "host-policy.change") as work:
        work.record(f"backup.{done}", file, before=None, after=None)
