"""What is committed together is one value, packed where there is something to save."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from askfirst_collector.store.events import Batch, StoreUnavailable
from askfirst_collector.store.lots import (
    PACKED,
    BadLot,
    as_written,
    joined,
    read_written,
    separated,
)
from askfirst_collector.store.spool_file import ROW as COUNTED
from askfirst_collector.store.sqlite import SqliteEvents
from tests.support.spools import lots_in

from .rows import ROW, append, batch

MANY = [batch(f"b{n}", replace(ROW, values={"page": (f"/page-{n}",)})) for n in range(60)]


@pytest.mark.parametrize("batches", [MANY, MANY[:1]])
def test_a_lot_is_read_as_it_was_written(batches: list[Batch]) -> None:
    """Large and small, by either way; a large one takes less than half, a small one no time."""
    blob = joined(batches)
    plain = zlib.decompress(blob) if len(batches) > 1 else blob
    assert (len(plain) >= PACKED) == (len(batches) > 1)
    assert len(blob) < len(plain) / 2 or blob is plain
    # As a program from before wrote it, too.
    for written in (blob, plain):
        assert separated(written) == batches
        rows = [read_written(row) for one in as_written(written) for row in one.rows]
        assert rows == [row for one in batches for row in one.rows]


@pytest.mark.parametrize(
    "damage",
    [
        lambda blob: blob[:-9],
        lambda blob: blob[:40] + bytes([blob[40] ^ 1]) + blob[41:],
        lambda blob: blob[:2],
        lambda blob: zlib.compress(b"nothing"),
    ],
)
def test_a_packed_lot_that_is_damaged_is_none(damage: Callable[[bytes], bytes]) -> None:
    """Its checksum says so (RFC 1950), whatever it would say."""
    blob = damage(joined(MANY))
    for read in (separated, as_written):
        with pytest.raises(BadLot):
            read(blob)


def test_nothing_of_a_packed_lot_is_left_once_it_is_moved(
    store: SqliteEvents, tmp_path: Path
) -> None:
    """As of every lot: its pages are overwritten, and its journal is emptied."""
    append(store, *MANY)
    assert b"/page-59" in lots_in(tmp_path)
    packed = zlib.compress(b"", 1)[:2]
    assert packed in in_spools(tmp_path)
    store.drain()
    assert packed not in in_spools(tmp_path)
    assert b"/page-" not in lots_in(tmp_path)


def in_spools(folder: Path) -> bytes:
    return b"".join(
        each.read_bytes() for each in folder.rglob("events-*.db*") if each.suffix != ".db-shm"
    )


def test_rows_count_as_what_they_are_to_move(
    store: SqliteEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However well they are packed: a spool that is full is moved in some seconds."""
    monkeypatch.setattr(store.spool, "_most", 60 * COUNTED - 1)
    assert append(store, *MANY) == [one.answer for one in MANY]
    (outcome,) = append(store, batch("more", ROW))
    assert isinstance(outcome, StoreUnavailable)
    store.drain()
    assert append(store, batch("more", ROW)) == [b"answer to more"]
