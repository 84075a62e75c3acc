"""Appending one entry, inside whichever write transaction its cause is in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, func, insert, select

from askfirst.terms.canonical import canonical
from askfirst_collector.ledger.entries import Entry, read_body, seconds_of
from askfirst_collector.ledger.leaves import SALT, leaf_hash
from askfirst_collector.ledger.tables import HOST, entry

_TOP = select(func.max(entry.c.idx))


def append_entry(
    connection: Connection,
    body: Mapping[str, Any],
    *,
    urandom: Callable[[int], bytes],
    site: str | None = None,
    handle: str | None = None,
) -> Entry:
    """Append `body` as the newest entry; `connection` must hold the write lock (`writing`).

    It goes into the tree of its site, or the host's own, when that is signed.
    """
    top = connection.execute(_TOP).scalar_one()
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
            tree=body.get("site") or HOST,
        )
    )
    return Entry(index, leaf, salt, read_body(content))
