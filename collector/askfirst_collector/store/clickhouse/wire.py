"""Reading what ClickHouse answers in its format RowBinary: texts, numbers, sets of visitors."""

from __future__ import annotations

import struct
import sys
from array import array

from pyroaring import BitMap

_LONG = struct.Struct("<q")


class Answer:
    """What is left of an answer, read from the front. Raises IndexError where it is cut off."""

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)
        self._at = 0

    def __bool__(self) -> bool:
        return self._at < len(self._data)

    def text(self) -> str:
        """A String."""
        return str(self._next(self._length()), "utf-8")

    def number(self) -> int:
        """An Int64."""
        number: int = _LONG.unpack(self._next(8))[0]
        return number

    def numbers(self, count: int) -> tuple[int, ...]:
        """So many of them."""
        return struct.unpack(f"<{count}q", self._next(8 * count))

    def visitors(self) -> BitMap:
        """An Array(UInt32)."""
        numbers = array("I")
        numbers.frombytes(self._next(4 * self._length()))
        if sys.byteorder == "big":
            numbers.byteswap()
        return BitMap(numbers)

    def _length(self) -> int:
        number = shift = 0
        while True:
            byte = self._data[self._at]
            self._at += 1
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                return number
            shift += 7

    def _next(self, size: int) -> memoryview:
        part = self._data[self._at : self._at + size]
        if len(part) < size:
            raise IndexError("an answer is cut off")
        self._at += size
        return part
