"""Where rows go in `event`: at its end, yet in no order among a thousand.

A row with a random key dirties a page of its own, wherever that is; rows at the end of the file
share theirs. So places are drawn in the last block, whoever moves a lot and however small it is,
until that has enough rows. What an erasure leaves free is like what nobody has drawn.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

BLOCK = 4_096  # places
FULL = 1_024  # rows in a block; what comes then goes to the next
_DRAWS = 32  # at a time at least: a block is never so full that all of them are occupied


def draw_places(
    connection: sqlite3.Connection, count: int, urandom: Callable[[int], bytes]
) -> list[int]:
    """Places at which no row is, in rising order, in the transaction that fills them."""
    last = connection.execute("SELECT MAX(id) FROM event").fetchone()[0]
    start = max(last or 0, BLOCK) // BLOCK * BLOCK
    rows = connection.execute("SELECT id FROM event WHERE id >= ?", (start,))
    occupied = {place for (place,) in rows}
    places: list[int] = []
    while len(places) < count:
        before = len(places)
        draws = memoryview(urandom(2 * max(_DRAWS, count - before))).cast("H")
        for draw in draws:
            if len(places) == count:
                break
            if len(occupied) >= FULL:
                start, occupied = start + BLOCK, set()
            place = start + draw % BLOCK
            if place not in occupied:
                occupied.add(place)
                places.append(place)
        if len(places) == before:
            # With randomness that repeats, as in tests, places still do not.
            place = next(place for place in range(start, start + BLOCK) if place not in occupied)
            occupied.add(place)
            places.append(place)
    return sorted(places)
