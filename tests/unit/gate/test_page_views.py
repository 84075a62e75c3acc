"""Page views that the server sees itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.unit.gate.browser import Raw, until
from tests.unit.gate.conftest import Shop
from tests.unit.gate.memory import AWAY

pytestmark = pytest.mark.anyio
Build = Callable[..., Shop]


async def visits(shop: Build, **changes: Any) -> Shop:
    site = shop(server_side=True, **changes)
    assert (await site.browser.consent("accept_all", site.policy.hash)).status == 200
    return site


async def seen(site: Shop, target: str, headers: Raw | None = None) -> list[Mapping[str, Any]]:
    """The events of one page view, after the loop had time for it."""
    before = len(site.collector.submitted)
    await site.browser.get(target, headers)
    for _ in range(20):
        await until(lambda: True)
        await _turn()
    return [
        event
        for _, payload, _, _ in site.collector.submitted[before:]
        for event in payload["events"]  # type: ignore[attr-defined]
    ]


async def _turn() -> None:
    import asyncio

    await asyncio.sleep(0)


async def test_each_granted_purpose_gets_its_own_cut(shop: Build) -> None:
    """M14, M26: one event a purpose, section, path or listed query as agreed; no other purpose."""
    site = await visits(shop, purposes={"statistics": {"levels": {"page": 3, "referrer": 1}}})
    headers = [(b"referer", b"https://search.example/?q=SECRET#SECRET"), (b"cookie", b"x=SECRET")]
    events = await seen(site, "/shop/8812/x?sort=price&u=SECRET&sort=SECRET", headers)
    assert events == [
        {"purpose": "marketing", "type": "page_view", "page": "/shop"},
        {
            "purpose": "statistics",
            "type": "page_view",
            "page": "/shop/8812/x?sort=price&sort=",
            "referrer": "https://search.example",
        },
    ]
    caller, payload, handed, peer = site.collector.submitted[0]
    assert caller.handle in site.collector.consent_status
    assert len(str(payload["batch"])) == 22
    assert {name for name, _ in handed} <= {b"user-agent", b"accept-language"}
    assert peer == site.browser.peer
    assert "SECRET" not in repr(site.collector.submitted)


async def test_a_lower_detail_sends_less(shop: Build) -> None:
    """M26: at detail 1 the section alone leaves the gate."""
    site = shop(server_side=True)
    await site.browser.consent("save", site.policy.hash, choices={"statistics": 1})
    events = await seen(site, "/shop/8812?sort=price")
    assert [event["page"] for event in events] == ["/shop"]


async def test_without_a_grant_nothing_is_handed_on(shop: Build) -> None:
    """M20: no receipt, a refusal, a state cookie alone, GPC: no event for what is denied."""
    site = await visits(shop)
    jar = dict(site.browser.jar)
    site.browser.jar.pop(b"__Host-askfirst-receipt")
    assert await seen(site, "/") == []
    site.browser.jar = {b"__Host-askfirst-receipt": jar[b"__Host-askfirst-receipt"]}
    assert await seen(site, "/") == []
    site.browser.jar = dict(jar)
    under = await seen(site, "/", [(b"sec-gpc", b"1")])
    assert [event["purpose"] for event in under] == ["statistics"]
    await site.browser.consent("withdraw", site.policy.hash)
    assert await seen(site, "/") == []


@pytest.mark.parametrize(
    "header",
    [
        (b"sec-purpose", b"prefetch;prerender"),
        (b"purpose", b"prefetch"),
        (b"x-moz", b"prefetch"),
        (b"sec-fetch-dest", b"empty"),
        (b"sec-fetch-dest", b"iframe"),
        (b"hx-request", b"true"),
        (b"turbo-frame", b"basket"),
        (b"x-requested-with", b"XMLHttpRequest"),
        (b"x-pjax", b"true"),
        (b"x-inertia", b"true"),
        (b"x-up-target", b"main"),
    ],
)
async def test_what_nobody_looks_at_is_no_page_view(
    shop: Build, header: tuple[bytes, bytes]
) -> None:
    """M41: prefetch and prerender send nothing; nor do fragments and frames."""
    site = await visits(shop)
    assert await seen(site, "/", [header]) == []
    assert await seen(site, "/", [(b"sec-fetch-dest", b"document")]) != []
    assert await seen(site, "/", [(b"x-requested-with", b"com.example.app")]) != []


async def test_only_whole_pages_count(shop: Build) -> None:
    """Other types, methods and statuses are no page views; nor is a site without `server_side`."""
    site = await visits(shop)
    await site.browser.post_form("/", "")
    await site.browser.send("HEAD", "/")
    other = shop()
    await other.browser.consent("accept_all", other.policy.hash)
    assert await seen(other, "/") == []
    assert site.collector.submitted == []


async def test_a_collector_that_fails_hurts_no_page(shop: Build) -> None:
    """The page is served whatever submitting does."""
    site = await visits(shop)
    site.collector.away = AWAY
    assert (await site.browser.get("/")).status == 200
    await until(lambda: site.collector.calls[-1] == "submit")
    assert (await site.browser.get("/")).status == 200
