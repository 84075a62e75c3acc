"""A period read in parts: each visitor in one, and as it was at the first."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from pathlib import Path

from msgspec.structs import replace

from askfirst_collector.store.sqlite import SqliteEvents

from .rows import ROW, append, batch, nobody


def test_a_period_is_read_in_parts(tmp_path: Path) -> None:
    """Each row once, other periods not at all, and of nobody's rows so many at most."""
    with closing(SqliteEvents(tmp_path / "events.db", ended=nobody)) as store:
        own = [replace(ROW, pseudonym=bytes([n]) * 32) for n in range(1, 250) for _ in range(5)]
        # Under a receipt's pseudonym, which other periods have too.
        before = [replace(each, period="2026-11-21") for each in own[:50]]
        unnamed = [replace(ROW, pseudonym=None)] * 500
        append(store, batch("b", *own, *before), batch("c", *unnamed))
        reading = store.parts(ROW.key, 300)
        parts = [next(reading)]
        # What is written meanwhile is not in it.
        append(store, batch("d", *own))
        store.drain()
        parts += reading
        counts = Counter(row.pseudonym for part in parts for row in part)
        assert counts.pop(None) == 300
        assert counts == Counter(row.pseudonym for row in own)
        assert {row.key for part in parts for row in part} == {ROW.key}
        whose = [{row.pseudonym for row in part if row.pseudonym} for part in parts]
        assert sum(map(len, whose)) == len(set.union(*whose)) == 249
        assert list(store.parts(replace(ROW, purpose="other").key, 300)) == []
