"""The facts of a period, read from a real event store, against the plainest counting there is."""

from __future__ import annotations

import random
from pathlib import Path

from askfirst.terms.attributes import Value
from askfirst_collector.closing.cells import Group
from askfirst_collector.closing.facts import read_facts
from askfirst_collector.closing.tables import Questions

from .house import MONDAY, Clock, key_of, noon, opened, row, store
from .populations import Visit, facts_of

QUESTIONS = Questions(
    pairs=(("browser", "page"), ("page", "time")), goals=("order",), funnels={"f": ("page:/a",)}
)


def _visits(draw: random.Random) -> list[Visit]:
    made = []
    for _ in range(400):
        values: dict[str, Value] = {
            "page": ("/a", f"/a/{draw.randrange(9)}")[: draw.randrange(3)],
            "browser": (draw.choice("xyz"),)[: draw.randrange(2)],
            "time": (MONDAY, f"{draw.randrange(24):02}")[: draw.randrange(3)],
        }
        action = draw.random() < 0.2
        if action:
            values["action"] = (draw.choice(["order", "wish"]),)
        who = draw.choice([None, *range(40)])
        values = {name: value for name, value in values.items() if value}
        made.append(Visit(who, values, "action" if action else "page_view"))
    return made


def _shape(group: Group) -> tuple[int, int]:
    return len(group.visitors), group.views


def test_facts_are_those_of_plain_counting(tmp_path: Path) -> None:
    """Every group of every attribute and pair has the visitors and page views it should have."""
    visits = _visits(random.Random(4))
    with opened(tmp_path / "data", Clock(noon())) as parts:
        store(parts, [row(parts, v.visitor, v.values, type=v.type) for v in visits])
        with parts.events.reading(key_of()) as period:
            facts = read_facts(period, QUESTIONS)
    expected = facts_of(visits, QUESTIONS)
    assert _shape(facts.total) == _shape(expected.total)
    for name, leaves in expected.trees.items():
        found = {value: _shape(group) for value, group in facts.trees[name].items()}
        assert found == {value: _shape(group) for value, group in leaves.items()}, name
    for pair, groups in expected.pairs.items():
        found_pairs = {both: _shape(group) for both, group in facts.pairs[pair].items()}
        assert found_pairs == {both: _shape(group) for both, group in groups.items()}, pair


def test_limits_are_the_strictest_of_the_rows(tmp_path: Path) -> None:
    """The largest size and the shortest retention; nothing of a period without rows."""
    with opened(tmp_path / "data", Clock(noon())) as parts:
        rows = [row(parts, 1, {}, size=5, retention=30), row(parts, 2, {}, size=9, retention=90)]
        store(parts, rows)
        limits = parts.events.limits(key_of())
        assert limits is not None
        assert (limits.min_cell_size, limits.retention_days) == (9, 30)
        assert parts.events.limits(key_of("2026-11-15")) is None
