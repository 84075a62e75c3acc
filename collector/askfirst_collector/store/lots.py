"""What a spool holds: batches as they were accepted, ready to be judged and stored."""

from __future__ import annotations

import sqlite3
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
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
OWN = 2_000  # answers of one's own lots after which one looks which of these were moved


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


class LotAnswers:
    """What retries of the lots of one file are answered, for as long as they are there.

    Whoever adds a lot by the same connection says so once it is committed (`note`).
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.answers: dict[Name, bytes] = {}
        self._lots: deque[tuple[int, list[Name]]] = deque()  # oldest first
        self._last = 0
        self._version = -1
        self._fresh = 0  # answers that were noted since it was refreshed

    def among(self, names: Sequence[Sequence[Name]]) -> dict[Name, bytes]:
        """The answers that are there under any of these names."""
        answers = self.answers
        if not answers:
            return {}
        return {name: answers[name] for own in names for name in own if name in answers}

    def let_go(self) -> None:
        """`refresh`, now and then, of a file to which nobody else adds: nothing came meanwhile."""
        if self._version == -1 or self._fresh >= OWN:
            self.refresh()

    def refresh(self, version: int | None = None) -> None:
        """Read what came, and let go of what was moved. Raises sqlite3.Error, and BadLot.

        `version` is the `data_version` of whoever has just asked for it.
        """
        self._fresh = 0
        if version is None:
            version = self.connection.execute("PRAGMA data_version").fetchone()[0]
        if version == self._version:
            return
        query = "SELECT id, answers FROM lot WHERE id > ?"
        for number, blob in self.connection.execute(query, (self._last,)).fetchall():
            self.note(number, dict(read_answers(blob)))
        first = self.connection.execute("SELECT MIN(id) FROM lot").fetchone()[0]
        while self._lots and (first is None or self._lots[0][0] < first):
            for name in self._lots.popleft()[1]:
                self.answers.pop(name, None)
        self._version = version

    def note(self, number: int, answers: Mapping[Name, bytes]) -> None:
        """Remember those of the newest lot."""
        self.answers.update(answers)
        self._lots.append((number, list(answers)))
        self._last = number
        self._fresh += len(answers)


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


def shuffled(items: Sequence[_Item], urandom: Callable[[int], bytes]) -> list[_Item]:
    """In an order that says nothing of how they came."""
    draws = urandom(_DRAW * len(items))
    places = sorted(range(len(items)), key=lambda n: draws[n * _DRAW : (n + 1) * _DRAW])
    return [items[place] for place in places]


def _read(raw: msgspec.Raw) -> Batch:
    read = _batch.decode(raw)
    judged = Authorized(read.site, read.handle, read.index)
    return Batch(judged, read.day, read.key, read.rows, read.answer, read.earlier)
