"""Custom events."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askfirst.contracts.events import Action as Sent
from askfirst.contracts.events import Property
from askfirst.observe.action import action
from askfirst.terms.attributes import OTHER, UNKNOWN
from askfirst.terms.sets import ANY
from askfirst.terms.terms import Action

LISTED = {
    "signup": Action(
        values={"plan": frozenset({"free", "pro"}), "trial": frozenset({"true", "false"})},
        buckets={"seats": (1, 10, 50)},
    ),
    "search": Action(values={}, buckets={}),
}
properties = st.none() | st.booleans() | st.integers() | st.floats() | st.text()


def test_listed_name_and_properties() -> None:
    """Listed values are kept, numbers fall into declared buckets, in the order of names."""
    sent = Sent("signup", {"seats": 12, "plan": "pro", "trial": True})
    assert action(sent, LISTED) == ("signup", "plan=pro&seats=10-49&trial=true")
    assert action(Sent("search"), LISTED) == ("search", "none")


def test_any_value_of_a_property() -> None:
    """M25: a short text without identifiers; numbers as they are read, others `other`."""
    listed = {"signup": Action(values={"plan": ANY}, buckets={})}
    values = ("Gold", "ada@mailbox.example", "x" * 65, "=1+1", 7, 123456789, True, 1.5, "a&b=c")
    stored = [action(Sent("signup", {"plan": value}), listed)[1] for value in values]
    assert [part.removeprefix("plan=") for part in stored] == [
        "Gold", ":id", "other", "other", "7", ":id", "true", "other", "other",
    ]  # fmt: skip


def test_what_is_not_listed_carries_nothing() -> None:
    """M25: unlisted names and values are `other`, unlisted properties are left out."""
    sent = Sent("signup", {"plan": "canary", "uid": "64 bits", "seats": "12"})
    assert action(sent, LISTED) == ("signup", "plan=other&seats=other&trial=none")
    assert action(Sent("canary", {"a": "b"}), LISTED) == (OTHER, "none")


@pytest.mark.parametrize(
    ("seats", "bucket"),
    [(1, "1-9"), (9.5, "1-9"), (10, "10-49"), (50, "50+"), (10**400, "50+"), (0, "other"),
     (-1, "other"), (float("nan"), "other"), (float("inf"), "50+"), (True, "other")],
)  # fmt: skip
def test_buckets(seats: float, bucket: str) -> None:
    """A number lies in the last bucket whose bound it reaches; below the first is `other`."""
    value = action(Sent("signup", {"seats": seats}), LISTED)
    assert f"seats={bucket}" in value[1].split("&")


def test_not_told_is_unknown() -> None:
    """An event of this type that tells no action."""
    assert action(None, LISTED) == (UNKNOWN,)


@given(properties, properties, properties)
def test_any_property_is_read(plan: Property, seats: Property, more: Property) -> None:
    """Whatever the values, one of the few listed texts comes out."""
    sent = Sent("signup", {"plan": plan, "trial": more, "seats": seats, "more": more})
    value = action(sent, LISTED)
    plans, steps, trials = (part.split("=")[1] for part in value[1].split("&"))
    assert plans in {"free", "pro", OTHER, "none"}
    assert steps in {"1-9", "10-49", "50+", OTHER, "none"}
    assert trials in {"true", "false", OTHER, "none"}


@pytest.mark.corpus
def test_naughty_strings(corpus: Path) -> None:
    """The big list of naughty strings is `other` as a name."""
    for text in json.loads((corpus / "naughty/blns.json").read_text(encoding="utf-8")):
        assert action(Sent(text), LISTED)[0] == OTHER
