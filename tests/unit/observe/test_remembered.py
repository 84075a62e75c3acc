"""What a request, or a page, came to before: again for the same alone, without its text."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from askfirst.observe.event import Observer, Raw, _framed, is_bot, observe
from askfirst.terms.attributes import Value
from askfirst.terms.sets import Listed
from askfirst.terms.terms import Terms
from tests.unit.observe.test_agent import held
from tests.unit.observe.test_event import ALL, EVENT, HEADERS, NOW, PLACE, RAW, wanting

PAGE: dict[str, object] = {
    "type": "page_view",
    "page": "/shop/shoes?sort=price&utm_source=chatgpt.com",
    "referrer": "https://shop.example",
    "screen": "desktop",
}
CHROME = b"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36"


def values(
    raw: Raw = RAW, event: Mapping[str, object] = PAGE, wanted: Terms = ALL, **site: Any
) -> dict[str, Value]:
    """What is observed in a process that has seen the same request, page and terms before."""
    for _ in range(2):
        observe(RAW, PAGE, ALL, place=PLACE)
        assert not is_bot(RAW, ALL)
    return observe(raw, event, wanted, place=PLACE, **site)


@pytest.mark.parametrize(
    ("headers", "name", "value"),
    [
        ({b"user-agent": CHROME}, "browser", ("Chrome", "142", "142.0.0")),
        ({b"user-agent": CHROME}, "os", ("Linux",)),
        ({b"accept-language": b"fr"}, "language", ("fr",)),
        ({b"user-agent": b"", b"accept-language": b""}, "browser", ("unknown",)),
    ],
)
def test_another_header_is_another_answer(
    headers: Mapping[bytes, bytes], name: str, value: Value
) -> None:
    """An answer is of both headers that it was made from."""
    raw = Raw({**HEADERS, **headers}, "", NOW)
    assert values(raw)[name][: len(value)] == value


@pytest.mark.parametrize(
    ("event", "name", "value"),
    [
        ({"page": "/shop/hats"}, "page", ("/shop", "/shop/hats", "none")),
        ({"page": "/shop/hats"}, "campaign", ("none", "none", "none")),
        ({"referrer": "https://www.google.com"}, "referrer", ("search", "google.com")),
        ({"referrer": None}, "referrer", ("ai", "chatgpt.com")),
        ({"referrer": None, "page": "/"}, "referrer", ("direct", "none")),
        ({"page": None}, "page", ("unknown",)),
        ({"screen": "phone"}, "screen", ("desktop",)),
        ({"page": 7, "referrer": 7}, "page", ("unknown",)),
    ],
)
def test_another_page_is_another_answer(
    event: Mapping[str, object], name: str, value: Value
) -> None:
    """An answer is of page and referrer together."""
    assert values(event={**PAGE, **event})[name] == value


def test_what_changes_by_itself_is_not_remembered() -> None:
    """Time and address are those of this request."""
    assert values(Raw(HEADERS, "81.2.69.142", NOW + 60))["time"][2] == "06"
    assert values(Raw(HEADERS, "81.2.69.142", NOW))["ip"][0] == "GB"
    assert values(Raw(HEADERS, "8.8.8.8", NOW))["ip"][0] == "US"


def test_another_level_is_another_answer() -> None:
    """M25, M44: an edition or a detail that allows less is given less, whoever came before."""
    for levels in (
        {"browser": 1, "page": 1, "referrer": 1},
        {"browser": 2, "page": 2, "referrer": 2},
        {"language": 1, "campaign": 1},
    ):
        wanted = wanting(levels)
        assert values(wanted=wanted) == wanted.scope.generalise(
            observe(RAW, PAGE, ALL, place=PLACE)
            # Without the campaign no link says where a visit comes from.
            | ({"referrer": ("other", "shop.example")} if "campaign" not in levels else {})
        )


def test_the_same_observer_is_asked_for_more_and_for_less() -> None:
    """Purposes of one request are each given what they may have."""
    observer = Observer(RAW, place=PLACE)
    for levels in ({"browser": 3, "page": 3}, {"browser": 1}, {"page": 1}, {"browser": 3}):
        wanted = wanting(levels)
        whole = observe(RAW, PAGE, ALL, place=PLACE)
        assert observer.observe(PAGE, wanted) == wanted.scope.generalise(whole)


def test_another_policy_is_another_answer() -> None:
    """An edition with other parameters, routes or origins is not given what the last one was."""
    unlisted = replace(ALL, parameters=Listed(frozenset()))
    assert values(wanted=unlisted)["page"] == ("/shop", "/shop/shoes", "none")
    other = replace(ALL, parameters=Listed(frozenset({("sort", "name")})))
    assert values(wanted=other)["page"] == ("/shop", "/shop/shoes", "sort=other")
    routed = values(routes=("/shop/:kind",))
    assert routed["page"][:2] == ("/shop", "/shop/:kind")
    own = values(own_origins=("https://shop.example",))
    assert own["referrer"][0] == "internal"


def test_a_program_is_one_whatever_was_there_before() -> None:
    """Whether an agent is a program is of that agent, and of no scope that wants none of it."""
    crawler = Raw({**HEADERS, b"user-agent": b"Googlebot/2.1"}, "", NOW)
    assert not is_bot(RAW, ALL)
    assert is_bot(crawler, ALL)
    assert not is_bot(crawler, wanting({"language": 1}))
    assert not is_bot(RAW, ALL)
    assert is_bot(crawler, ALL)


texts = st.lists(st.none() | st.text(), min_size=2, max_size=2).map(tuple)


@given(texts, texts)
@example(("a", "bc"), ("ab", "c"))
@example((None, "a"), ("-", "a"))
@example(("1 1", "a"), ("1", "11 a"))
def test_no_two_are_confused(one: tuple[str | None, ...], other: tuple[str | None, ...]) -> None:
    """Two texts are one answer's key only where both are the same."""
    assert (_framed(one) == _framed(other)) == (one == other)


def test_no_text_is_left() -> None:
    """M25: what a request sent is in no object of the process after it was observed."""
    canary = f"canary{time.time_ns()}"
    raw = Raw({**HEADERS, b"user-agent": f"Mozilla/5.0 ({canary}) Firefox/140.0".encode()}, "", NOW)
    event = {**EVENT, "page": f"/a?u={canary}", "referrer": f"https://{canary}.example.org/"}
    for _ in range(2):
        assert not is_bot(raw, ALL)
        assert observe(raw, event, ALL, place=None)["page"] == ("/a", "/a", "none")
    del raw, event
    assert held(canary) == []
