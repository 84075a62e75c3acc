"""Goals and funnels: how many came as far as a listed page or action."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pyroaring import BitMap

from askfirst.terms.attributes import Value
from askfirst_collector.store.disclosed import Cell
from askfirst_collector.store.facts import Asked

from .rule import Rule

# The shown values of each table: their figure, and their visitors where it is known who they are.
Shown = Mapping[str, Mapping[Value, tuple[int, BitMap | None]]]


def goals(names: Sequence[str], shown: Shown) -> Iterator[Cell]:
    """The listed actions that the table of actions shows, as it shows them."""
    for name in names:
        entry = shown.get("action", {}).get((name,))
        if entry is not None:
            yield Cell("goals", (name,), "value", entry[0])


def funnel(name: str, steps: Sequence[str], shown: Shown, rule: Rule) -> Iterator[Cell]:
    """Those who came to each step and every one before it, in whatever order within the period.

    It ends at the first step that is not shown, or whose page or action its own table hides. The
    first step is the figure of that table.
    """
    so_far: BitMap | None = None
    for number, step in enumerate(steps, 1):
        entry = _of_step(step, shown)
        if entry is None:
            return
        of_step = entry[1]
        assert of_step is not None, "`of_funnels` asks for it"
        visitors = of_step if so_far is None else so_far & of_step
        figure = entry[0] if so_far is None else rule.figure(visitors)
        if figure is None:
            return
        yield Cell(f"funnel {name}", (str(number), step), "value", figure)
        so_far = visitors


def of_funnels(funnels: Mapping[str, Sequence[str]]) -> Asked:
    """Whether a value of a table belongs to a step: it has to be known then who came to it."""
    steps = {step for own in funnels.values() for step in own}
    actions = {step.removeprefix("action:") for step in steps if step.startswith("action:")}
    pages = {step.partition(":")[2] for step in steps if not step.startswith("action:")}

    def is_asked(table: str, value: Value) -> bool:
        if table == "action":
            return value[:1] != () and value[0] in actions
        return table == "page" and len(value) > 1 and value[1] in pages

    return is_asked


def _of_step(step: str, shown: Shown) -> tuple[int, BitMap | None] | None:
    kind, _, wanted = step.partition(":")
    if kind == "action":
        return shown.get("action", {}).get((wanted,))
    entries = (
        entry
        for value, entry in shown.get("page", {}).items()
        if len(value) == 2 and value[1] == wanted
    )
    return next(entries, None)
