"""The gate's word for pages of placed collectors."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from askfirst.gate.page_token import DAY, PageTokens
from tests.unit.gate.conftest import Shop
from tests.unit.gate.memory import KEY, NOW, state_token
from tests.unit.gate.placing import TIDES, place

OLD = bytes(32)
WORD = re.compile(rb'askfirst;desc="tides\.([A-Za-z0-9_-]{43})"')


def vouching(*keys: bytes, now: float = NOW) -> PageTokens:
    return PageTokens(keys or (KEY,), now=lambda: now)


def test_a_word_holds_for_its_collector_page_and_day() -> None:
    """M49: the page is vouched for by the gate, and for no other page or collector."""
    word = vouching().sign("tides", "/tides/today")
    assert len(word) == 43
    assert vouching().holds("tides", "/tides/today", word)
    assert not vouching().holds("buoys", "/tides/today", word)
    assert not vouching().holds("tides", "/tides/", word)
    assert not vouching().holds("tides", "/tides/today/", word)
    assert not vouching().holds("tides", "/tides/today", word[:-1] + "!")
    assert not vouching().holds("tides", "/tides/today", "é")
    assert not vouching().holds("tides", "/tides/today", "")


def test_names_and_paths_cannot_run_into_each_other() -> None:
    """M49: what is signed is framed, so that no two pages share a word."""
    word = vouching().sign("tides", "/a")
    assert not vouching().holds("tide", "s/a", word)


@pytest.mark.parametrize(("days", "holds"), [(0, True), (1, True), (2, False), (-1, False)])
def test_a_word_holds_that_day_and_the_next(days: int, holds: bool) -> None:
    """M49: a page that stayed open over midnight still counts; an old word does not."""
    word = vouching().sign("tides", "/tides/")
    assert vouching(now=NOW + days * DAY).holds("tides", "/tides/", word) is holds


def test_every_key_of_the_site_verifies_and_the_newest_signs() -> None:
    """M49: keys rotate, and words under the old one are good until their day is over."""
    old, both = vouching(OLD), vouching(OLD, KEY)
    assert both.holds("tides", "/tides/", old.sign("tides", "/tides/"))
    assert not old.holds("tides", "/tides/", both.sign("tides", "/tides/"))


def test_one_page_written_in_two_ways_has_one_word() -> None:
    """M49: some servers hand on paths decoded; the browser tells them as it sent them."""
    assert vouching().sign("tides", "/caf%C3%A9/~x?a=b") == vouching().sign(
        "tides", "/caf%c3%a9/%7ex"
    )


@pytest.mark.anyio
async def test_only_documents_of_the_pages_it_stands_on_carry_it(
    shop: Callable[..., Shop],
) -> None:
    """M49: the response of a page says its word; other pages, kinds and errors say nothing."""
    at = shop()
    place(at.collector, at.policy, TIDES)
    word = (await at.browser.get("/tides/today?sort=price")).one(b"server-timing")
    found = WORD.fullmatch(word)
    assert found is not None
    assert vouching().holds("tides", "/tides/today", found[1].decode())
    assert (await at.browser.get("/tides")).all(b"server-timing")
    assert (await at.browser.get("/tide")).all(b"server-timing") == []
    assert (await at.browser.get("/")).all(b"server-timing") == []
    assert (await at.browser.get("/tides/%2e%2e/x")).all(b"server-timing") == []


@pytest.mark.parametrize(
    ("status", "kind", "told"),
    [
        (200, b"text/html", True),
        (201, b"TEXT/HTML; charset=utf-8", True),
        (304, b"", True),
        (200, b"application/json", False),
        (404, b"text/html", False),
        (302, b"text/html", False),
        (304, b"text/css", False),
    ],
)
def test_what_is_shown_as_a_page_is_told(status: int, kind: bytes, told: bool) -> None:
    """M49: HTML documents only; a 304 shows the one that the browser kept."""
    headers = [(b"Content-Type", kind)] if kind else []
    edition = place(None, None, TIDES).current
    found = vouching().told(headers, edition, status=status, path=lambda: "/tides/", host="")
    assert (len(found) > len(headers)) is told


def test_it_joins_what_the_application_says_and_is_said_once() -> None:
    """M49: an application's own Server-Timing stays, in one line, however often it is judged."""
    own: list[tuple[bytes, bytes]] = [
        (b"content-type", b"text/html"),
        (b"Server-Timing", b'db;dur=53, app;desc="x, y"'),
        (b"server-timing", b"cache"),
    ]
    edition = place(None, None, TIDES).current
    once = vouching().told(own, edition, status=200, path=lambda: "/tides/", host="")
    word = vouching().sign("tides", "/tides/")
    (line,) = [value for name, value in once if name.lower() == b"server-timing"]
    assert line == b'db;dur=53, app;desc="x, y", cache, askfirst;desc="tides.%b"' % word.encode()
    assert vouching().told(once, edition, status=200, path=lambda: "/tides/", host="") == once


@pytest.mark.anyio
async def test_a_page_says_the_same_to_everyone(shop: Callable[..., Shop]) -> None:
    """M39: no visitor's choice shows in it, and nothing varies for it."""
    at = shop()
    place(at.collector, at.policy, TIDES)
    nobody = await at.browser.get("/tides/")
    someone = at.another()
    someone.jar[b"__Host-askfirst"] = state_token({"statistics": 2})
    assert (await someone.get("/tides/")).headers == nobody.headers
    assert nobody.all(b"vary") == []


@pytest.mark.anyio
async def test_where_nothing_is_placed_nothing_is_added(shop: Callable[..., Shop]) -> None:
    """M49: sites without placed collectors send what they sent before."""
    at = shop()
    assert (await at.browser.get("/tides/")).headers == [
        (b"content-type", b"text/html; charset=utf-8")
    ]


@pytest.mark.anyio
async def test_events_ask_the_gate_for_its_word(shop: Callable[..., Shop]) -> None:
    """M49: whoever takes events asks the gate that served the page."""
    at = shop()
    place(at.collector, at.policy, TIDES)
    seen: list[Any] = []
    events = at.collector.events

    async def watched(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["askfirst.caller"])
        await events(scope, receive, send)

    at.collector.events = watched  # type: ignore[method-assign]
    found = WORD.fullmatch((await at.browser.get("/tides/")).one(b"server-timing"))
    assert found is not None
    await at.browser.post_json("/askfirst/events", {})
    assert seen[0].accepts_page_token("tides", "/tides/", found[1].decode())
    assert not seen[0].accepts_page_token("tides", "/", found[1].decode())
