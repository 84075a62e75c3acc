"""All handles of a site end at once, and their entries are emptied: only the leaves stay."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, insert, select, update

from askfirst_collector.ledger.entries import ADMIN, mark_of
from askfirst_collector.ledger.tables import dead, entry, refusal, unsized
from askfirst_collector.ledger.transfers import empty_transfers
from askfirst_collector.store.revocations import Revocations

CHUNK = 500  # handles in one transaction, so that others write in between
_NEVER = 2**53  # a time (unix seconds) before which everything is


def handles_of(connection: Connection, site: str) -> list[str]:
    """The handles of a site that have entries."""
    query = select(entry.c.handle).where(entry.c.site == site, entry.c.handle.is_not(None))
    return list(connection.execute(query.distinct()).scalars())


def end_handles(
    connection: Connection, revocations: Revocations, site: str, handles: Sequence[str]
) -> None:
    """End these for good; on disk in the log before the transaction is, so no restore undoes it."""
    marks = [mark_of(site, handle) for handle in handles]
    ended = set(connection.execute(select(dead.c.mark).where(dead.c.mark.in_(marks))).scalars())
    rows = [{"mark": mark} for mark in marks if mark not in ended]
    if rows:
        connection.execute(insert(dead), rows)
    revocations.append(*({"do": "erase", "mark": mark.hex()} for mark in marks))


def empty_entries(connection: Connection, site: str) -> None:
    """Empty what visitors answered, how many refused, and what was delivered.

    What members changed stays.
    """
    of_visitors = (entry.c.site == site) & entry.c.kind.is_distinct_from(ADMIN)
    nothing = dict.fromkeys(("salt", "body", "site", "handle", "kind", "hour", "until"))
    connection.execute(update(entry).where(of_visitors).values(nothing))
    empty_transfers(connection, site, _NEVER)
    for table in (refusal, unsized):
        connection.execute(delete(table).where(table.c.site == site))
