"""What a relay says it observed is held to the lists of its terms."""

from __future__ import annotations

from dataclasses import replace

import pytest

from askfirst.contracts.events import Action, Property
from askfirst.observe.action import action
from askfirst.terms.attributes import Value
from askfirst.terms.policy import shipped
from askfirst.terms.sets import Listed
from askfirst_collector.ingest.relay_observed import listed

FULL = shipped("full").purposes["statistics"].terms
TERMS = replace(
    FULL,
    parameters=Listed(
        frozenset({("sort", "price"), ("sort", "name"), ("page", "1")}),
        any_of=frozenset({("topic",)}),
    ),
    action_items=Listed(
        frozenset(
            {
                ("signup",),
                ("signup", "plan", "value", "pro"),
                ("signup", "seats", "buckets", "0,10,50"),
            }
        ),
        any_of=frozenset({("signup", "note")}),
    ),
    cookies=Listed(frozenset({"_pk_*", "theme"})),
)


@pytest.mark.parametrize(
    ("name", "said", "kept"),
    [
        ("page", ("/a",), ("/a",)),
        ("page", ("/a", "/a/b", "none"), ("/a", "/a/b", "none")),
        ("page", ("/a", "/a/b", "sort=price"), ("/a", "/a/b", "sort=price")),
        ("page", ("/a", "/a/b", "u=CANARY&sort=CANARY"), ("/a", "/a/b", "sort=other")),
        ("page", ("/a", "/a/b", "CANARY"), ("/a", "/a/b", "none")),
        ("page", ("/a", "/a/b", "topic=Spring tides"), ("/a", "/a/b", "topic=Spring tides")),
        ("page", ("/a", "/a/b", "topic=a@b.example"), ("/a", "/a/b", "topic=:id")),
        ("action", ("signup", "note=" + "x" * 65), ("signup", "note=other")),
        ("action", ("signup", "note=ada@mailbox.example"), ("signup", "note=:id")),
        ("campaign", ("A@b.example", "E-Mail"), (":id", "e-mail")),
        ("campaign", ("unknown",), ("unknown",)),
        ("referrer", ("CANARY", "google.com"), ("unknown",)),
        ("referrer", ("search", "google.com"), ("search", "google.com")),
        ("referrer", ("direct", "none"), ("direct", "none")),
        ("ip", ("CANARY", "London"), ("unknown",)),
        ("ip", ("GB", "England"), ("GB", "England")),
        ("ip", ("unknown",), ("unknown",)),
        ("screen", ("CANARY",), ("unknown",)),
        ("screen", ("phone", "300x600"), ("phone", "300x600")),
        ("cookies", ("enabled", "theme CANARY _pk_*"), ("enabled", "_pk_* theme")),
        ("cookies", ("CANARY", "theme"), ("unknown",)),
        ("action", ("CANARY", "plan=pro"), ("other", "none")),
        ("action", ("unknown",), ("unknown",)),
        ("action", ("signup", "plan=CANARY&seats=11"), ("signup", "plan=other&seats=other")),
        ("action", ("signup", "who=CANARY"), ("signup", "none")),
        ("action", ("signup", "unknown"), ("signup", "unknown")),
        ("language", ("de", "de-AT"), ("de", "de-AT")),
    ],
)
def test_unlisted_parts_are_other(name: str, said: Value, kept: Value) -> None:
    """M25: a relay that pushes ids through listed fields pushes nothing."""
    assert listed({name: said}, TERMS) == {name: kept}


@pytest.mark.parametrize("seats", [-1, 0, 9, 10, 49, 50, 10**9, None, "many"])
@pytest.mark.parametrize("plan", ["pro", "free", None])
def test_what_we_observe_ourselves_passes(seats: Property, plan: Property) -> None:
    """The collector's own reading of an action is what it takes from a relay."""
    value = action(Action("signup", {"plan": plan, "seats": seats}), TERMS.actions)
    assert listed({"action": value}, TERMS) == {"action": value}
