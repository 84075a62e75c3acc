"""Bodies of the wire formats, each with the answer that every reader must give.

What is expected is written down here, not computed: `scripts/vectors` fails where the reader of
`askfirst.contracts` says otherwise. A case is a name, the body (a value, or bytes as they stand)
and the answer: the reason it is refused for, or what becomes of it.
"""

from __future__ import annotations

import json
from typing import Any

from askfirst.contracts import limits
from askfirst.contracts.body import FORM, JSON
from askfirst.contracts.consent import read_answer
from askfirst.contracts.events import (
    FIELDS,
    EventBatch,
    read_fields,
    read_observed,
    read_page_batch,
)
from askfirst.contracts.strict_json import read_json
from askfirst.errors import STATUS, Reason, Refused

EDITION = "EDITION"  # the tests put the hash of their policy here
# What a JSON Schema sees is a value: no bytes, no key twice; and it says nothing of characters.
BYTES = {"not-json", "not-utf-8", "duplicate-key", "bad-form"}
BEYOND_SCHEMA = {
    *("NUL", "half a character", "half a character in a key"),
    *("a number that no double holds", "a number of 400 digits"),
}

VISIT: dict[str, Any] = {"purpose": "statistics", "type": "page_view", "page": "/shop"}
LONG = "x" * limits.TEXT
SHORT = "x" * limits.SHORT
BAD, OK = "bad-event", None


def _action(**action: Any) -> dict[str, Any]:
    return {**VISIT, "type": "action", "action": action}


def _visit(**fields: Any) -> dict[str, Any]:
    return {**VISIT, **fields}


# One event each: what becomes of it at a site whose policy wants everything.
EVENTS: list[tuple[str, Any, str | None]] = [
    ("a page view", VISIT, OK),
    ("no page", {"purpose": "statistics", "type": "page_view"}, OK),
    ("a page at the limit", _visit(page=LONG), OK),
    ("a page over the limit", _visit(page=LONG + "x"), BAD),
    ("a page that is a number", _visit(page=1), BAD),
    ("a page that is null", _visit(page=None), BAD),
    ("a referrer", _visit(referrer="https://www.google.com"), OK),
    ("a referrer that is null", _visit(referrer=None), OK),
    ("a referrer over the limit", _visit(referrer=LONG + "x"), BAD),
    ("a referrer that is a list", _visit(referrer=[]), BAD),
    ("a screen's class", _visit(screen="tablet"), OK),
    ("a screen's size", _visit(screen=[1366, 768]), OK),
    ("a screen's size with a point", _visit(screen=[1366.0, 768.0]), OK),
    ("a screen's size in parts of pixels", _visit(screen=[1366.5, 768]), BAD),
    ("a screen of one side", _visit(screen=[1366]), BAD),
    ("a screen of flags", _visit(screen=[True, False]), BAD),
    ("a screen of another class", _visit(screen="watch"), BAD),
    ("a screen that is null", _visit(screen=None), BAD),
    ("a cookie jar", _visit(cookies={"enabled": True, "names": ["_ga_1"]}), OK),
    ("a cookie jar that says nothing", _visit(cookies={}), OK),
    ("a cookie jar enabled by a word", _visit(cookies={"enabled": "yes"}), BAD),
    ("a cookie jar enabled by null", _visit(cookies={"enabled": None}), BAD),
    ("cookie names at the limit", _visit(cookies={"names": ["c"] * limits.COOKIE_NAMES}), OK),
    ("cookie names over the limit", _visit(cookies={"names": ["c"] * 300}), BAD),
    ("a cookie name over the limit", _visit(cookies={"names": [LONG + "x"]}), BAD),
    ("a cookie name that is a number", _visit(cookies={"names": [1]}), BAD),
    ("cookie values", _visit(cookies={"enabled": True, "values": ["1"]}), BAD),
    ("a cookie jar that is a list", _visit(cookies=[]), BAD),
    ("an action", _action(name="signup"), OK),
    ("an action's properties", _action(name="signup", properties={"plan": "pro", "seats": 9}), OK),
    ("a property of each kind", _action(name="a", properties={"a": 1.5, "b": True, "c": None}), OK),
    ("a property of 17 digits", _action(name="a", properties={"seats": 12345678901234567}), OK),
    ("a property beyond 64 bits", _action(name="a", properties={"seats": 10**30}), OK),
    ("an action without a name", _action(properties={"plan": "pro"}), BAD),
    ("an action whose name is null", _action(name=None), BAD),
    ("an action's name at the limit", _action(name=LONG), OK),
    ("an action's name over the limit", _action(name=LONG + "x"), BAD),
    ("properties that are a list", _action(name="a", properties=[]), BAD),
    ("properties that are null", _action(name="a", properties=None), BAD),
    ("a property that is an object", _action(name="a", properties={"plan": {}}), BAD),
    ("a property over the limit", _action(name="a", properties={"plan": LONG + "x"}), BAD),
    ("a property's name over the limit", _action(name="a", properties={LONG + "x": 1}), BAD),
    ("an unknown field of an action", _action(name="a", value=1), BAD),
    ("an action that is a word", {**VISIT, "type": "action", "action": "signup"}, BAD),
    ("another type", _visit(type="click"), BAD),
    ("no type", {"purpose": "statistics", "page": "/"}, BAD),
    ("no purpose", {"type": "page_view"}, BAD),
    ("a purpose over the limit", _visit(purpose="p" * (limits.PURPOSE + 1)), BAD),
    ("a purpose that is a number", _visit(purpose=1), BAD),
    ("a purpose that there is not", _visit(purpose="nothing"), "unknown-purpose"),
    ("a placed collector's purpose without its key", _visit(purpose="a/b"), "unknown-purpose"),
    ("an unknown field", _visit(extra=1), BAD),
    ("what only a relay observes", _visit(observed={"ip": ["IE"]}), BAD),
    ("an event that is null", None, BAD),
    ("an event that is a list", [], BAD),
]

