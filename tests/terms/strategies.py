"""Terms, scopes and policies for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

from askfirst.terms.attributes import ATTRIBUTES
from askfirst.terms.lattice import Scope
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
    parameters=listed(_tuples),
    action_items=listed(_tuples),
    cookies=listed(st.sampled_from("xyz")),
    storage=listed(st.sampled_from("xyz")),
    table_items=listed(_tuples),
)
terms = st.one_of(st.just(BOTTOM), some_terms)
