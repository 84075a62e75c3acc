"""The facts of a period, read from a real event store, against the plainest counting there is."""

from __future__ import annotations

import random
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

from askfirst.terms.attributes import Value
from askfirst_collector.closing.facts import read_facts, read_pairs
from askfirst_collector.closing.tables import Questions

from .house import MONDAY, Clock, key_of, noon, opened, row, store
from .populations import Visit, facts_of, pairs_of

QUESTIONS = Questions(
    pairs=(("browser", "page"), ("page", "time")), goals=("order",), funnels={"f": ("page:/a",)}
)


def _visits(draw: random.Random) -> list[Visit]:
    made = []
    for _ in range(400):
        values: dict[str, Value] = {
            "page": ("/a", f"/a/{draw.randrange(9)}")[: draw.randrange(3)],
            "browser": (draw.choice("xyz"),)[: draw.randrange(2)],
            "referrer": (draw.choice(["internal", "search", "direct"]),)[: draw.randrange(2)],
            "time": (MONDAY, f"{draw.randrange(24):02}")[: draw.randrange(3)],
        }
        action = draw.random() < 0.2
        if action:
            values["action"] = (draw.choice(["order", "wish"]),)
        who = draw.choice([None, *range(40)])
        values = {name: value for name, value in values.items() if value}
        made.append(Visit(who, values, "action" if action else "page_view"))
    return made


def _sizes(groups: Mapping[Any, AbstractSet[int]]) -> dict[Any, int]:
    return {value: len(visitors) for value, visitors in groups.items()}


def test_facts_are_those_of_plain_counting(tmp_path: Path) -> None:
    """Every group of every attribute and pair has the visitors it should have, every day its views.

    Once of a period whose rows say their day, once of one that is a day.
    """
    visits = _visits(random.Random(4))
    frequent = {
        "browser": {("x",), ("y",)},
        "page": {("/a", f"/a/{n}") for n in range(7)},
        "time": {(MONDAY, f"{hour:02}") for hour in range(24)},
    }
    with opened(tmp_path / "data", Clock(noon())) as parts:
        store(parts, [row(parts, v.visitor, v.values, type=v.type) for v in visits])
        with parts.events.reading(key_of()) as period:
            pairs = read_pairs(period, QUESTIONS.pairs, frequent)
            for whole in ("", MONDAY):
                facts, plain = (
                    read_facts(period, QUESTIONS, whole),
                    facts_of(visits, QUESTIONS, whole),
                )
                assert len(facts.total) == len(plain.total) == 40
                for name, leaves in plain.trees.items():
                    assert _sizes(facts.trees[name]) == _sizes(leaves), name
                days = {
                    day: (len(own.visitors), own.views, own.visits)
                    for day, own in facts.days.items()
                }
                assert days == {
                    day: (len(own.visitors), own.views, own.visits)
                    for day, own in plain.days.items()
                }
                assert days[MONDAY][2] < days[MONDAY][1] < 400
    for pair, groups in pairs_of(visits, QUESTIONS.pairs, frequent).items():
        assert _sizes(pairs[pair]) == _sizes(groups), pair
