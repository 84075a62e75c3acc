"""An age signal, of the browser or of what stands before the site, is anybody's refusal (M30)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from askfirst.adapters.wsgi import consent_from
from askfirst.errors import WrongSetting
from askfirst.gate.signals import UNDER_AGE, prefers_safe
from askfirst.http.headers import Headers, values
from tests.support.collectors import Clock, policy
from tests.support.whole import Site, Visitor, view
from tests.support.wsgi import Call
from tests.support.wsgi import wrap as wrap
from tests.unit.gate.browser import SAME_ORIGIN
from tests.unit.gate.conftest import Build, Shop
from tests.unit.gate.memory import AWAY, RECEIPT, STATE, MemoryCollector

pytestmark = pytest.mark.anyio
CHILD = [(b"prefer", b"safe")]


def built(shop: Build, adapter: Any = "prefer-safe") -> Shop:
    return shop(options={"under_age": adapter})


async def grown_up(shop: Shop) -> None:
    assert (await shop.browser.consent("accept_all", shop.policy.hash)).status == 200


async def refuser(shop: Shop) -> dict[bytes, bytes]:
    browser = shop.another()
    await browser.consent("reject_all", shop.policy.hash)
    return browser.jar


async def test_a_childs_page_ends_and_erases_what_was_agreed(shop: Build) -> None:
    """Before the page is served; what is left is what anybody who refused holds, byte for byte."""
    site = built(shop)
    site.reads = "statistics"
    await grown_up(site)
    assert (await site.browser.get("/")).body == b"<p>hello True"
    page = await site.browser.get("/", CHILD)
    assert page.body == b"<p>hello False"
    assert len(site.collector.erased) == 1
    assert site.browser.jar == await refuser(site)
    assert (await site.browser.get("/")).body == b"<p>hello False"


async def test_who_never_answered_is_left_with_the_refusal_and_counted_nowhere(
    shop: Build,
) -> None:
    """M08, M09: so that no script asks; asked again it is the same cookie, and not set twice."""
    site = built(shop)
    await site.browser.get("/")
    before = len(site.collector.decisions), site.collector.tally
    page = await site.browser.get("/", CHILD)
    assert (len(site.collector.decisions), site.collector.tally) == before
    assert site.browser.jar == await refuser(site)
    assert STATE in page.one(b"set-cookie")
    assert not (await site.browser.get("/", CHILD)).all(b"set-cookie")


async def test_a_child_cannot_agree(shop: Build) -> None:
    """Every answer is the same refusal, and gets no receipt."""
    site = built(shop)
    site.browser.also = CHILD
    got = await site.browser.consent("accept_all", site.policy.hash)
    assert got.json["decision"] == "refused"
    assert RECEIPT not in site.browser.jar


async def test_another_origin_ends_nobodys_grant(shop: Build) -> None:
    """M47: what a script of elsewhere can send holds for its request alone."""
    site = built(shop)
    site.reads = "statistics"
    await grown_up(site)
    elsewhere = [(b"sec-fetch-site", b"cross-site"), (b"sec-fetch-mode", b"cors")]
    assert (await site.browser.get("/", [*CHILD, *elsewhere])).body == b"<p>hello False"
    assert site.collector.erased == []
    assert (await site.browser.get("/")).body == b"<p>hello True"


async def test_no_cache_mixes_children_up(shop: Build) -> None:
    """M39: what the adapter looked at stands in no `Vary`, so that a page which asks is private."""
    site = built(shop)
    site.reads = "statistics"
    for headers in ([], CHILD):
        page = await site.browser.get("/", headers)
        assert page.one(b"cache-control").startswith(b"private")
    site.reads = None
    assert not (await site.another().get("/")).all(b"cache-control")


async def test_an_adapter_that_fails_allows_nothing_and_ends_nothing(
    shop: Build, caplog: pytest.LogCaptureFixture
) -> None:
    """A failure narrows, for the request alone; the page is served."""

    def broken(_: Headers) -> bool:
        raise ValueError("CANARY")

    site = built(shop, broken)
    site.reads = "statistics"
    caplog.set_level(logging.DEBUG)
    assert (await site.browser.consent("accept_all", site.policy.hash)).json[
        "decision"
    ] == "refused"
    page = await site.browser.get("/")
    assert (page.status, page.body) == (200, b"<p>hello False")
    assert site.collector.erased == []
    assert "CANARY" not in caplog.text


async def _in_time(_: Headers) -> bool:
    return False


@pytest.mark.filterwarnings("ignore:coroutine")
@pytest.mark.parametrize("adapter", [_in_time, lambda _: "no", lambda _: None])
async def test_an_adapter_that_answers_neither_yes_nor_no_ends_nothing(
    shop: Build, adapter: Any
) -> None:
    """As one that fails: an `async` function would have been everybody's yes."""
    site = built(shop, lambda headers: adapter(headers) if values(headers, b"x-late") else False)
    site.reads = "statistics"
    await grown_up(site)
    assert (await site.browser.get("/", [(b"x-late", b"1")])).body == b"<p>hello False"
    assert site.collector.erased == []
    assert (await site.browser.get("/")).body == b"<p>hello True"


