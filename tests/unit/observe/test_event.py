"""The sources joined: an event as values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askfirst.contracts.events import SCREENS, TYPES, Action, CookieInfo
from askfirst.observe.event import Raw, is_bot, observe
from askfirst.observe.location import Locator
from askfirst.observe.proxies import Proxies
from askfirst.terms.attributes import ATTRIBUTES, NAMES, UNKNOWN
from askfirst.terms.lattice import NOTHING, Scope
from askfirst.terms.sets import Listed
from askfirst.terms.terms import BOTTOM, Terms

OBSERVED = tuple(name for name in NAMES if name not in {"visitor", "user_id"})
ALL = replace(
    BOTTOM,
    scope=Scope.of({name: ATTRIBUTES[name].finest for name in NAMES}),
    parameters=Listed(frozenset({("sort", "price")})),
    action_items=Listed(frozenset({("signup",), ("signup", "plan", "value", "pro")})),
    cookies=Listed(frozenset({"_ga_*"})),
)
HEADERS = {
    b"user-agent": b"Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0",
    b"accept-language": b"de-AT,de;q=0.9",
    b"x-forwarded-for": b"1.1.1.1, 8.8.8.8",
}
EVENT = {
    "purpose": "statistics",
    "type": "action",
    "page": "/shop/8812?sort=price&utm_source=Letter",
    "referrer": "https://www.google.com",
    "screen": [1366, 768],
    "cookies": CookieInfo(True, ("_ga_CANARY",)),
    "action": Action("signup", {"plan": "pro"}),
}
NOW = 1_795_356_309.0
RAW = Raw(HEADERS, "10.0.0.1", NOW)
PLACE = Locator.open(None)
PROXIES = Proxies.of(["10.0.0.0/8"])
# Where each attribute comes from: what may be read when it, and nothing else, is wanted.
SOURCES: dict[str, set[object]] = {
    "time": {"now"},
    "page": {"page"},
    "referrer": {"referrer"},
    "campaign": {"page"},
    "browser": {b"user-agent"},
    "os": {b"user-agent"},
    "screen": {"screen", b"user-agent"},
    "ip": {"peer", b"x-forwarded-for"},
    "language": {b"accept-language"},
    "cookies": {"cookies"},
    "action": {"action"},
}


class Guarded(Mapping[object, object]):
    """A mapping that raises on the reading of what is not allowed."""

    def __init__(self, values: Mapping[object, object], allowed: set[object]) -> None:
        self._values = values
        self._allowed = allowed

    def __getitem__(self, key: object) -> object:
        if key not in self._allowed:
            raise AssertionError(f"{key!r} was read")
        return self._values[key]

    def __iter__(self) -> Iterator[object]:
        raise AssertionError("all keys were read")

    def __len__(self) -> int:
        return len(self._values)


class GuardedRaw:
    """A request that raises on the reading of what is not allowed."""

    def __init__(self, allowed: set[object]) -> None:
        self._allowed = allowed
        self.headers = Guarded(HEADERS, allowed)

    def header(self, name: bytes) -> str:
        return Raw.header(self, name)  # type: ignore[arg-type]

    @property
    def peer(self) -> str:
        assert "peer" in self._allowed, "the address was read"
        return RAW.peer

    @property
    def address(self) -> None:
        assert "peer" in self._allowed, "the address was read"

    @property
    def now(self) -> float:
        assert "now" in self._allowed, "the clock was read"
        return RAW.now


def wanting(levels: Mapping[str, int]) -> Terms:
    return replace(ALL, scope=Scope.of(levels))


def test_all_attributes_at_their_finest() -> None:
    """Every attribute that is an observation has one part for each of its levels."""
    assert observe(RAW, EVENT, ALL, place=PLACE, proxies=PROXIES) == {
        "time": ("2026-11-22", "14", "05", "09"),
        "page": ("/shop", "/shop/:id", "sort=price"),
        "referrer": ("search", "google.com"),
        "campaign": ("letter", "none", "none"),
        "browser": ("Firefox", "140", "140.0"),
        "os": ("Windows", "10", "10"),
        "screen": ("desktop", "1300x700", "1366x768"),
        "ip": ("US", UNKNOWN),
        "language": ("de", "de-AT"),
        "cookies": ("enabled", "_ga_*"),
        "action": ("signup", "plan=pro"),
    }


@pytest.mark.parametrize("name", OBSERVED)
def test_nothing_else_is_read(name: str) -> None:
    """M25: an attribute at level 0 is not stored, and its raw source is not even read."""
    allowed = SOURCES[name]
    for level in range(1, ATTRIBUTES[name].finest + 1):
        values = observe(
            GuardedRaw(allowed),  # type: ignore[arg-type]
            Guarded(EVENT, allowed | {"type"}),  # type: ignore[arg-type]
            wanting({name: level}),
            place=PLACE,
            proxies=PROXIES,
        )
        whole = observe(RAW, EVENT, ALL, place=PLACE, proxies=PROXIES)
        assert values == {name: whole[name][:level]}


def test_nothing_is_read_for_nothing() -> None:
    """M20: where nothing is allowed, no source is read at all."""
    raw = GuardedRaw(set())
    event = Guarded(EVENT, {"type"})
    nothing = replace(ALL, scope=NOTHING)
    assert observe(raw, event, nothing, place=PLACE) == {}  # type: ignore[arg-type]
    assert is_bot(raw, nothing) is False  # type: ignore[arg-type]


def test_a_guard_does_raise() -> None:
    """The guards above are real: a forbidden source that is read fails the test."""
    with pytest.raises(AssertionError, match="user-agent"):
        observe(GuardedRaw(set()), EVENT, wanting({"browser": 1}), place=None)  # type: ignore[arg-type]
    with pytest.raises(AssertionError, match="page"):
        observe(RAW, Guarded(EVENT, {"type"}), wanting({"page": 1}), place=None)  # type: ignore[arg-type]


def test_bots_are_looked_for_only_in_what_is_wanted() -> None:
    """The agent decides only where browser or system may be gathered."""
    crawler = Raw({b"user-agent": b"Googlebot/2.1"}, "", NOW)
    assert is_bot(crawler, wanting({"os": 1}))
    assert is_bot(crawler, wanting({"browser": 1}))
    assert not is_bot(crawler, wanting({"page": 3}))
    assert not is_bot(RAW, ALL)


def test_a_page_view_has_no_action() -> None:
    """An action belongs to events of that type only."""
    viewed = {**EVENT, "type": "page_view"}
    assert "action" not in observe(RAW, viewed, ALL, place=None)


def test_absent_sources_are_unknown() -> None:
    """A request that tells nothing stores `unknown`, once an attribute; no referrer is direct."""
    values = observe(Raw({}, "", NOW), {"type": "action"}, ALL, place=None)
    assert values.pop("time")
    assert values.pop("referrer") == ("direct", "none")
    assert set(values.values()) == {(UNKNOWN,)}


headers = st.dictionaries(st.sampled_from(sorted(HEADERS)), st.binary(max_size=300))
properties = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
scopes = st.fixed_dictionaries({name: st.integers(0, ATTRIBUTES[name].finest) for name in OBSERVED})


sent_events = st.fixed_dictionaries(
    {"type": st.sampled_from(TYPES)},
    optional={
        "page": st.text(),
        "referrer": st.none() | st.text(),
        "screen": st.sampled_from(SCREENS) | st.tuples(st.integers(), st.integers()),
        "cookies": st.builds(
            CookieInfo, st.none() | st.booleans(), st.lists(st.text(), max_size=4).map(tuple)
        ),
        "action": st.builds(Action, st.text(), st.dictionaries(st.text(), properties, max_size=4)),
    },
)


@given(headers, st.text(), sent_events, scopes)
def test_any_event_is_observed(
    sent: dict[bytes, bytes], peer: str, event: dict[str, object], levels: dict[str, int]
) -> None:
    """Nothing raises, and M44: observing at a level is cutting what the finest level gives."""
    raw = Raw(sent, peer, NOW)
    values = observe(raw, event, wanting(levels), place=PLACE, proxies=PROXIES)
    whole = observe(raw, event, ALL, place=PLACE, proxies=PROXIES)
    assert values == wanting(levels).scope.generalise(whole)
    assert all(part for value in values.values() for part in value)
