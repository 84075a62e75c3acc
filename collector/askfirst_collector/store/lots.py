"""What a spool holds: batches as they were accepted, ready to be judged and stored."""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import msgspec

from .events import Authorized, Batch, Row

Name = tuple[int, bytes]  # of a batch: a day, and the key it has on that day

_Item = TypeVar("_Item")
_Row = tuple[
    str,
    str,
    str,
    str,
    str,
    str,
    dict[str, tuple[str, ...]],
    bytes | None,
    int,
    int,
    int,
    bool,
]
# Site, handle and index it was judged by; day, key, earlier keys; answer; rows.
_Batch = tuple[str, str, int, int, bytes, tuple[bytes, ...], bytes, list[_Row]]
_encode = msgspec.msgpack.Encoder().encode
_batches = msgspec.msgpack.Decoder(list[msgspec.Raw])
_batch = msgspec.msgpack.Decoder(_Batch)
_answers = msgspec.msgpack.Decoder(list[tuple[int, bytes, bytes]])
_DRAW = 8  # bytes that give a row its place


class BadLot(ValueError):
    """A lot is not what was written."""


def encoded(batch: Batch) -> msgspec.Raw:
    """A batch as a spool holds it. Raises UnicodeEncodeError."""
    judged = batch.judged
    rows = [
        (
            row.site,
            row.collector,
            row.purpose,
            row.closes,
            row.period,
            row.type,
            row.values,
            row.pseudonym,
            row.min_cell_size,
            row.retention_days,
            row.keep_rows_days,
            row.is_sized,
        )
        for row in batch.rows
    ]
    fields = (batch.day, batch.key, batch.earlier, batch.answer, rows)
    return msgspec.Raw(_encode((judged.site, judged.handle, judged.index, *fields)))


def joined(batches: Sequence[msgspec.Raw]) -> bytes:
    """Batches that are committed together, as one value."""
    return _encode(batches)


def separated(blob: bytes) -> list[Batch]:
    """The inverse of `joined` and `encoded`. Raises BadLot."""
    try:
        return [_read(raw) for raw in _batches.decode(blob)]
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadLot(type(error).__name__) from None


def encoded_answers(batches: Sequence[Batch]) -> bytes:
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
    """What retries of the lots of one file are answered, for as long as they are there."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.answers: dict[Name, bytes] = {}
        self._lots: deque[tuple[int, list[Name]]] = deque()  # oldest first
        self._last = 0

    def among(self, names: Sequence[Sequence[Name]]) -> dict[Name, bytes]:
        """The answers that are there under any of these names."""
        answers = self.answers
        if not answers:
            return {}
        return {name: answers[name] for own in names for name in own if name in answers}

    def refresh(self) -> None:
        """Read what came, and let go of what was moved. Raises sqlite3.Error, and BadLot."""
        query = "SELECT id, answers FROM lot WHERE id > ?"
        for number, blob in self.connection.execute(query, (self._last,)).fetchall():
            answers = dict(read_answers(blob))
            self.answers.update(answers)
            self._lots.append((number, list(answers)))
            self._last = number
        first = self.connection.execute("SELECT MIN(id) FROM lot").fetchone()[0]
        while self._lots and (first is None or self._lots[0][0] < first):
            for name in self._lots.popleft()[1]:
                self.answers.pop(name, None)


def names_of(batch: Batch) -> list[Name]:
    """The day and key under which a batch may have been seen, the likeliest first."""
    return [(batch.day - back, key) for back, key in enumerate((batch.key, *batch.earlier))]


def shuffled(items: Sequence[_Item], urandom: Callable[[int], bytes]) -> list[_Item]:
    """In an order that says nothing of how they came."""
    draws = urandom(_DRAW * len(items))
    places = sorted(range(len(items)), key=lambda n: draws[n * _DRAW : (n + 1) * _DRAW])
    return [items[place] for place in places]


def _read(raw: msgspec.Raw) -> Batch:
    site, handle, index, day, key, earlier, answer, rows = _batch.decode(raw)
    judged = Authorized(site, handle, index)
    return Batch(judged, day, key, tuple(Row(*row) for row in rows), answer, earlier)