# The whole body: the reason it is refused for, or for each event why it is dropped.
_GOOD: dict[str, Any] = {"v": 1, "events": [VISIT]}
BATCHES: list[tuple[str, Any, str | list[str | None]]] = [
    ("one by one", {**_GOOD, "events": [VISIT, 1, VISIT]}, [OK, BAD, OK]),
    ("a version with a point", {**_GOOD, "v": 1.0}, [OK]),
    ("no version", {"events": [VISIT]}, "unknown-version"),
    ("a version that is a flag", {**_GOOD, "v": True}, "unknown-version"),
    ("a version that is text", {**_GOOD, "v": "1"}, "unknown-version"),
    ("another version", {**_GOOD, "v": 2, "other": 1}, "unknown-version"),
    ("signals", {**_GOOD, "gpc": False, "dnt": True}, [OK]),
    ("a signal that is a number", {**_GOOD, "gpc": 1}, "bad-shape"),
    ("a signal that is null", {**_GOOD, "dnt": None}, "bad-shape"),
    ("no batch", {**_GOOD, "batch": None}, "bad-shape"),
    ("a short batch", {**_GOOD, "batch": "short"}, "bad-shape"),
    ("a batch of other characters", {**_GOOD, "batch": "+" * 22}, "bad-shape"),
    ("no events", {"v": 1}, "bad-shape"),
    ("an empty list of events", {**_GOOD, "events": []}, "bad-shape"),
    ("events that are an object", {**_GOOD, "events": {}}, "bad-shape"),
    ("events at the limit", {**_GOOD, "events": [1] * limits.EVENTS}, [BAD] * limits.EVENTS),
    ("events over the limit", {**_GOOD, "events": [1] * 101}, "too-many-events"),
    ("an unknown key", {**_GOOD, "extra": 1}, "unknown-field"),
    ("a vouch that nobody asked for", {**_GOOD, "vouch": "x" * 43}, [OK]),
    ("a vouch over the limit", {**_GOOD, "vouch": LONG + "x"}, "bad-shape"),
    (
        "a placed collector that nobody knows",
        {**_GOOD, "collector": "placed_nobody", "events": [_visit(purpose="tides/statistics")]},
        ["unknown-collector"],
    ),
    ("a collector that is a number", {**_GOOD, "collector": 1}, "bad-shape"),
    ("a handle from a page", {**_GOOD, "handle": "a" * 64}, "bad-shape"),
    ("a secret from a page", {**_GOOD, "secret": "A" * 22}, "bad-shape"),
    ("another site's name", {**_GOOD, "site": "other"}, "bad-shape"),
    ("a site that is a number", {**_GOOD, "site": 1}, "bad-shape"),
    ("null", None, "bad-shape"),
    ("a list", [], "bad-shape"),
    ("as deep as may be", {**_GOOD, "events": [[[[[[[]]]]]]]}, [BAD]),
    ("too deep", {**_GOOD, "events": [[[[[[[[]]]]]]]]}, "too-deep"),
    ("NUL", {**_GOOD, "events": [_visit(page="/\0")]}, "bad-shape"),
    ("nothing", b"", "not-json"),
    ("two texts", b"{} {}", "not-json"),
    ("a byte order mark", b"\xef\xbb\xbf{}", "not-json"),
    ("a number that is none", b'{"v":NaN}', "not-json"),
    ("a key twice", b'{"v":1,"v":1}', "duplicate-key"),
    ("a key twice, once by an escape", b'{"v":1,"\\u0076":1}', "duplicate-key"),
    ("half a character", b'{"v":1,"site":"\\ud800"}', "bad-shape"),
    ("half a character in a key", b'{"\\udc00":1}', "bad-shape"),
    ("Latin-1", b'{"v":1,"site":"\xe9"}', "not-utf-8"),
    ("a number that no double holds", b'{"v":1e400}', "bad-shape"),
    ("a number of 400 digits", b'{"v":' + b"9" * 400 + b"}", "bad-shape"),
]

