"""A period in slices of its visitors, so that what a question takes does not grow with it.

Whoever is in one slice is in no other: what is counted of each adds up.
"""

from __future__ import annotations

from collections.abc import Iterator

ROWS = 5_000_000  # of a slice, about: some hundred MB while it is asked
_MOST = 1 << 16


def slices(rows: int) -> Iterator[str]:
    """A condition in SQL for each; pseudonyms are spread evenly, since they are hashes."""
    count = min(-(-rows // ROWS), _MOST) or 1
    edges = [f"{_MOST * number // count:04x}" for number in range(count)]
    for number, edge in enumerate(edges):
        after = f" AND visitor < unhex('{edges[number + 1]}')" if number + 1 < count else ""
        yield f"visitor != '' AND visitor >= unhex('{edge}'){after}"
