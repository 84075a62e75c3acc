"""TOML that is written reads as what it was written from."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askfirst.terms.placed import read_placed
from askfirst.terms.policy import read_policy, shipped
from askfirst_collector.catalogue.policy_toml import as_toml
from tests.conftest import ROOT
from tests.support.collectors import policy, purposes
from tests.support.placing import tides

LISTS: dict[str, Any] = {
    "recipients": [
        {"name": 'Pulse "Ltd"\n', "role": "processor", "country": "IE", "hosts": ["p.example"]}
    ],
    "actions": {"signup": {"plan": ["free", "pro"], "seats": {"buckets": [0, 10]}}, "leave": {}},
    "query_parameters": {"sort": ["price", "a.b"]},
    "cookies": ["_pk_*"],
    "tables": {
        "pairs": [["page", "referrer"]],
        "goals": ["signup"],
        "funnels": {"buy": ["page:/a", "action:signup"]},
    },
}


@pytest.mark.parametrize("name", ["minimal", "standard", "full", "host-default"])
def test_shipped_policies_come_back_as_they_were(name: str) -> None:
    found = shipped(name)
    kind: Any = "host" if name == "host-default" else "site"
    assert read_policy(as_toml(found.document), kind=kind).hash == found.hash


def test_lists_tables_and_odd_names_come_back() -> None:
    """An action without properties stays an action."""
    found = policy(purposes=purposes("full", statistics=LISTS))
    assert read_policy(as_toml(found.document)).hash == found.hash


def test_the_example_and_a_placed_collector_come_back() -> None:
    found = read_policy(ROOT / "policy.example.toml")
    assert read_policy(as_toml(found.document)).hash == found.hash
    placed = tides(policy("standard"))
    assert read_placed(as_toml(placed.document)).document == placed.document


_PLAIN = st.booleans() | st.integers(-(2**60), 2**60) | st.text(st.characters(codec="utf-8"))
_VALUES = st.recursive(
    _PLAIN | st.lists(_PLAIN, max_size=3),
    lambda inner: (
        st.dictionaries(st.text(st.characters(codec="utf-8")), inner, min_size=1, max_size=3)
        | st.lists(
            st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=2),
            min_size=1,
            max_size=2,
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text(st.characters(codec="utf-8"), min_size=1), _VALUES, max_size=4))
def test_any_text_is_quoted_as_toml_has_it(table: dict[str, Any]) -> None:
    """Names and words come from owners: none of them may end a string or begin a table."""
    assert tomllib.loads(as_toml({"kept": {"it": table}})) == {"kept": {"it": table}}
