"""What a spool holds: batches as they were accepted, ready to be judged and stored."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Generic, TypeVar

import msgspec

from askfirst.terms.attributes import Value

from .events import Authorized, Batch, OfPeriod, Row

Name = tuple[int, bytes]  # of a batch: a day, and the key it has on that day

_Item = TypeVar("_Item")


class WrittenRow(OfPeriod, frozen=True, array_like=True, gc=False):
    """A row as a spool holds it, its values unread: most are known already where it is moved."""

    type: str
    values: dict[str, msgspec.Raw]
    pseudonym: bytes | None
    min_cell_size: int
    retention_days: int
    keep_rows_days: int
    is_sized: bool


_Row = TypeVar("_Row", Row, WrittenRow)


class Written(msgspec.Struct, Generic[_Row], array_like=True, gc=False):
    """A batch as a spool holds it."""

    site: str
    handle: str
    index: int  # of the entry that it was judged by
    day: int
    key: bytes
    earlier: tuple[bytes, ...]
    answer: bytes
    rows: tuple[_Row, ...]

    @property
    def judged(self) -> Authorized:
        """The entry of the ledger that it was judged by."""
        return Authorized(self.site, self.handle, self.index)


_encode = msgspec.msgpack.Encoder().encode
_batches = msgspec.msgpack.Decoder(list[msgspec.Raw])
_batch = msgspec.msgpack.Decoder(Written[Row])
_written = msgspec.msgpack.Decoder(list[Written[WrittenRow]])
_value = msgspec.msgpack.Decoder(Value)
_row = msgspec.msgpack.Decoder(Row)
_answers = msgspec.msgpack.Decoder(list[tuple[int, bytes, bytes]])
_DRAW = 8  # bytes that give a row its place
PACKED = 2_000  # bytes from which a lot is packed: of less than a page there is nothing to save
_ZLIB = b"\x78"  # what is packed begins with it (RFC 1950), an array of batches with 0x90 or more


AnyBatch = Batch | Written[WrittenRow]


class BadLot(ValueError):
    """A lot is not what was written."""


def encoded_row(row: Row) -> bytes:
    """One row by itself. Raises UnicodeEncodeError."""
    return _encode(row)


def read_row(blob: bytes) -> Row:
    """The inverse of `encoded_row`. Raises BadLot."""
    try:
        return _row.decode(blob)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadLot(type(error).__name__) from None


def joined(batches: Sequence[Batch]) -> bytes:
    """Batches that are committed together, as one value. Raises UnicodeEncodeError.

    Packed, as each of its bytes is written four times until it is gone (journal and file, once with
    what it says and once with zeros), and batches are much alike.
    """
    blob = _encode([_as_written(batch) for batch in batches])
    return blob if len(blob) < PACKED else zlib.compress(blob, zlib.Z_BEST_SPEED)


def _as_written(batch: Batch) -> Written[Row]:
    judged = batch.judged
    fields = (batch.day, batch.key, batch.earlier, batch.answer, batch.rows)
    return Written(judged.site, judged.handle, judged.index, *fields)


def separated(blob: bytes) -> list[Batch]:
    """The inverse of `joined`. Raises BadLot."""
    try:
        return [_read(raw) for raw in _batches.decode(_unpacked(blob))]
    except (msgspec.MsgspecError, UnicodeDecodeError, zlib.error) as error:
        raise BadLot(type(error).__name__) from None


def as_written(blob: bytes) -> list[Written[WrittenRow]]:
    """The batches of `joined` for whoever moves them. Raises BadLot."""
    try:
        return _written.decode(_unpacked(blob))
    except (msgspec.MsgspecError, UnicodeDecodeError, zlib.error) as error:
        raise BadLot(type(error).__name__) from None


def _unpacked(blob: bytes) -> bytes:
    return zlib.decompress(blob) if blob[:1] == _ZLIB else blob


def read_value(raw: msgspec.Raw) -> Value:
    """A value of a row as it was written. Raises BadLot."""
    try:
        return _value.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadLot(type(error).__name__) from None


def read_written(row: Row | WrittenRow) -> Row:
    """A row with its values read. Raises BadLot."""
    if isinstance(row, Row):
        return row
    fields = {name: getattr(row, name) for name in row.__struct_fields__ if name != "values"}
    return Row(**fields, values={name: read_value(raw) for name, raw in row.values.items()})


def encoded_answers(batches: Sequence[AnyBatch]) -> bytes:
    """What retries of these batches are answered."""
    return _encode([(batch.day, batch.key, batch.answer) for batch in batches])


def read_answers(blob: bytes) -> Iterator[tuple[Name, bytes]]:
    """The inverse of `encoded_answers`. Raises BadLot."""
    try:
        for day, key, answer in _answers.decode(blob):
            yield (day, key), answer
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadLot(type(error).__name__) from None


def answers_in(batches: Sequence[AnyBatch]) -> dict[Name, bytes]:
    """What retries of these batches are answered, by name."""
    return {(batch.day, batch.key): batch.answer for batch in batches}


def names_of(batch: AnyBatch) -> list[Name]:
    """The day and key under which a batch may have been seen, the likeliest first."""
    day = batch.day
    names = [(day, batch.key)]
    for key in batch.earlier:
        day -= 1
        names.append((day, key))
    return names


def parted(
    items: Iterable[_Item], rows_of: Callable[[_Item], int], most: int
) -> Iterator[list[_Item]]:
    """These in parts of at most so many rows, unless one by itself has more."""
    rows = 0
    part: list[_Item] = []
    for item in items:
        own = rows_of(item)
        if part and rows + own > most:
            yield part
            rows, part = 0, []
        rows += own
        part.append(item)
    if part:
        yield part


def shuffled(items: Sequence[_Item], urandom: Callable[[int], bytes]) -> list[_Item]:
    """In an order that says nothing of how they came."""
    draws = urandom(_DRAW * len(items))
    places = sorted(range(len(items)), key=lambda n: draws[n * _DRAW : (n + 1) * _DRAW])
    return [items[place] for place in places]


def _read(raw: msgspec.Raw) -> Batch:
    read = _batch.decode(raw)
    judged = Authorized(read.site, read.handle, read.index)
    return Batch(judged, read.day, read.key, read.rows, read.answer, read.earlier)
