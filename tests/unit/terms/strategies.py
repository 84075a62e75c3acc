"""Terms, scopes and policies for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

from askfirst.terms.attributes import ATTRIBUTES
from askfirst.terms.lattice import Scope
from askfirst.terms.lists import OPEN
from askfirst.terms.sets import Listed
from askfirst.terms.terms import BOTTOM, CLOSES, Recipient, Terms

USES = ("analytics", "analytics.reporting", "analytics.reporting.system", "marketing", "sales")

scopes = st.tuples(*(st.integers(0, a.finest) for a in ATTRIBUTES.values())).map(Scope)
values = st.fixed_dictionaries(
    {},
    optional={
        name: st.tuples(*(st.text(max_size=3) for _ in attribute.parts))
        for name, attribute in ATTRIBUTES.items()
    },
)


def _any_of(items: frozenset[tuple[str, ...]], names: frozenset[str]) -> Listed[object]:
    """A list in which these names have any value."""
    bounded = frozenset(item for item in items if item[0] not in names)
    return Listed(bounded, any_of=frozenset((name,) for name in names))


def open_lists(items: st.SearchStrategy[tuple[str, ...]]) -> st.SearchStrategy[Listed[object]]:
    """Lists of which some have any value, and all that a host may write."""
    some = st.builds(
        _any_of, st.frozensets(items, max_size=3), st.frozensets(st.sampled_from("pq"), max_size=2)
    )
    return st.one_of(some, listed(items), st.just(OPEN))  # type: ignore[arg-type]


def listed(items: st.SearchStrategy[object]) -> st.SearchStrategy[Listed[object]]:
    some = st.frozensets(items, max_size=3).map(Listed)
    return st.one_of(some, st.just(Listed(everything=True)))


_recipients = st.builds(
    Recipient, st.sampled_from("ab"), st.sampled_from(["processor", "controller"]), st.just("DE")
)
_tuples = st.tuples(st.sampled_from("pq"), st.sampled_from("vw"))

some_terms = st.builds(
    Terms,
    data_use=st.sampled_from(USES),
    scope=scopes,
    retention_days=st.integers(0, 400),
    keep_rows_days=st.integers(0, 30),
    closes=st.sampled_from(CLOSES),
    legal_basis=st.sampled_from(["consent", "contract"]),
    sells_or_shares=st.booleans(),
    minimum_age=st.sampled_from([0, 16, 18]),
    min_cell_size=st.integers(2, 20),
    recipients=listed(_recipients),
    parameters=open_lists(_tuples),
    action_items=open_lists(_tuples),
    cookies=listed(st.sampled_from("xyz")),
    storage=listed(st.sampled_from("xyz")),
    table_items=listed(_tuples),
)
terms = st.one_of(st.just(BOTTOM), some_terms)
