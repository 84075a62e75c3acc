"""What the document says no to, the code refuses, and the other way round."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from askfirst.contracts.consent import read_consent_request
from askfirst.contracts.strict_json import read_json
from askfirst.errors import PolicyError, Refused
from askfirst.terms.policy import read_policy
from askfirst.terms.purpose import MOST_PURPOSES
from askfirst_collector.openapi.document import document
from askfirst_collector.openapi.events import OBSERVED
from askfirst_collector.openapi.example import BATCH, HANDLE, SECRET, SITE, example_policy

POLICY = example_policy().document
_STATISTICS = POLICY["purposes"]["statistics"]
ANSWER = {
    "v": 2,
    "site": SITE,
    "edition": example_policy().hash,
    "lang": "en",
    "method": "accept_all",
    "secret": SECRET,
}


def _valid(name: str, value: object) -> bool:
    whole = document()
    schema = {"$ref": f"#/components/schemas/{name}", "components": whole["components"]}
    return bool(Draft202012Validator(schema).is_valid(value))


def _json_taken(value: object) -> bool:
    try:
        read_json(json.dumps(value).encode())
    except Refused:
        return False
    return True


def _answer_taken(value: object) -> bool:
    try:
        read_consent_request(read_json(json.dumps(value).encode()))
    except Refused:
        return False
    return True


def _policy_taken(value: Any) -> bool:
    try:
        read_policy(value)
    except PolicyError:
        return False
    return True


def _batch(**event: object) -> dict[str, object]:
    told = {**OBSERVED, **event}
    return {"v": 1, "site": SITE, "handle": HANDLE, "batch": BATCH, "events": [told]}


def _policy(purpose: dict[str, object], **top: object) -> dict[str, Any]:
    purposes = {**POLICY["purposes"]}
    purposes["statistics"] = {**purposes["statistics"], **purpose}
    return {**POLICY, "purposes": purposes, **top}


def _controller(**changes: str) -> dict[str, Any]:
    return {**POLICY, "controller": {**POLICY["controller"], **changes}}


Taken = Callable[[Any], bool]
CASES: list[tuple[str, str, Taken, Any, bool]] = [
    ("lang", "AcceptAll", _answer_taken, ANSWER, True),
    ("lang-nul", "AcceptAll", _answer_taken, {**ANSWER, "lang": "e\0n"}, False),
    ("lang-tab", "AcceptAll", _answer_taken, {**ANSWER, "lang": "e\tn"}, False),
    ("page-nul", "Batch", _json_taken, _batch(page="/a\0"), False),
    ("observed-nul", "Batch", _json_taken, _batch(observed={"browser": ["\0"]}), False),
    ("name-nul", "Batch", _json_taken, _batch(observed={"brow\0ser": ["a"]}), False),
    ("deep-nul", "Batch", _json_taken, _batch(x={"y": {"z": ["\0"]}}), False),
    ("deep-name-nul", "Batch", _json_taken, _batch(x={"y": {"\0": 1}}), False),
    ("vouch-nul", "Batch", _json_taken, {**_batch(), "vouch": "\0"}, False),
    ("vouch", "Batch", _json_taken, {**_batch(), "vouch": "a"}, True),
    ("policy", "Policy", _policy_taken, POLICY, True),
    ("no-days", "Policy", _policy_taken, _policy({"retention_days": 0}), False),
    ("week", "Policy", _policy_taken, _policy({"closes": "week", "retention_days": 6}), False),
    ("week-7", "Policy", _policy_taken, _policy({"closes": "week", "retention_days": 7}), True),
    ("month", "Policy", _policy_taken, _policy({"closes": "month", "retention_days": 30}), False),
    (
        "other-basis",
        "Policy",
        _policy_taken,
        _policy({"legal_basis": "contract", "retention_days": 0}),
        True,
    ),
    ("name-control", "Policy", _policy_taken, _controller(name="a\x01b"), False),
    ("name-blank", "Policy", _policy_taken, _controller(name=" \n"), False),
    ("name-lines", "Policy", _policy_taken, _controller(name="a\nb"), True),
    ("address-nul", "Policy", _policy_taken, _controller(address="\0"), False),
    (
        "url-control",
        "Policy",
        _policy_taken,
        {**POLICY, "authority": {"name": "A", "url": "https://a\x01.example"}},
        False,
    ),
    (
        "url-long",
        "Policy",
        _policy_taken,
        {**POLICY, "authority": {"name": "A", "url": f"https://{'a' * 2000}"}},
        False,
    ),
    (
        "purposes",
        "Policy",
        _policy_taken,
        {**POLICY, "purposes": {f"p{n}": _STATISTICS for n in range(MOST_PURPOSES + 1)}},
        False,
    ),
]


@pytest.mark.parametrize(
    ("name", "taken", "value", "expected"),
    [pytest.param(*case, id=id) for id, *case in CASES],
)
def test_document_and_code_say_one_thing(
    name: str, taken: Taken, value: Any, expected: bool
) -> None:
    assert (_valid(name, value), taken(value)) == (expected, expected)
