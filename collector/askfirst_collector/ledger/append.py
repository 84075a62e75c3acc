"""Appending one entry, inside whichever write transaction its cause is in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select

from askfirst.terms.canonical import canonical
from askfirst_collector.ledger.entries import Entry, read_body, seconds_of
from askfirst_collector.ledger.leaves import SALT, leaf_hash
from askfirst_collector.ledger.tables import HOST, entry

_ENDS = select(
    select(func.max(entry.c.idx)).scalar_subquery(),
    select(func.max(entry.c.position)).where(entry.c.tree == bindparam("tree")).scalar_subquery(),
)


def append_entry(
    connection: Connection,
    body: Mapping[str, Any],
    *,
    urandom: Callable[[int], bytes],
    site: str | None = None,
    handle: str | None = None,
) -> Entry:
    """Append `body` as the newest entry; `connection` must hold the write lock (`writing`).

    It stands at the end of the tree of its site, or of the host's own.
    """
    tree = body.get("site") or HOST
    top, last = connection.execute(_ENDS, {"tree": tree}).one()
    index = 0 if top is None else top + 1
    salt, content = urandom(SALT), canonical(body)
    leaf = leaf_hash(salt, content)
    connection.execute(
        insert(entry).values(
            idx=index,
            leaf=leaf,
            salt=salt,
            body=content,
            site=site,
            handle=handle,
            kind=body["kind"],
            hour=seconds_of(body["hour"]),
            until=seconds_of(body["until"]) if "until" in body else None,
            tree=tree,
            position=0 if last is None else last + 1,
        )
    )
    return Entry(index, leaf, salt, read_body(content))
