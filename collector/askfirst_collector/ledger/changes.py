"""What members changed: entries of kind `admin`, each in the transaction of the change itself.

An entry of a visitor names its site in a column, and is found, counted and forgotten by it. These
do not: whose they are stands in `change` alone, so that no closing counts them, and no erasure and
no `evidence_days` ever reaches them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Engine,
    Integer,
    String,
    Table,
    func,
    insert,
    select,
)

from askfirst_collector.ledger.append import append_entry
from askfirst_collector.ledger.entries import ADMIN, hour_of, read_body, seconds_of, timestamp
from askfirst_collector.ledger.tables import entry
from askfirst_collector.store.database import metadata, reading

# Actors that are no members, and that no member may be called: a command on the machine itself; a
# site that publishes its own policy as it starts (no name of a member holds a slash).
CLI = "cli"
THE_SITE = "site/start"
_SECRETS = frozenset({"password", "token", "secret", "link", "private_key"})

change = Table(
    "change",
    metadata,
    Column("idx", Integer, primary_key=True, autoincrement=False),
    Column("site", String, index=True),  # empty: of the host itself
    Column("ended", Boolean, nullable=False),  # what a job destroyed, as its time was over
)

_PLACE = func.row_number().over(order_by=change.c.idx) - 1


@dataclass(frozen=True)
class Change:
    """One change as recorded; `before` or `after` is None where there was, or is, nothing."""

    index: int  # its place among those that were asked for, the oldest 0; no other entry counts
    actor: str
    action: str  # such as "member.invite"
    target: str  # what was changed, by its name
    site: str | None
    before: Any
    after: Any
    hour: int  # unix seconds; nothing finer is written


def record_change(
    connection: Connection,
    *,
    actor: str,
    action: str,
    target: str,
    before: Any,
    after: Any,
    now: float,
    urandom: Callable[[int], bytes],
    site: str | None = None,
    ended: bool = False,
) -> None:
    """Append a change inside the write transaction that makes it.

    `before` and `after` are JSON without floats. Raises ValueError where one of them has a field
    that is named like a secret: what is in the ledger stays there. `ended` says that no member did
    it: its time was over.
    """
    if _tells_a_secret(before) or _tells_a_secret(after):
        raise ValueError("a change is recorded without its secrets")
    body = {
        "v": 1,
        "kind": ADMIN,
        "hour": timestamp(hour_of(now)),
        "actor": actor,
        "action": action,
        "target": target,
        "site": site,
        "before": before,
        "after": after,
    }
    index = append_entry(connection, body, urandom=urandom).index
    connection.execute(insert(change).values(idx=index, site=site, ended=ended))


def changes(
    engine: Engine,
    limit: int,
    before_index: int | None = None,
    *,
    sites: Collection[str] | None = None,
    ended: bool = False,
) -> tuple[Change, ...]:
    """The newest changes, newest first, below an index; with `sites` those of these sites alone.

    With `ended` what was destroyed as its time was over, else what members changed. Where an entry
    stands in the ledger is told to nobody: the places between two changes would say how many
    visitors answered meanwhile, of all sites.
    """
    ranked = select(change.c.idx, _PLACE.label("place")).where(change.c.ended.is_(ended))
    if sites is not None:
        ranked = ranked.where(change.c.site.in_(sorted(sites)))
    places = ranked.subquery()
    query = select(places.c.place, entry.c.body).join(places, places.c.idx == entry.c.idx)
    if before_index is not None:
        query = query.where(places.c.place < before_index)
    query = query.order_by(places.c.place.desc()).limit(limit)
    with reading(engine) as connection:
        return tuple(_read(row.place, row.body) for row in connection.execute(query))


def changes_since(connection: Connection, moment: float) -> Iterator[Change]:
    """The changes from the hour of a moment (unix seconds) on, newest first."""
    places = select(change.c.idx, _PLACE.label("place")).subquery()
    query = select(places.c.place, entry.c.body).join(places, places.c.idx == entry.c.idx)
    for row in connection.execute(query.order_by(places.c.place.desc())):
        record = _read(row.place, row.body)
        if record.hour < hour_of(moment):
            return
        yield record


def _read(index: int, content: bytes) -> Change:
    body = read_body(content, None)
    return Change(
        index=index,
        actor=body["actor"],
        action=body["action"],
        target=body["target"],
        site=body["site"],
        before=body["before"],
        after=body["after"],
        hour=seconds_of(body["hour"]),
    )


def _tells_a_secret(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(name in _SECRETS or _tells_a_secret(child) for name, child in value.items())
    if isinstance(value, list | tuple):
        return any(_tells_a_secret(child) for child in value)
    return False
