"""Signing in leads to where one was going, and nowhere else; a session that ended says why."""

from __future__ import annotations

import re

import httpx
import pytest
from starlette.types import ASGIApp

from askfirst_collector.dashboard.auth.lead_on import path_after
from askfirst_collector.services import Services
from tests.unit.dashboard.conftest import BASE, PASSWORD, client_of, set_up, sign_in

pytestmark = pytest.mark.anyio


async def test_signing_in_leads_on(client: httpx.AsyncClient, parts: Services) -> None:
    """To the page and its query, by the form; a wrong password on the way changes nothing."""
    await set_up(client, parts)
    client.cookies.clear()
    wanted = "/sites/shop/pages?from=2026-11-16&to=2026-11-18"
    asked = await client.get(wanted)
    page = await client.get(asked.headers["location"].removeprefix(BASE))
    for _ in range(2):
        (after,) = re.findall(r'name="to" value="([^"]*)"', page.text)
        assert after.replace("&amp;", "&") == wanted
        page = await client.post(
            "/sign-in", data={"name": "ada", "password": "wrong", "to": wanted}
        )
        assert page.status_code == 401
    fields = {"name": "ada", "password": PASSWORD, "to": wanted}
    assert (await client.post("/sign-in", data=fields)).headers["location"] == BASE + wanted
    # Whoever is signed in by then goes on at once.
    assert (await client.get(asked.headers["location"].removeprefix(BASE))).status_code == 303


@pytest.mark.parametrize(
    "wanted",
    [
        None,
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "/../../admin",
        "/sites/%2e%2E/../x",
        "/./../x",
        "javascript:alert(1)",
        "/sign-in?to=/sign-in",
        "sites/x",
    ],
)
async def test_nobody_is_led_out_of_the_dashboard(wanted: str | None) -> None:
    """The address is anybody's word."""
    assert path_after(wanted) == "/"


async def test_a_form_is_not_sent_again(client: httpx.AsyncClient) -> None:
    """What was to be changed is not changed by signing in."""
    answer = await client.post("/sites", data={"name": "shop"})
    assert answer.headers["location"] == f"{BASE}/sign-in"


async def test_a_copied_session_is_told(
    client: httpx.AsyncClient, dashboard: ASGIApp, parts: Services
) -> None:
    """A program with a copied cookie gets 401 and no page; its member is told why at the next."""
    await set_up(client, parts)
    async with client_of(dashboard) as thief:
        thief.headers["user-agent"] = "curl"
        thief.cookies.update(client.cookies)
        answer = await thief.get("/sites/shop/pages.csv")
        assert answer.status_code == 401
        assert "Sign in" in answer.text
        assert (await thief.get("/account")).status_code == 303
    moved = await client.get("/account")
    assert moved.headers["location"] == f"{BASE}/sign-in?to=/account"
    assert "another browser used the cookie" in (await client.get("/sign-in?to=/account")).text
    assert parts.members.sessions.of("ada") == ()
    await sign_in(client)
    assert (await client.get("/account")).status_code == 200
    assert len(parts.members.sessions.of("ada")) == 1


async def test_the_menu_says_where_one_is(client: httpx.AsyncClient, parts: Services) -> None:
    """M36: on pages that are reached from another one, and on those below it, too."""
    await set_up(client, parts)
    for path, name in (
        ("/requests", "Requests"),
        ("/evidence", "Requests"),
        ("/retention", "Audit"),
        ("/members/ada", "Members"),
    ):
        page = await client.get(path)
        assert re.findall(r'aria-current="[a-z]+">([^<]+)</a>', page.text) == [name], path
