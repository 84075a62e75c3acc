"""A lot judged as any other, whose rows are for another place."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence

from askfirst_collector.store.append import Appender
from askfirst_collector.store.events import Closed, Row
from askfirst_collector.store.lots import WrittenRow, read_written


class LotRows(Appender):
    """Judges a lot as `Appender` does, and has its `rows` then."""

    def __init__(self, urandom: Callable[[int], bytes], closed: Closed) -> None:
        super().__init__(urandom, closed)
        self.closed = closed
        self.rows: list[Row] = []

    def insert(
        self, connection: sqlite3.Connection, rows: Sequence[tuple[int, Row | WrittenRow]]
    ) -> None:
        """Have them for whoever puts them there."""
        self.rows += [read_written(row) for _, row in rows]
