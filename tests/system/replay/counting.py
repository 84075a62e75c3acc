"""The rule of disclosure a second time: over plain rows, with dicts and sets, and no code of ours.

A row is (visitor, path); `rule` gives the cells that are shown. Draws are taken from the same bytes
in the same order: so many coins, and three-sided dice, until one does not show 0.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence

Path = tuple[str, ...]
Seen = tuple[str, Path]
# Who, and what one event says of each attribute.
Event = tuple[str, Mapping[str, Path]]
# (path, kind) -> visitors.
Table = dict[tuple[Path, str], int]
Draw = Callable[[int], bytes]


def rule(
    rows: Sequence[Seen],
    size: int,
    depth: int,
    draw: Draw,
    *,
    above: Path = (),
    days: Mapping[Path, int | None] | None = None,
) -> Table:
    """Every cell below `above` that is shown: values, `not given`, `other`."""
    if len(above) == depth:
        return {}
    below: dict[str, list[Seen]] = defaultdict(list)
    cut = []
    for row in rows:
        if len(row[1]) > len(above):
            below[row[1][len(above)]].append(row)
        else:
            cut.append(row)
    table: Table = {}
    rest = []
    for part in sorted(below):
        path = (*above, part)
        is_day = days is not None and path in days
        figure = days[path] if days and is_day else question(below[part], size, draw)
        if figure is None:
            rest += below[part]
        else:
            table[path, "value"] = figure
            table |= rule(below[part], size, depth, draw, above=path, days=days)
    for kind, left in (("not given", cut), ("other", rest)):
        figure = question(left, size, draw)
        if figure is not None:
            table[above, kind] = figure
    return table


def question(rows: Sequence[Seen], size: int, draw: Draw) -> int | None:
    """What is said of the visitors of these rows; None where they are not shown."""
    count = len({visitor for visitor, _ in rows})
    if count < size or count + zeros(3, draw) - zeros(3, draw) < size + 3:
        return None
    return max(size, count + zeros(2, draw) - zeros(2, draw))


def pairs(
    events: Sequence[Event],
    asked: Sequence[tuple[str, str]],
    tables: Mapping[str, Table],
    size: int,
    draw: Draw,
) -> dict[str, Table]:
    """How values fall together, of those that at least three times the size are shown with.

    Who has both in one event; beside an action that a page does not tell of by itself, in any.
    """

    having: dict[tuple[str, Path], set[int]] = defaultdict(set)
    for number, (_, values) in enumerate(events):
        for name, path in values.items():
            for end in (1, 2):
                having[name, path[:end]].add(number)

    def frequent(name: str) -> set[Path]:
        level = 2 if name in ("page", "referrer") else 1
        shown = {
            path for (path, kind), n in tables[name].items() if kind == "value" if n >= 3 * size
        }
        return {path for path in shown if len(path) == level}

    counted: dict[str, Table] = {}
    for a, b in asked:
        cells = counted[f"{a}*{b}"] = {}
        for first, second in sorted((x, y) for x in frequent(a) for y in frequent(b)):
            one, other = having[a, first], having[b, second]
            if "action" in (a, b) and "read" in first + second:
                who = {events[n][0] for n in one} & {events[n][0] for n in other}
            else:
                who = {events[n][0] for n in one & other}
            figure = question([(visitor, ()) for visitor in sorted(who)], size, draw)
            if figure is not None:
                cells[(*first, *second), "value"] = figure
    return counted


def funnel(
    events: Sequence[Event],
    steps: Sequence[tuple[str, Path]],
    tables: Mapping[str, Table],
    size: int,
    draw: Draw,
) -> list[int]:
    """The figures of its steps, up to the first that is not shown, or that its table hides."""
    figures: list[int] = []
    so_far: set[str] = set()
    for table, path in steps:
        shown = tables[table].get((path, "value"))
        if shown is None:
            break
        own = {event[0] for event in events if _has(event, table, path)}
        so_far = so_far & own if figures else own
        figure = question([(who, ()) for who in so_far], size, draw) if figures else shown
        if figure is None:
            break
        figures.append(figure)
    return figures


def _has(event: Event, table: str, path: Path) -> bool:
    return event[1].get(table, ())[: len(path)] == path


def capped(rows: Sequence[Seen], size: int, draw: Draw) -> int:
    """A total of page views: five of a visitor at most, with a wider draw."""
    count = sum(min(5, times) for times in Counter(visitor for visitor, _ in rows).values())
    return max(size, count + fifths(draw) - fifths(draw))


def zeros(sides: int, draw: Draw) -> int:
    """How often a die with so many sides shows 0 in a row."""
    count = 0
    while True:
        number = draw(1)[0]
        if sides == 3 and number == 255:
            continue
        if number % sides:
            return count
        count += 1


def fifths(draw: Draw) -> int:
    """P(n) proportional to 2^(-n/5)."""
    fives = zeros(2, draw)
    weights = [2 ** (-n / 5) for n in range(5)]
    point, rest = int.from_bytes(draw(7), "big") / 2**56 * sum(weights), 0
    while point > sum(weights[: rest + 1]):
        rest += 1
    return 5 * fives + rest