_ACCEPT: dict[str, Any] = {"v": 2, "edition": EDITION, "lang": "en", "method": "accept_all"}
_SOME = {"marketing": 0, "preferences": 0, "statistics": 2}
_ALL = dict.fromkeys(_SOME, 2)
_SAVE: dict[str, Any] = {**_ACCEPT, "method": "save", "choices": _SOME}
_REJECT: dict[str, Any] = {"v": 2, "method": "reject_all"}
_BEFORE: dict[str, Any] = {**_ACCEPT, "v": 1}
_FORM_BEFORE = f"edition={EDITION}&lang=en&method="
_FORM = "v=2&" + _FORM_BEFORE
_FIELDS = "purpose.marketing=0&purpose.preferences=0&purpose.statistics=2"
# JSON, or a form where it is text: None is taken.
ANSWERS: list[tuple[str, Any, str | None]] = [
    ("all", _ACCEPT, OK),
    ("all, by name", {**_ACCEPT, "choices": _ALL}, OK),
    ("all, with less detail", {**_ACCEPT, "choices": dict.fromkeys(_ALL, 1)}, OK),
    ("some", _SAVE, OK),
    ("none", {**_REJECT, "edition": EDITION, "lang": "en"}, OK),
    ("none, and no more said", _REJECT, OK),
    ("none, of an edition that is long gone", {**_REJECT, "edition": "old"}, OK),
    ("no longer", {**_REJECT, "method": "withdraw"}, OK),
    ("some not, and no edition", {"v": 2, "method": "save", "choices": dict.fromkeys(_ALL, 0)}, OK),
    ("a version with a point", {**_ACCEPT, "v": 2.0}, OK),
    ("version 1: none", {**_REJECT, "v": 1}, OK),
    ("version 1: no longer", {**_REJECT, "v": 1, "method": "withdraw"}, OK),
    (
        "version 1: some not",
        {**_BEFORE, "method": "save", "choices": dict.fromkeys(_ALL, 0)},
        OK,
    ),
    ("version 1: all", _BEFORE, "edition-changed"),
    (
        "version 1: some",
        {**_BEFORE, "method": "save", "choices": {"statistics": 3}},
        "edition-changed",
    ),
    (
        "version 1: a detail over the limit",
        {**_BEFORE, "method": "save", "choices": {"statistics": 4}},
        "bad-shape",
    ),
    ("a detail with a point", {**_SAVE, "choices": {**_SOME, "statistics": 2.0}}, OK),
    ("an adult", {**_ACCEPT, "adult": True}, OK),
    ("texts at the limit", {**_REJECT, "edition": SHORT, "lang": SHORT}, OK),
    ("an edition over the limit", {**_REJECT, "edition": SHORT + "x"}, "bad-shape"),
    ("a language over the limit", {**_REJECT, "lang": SHORT + "x"}, "bad-shape"),
    ("a language with a line break", {**_REJECT, "lang": "e\nn"}, "bad-shape"),
    ("a language that is null", {**_REJECT, "lang": None}, "bad-shape"),
    ("an edition that is a number", {**_REJECT, "edition": 1}, "bad-shape"),
    ("another edition", {**_ACCEPT, "edition": "0" * 64}, "edition-changed"),
    ("no version", {"method": "reject_all"}, "unknown-version"),
    ("a version that is a flag", {**_REJECT, "v": True}, "unknown-version"),
    ("another version", {**_REJECT, "v": 3, "other": 1}, "unknown-version"),
    ("an unknown field", {**_REJECT, "extra": 1}, "unknown-field"),
    ("no method", {"v": 2}, "bad-shape"),
    ("another method", {**_REJECT, "method": "maybe"}, "bad-shape"),
    ("a method that is a list", {**_REJECT, "method": ["withdraw"]}, "bad-shape"),
    ("a detail over the limit", {**_SAVE, "choices": {"statistics": 3}}, "bad-shape"),
    ("a detail below the limit", {**_SAVE, "choices": {"statistics": -1}}, "bad-shape"),
    ("a detail that is a flag", {**_SAVE, "choices": {"statistics": True}}, "bad-shape"),
    ("a detail that is text", {**_SAVE, "choices": {"statistics": "2"}}, "bad-shape"),
    ("half a detail", {**_SAVE, "choices": {"statistics": 2.5}}, "bad-shape"),
    ("choices that are a list", {**_SAVE, "choices": [2]}, "bad-shape"),
    ("choices that are null", {**_SAVE, "choices": None}, "bad-shape"),
    ("a purpose that is no name", {**_SAVE, "choices": {"No such": 0}}, "bad-shape"),
    (
        "a purpose that there is not",
        {**_SAVE, "choices": {"nothing": 2, "statistics": 2}},
        "unknown-purpose",
    ),
    (
        "choices at the limit",
        {**_REJECT, "choices": {f"p{n}": 0 for n in range(limits.CHOICES)}},
        OK,
    ),
    (
        "choices over the limit",
        {**_REJECT, "choices": {f"p{n}": 0 for n in range(limits.CHOICES + 1)}},
        "bad-shape",
    ),
    (
        "all, but one",
        {**_ACCEPT, "choices": {**_ALL, "statistics": 0}},
        "choices-contradict-method",
    ),
    (
        "two details",
        {**_SAVE, "choices": {**_ALL, "statistics": 1}},
        "choices-contradict-method",
    ),
    ("none, but one", {**_REJECT, "choices": {"statistics": 1}}, "choices-contradict-method"),
    ("an adult by a word", {**_ACCEPT, "adult": "yes"}, "bad-shape"),
    ("an adult by a number", {**_ACCEPT, "adult": 1}, "bad-shape"),
    ("a list", [], "bad-shape"),
    ("NUL", {**_REJECT, "lang": "\0"}, "bad-shape"),
    ("nothing", b"", "not-json"),
    ("a key twice", b'{"v":2,"v":2}', "duplicate-key"),
    ("half a character", b'{"v":2,"lang":"\\ud800"}', "bad-shape"),
    ("Latin-1", b'{"v":2,"lang":"\xe9"}', "not-utf-8"),
    ("a number that no double holds", b'{"v":1e400}', "bad-shape"),
    ("too deep", b"[" * 9 + b"]" * 9, "too-deep"),
    ("a form: all", _FORM + "accept_all", OK),
    ("a form: some", _FORM + "save&" + _FIELDS + "&return_to=/shop", OK),
    ("a form: none, whatever its fields say", _FORM + "reject_all&purpose.statistics=2", OK),
    ("a form: some, with less detail", _FORM + "save&" + _FIELDS + "&detail=1", OK),
    (
        "a form: some, and those shown that are off",
        _FORM + "save&off=marketing+preferences+statistics&purpose.statistics=2",
        OK,
    ),
    ("a form: all, whatever it shows", _FORM + "accept_all&off=statistics", OK),
    ("a form that shows what is no name", _FORM + "save&off=A!", "bad-shape"),
    ("a form: all, with less detail", _FORM + "accept_all&detail=1", OK),
    (
        "a form: all of those it names",
        _FORM + "accept_all&on=marketing+preferences+statistics&detail=1",
        OK,
    ),
    ("a form: some, with what all would be", _FORM + "save&" + _FIELDS + "&on=statistics", OK),
    ("a form that would turn on what is no name", _FORM + "accept_all&on=A!", "bad-shape"),
    ("a form whose button says the age", _FORM + "accept_all&adult_by=accept_all", OK),
    ("a form with an unknown detail of all", _FORM + "save&detail=3", "bad-shape"),
    ("a form of version 1: none", _FORM_BEFORE + "reject_all&v=1", OK),
    ("a form of version 1: all", _FORM_BEFORE + "accept_all&v=1", "edition-changed"),
    ("a form without a version: none", _FORM_BEFORE + "reject_all&purpose.statistics=3", OK),
    ("a form without a version: all", _FORM_BEFORE + "accept_all", "edition-changed"),
    (
        "a form without a version: some",
        _FORM_BEFORE + "save&purpose.statistics=2",
        "edition-changed",
    ),
    ("a form of another version", _FORM_BEFORE + "reject_all&v=3", "unknown-version"),
    ("a form with a detail over the limit", _FORM + "save&purpose.statistics=3", "bad-shape"),
    ("a form without a method", "lang=en", "bad-shape"),
    ("a form with another field", _FORM + "save&extra=1", "unknown-field"),
    ("a form with a field twice", _FORM + "save&lang=en", "duplicate-key"),
    ("a form with NUL", "method=reject_all&lang=%00", "bad-shape"),
    ("a form in Latin-1", "method=reject_all&lang=%E9", "not-utf-8"),
    ("a form that is none", "&&&", "bad-form"),
]


