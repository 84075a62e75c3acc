"""The readers of events and answers: every case of the vectors, and anything else besides."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from askfirst.contracts import limits
from askfirst.contracts.body import FORM, JSON
from askfirst.contracts.consent import read_answer, read_consent_request
from askfirst.contracts.drops import Drop
from askfirst.contracts.events import (
    FIELDS,
    Action,
    CookieInfo,
    read_batch,
    read_fields,
    read_observed,
    read_page_batch,
    read_path,
)
from askfirst.contracts.strict_json import read_json
from askfirst.errors import STATUS, Reason, Refused
from askfirst_collector.openapi.document import document
from tests.unit.contracts.vectors import Vector, vectors

BATCH = "b" * 22
VISIT: dict[str, Any] = {"purpose": "statistics", "type": "page_view"}
EVENTS, CONSENTS = vectors("events"), vectors("consents")
# Reasons that say what a body means, not how it is written.
MEANING = {"unknown-purpose", "edition-changed", "choices-contradict-method"}
# Wrong at a gate alone: elsewhere whoever sends says who they are.
FROM_A_PAGE = {"a handle from a page", "a secret from a page", "another site's name"}
SECRET = "A" * 22


def reason_of(data: bytes) -> str | None:
    try:
        read_page_batch(read_json(data), site="shop")
    except Refused as refused:
        return refused.reason
    return None


def test_there_are_enough_of_them() -> None:
    """Every kind of answer has its cases, and no two have one name."""
    assert len(EVENTS) + len(CONSENTS) >= 60
    for cases in (EVENTS, CONSENTS):
        assert len({vector.name for vector in cases}) == len(cases)
        assert {vector.reason for vector in cases} >= {None, "bad-shape", "unknown-version"}
    assert {drop for vector in EVENTS for _, drop in vector.dropped} >= {Drop.BAD_EVENT}


@pytest.mark.parametrize("vector", EVENTS, ids=lambda vector: vector.name)
def test_events_are_read_as_the_vectors_say(vector: Vector) -> None:
    """Refused with its reason, or each event read, or not by the contract."""
    assert reason_of(vector.data) == vector.reason
    if vector.reason is not None:
        return
    batch = read_page_batch(vector.value(), site="shop")
    bad = [index for index, drop in vector.dropped if drop == Drop.BAD_EVENT]
    read = [event is not None and read_fields(event, FIELDS) for event in batch.events]
    assert [index for index, fields in enumerate(read) if not fields] == bad


@pytest.mark.parametrize("vector", CONSENTS, ids=lambda vector: vector.name)
def test_answers_are_read_as_the_vectors_say(vector: Vector) -> None:
    """JSON and forms, and the same JSON with whose answer it is."""
    shape = None if vector.reason in MEANING else vector.reason
    try:
        read_answer(FORM if vector.form else JSON, vector.data)
        found = None
    except Refused as refused:
        found = refused.reason
    assert found == shape
    if vector.form:
        return
    try:
        body = read_json(vector.with_more(site="shop", secret=SECRET))
        request = read_consent_request(body)
        assert request.answer == read_answer(JSON, vector.data)
        found = None
    except Refused as refused:
        found = refused.reason
    assert found == shape


def _schema(name: str) -> Draft202012Validator:
    components = document()["components"]
    return Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": components})


@pytest.mark.parametrize(
    "vector",
    [each for each in EVENTS if not each.beyond_schema and each.name not in FROM_A_PAGE],
    ids=lambda vector: vector.name,
)
def test_the_schema_of_events_says_the_same(vector: Vector) -> None:
    """What is taken fits the OpenAPI document; what is refused for its shape does not."""
    body = json.loads(vector.with_more(site="shop"))
    assert _schema("Batch").is_valid(body) is (vector.reason is None)
    if vector.reason is not None:
        return
    drops = dict(vector.dropped)
    for index, event in enumerate(body["events"]):
        of_relay = isinstance(event, dict) and "observed" in event
        if drops.get(index) in (None, Drop.BAD_EVENT) and not of_relay:
            assert _schema("Event").is_valid(event) is (index not in drops), event


@pytest.mark.parametrize(
    "vector",
    [
        each
        for each in CONSENTS
        if not (each.beyond_schema or each.form) and each.reason not in MEANING
    ],
    ids=lambda vector: vector.name,
)
def test_the_schema_of_answers_says_the_same(vector: Vector) -> None:
    """What is taken is one of the four bodies; what is refused for its shape is none of them."""
    body = json.loads(vector.with_more(site="shop", secret=SECRET))
    names = ("AcceptAll", "Save", "RefuseSome", "Refuse")
    assert any(_schema(name).is_valid(body) for name in names) is (vector.reason is None)


def test_an_answer_that_is_not_the_vectors_is_seen() -> None:
    """A test of the tests above: each of them objects to a case that says something else."""
    event = next(case for case in EVENTS if case.reason is None and not case.dropped)
    answer = next(case for case in CONSENTS if case.reason is None and not case.form)
    bad_event = replace(event, dropped=[(0, Drop.BAD_EVENT)])
    for check, case in (
        (test_events_are_read_as_the_vectors_say, replace(event, reason="bad-shape")),
        (test_events_are_read_as_the_vectors_say, bad_event),
        (test_answers_are_read_as_the_vectors_say, replace(answer, reason="bad-shape")),
        (test_the_schema_of_events_says_the_same, replace(event, reason="bad-shape")),
        (test_the_schema_of_events_says_the_same, bad_event),
        (test_the_schema_of_answers_says_the_same, replace(answer, reason="bad-shape")),
    ):
        check(event if "events" in check.__name__ else answer)
        with pytest.raises(AssertionError):
            check(case)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({}, "bad-shape"),
        ({"site": "No Name"}, "bad-shape"),
        ({"site": 1}, "bad-shape"),
        ({"site": "shop", "handle": "A" * 64}, "bad-shape"),
        ({"site": "shop", "handle": 1}, "bad-shape"),
        ({"site": "shop", "secret": "short"}, "bad-shape"),
        ({"site": "shop", "secret": "A" * 22 + "\n"}, "bad-shape"),
        ({"site": "shop", "gpc": 1}, "bad-shape"),
        ({"site": "shop", "dnt": True}, "unknown-field"),
        ({"site": "shop", "handle": None, "secret": None, "gpc": True}, None),
    ],
)
def test_whose_answer_it_is(more: dict[str, object], reason: str | None) -> None:
    """`/v1/consents` asks for a site, and a handle or a secret as they are written."""
    try:
        read_consent_request({"v": 2, "method": "withdraw", **more})
        found = None
    except Refused as refused:
        found = refused.reason
    assert found == reason


def test_fields_are_read_when_they_are_wanted_and_not_before() -> None:
    """What is at level 0 may be anything: it is not read, so it cannot be wrong."""
    event = {**VISIT, "page": 7, "screen": [1366.0, 768], "cookies": "no jar", "action": [1]}
    (read,) = read_batch({"v": 1, "batch": BATCH, "events": [event]}).events
    assert read is not None
    assert read_fields(read, ("screen", "referrer")) == {
        "type": "page_view",
        "screen": (1366, 768),
    }
    for name in ("page", "cookies", "action"):
        assert read_fields(read, (name,)) is None
    assert read_path(read) is None


def test_what_is_read_has_types() -> None:
    """A jar, an action and a path as data, nothing of JSON left in them."""
    event = {
        **VISIT,
        "page": "/a/b?c=d#e",
        "cookies": {"enabled": True, "names": ["a"]},
        "action": {"name": "signup"},
    }
    (read,) = read_batch({"v": 1, "batch": BATCH, "events": [event]}).events
    assert read is not None
    fields = read_fields(read, FIELDS)
    assert fields is not None
    assert fields["cookies"] == CookieInfo(True, ("a",))
    assert fields["action"] == Action("signup")
    assert read_path(read) == "/a/b"


@pytest.mark.parametrize(
    ("observed", "read"),
    [
        ({}, {}),
        ({"ip": ["IE", "IE-D"]}, {"ip": ("IE", "IE-D")}),
        ({"ip": []}, {"ip": ()}),
        ({"ip": "IE"}, None),
        ({"ip": [1]}, None),
        ({"ip": ["x" * (limits.TEXT + 1)]}, None),
        ({"ip": ["x"] * 9}, None),
        ({"time": ["2020-01-01"]}, None),
        ({"visitor": ["x"]}, None),
        ({"x": ["y"]}, None),
        ([], None),
    ],
)
def test_what_a_relay_may_observe(observed: object, read: object) -> None:
    """Parts of attributes, as many as there are levels; never time, never who."""
    body = {"v": 1, "batch": BATCH, "events": [{**VISIT, "observed": observed}]}
    (event,) = read_batch(body, relay=True).events
    assert event is not None
    assert read_observed(event) == read
    assert read_batch(body).events == (None,)


KEYS = ("v", "batch", "events", "purpose", "type", *FIELDS, "name", "names", "enabled", "choices")
plain = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=5)
    | st.sampled_from([1, BATCH, "statistics", "page_view", "action", "save", "phone"])
)
values = st.recursive(
    plain,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6)
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("user", [None, 7, "", "ada", "user:" + "A" * 64, "user:" + "a" * 63])
def test_a_user_is_a_token_or_left_out(user: object) -> None:
    """What the document says of it: text in this form, which no id of a site is."""
    body = {"v": 1, "batch": BATCH, "events": [VISIT], "user": user}
    with pytest.raises(Refused, match="send user as user: and 64 hexadecimal digits") as refused:
        read_batch(body, relay=True)
    assert refused.value.reason == Reason.BAD_SHAPE
    token = "user:" + "a" * 64
    assert read_batch({**body, "user": token}, relay=True).user == token


@given(values, st.booleans())
def test_any_value_is_read_or_refused(value: Any, relay: bool) -> None:
    """Never another error, in the batch, in an event, in a field."""
    for body in (value, {"v": 1, "batch": BATCH, "events": [value, {**VISIT, "page": value}]}):
        try:
            batch = read_batch(body, relay=relay)
        except Refused:
            continue
        for event in batch.events:
            if event is not None:
                read_fields(event, FIELDS)
                read_observed(event)
                read_path(event)
    for field in FIELDS:
        (event,) = read_batch({"v": 1, "batch": BATCH, "events": [{**VISIT, field: value}]}).events
        assert event is not None
        read_fields(event, FIELDS)


@given(values)
def test_any_answer_is_read_or_refused(value: Any) -> None:
    """Never another error."""
    for body in (value, {"v": 2, "method": "save", "choices": value, "site": "shop"}):
        with suppress(Refused):
            read_consent_request(body)


def test_every_reason_has_its_status() -> None:
    """One table, complete; a word that is no reason is an error where it is written."""
    assert set(STATUS) == set(Reason)
    assert all(400 <= status < 600 for status in STATUS.values())
    assert Refused(Reason.TOO_LARGE, "send less").status == 413
    with pytest.raises(ValueError, match="no-such-reason"):
        Refused("no-such-reason", "…")  # type: ignore[arg-type]
