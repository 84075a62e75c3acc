"""Which entries a key of receipts can have signed: for whoever has to tell after a leak."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine, or_, select

from askfirst_collector.ledger.changes import change
from askfirst_collector.ledger.entries import read_body, seconds_of
from askfirst_collector.ledger.tables import entry
from askfirst_collector.store.database import reading

ROTATED = "keys.rotate"  # the action in the audit


@dataclass(frozen=True)
class KeyTime:
    """The hours (unix seconds) in which a key was the newest; None: from the start, until now."""

    first: int | None
    last: int | None


def times_of_keys(engine: Engine, kind: str, count: int) -> list[KeyTime]:
    """When each of so many keys of a kind was the newest, oldest first, as the audit has it.

    Of keys that were drawn before the audit knew of it, the earliest times are open.
    """
    query = select(entry.c.body).join(change, change.c.idx == entry.c.idx).order_by(entry.c.idx)
    with reading(engine) as connection:
        bodies = [read_body(body, None) for (body,) in connection.execute(query)]
    hours = [
        seconds_of(body["hour"])
        for body in bodies
        if (body["action"], body["target"]) == (ROTATED, kind)
    ]
    # The last of them drew the newest key.
    known: list[int | None] = [None, *hours]
    begins: list[int | None] = [*(None for _ in range(count - len(known))), *known[-count:]]
    return [KeyTime(first, last) for first, last in zip(begins, [*begins[1:], None], strict=True)]


def signed_leaves(engine: Engine, time: KeyTime) -> list[str]:
    """The leaves (hex) of the entries that a key can have signed, in no order that tells when.

    Those that were made while it was the newest, and older ones that were not over by then: who
    looks at their own record gets its receipt anew.
    """
    query = select(entry.c.leaf).where(entry.c.handle.is_not(None), entry.c.body.is_not(None))
    if time.last is not None:
        query = query.where(entry.c.hour <= time.last)
    if time.first is not None:
        query = query.where(or_(entry.c.hour >= time.first, entry.c.until >= time.first))
    with reading(engine) as connection:
        return sorted(leaf.hex() for leaf in connection.execute(query).scalars())