def events() -> dict[str, Any]:
    """Bodies of `/askfirst/events`, each under a name of its own so that no answer is a retry."""
    whole = [(name, {"v": 1, "events": [event]}, [drop]) for name, event, drop in EVENTS]
    vectors = []
    for number, (name, body, outcome) in enumerate([*whole, *BATCHES]):
        if isinstance(body, dict) and "batch" not in body:
            body = {**body, "batch": f"{number:022}"}
        vector = {"name": name, **_as_sent(body), **_expected(name, outcome)}
        got = _events_answer(_bytes(body))
        if got != outcome:
            raise SystemExit(f"events, {name}: {got} instead of {outcome}")
        vectors.append(vector)
    return {"limits": _limits(), "vectors": vectors}


def consents() -> dict[str, Any]:
    """Bodies of `/askfirst/consent`, some of them refused for what they mean."""
    vectors = []
    for name, body, reason in ANSWERS:
        form = isinstance(body, str)
        expected = {"status": 303 if form else 200} if reason is None else _expected(name, reason)
        got = _shape_of(FORM if form else JSON, _bytes(body))
        if got != (reason if reason in _SHAPES else None):
            raise SystemExit(f"consents, {name}: {got} instead of {reason}")
        vectors.append({"name": name, **_as_sent(body), **expected})
    return {"limits": _limits(), "vectors": vectors}


