"""The gate knows the editions of now: it asks its collector again, and no request waits for it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest

from askfirst.adapters.wsgi import ConsentMiddleware
from askfirst.gate.relay import FRESH
from askfirst.terms.edition import Editions
from askfirst.terms.policy import Policy
from tests.unit.gate.browser import until
from tests.unit.gate.conftest import Shop
from tests.unit.gate.memory import AWAY, NOW, MemoryCollector, make_policy, state_token
from tests.unit.gate.placing import TIDES, place


@pytest.mark.anyio
async def test_what_is_placed_shows_within_five_seconds(shop: Callable[..., Shop]) -> None:
    """M33, M49: a collector that is placed, or suspended, is there or gone 5 s later."""
    at = shop()
    assert not (await at.browser.get("/tides/")).all(b"server-timing")
    place(at.collector, at.policy, TIDES)
    at.clock[0] += FRESH - 0.1
    assert not (await at.browser.get("/tides/")).all(b"server-timing")
    at.clock[0] += 0.2
    await _until_shown(at, True)
    place(at.collector, at.policy)
    at.clock[0] += FRESH
    await _until_shown(at, False)


async def _until_shown(at: Shop, wanted: bool) -> None:
    calls = at.collector.calls.count("keys")
    await at.browser.get("/tides/")
    await until(lambda: at.collector.calls.count("keys") > calls)
    assert bool((await at.browser.get("/tides/")).all(b"server-timing")) is wanted


@pytest.mark.anyio
async def test_no_request_waits_for_news(shop: Callable[..., Shop]) -> None:
    """A collector that does not answer holds no page up, and is asked once."""
    at = shop()
    await at.browser.get("/")
    asked: list[Policy] = []

    async def hangs(policy: Policy) -> Editions:
        asked.append(policy)
        await asyncio.Event().wait()
        raise AssertionError

    at.collector.editions = hangs  # type: ignore[method-assign]
    at.clock[0] += FRESH
    for _ in range(5):
        assert (await asyncio.wait_for(at.browser.get("/"), 1)).status == 200
    assert len(asked) == 1


@pytest.mark.anyio
async def test_no_news_drop_nothing(shop: Callable[..., Shop]) -> None:
    """The same numbers and hashes are no news: what was checked stays checked."""
    at = shop()
    await at.browser.get("/")
    middleware: Any = at.app
    cookie = [(b"cookie", b"__Host-askfirst=" + state_token({"statistics": 2}))]
    before = middleware._gate.known, middleware._gate.consent(cookie)
    at.clock[0] += FRESH
    await at.browser.get("/")
    await until(lambda: at.collector.calls.count("keys") == 2)
    assert middleware._gate.known is before[0]
    assert middleware._gate.consent(cookie) is before[1]


@pytest.mark.anyio
async def test_an_answer_that_came_too_late_brings_the_news(shop: Callable[..., Shop]) -> None:
    """M16: who answered what is no longer in force is shown what is, without waiting 5 s."""
    at = shop()
    await at.browser.get("/tides/")
    edition = place(at.collector, at.policy, TIDES)
    first = edition.get(1)
    assert first is not None
    refused = await at.browser.consent("accept_all", first.hash)
    assert (refused.status, refused.json["reason"]) == (409, "edition-changed")
    await _until_shown(at, True)


@pytest.mark.anyio
async def test_while_the_collector_is_away_what_was_known_holds(
    shop: Callable[..., Shop], caplog: pytest.LogCaptureFixture
) -> None:
    """Pages go on as before, and a second later nobody asks yet again."""
    at = shop()
    place(at.collector, at.policy, TIDES)
    await at.browser.get("/tides/")
    at.collector.away = AWAY
    at.clock[0] += FRESH
    with caplog.at_level(logging.ERROR):
        await at.browser.get("/tides/")
        await until(lambda: bool(caplog.records))
    assert (await at.browser.get("/tides/")).all(b"server-timing")
    assert at.collector.calls.count("editions") == 2


def test_threads_do_not_wait_for_news_either() -> None:
    """M33, M49: the same behind WSGI, where another thread asks."""
    collector, policy, clock = MemoryCollector(), make_policy(), [NOW]

    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/html"), ("Server-Timing", "db;dur=2")])
        return [b"<p>hello"]

    site: Any = ConsentMiddleware(app, policy=policy, collector=collector, now=lambda: clock[0])

    def told() -> str:
        found: list[Any] = []
        environ = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": "/tides/caf\xc3\xa9",
            "SCRIPT_NAME": "",
            "REMOTE_ADDR": "192.0.2.1",
        }
        site(environ, lambda status, headers, exc_info=None: found.append(headers))
        lines: dict[str, str] = {name.lower(): value for name, value in found[0]}
        return lines["server-timing"]

    try:
        assert told() == "db;dur=2"
        place(collector, policy, TIDES)
        clock[0] += FRESH
        gate = site._adapter.gate
        while len(gate.known.editions) < 2:
            told()
        first, _, word = told().partition(", ")
        assert first == "db;dur=2"
        vouch = word.removeprefix('askfirst;desc="tides.').removesuffix('"')
        assert gate.accepts_page_token("tides", "/tides/caf%C3%A9", vouch)
    finally:
        site.close()
