"""The campaign that a link names, and the channel of a visit without a referrer."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askfirst.observe.campaign import campaign
from askfirst.observe.event import Raw, observe
from askfirst.observe.value import free_text
from askfirst.terms.attributes import UNKNOWN
from askfirst.terms.lattice import Scope
from askfirst.terms.terms import BOTTOM

NONE = ("none", "none", "none")


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("utm_source=Newsletter&utm_medium=Email&utm_campaign=Spring%20Sale",
         ("newsletter", "email", "spring sale")),
        ("utm_source=chatgpt.com", ("chatgpt.com", "none", "none")),
        ("source=c&ref=b&utm_source=a", ("a", "none", "none")),
        ("source=c&ref=b", ("b", "none", "none")),
        ("source=c&utm_campaign=laptops-2026", ("c", "none", "laptops-2026")),
        ("utm_source=a&utm_source=b", ("a", "none", "none")),
        ("utm_source=&utm_medium=%20", NONE),
        ("UTM_SOURCE=a&utm_term=b&gclid=c", NONE),
        ("", NONE),
        # What singles somebody out.
        ("utm_campaign=ada@mailbox.example", ("none", "none", ":id")),
        ("utm_campaign=ada(at)mailbox.example", ("none", "none", ":id")),
        ("utm_campaign=944-159-2231", ("none", "none", ":id")),
        ("utm_campaign=203.0.113.7", ("none", "none", ":id")),
        ("utm_campaign=spring-7f3ec0ffee99a1b2", ("none", "none", "spring-:id")),
        ("utm_campaign=dG9rX2NhbmFyeV9jMGZmZWU", ("none", "none", ":id")),
        ("utm_campaign=120210233871560342", ("none", "none", ":id")),
        ("utm_campaign=sale%E2%80%8B%E2%80%8C%E2%80%8B", ("none", "none", ":id")),
        # What is no name.
        ("utm_campaign=" + "n" * 10_240, ("none", "none", "other")),
        ("utm_campaign=" + "spring+" * 10, ("none", "none", "other")),
        ("utm_campaign=%3Cscript%3Ealert(1)%3C/script%3E", ("none", "none", "other")),
        ("utm_campaign=%22onload", ("none", "none", "other")),
        ("utm_campaign=%3DHYPERLINK(1)", ("none", "none", "other")),
        ("utm_campaign=%2B1", ("none", "none", "other")),
        ("utm_campaign=a%26utm_source%3Db", ("none", "none", "other")),
        ("utm_campaign=%ff%fe", ("none", "none", "\ufffd\ufffd")),
    ],
)  # fmt: skip
def test_a_campaign_is_what_a_link_names(query: str, value: tuple[str, ...]) -> None:
    """M26: short lower-case words, without identifiers; the rest is `other`."""
    assert campaign(f"/landing?{query}#utm_source=fragment") == value


def test_what_is_above_the_level_is_not_read() -> None:
    """M26: at level 1 the source alone."""
    address = "/?utm_source=a&utm_medium=b&utm_campaign=c"
    assert [campaign(address, level) for level in (1, 2)] == [("a",), ("a", "b")]
    assert campaign(None) == (UNKNOWN,)


@given(st.text(max_size=80))
def test_a_free_text_is_bounded_and_stays_what_it_is(text: str) -> None:
    """M44: of what may be kept nothing more is taken, whoever looks at it again."""
    once = free_text(text)
    assert once
    assert len(once) <= 64
    assert once.isprintable()
    assert free_text(once) == once


def seen(page: str, **more: object) -> dict[str, tuple[str, ...]]:
    """Referrer and campaign of a page view, all that may be gathered of them."""
    terms = replace(BOTTOM, scope=Scope.of({"referrer": 2, "campaign": 3}))
    event = {"type": "page_view", "page": page, **more}
    return observe(Raw({}, "", 0.0), event, terms, place=None, own_origins=["https://shop.example"])


@pytest.mark.parametrize(
    ("query", "referrer"),
    [
        ("utm_source=chatgpt.com", ("ai", "chatgpt.com")),
        ("utm_source=www.perplexity.ai&utm_medium=referral", ("ai", "perplexity.ai")),
        ("utm_source=ChatGPT", ("ai", "none")),
        ("utm_source=newsletter", ("mail", "none")),
        ("utm_source=shop-news&utm_medium=email", ("mail", "none")),
        ("utm_source=facebook&utm_medium=cpc", ("social", "none")),
        ("utm_source=google.com", ("search", "google.com")),
        ("utm_source=google.evil.example", ("direct", "none")),
        ("utm_source=co.uk", ("direct", "none")),
        ("utm_source=leaflet", ("direct", "none")),
        ("sort=price", ("direct", "none")),
    ],
)
def test_a_link_tells_the_channel_where_no_referrer_does(
    query: str, referrer: tuple[str, ...]
) -> None:
    """An assistant and a newsletter send none; of a host that is on no list nothing is known."""
    assert seen(f"/landing?{query}")["referrer"] == referrer


def test_a_referrer_goes_before_what_a_link_says() -> None:
    """Where somebody comes from is what the browser tells; what it hides stays unknown."""
    page = "/landing?utm_source=chatgpt.com"
    assert seen(page, referrer="https://www.bing.com")["referrer"] == ("search", "bing.com")
    assert seen(page, referrer="https://www.shop.example")["referrer"][0] == "internal"
    assert seen(page, referrer="null")["referrer"] == (UNKNOWN,)


def test_without_campaign_the_link_is_not_looked_at() -> None:
    """M26: who agreed to referrers alone is not asked what the address says."""
    terms = replace(BOTTOM, scope=Scope.of({"referrer": 2}))
    event = {"type": "page_view", "page": "/?utm_source=chatgpt.com"}
    assert observe(Raw({}, "", 0.0), event, terms, place=None) == {"referrer": ("direct", "none")}
