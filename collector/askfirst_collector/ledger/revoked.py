"""What the ledger tells `revocations.log`, and what the log makes of a ledger that is behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, func, select

from askfirst.terms.lattice import Detail
from askfirst_collector.ledger.entries import ERASE, Entry, mark_of, read_entry
from askfirst_collector.ledger.tables import dead, entry
from askfirst_collector.store.database import SOME_AT_A_TIME
from askfirst_collector.store.revocations import Record

_LEAF = 8  # bytes of a leaf that tell two entries of one place apart


@dataclass
class Revoked:
    """What a handle may not have again."""

    is_ended: bool = False
    is_erased: bool = False
    is_restricted: bool = False
    most: dict[str, int] = field(default_factory=dict)  # detail, by purpose


def revocation(new: Entry) -> Record | None:
    """The record of an entry of a visitor; None of a first grant, which takes nothing back."""
    body = new.body
    if body["kind"] == "grant":
        return None
    record: dict[str, Any] = {**position(new.index, new.leaf), "do": "change"}
    record["mark"] = mark_of(body["site"], body["handle"]).hex()
    if body["status"] == "withdrawn":
        return {**record, "do": "erase" if body["method"] == ERASE else "end"}
    if body["status"] == "restricted":
        record["do"] = "restrict"
    choices = new.choices.items()
    return {**record, "choices": {n: c.detail for n, c in choices if c.detail < Detail.AS_ASKED}}


def position(index: int, leaf: bytes) -> dict[str, Any]:
    """Which entry of the ledger a record came with; -1 and nothing for an empty ledger."""
    return {"idx": index, "leaf": leaf[:_LEAF].hex()}


def done(index: int, leaf: bytes, generation: int) -> Record:
    """The record that ledger and event store, as far as they are now, have what the log says."""
    return {**position(index, leaf), "do": "done", "generation": generation}


def contains(connection: Connection, record: Record) -> bool:
    """Whether the ledger has the entry that a record came with."""
    if record["idx"] < 0:
        return True
    leaf = connection.execute(select(entry.c.leaf).where(entry.c.idx == record["idx"])).scalar()
    return leaf is not None and position(record["idx"], leaf) == {
        "idx": record["idx"],
        "leaf": record["leaf"],
    }


def revocations(connection: Connection) -> Iterator[Record]:
    """A record of everything that is taken back in this ledger, those without a place first.

    Within a transaction.
    """
    newest = select(func.max(entry.c.idx)).where(entry.c.handle.is_not(None))
    query = select(entry.c.idx, entry.c.leaf, entry.c.salt, entry.c.body, entry.c.handle)
    query = query.where(entry.c.idx.in_(newest.group_by(entry.c.site, entry.c.handle)))
    placed: list[Record] = []
    marks = set(connection.execute(select(dead.c.mark)).scalars())
    query = query.order_by(entry.c.idx)
    for row in connection.execute(query, execution_options=SOME_AT_A_TIME):
        latest = read_entry(row)
        mark = mark_of(latest.body["site"], latest.body["handle"])
        record = revocation(latest)
        if record is not None:
            placed.append(record)
        if mark in marks and latest.body["status"] != "withdrawn":
            placed.append({**position(row.idx, row.leaf), "do": "end", "mark": mark.hex()})
        marks.discard(mark)
    # Of these no entry is left: whatever a backup has of them goes too.
    yield from ({"do": "erase", "mark": mark.hex()} for mark in sorted(marks))
    yield from placed


def has_more(connection: Connection, index: int) -> bool:
    """Whether anything was taken back after an entry, by its index."""
    kinds = ("change", "restrict", "withdraw", "erase")
    query = select(entry.c.idx).where(entry.c.idx > index, entry.c.kind.in_(kinds))
    return connection.execute(query.limit(1)).first() is not None


def revoked(records: Sequence[Record], start: int) -> Mapping[str, Revoked]:
    """What each mark may not have again; before `start` the ledger has what was only narrowed.

    Where something was taken back and agreed to anew, it stays taken back: the ledger has lost
    what it was agreed to anew for.
    """
    marks: dict[str, Revoked] = {}
    for place, record in enumerate(records):
        if "mark" not in record:
            continue
        limits = marks.setdefault(record["mark"], Revoked())
        # For good, wherever it stands.
        limits.is_ended |= record["do"] in ("end", "erase")
        limits.is_erased |= record["do"] == "erase"
        if place < start:
            continue
        limits.is_restricted |= record["do"] == "restrict"
        for name, detail in record.get("choices", {}).items():
            limits.most[name] = min(detail, limits.most.get(name, detail))
    return marks
