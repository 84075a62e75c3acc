"""Populations for tests: visitors with values, counted in the plainest way there is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from hypothesis import strategies as st

from askfirst.terms.attributes import Value
from askfirst_collector.closing.cells import Group
from askfirst_collector.closing.disclosure import Facts
from askfirst_collector.closing.tables import Questions


@dataclass(frozen=True)
class Visit:
    """One row: who (None for a row without pseudonym) and what."""

    visitor: int | None
    values: dict[str, Value] = field(default_factory=dict)
    type: str = "page_view"


def facts_of(visits: Iterable[Visit], questions: Questions) -> Facts:
    """Group visits by every value that is asked about."""
    total = Group()
    trees: dict[str, dict[Value, Group]] = {name: {} for name in (*questions.trees, "action")}
    pairs: dict[tuple[str, str], dict[tuple[Value, Value], Group]] = {
        pair: {} for pair in questions.pairs
    }
    for visit in visits:
        own = Group(
            set() if visit.visitor is None else {visit.visitor}, int(visit.type == "page_view")
        )
        total.add(own)
        for name in questions.trees:
            trees[name].setdefault(visit.values.get(name, ()), Group()).add(own)
        if visit.type == "action":
            acted = Group(set(own.visitors), 1)
            trees["action"].setdefault(visit.values.get("action", ()), Group()).add(acted)
        for a, b in questions.pairs:
            both = visit.values.get(a, ()), visit.values.get(b, ())
            pairs[a, b].setdefault(both, Group()).add(own)
    return Facts(total, trees, pairs)


def values_of(depth: int, words: Sequence[str] = "abc") -> st.SearchStrategy[Value]:
    """Values of up to `depth` parts: some rows are cut, some not given at all."""
    return st.lists(st.sampled_from(words), max_size=depth).map(tuple)


visits = st.builds(
    Visit,
    st.one_of(st.none(), st.integers(0, 25)),
    st.fixed_dictionaries(
        {"page": values_of(3, "abcd"), "browser": values_of(2), "os": values_of(1)}
    ),
)
many_visits = st.lists(visits, max_size=120)
