"""`Terms`: everything one purpose may do; a meet-semilattice with BOTTOM."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

from .attributes import AUTOMATIC
from .lattice import NOTHING, Scope, at_detail
from .sets import ANY, Listed
from .uses import within

Closes = Literal["day", "week", "month"]
# Fine to coarse: a row enters the period of the meet.
CLOSES: tuple[Closes, ...] = ("day", "week", "month")
CONSENT = "consent"


@dataclass(frozen=True)
class Recipient:
    """Who else receives what a purpose gathers, and from which hosts its scripts come."""

    name: str
    role: str
    country: str
    hosts: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name} ({self.role}, {self.country})"


@dataclass(frozen=True)
class Action:
    """A listed action: for each property its values, listed or ANY, or its buckets' bounds."""

    values: Mapping[str, frozenset[str]]
    buckets: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class Terms:
    """What one purpose may gather, how long, for whom. Days are whole days, levels as `Scope`.

    `parameters` holds (name, value) of the page's query; `action_items` (action,), (action,
    property, "value", text) and (action, property, "buckets", "0,10,50"); `table_items` ("pair",
    a, b), ("goal", action) and ("funnel", name, step, …).
    """

    data_use: str
    scope: Scope
    retention_days: int
    keep_rows_days: int
    closes: Closes
    legal_basis: str
    sells_or_shares: bool
    minimum_age: int
    min_cell_size: int
    recipients: Listed[Recipient] = field(default_factory=Listed)
    parameters: Listed[tuple[str, str]] = field(default_factory=Listed)
    action_items: Listed[tuple[str, ...]] = field(default_factory=Listed)
    cookies: Listed[str] = field(default_factory=Listed)
    storage: Listed[str] = field(default_factory=Listed)
    table_items: Listed[tuple[str, ...]] = field(default_factory=Listed)

    @property
    def is_sold(self) -> bool:
        """Whether people read that it may be sold or shared: there is somebody who receives it.

        What an opt-out turns off hangs on `sells_or_shares` alone.
        """
        return self.sells_or_shares and (self.recipients.everything or len(self.recipients) > 0)

    @cached_property
    def query_parameters(self) -> Mapping[str, frozenset[str]]:
        """The listed values of each listed query parameter; ANY where any may be stored."""
        values: dict[str, set[str]] = {}
        for name, value in sorted(self.parameters):
            values.setdefault(name, set()).add(value)
        listed = {name: frozenset(allowed) for name, allowed in values.items()}
        return listed | {prefix[0]: ANY for prefix in sorted(self.parameters.any_of) if prefix}

    @cached_property
    def actions(self) -> Mapping[str, Action]:
        """The listed actions by name."""
        values: dict[str, dict[str, set[str]]] = {}
        open_to_any = [prefix for prefix in sorted(self.action_items.any_of) if prefix]
        buckets: dict[str, dict[str, tuple[int, ...]]] = {}
        # In one order in every process: pages and documents are made of it.
        items = sorted(self.action_items)
        for name, *rest in items:
            if len(rest) != 3:
                continue
            prop, kind, text = rest
            if kind == "value":
                values.setdefault(name, {}).setdefault(prop, set()).add(text)
            else:
                buckets.setdefault(name, {})[prop] = tuple(map(int, text.split(",")))
        return {
            item[0]: Action(
                {prop: frozenset(listed) for prop, listed in values.get(item[0], {}).items()}
                | {prop: ANY for name, prop in open_to_any if name == item[0]},
                buckets.get(item[0], {}),
            )
            for item in items
            if len(item) == 1
        }

    @cached_property
    def automatic(self) -> tuple[str, ...]:
        """The listed actions that the script tells of by itself, in the order of `AUTOMATIC`."""
        if not self.scope.level("action"):
            return ()
        return tuple(
            name
            for name, prop in AUTOMATIC.items()
            if (action := self.actions.get(name)) is not None
            and (not prop or prop in action.values or prop in action.buckets)
        )

    @cached_property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The listed pair tables, in order."""
        return tuple(sorted((i[1], i[2]) for i in self.table_items if i[0] == "pair"))

    @cached_property
    def goals(self) -> tuple[str, ...]:
        """The actions counted as goals, in order."""
        return tuple(sorted(i[1] for i in self.table_items if i[0] == "goal"))

    @cached_property
    def funnels(self) -> Mapping[str, tuple[str, ...]]:
        """The steps of each listed funnel."""
        return {i[1]: i[2:] for i in sorted(self.table_items) if i[0] == "funnel"}

    def at(self, detail: int) -> Terms:
        """These terms as a visitor agreed to them who chose `detail`."""
        return replace(self, scope=at_detail(self.scope, detail))


BOTTOM = Terms(
    data_use="",
    scope=NOTHING,
    retention_days=0,
    keep_rows_days=0,
    closes="day",
    legal_basis="",
    sells_or_shares=False,
    minimum_age=0,
    min_cell_size=0,
)


def meet(a: Terms, b: Terms) -> Terms:
    """The widest terms within both; BOTTOM where the uses are incomparable or the bases differ."""
    if within(a.data_use, b.data_use):
        use = a.data_use
    elif within(b.data_use, a.data_use):
        use = b.data_use
    else:
        return BOTTOM
    if a.legal_basis != b.legal_basis or BOTTOM in (a, b):
        return BOTTOM
    return Terms(
        data_use=use,
        scope=a.scope.meet(b.scope),
        retention_days=min(a.retention_days, b.retention_days),
        keep_rows_days=min(a.keep_rows_days, b.keep_rows_days),
        closes=min(a.closes, b.closes, key=CLOSES.index),
        legal_basis=a.legal_basis,
        sells_or_shares=a.sells_or_shares and b.sells_or_shares,
        minimum_age=max(a.minimum_age, b.minimum_age),
        min_cell_size=max(a.min_cell_size, b.min_cell_size),
        recipients=a.recipients.meet(b.recipients),
        parameters=a.parameters.meet(b.parameters),
        action_items=a.action_items.meet(b.action_items),
        cookies=a.cookies.meet(b.cookies),
        storage=a.storage.meet(b.storage),
        table_items=a.table_items.meet(b.table_items),
    )