# Reasons that a reader gives; the others are of what a body means.
_SHAPES = {"bad-shape", "unknown-field", "unknown-version", "too-deep", *BYTES}


def _limits() -> dict[str, int]:
    return {name: value for name, value in vars(limits).items() if isinstance(value, int)}


def _bytes(body: Any) -> bytes:
    if isinstance(body, str):
        return body.encode()
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def _as_sent(body: Any) -> dict[str, Any]:
    """The body as it goes over the wire: text, or the hexadecimal digits of what is none."""
    data = _bytes(body)
    try:
        sent: dict[str, Any] = {"form" if isinstance(body, str) else "text": data.decode()}
    except UnicodeDecodeError:
        sent = {"hex": data.hex()}
    return sent


def _expected(name: str, outcome: str | list[str | None]) -> dict[str, Any]:
    if isinstance(outcome, str):
        beyond = {"beyond_schema": True} if outcome in BYTES or name in BEYOND_SCHEMA else {}
        return {"status": STATUS[Reason(outcome)], "reason": outcome, **beyond}
    dropped = [[index, reason] for index, reason in enumerate(outcome) if reason is not None]
    return {"status": 202, "stored": len(outcome) - len(dropped), "dropped": dropped}


def _events_answer(data: bytes) -> str | list[str | None]:
    try:
        batch = read_page_batch(read_json(data), site="shop")
    except Refused as refused:
        return refused.reason
    return [_drop(batch, index) for index in range(len(batch.events))]


def _drop(batch: EventBatch, index: int) -> str | None:
    event = batch.events[index]
    if event is None:
        return "bad-event"
    if batch.collector:
        return "unknown-collector"
    if event.purpose != "statistics":
        return "unknown-purpose"
    fields, observed = read_fields(event, FIELDS), read_observed(event)
    return "bad-event" if fields is None or observed is None else None


def _shape_of(kind: str, data: bytes) -> str | None:
    try:
        read_answer(kind, data)
    except Refused as refused:
        return refused.reason
    return None
