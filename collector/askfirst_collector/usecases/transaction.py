"""One change of one member: allowed at that moment, made and recorded, or none of the three."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from askfirst_collector.ledger.changes import record_change
from askfirst_collector.members.permissions import Member
from askfirst_collector.members.rows import check_actor, is_allowed
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
    now: float  # unix seconds, one moment for the whole change

    def may(self, action: str, *, owner: str | None = None) -> bool:
        """Whether the actor may do `action` now."""
        return is_allowed(self.connection, self.actor, action, self.site, owner=owner)

    def check(self, action: str, *, owner: str | None = None) -> None:
        """Refused unless the actor may do `action` now; `owner` is the one of a collector."""
        check_actor(self.connection, self.actor, action, self.site, owner=owner)

    def record(
        self,
        action: str,
        target: str,
        *,
        before: Any,
        after: Any,
        site: str | None = None,
        actor: str = "",
    ) -> None:
        """Put into the audit what happened to what, with the old and the new value.

        `site` and `actor` (a name) are others than those of the transaction.
        """
        record_change(
            self.connection,
            actor=actor or self.actor.name,
            action=action,
            target=target,
            before=before,
            after=after,
            now=self.now,
            urandom=self.parts.urandom,
            site=site or self.site,
        )


NOBODY = Member("", "")  # before it is known who comes in


@contextmanager
def unchecked(
    parts: Services, actor: Member = NOBODY, site: str | None = None
) -> Iterator[Transaction]:
    """A write transaction that asks for the actor's right itself, by what it finds: `check`.

    Raises CollectorUnavailable.
    """
    with unavailable("ledger"), writing(parts.engine) as connection:
        yield Transaction(parts, connection, actor, site, parts.now())


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
    with unchecked(parts, actor, site) as work:
        work.check(action, owner=owner)
        yield work