async def test_a_collector_that_is_away_is_asked_again(shop: Build) -> None:
    """M50: nothing runs on in this browser; the end is owed until it is recorded."""
    site = built(shop)
    site.reads = "statistics"
    await grown_up(site)
    site.collector.away = AWAY
    assert (await site.browser.get("/", CHILD)).body == b"<p>hello False"
    assert [entry.kind for entry in site.collector.owed] == ["erase"]
    assert RECEIPT not in site.browser.jar


async def test_an_adapter_of_ones_own(shop: Build) -> None:
    """Whatever a platform's web view, or a proxy in front, sends."""

    def of_the_app(headers: Headers) -> bool:
        return values(headers, b"x-age-range") in ([b"0-12"], [b"13-15"], [b"16-17"])

    site = built(shop, of_the_app)
    site.reads = "statistics"
    await grown_up(site)
    assert (await site.browser.get("/", [(b"x-age-range", b"18+")])).body == b"<p>hello True"
    assert (await site.browser.get("/", [(b"x-age-range", b"13-15")])).body == b"<p>hello False"
    assert len(site.collector.erased) == 1


@pytest.mark.parametrize("wrong", ["safe", True, 18])
def test_a_wrong_setting_is_said_at_start(shop: Build, wrong: Any) -> None:
    with pytest.raises(WrongSetting, match=r"askfirst\.E118.*prefer-safe"):
        built(shop, wrong)


@pytest.mark.parametrize(
    ("line", "is_safe"),
    [
        (b"safe", True),
        (b"Safe", True),
        (b"respond-async, safe", True),
        (b"safe; foo=bar", True),
        (b"unsafe", False),
        (b'handling="safe"', False),
        (b"", False),
    ],
)
def test_prefer_is_read_as_its_rfc_says(line: bytes, is_safe: bool) -> None:
    """RFC 8674, in the syntax of RFC 7240."""
    assert prefers_safe([(b"Prefer", line)]) is is_safe


async def test_without_an_adapter_no_header_says_anything(shop: Build) -> None:
    """A site chooses whom it believes."""
    site = shop()
    site.reads = "statistics"
    await grown_up(site)
    assert (await site.browser.get("/", [*CHILD, SAME_ORIGIN])).body == b"<p>hello True"


def test_a_blocking_server_does_the_same(wrap: Callable[..., Any]) -> None:
    """WSGI: the application sees no consent, the collector an erasure, the browser a refusal."""
    collector = MemoryCollector()
    seen: list[bool] = []

    def page(environ: Any, start: Any) -> list[bytes]:
        seen.append(consent_from(environ).allows("statistics"))
        start("200 OK", [("Content-Type", "text/html")])
        return [b"page"]

    app = wrap(page, collector, under_age="prefer-safe")
    call = Call(app, HTTP_PREFER="safe", HTTP_COOKIE=f"{RECEIPT.decode()}={'A' * 22}")
    call.read()
    assert seen == [False]
    assert len(collector.erased) == 1
    assert [v.split("=")[0] for n, v in call.headers if n.lower() == "set-cookie"] == [
        STATE.decode(),
        RECEIPT.decode(),
    ]


async def test_a_childs_events_are_stored_nowhere_and_what_was_is_gone(tmp_path: Path) -> None:
    """M20, M30: of a pseudonym that lasts, too: withdrawn first, nobody could find its rows."""
    site = Site(tmp_path / "data", policy("full"), Clock())
    visitor = Visitor()
    await site.collector.editions(site.policy)
    await site.answer(visitor, {"statistics": 2})
    await site.send(visitor, view("/before"))
    visitor.also = [UNDER_AGE]
    answer = await site.send(visitor, view("/child"))
    assert (answer["stored"], answer["dropped"]) == (0, [{"index": 0, "reason": "no-grant"}])
    parts = site.collector.parts()
    assert sum(parts.events.counts(key).rows for key in parts.events.periods()) == 1
    await site.ask(visitor, "GET", "/", headers=[(b"sec-fetch-mode", b"navigate")])
    assert parts.events.periods() == []
    assert parts.ledger.handles() == []
    # The note of the erasure says when, of which edition, and nothing of why.
    (note,) = parts.ledger.between("shop", 0, 2**40)
    assert set(note.body) == {"v", "kind", "site", "hour", "edition", "ended", "status"}
    await site.aclose()
