"""The questions that a period is asked when it closes: which tables, by its purpose's terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from askfirst.terms.attributes import NAMES, PSEUDONYMS
from askfirst.terms.terms import Terms

# Tables of their own population: who acts, decides or is dropped is not everybody who visits.
APART = ("action", "consent", "drops")
# Every attribute that says something of a visit, and nothing of who made it.
TREES = tuple(name for name in NAMES if name not in PSEUDONYMS and name not in APART)
# How fine the values of a pair table are; others are as coarse as they can be.
PAIR_LEVELS = {"page": 2, "referrer": 2, "time": 2}


@dataclass(frozen=True)
class Questions:
    """What is asked: `trees` and `apart` by name, pairs of attributes, goals and funnels.

    `trees` divide all visitors of the period; those in `apart` divide visitors of their own.
    """

    trees: tuple[str, ...] = TREES
    apart: tuple[str, ...] = APART
    pairs: tuple[tuple[str, str], ...] = ()
    goals: tuple[str, ...] = ()
    funnels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def questions_of(terms: Terms | None) -> Questions:
    """The questions that terms list; the trees alone where nothing is listed any more."""
    if terms is None:
        return Questions()
    usable = (*TREES, "action")
    return Questions(
        pairs=tuple(p for p in terms.pairs if p[0] in usable and p[1] in usable),
        goals=terms.goals,
        funnels=terms.funnels,
    )
