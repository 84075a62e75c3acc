"""Goals and funnels: how many came as far as a listed page or action."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from askfirst.terms.attributes import Value
from askfirst_collector.store.disclosed import Cell

from .cells import Group, is_small

# The shown values of each table.
Shown = Mapping[str, Mapping[Value, Group]]


def goals(names: Sequence[str], shown: Shown) -> Iterator[Cell]:
    """The listed actions that the table of actions shows."""
    for name in names:
        group = shown.get("action", {}).get((name,))
        if group is not None:
            yield Cell("goals", (name,), "value", len(group.visitors), group.views)


def funnel(name: str, steps: Sequence[str], shown: Shown, size: int) -> Iterator[Cell]:
    """Those who came to each step and every one before it, in whatever order within the period.

    It ends at the first step that is under the size, or that fewer than `size` gave up at (they
    would be what is left of the step before), or whose page or action its own table hides.
    """
    so_far: set[int] | None = None
    for number, step in enumerate(steps, 1):
        group = _of_step(step, shown)
        if group is None:
            return
        visitors = group.visitors if so_far is None else so_far & group.visitors
        lost = set() if so_far is None else so_far - visitors
        if len(visitors) < size or is_small(lost, size):
            return
        yield Cell(f"funnel {name}", (str(number), step), "value", len(visitors), len(visitors))
        so_far = visitors


def _of_step(step: str, shown: Shown) -> Group | None:
    kind, _, wanted = step.partition(":")
    if kind == "action":
        return shown.get("action", {}).get((wanted,))
    groups = (
        group
        for value, group in shown.get("page", {}).items()
        if len(value) == 2 and value[1] == wanted
    )
    return next(groups, None)
