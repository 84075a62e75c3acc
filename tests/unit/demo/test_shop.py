"""The shop: whole pages, careless cookies that the gate takes out, and nothing from elsewhere."""

from __future__ import annotations

import re

import httpx
import pytest

from askfirst_collector.demo.harbours import HARBOURS

pytestmark = pytest.mark.anyio
PAGES = (
    "/",
    "/tables",
    *(f"/tables/{key}" for key in HARBOURS),
    "/journal",
    "/journal/the-week-of-small-tides",
    "/order",
    "/order/thanks",
)
SAME = {"sec-fetch-site": "same-origin"}


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_is_whole_and_asks(client: httpx.AsyncClient, path: str) -> None:
    """M15, M45: the notice is in the page, by the template helper."""
    answer = await client.get(path)
    assert answer.status_code == 200
    assert answer.text.rstrip().endswith("</html>")
    assert 'id="askfirst-notice"' in answer.text
    assert "/askfirst/rights/me" in answer.text


@pytest.mark.parametrize("path", PAGES)
async def test_no_page_needs_more_than_a_strict_policy_allows(
    client: httpx.AsyncClient, path: str
) -> None:
    """M38: no inline script or style, nothing of another origin but one link."""
    answer = await client.get(path)
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", answer.text)
    for tag in re.findall(r"<(?:script|link|img|form)[^>]*>", answer.text):
        assert not re.search(r"(?:src|href|action)=\"https?:", tag), tag


async def test_cookies_that_were_not_agreed_to_do_not_pass(client: httpx.AsyncClient) -> None:
    """The shop sets one on each visit to its front page; the visitor gets none."""
    answer = await client.get("/?via=poster")
    assert "set-cookie" not in answer.headers
    assert answer.headers["cache-control"] == "private"
    units = await client.post("/units", data={"units": "ft", "return_to": "/"}, headers=SAME)
    assert "set-cookie" not in units.headers


async def test_the_basket_is_never_asked_about(client: httpx.AsyncClient) -> None:
    """S14: what the shop cannot work without passes."""
    form = {"title": "wall", "harbour": "skarness", "name": "Ada"}
    answer = await client.post("/order", data=form, headers=SAME)
    assert (answer.status_code, answer.headers["location"]) == (303, "/order/thanks")
    assert answer.headers["set-cookie"].startswith("slackwater_basket=wall.skarness")
    thanks = await client.get("/order/thanks")
    assert "The Wall Sheet, Skarness" in thanks.text


async def test_after_a_grant_the_same_cookies_pass(client: httpx.AsyncClient) -> None:
    policy = (await client.get("/askfirst/policy", headers={"accept": "application/json"})).json()
    answer = await client.post(
        "/askfirst/consent",
        json={"v": 2, "edition": policy["hash"], "lang": "en", "method": "accept_all"},
        headers=SAME,
    )
    assert answer.status_code == 200, answer.text
    # httpx keeps Secure cookies for https alone; a browser keeps them on loopback too.
    pairs = [line.partition(";")[0] for line in answer.headers.get_list("set-cookie")]
    cookies = {"cookie": "; ".join(pairs)}
    home = await client.get("/?via=poster", headers=cookies)
    assert home.headers["set-cookie"].startswith("slackwater_via=poster")
    assert 'id="askfirst-notice"' not in home.text
    units = await client.post("/units", data={"units": "ft"}, headers={**SAME, **cookies})
    assert units.headers["set-cookie"].startswith("slackwater_units=ft")
    tables = await client.get(
        "/tables", headers={"cookie": "; ".join([*pairs, "slackwater_units=ft"])}
    )
    assert "&nbsp;ft" in tables.text


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"title": "atlas", "harbour": "skarness"}, 400),
        ({"title": "wall", "harbour": "<b>"}, 400),
        ({}, 400),
        ({"name": "x" * 9000}, 413),
    ],
)
async def test_an_order_of_nothing_is_refused(
    client: httpx.AsyncClient, form: dict[str, str], status: int
) -> None:
    assert (await client.post("/order", data=form, headers=SAME)).status_code == status


@pytest.mark.parametrize("back", ["//evil.example/", "https://evil.example/", "/\\evil.example"])
async def test_the_way_back_stays_here(client: httpx.AsyncClient, back: str) -> None:
    answer = await client.post("/units", data={"units": "ft", "return_to": back}, headers=SAME)
    assert answer.headers["location"] == "/"


@pytest.mark.parametrize("path", ["/nowhere", "/tables/atlantis", "/static/nothing.css"])
async def test_what_is_not_there_is_said(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 404
