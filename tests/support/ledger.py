"""What stands in a ledger, for tests that look for what must not be there."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

from askfirst_collector.ledger.packed import unpack


def contents(connection: sqlite3.Connection) -> Iterator[tuple[int, bytes, bytes | None, bytes]]:
    """Index, leaf, salt and canonical JSON of every entry; b"" for one that was erased."""
    rows = connection.execute("SELECT idx, leaf, salt, body, handle FROM entry ORDER BY idx")
    for index, leaf, salt, body, handle in rows:
        yield index, leaf, salt, b"" if body is None else unpack(body, handle)


def entries_in(folder: Path) -> bytes:
    """The JSON of all entries of the ledgers in a folder: in their files it is packed."""
    found = b""
    for file in sorted(folder.rglob("ledger.db")):
        # What is no ledger, or none any more, has been read as bytes.
        with (
            suppress(sqlite3.Error),
            closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection,
        ):
            found += b"\n".join(content for *_, content in contents(connection))
    return found
