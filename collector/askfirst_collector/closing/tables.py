"""The questions that a period is asked when it closes: which tables, by its purpose's terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from askfirst.terms.attributes import ATTRIBUTES, PSEUDONYMS
from askfirst.terms.terms import Terms
from askfirst_collector.store.facts import DERIVED, ENTRY, PAGES_SEEN

# Tables of their own population: who acts, decides or is dropped is not everybody who visits.
APART: Mapping[str, int] = {"action": 2, "consent": 2, "drops": 1}
# Every attribute that says something of a visit, and nothing of who made it, with its depth.
TREES: Mapping[str, int] = {
    name: attribute.finest
    for name, attribute in ATTRIBUTES.items()
    if name not in PSEUDONYMS and name not in APART
} | {ENTRY: ATTRIBUTES["page"].finest, PAGES_SEEN: 1}


@dataclass(frozen=True)
class Questions:
    """What is asked: `trees` and `apart` with their depth, pairs of attributes, goals and funnels.

    `trees` divide all visitors of the period; those in `apart` divide visitors of their own.
    """

    trees: Mapping[str, int] = field(default_factory=lambda: TREES)
    apart: Mapping[str, int] = field(default_factory=lambda: APART)
    pairs: tuple[tuple[str, str], ...] = ()
    goals: tuple[str, ...] = ()
    funnels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def questions_of(terms: Terms) -> Questions:
    """The questions of a purpose: each attribute as deep as it may be gathered, and what is listed.

    Nothing that was gathered, or not, decides which questions there are.
    """
    level = terms.scope.level
    trees = {name: level(name) for name in TREES if name not in DERIVED and level(name)}
    if level("page") and level("referrer"):
        trees[ENTRY] = level("page")
    if level("page"):
        trees[PAGES_SEEN] = 1
    apart = {name: level(name) if name == "action" else depth for name, depth in APART.items()}
    usable = (*trees, "action")
    return Questions(
        trees=trees,
        apart=apart,
        pairs=tuple(p for p in terms.pairs if p[0] in usable and p[1] in usable),
        goals=terms.goals,
        funnels=terms.funnels,
    )


def tables_of_terms(terms: Terms) -> list[str]:
    """The name of every table of a purpose: its trees, its pairs, goals and funnels."""
    questions = questions_of(terms)
    return [
        *questions.trees,
        *(name for name, depth in questions.apart.items() if depth),
        *(f"{a}*{b}" for a, b in questions.pairs),
        *(("goals",) if terms.goals else ()),
        *(f"funnel {name}" for name in terms.funnels),
    ]
