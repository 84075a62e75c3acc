"""One change of one member: allowed at that moment, made and recorded, or none of the three."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from askfirst_collector.ledger.changes import record_change
from askfirst_collector.members.permissions import Member
from askfirst_collector.members.rows import check_actor
from askfirst_collector.services import Services
from askfirst_collector.store.database import writing
from askfirst_collector.store.faults import unavailable


@dataclass(frozen=True)
class Transaction:
    """What a change works in; all of it is undone where it raises."""

    parts: Services
    connection: Connection
    actor: Member
    site: str | None

    def record(self, action: str, target: str, *, before: Any, after: Any) -> None:
        """Put into the audit what happened to what, with the old and the new value."""
        record_change(
            self.connection,
            actor=self.actor.name,
            action=action,
            target=target,
            before=before,
            after=after,
            now=self.parts.now(),
            urandom=self.parts.urandom,
            site=self.site,
        )


@contextmanager
def transaction(
    parts: Services,
    actor: Member,
    action: str,
    site: str | None = None,
    *,
    owner: str | None = None,
) -> Iterator[Transaction]:
    """A write transaction in which `actor` may do `action`.

    Raises Refused and CollectorUnavailable.

    `owner` is the one of a placed collector.
    """
    with unavailable("ledger"), writing(parts.engine) as connection:
        check_actor(connection, actor, action, site, owner=owner)
        yield Transaction(parts, connection, actor, site)
