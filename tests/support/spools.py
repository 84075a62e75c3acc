"""What spools say: what is committed together is packed in them."""

from __future__ import annotations

import re
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path


def lots_in(folder: Path) -> bytes:
    """The batches of all spools in a folder, and what is left of others in the bytes of its files.

    Of a lot that was removed the first page alone can be read: after it stands where it goes on.
    """
    return b"\n".join([*_lots(folder), *_pieces(folder)])


def _lots(folder: Path) -> Iterator[bytes]:
    for file in sorted(folder.rglob("events-*.db")):
        with (
            suppress(sqlite3.Error),
            closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection,
        ):
            for (blob,) in connection.execute("SELECT batches FROM lot"):
                yield _unpacked(blob)


def _pieces(folder: Path) -> Iterator[bytes]:
    for file in sorted(folder.rglob("events-*.db*")):
        data = file.read_bytes()
        for packed in re.finditer(rb"\x78\x01", data):
            yield _unpacked(data[packed.start() : packed.start() + 1_024])


def _unpacked(blob: bytes) -> bytes:
    """As much as can be read."""
    unpacking = zlib.decompressobj()
    with suppress(zlib.error):
        return unpacking.decompress(blob)
    return blob
