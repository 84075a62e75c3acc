"""Appending entries, inside whichever write transaction their cause is in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, func, insert, select

from askfirst_collector.ledger.entries import Entry, read_body, seconds_of
from askfirst_collector.ledger.fast_canonical import fast_canonical
from askfirst_collector.ledger.leaves import SALT, leaf_hash
from askfirst_collector.ledger.packed import pack
from askfirst_collector.ledger.tables import HOST, entry
from askfirst_collector.store.prepared import Prepared, PreparedInsert

Fields = Mapping[str, Any]  # of a row

_TOP = Prepared(select(func.max(entry.c.idx)))
_COLUMNS = ("idx", "leaf", "salt", "body", "site", "handle", "kind", "hour", "until", "tree")
_INSERT = PreparedInsert(insert(entry), _COLUMNS)


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
    index = next_index(connection)
    new, fields = make_entry(index, body, salt=urandom(SALT), site=site, handle=handle)
    append_rows(connection, [fields])
    return new


def next_index(connection: Connection) -> int:
    """The place of the next entry; `connection` must hold the write lock."""
    ((top,),) = _TOP.rows(connection)
    return 0 if top is None else int(top) + 1


def make_entry(
    index: int, body: Mapping[str, Any], *, salt: bytes, site: str | None, handle: str | None
) -> tuple[Entry, Fields]:
    """The entry at a place, and the row that holds it, for `append_rows`."""
    content = fast_canonical(body)
    leaf = leaf_hash(salt, content)
    fields = {
        "idx": index,
        "leaf": leaf,
        "salt": salt,
        "body": pack(content, handle),
        "site": site,
        "handle": handle,
        "kind": body["kind"],
        "hour": seconds_of(body["hour"]),
        "until": seconds_of(body["until"]) if "until" in body else None,
        "tree": body.get("site") or HOST,
    }
    return Entry(index, leaf, salt, read_body(content, handle)), fields


def append_rows(connection: Connection, rows: Sequence[Fields]) -> None:
    """Append entries that go on from `next_index`, in order."""
    if rows:
        _INSERT.write(connection, rows)
