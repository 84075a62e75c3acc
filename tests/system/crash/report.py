"""What came of points, for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from tests.system.crash.compare import DOUBLED, GRANTS, LOST, OTHER, WITHDRAWALS
from tests.system.crash.points import Outcome

SHOWN = 3  # differences of a point
COLUMNS = {
    "grants lost": GRANTS,
    "withdrawals lost": WITHDRAWALS,
    "rows lost": LOST,
    "rows doubled": DOUBLED,
    "other": OTHER,
}


def line(outcome: Outcome) -> str:
    """One point in a line, and the first things that are wrong below it."""
    point = outcome.point
    head = (
        f"{point.number:4} {point.kind:10} {point.topology:8} {outcome.operations:4} operations,"
        f" {outcome.where.strip()}, {outcome.seconds:.1f} s"
    )
    wrong = [f"       {each.kind}: {each.text}" for each in outcome.differences[:SHOWN]]
    if len(outcome.differences) > SHOWN:
        wrong.append(f"       and {len(outcome.differences) - SHOWN} more")
    return "\n".join([head, *wrong])


def table(outcomes: Iterable[Outcome]) -> str:
    """Points, operations and differences by kind and topology."""
    sums: dict[tuple[str, str], Counter[str]] = {}
    for outcome in outcomes:
        of = sums.setdefault((outcome.point.kind, outcome.point.topology), Counter())
        of.update(points=1, operations=outcome.operations)
        of.update(outcome.counts)
    lines = [("kind", "topology", "points", "operations", *COLUMNS)]
    total: Counter[str] = Counter()
    for (kind, topology), of in sorted(sums.items()):
        lines.append(_row(kind, topology, of))
        total.update(of)
    lines.append(_row("all", "", total))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(word.rjust(width) for word, width in zip(words, widths, strict=True))
        for words in lines
    )


def _row(kind: str, topology: str, of: Counter[str]) -> tuple[str, ...]:
    numbers = [of["points"], of["operations"], *(of[column] for column in COLUMNS.values())]
    return (kind, topology, *map(str, numbers))
