"""One change of one member: allowed at that moment, made and recorded, or none of the three."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import Connection, Engine

from askfirst_collector.ledger.changes import record_change
from askfirst_collector.members.permissions import Member
from askfirst_collector.members.rows import check_actor, is_allowed
from askfirst_collector.store.database import changing


class LedgerAccess(Protocol):
    """What a transaction needs of what one process has open."""

    @property
    def engine(self) -> Engine:
        """Of the ledger's file."""
        ...

    @property
    def now(self) -> Callable[[], float]:
        """Unix seconds."""
        ...

    @property
    def urandom(self) -> Callable[[int], bytes]:
        """Random bytes."""
        ...


@dataclass(frozen=True)
class Transaction:
    """What a change works in; all of it is undone where it raises.

    Whoever changes something hands the connection on to functions that know their tables.
    """

    connection: Connection
    actor: Member
    site: str | None
    now: float  # unix seconds, one moment for the whole change
    urandom: Callable[[int], bytes]

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
        ended: bool = False,
    ) -> None:
        """Put into the audit what happened to what, with the old and the new value.

        `site` and `actor` (a name) are others than those of the transaction. `ended` says that no
        member did it: its time was over.
        """
        record_change(
            self.connection,
            actor=actor or self.actor.name,
            action=action,
            target=target,
            before=before,
            after=after,
            now=self.now,
            urandom=self.urandom,
            site=site or self.site,
            ended=ended,
        )


NOBODY = Member("", "")  # before it is known who comes in


@contextmanager
def unchecked(
    parts: LedgerAccess, actor: Member = NOBODY, site: str | None = None
) -> Iterator[Transaction]:
    """A write transaction that asks for the actor's right itself, by what it finds: `check`.

    Raises CollectorUnavailable.
    """
    with changing(parts.engine) as connection:
        yield Transaction(connection, actor, site, parts.now(), parts.urandom)


@contextmanager
def transaction(
    parts: LedgerAccess,
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
