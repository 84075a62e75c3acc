"""Testing a site from its dashboard: the cookie is for parts, on the site's own origin."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from askfirst.gate.test_session import SECONDS, is_session
from askfirst.http.cookie_header import TEST
from askfirst_collector.dashboard.app import host_app
from askfirst_collector.services import Services
from tests.unit.closing.house import Clock, noon, opened, policy

from .conftest import client_of, set_up

pytestmark = pytest.mark.anyio
NAME = TEST.decode()


@pytest.fixture
def clock() -> Clock:
    return Clock(noon())


@pytest.fixture
def parts(tmp_path: Path, clock: Clock) -> Iterator[Services]:
    with opened(tmp_path / "data", clock, policy()) as parts:
        yield parts


@pytest.fixture
async def client(parts: Services, clock: Clock) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(host_app(parts)) as opened_client:
        await set_up(opened_client, parts)
        yield opened_client


async def start(client: httpx.AsyncClient, origin: str) -> httpx.Response:
    page = await client.get("/sites/shop/test")
    found = re.search(r'name="csrf" value="(\w+)"', page.text)
    assert found is not None
    return await client.post(
        "/sites/shop/test", data={"csrf": found[1]}, headers={"origin": origin}
    )


async def test_a_member_starts_and_ends_a_test(
    client: httpx.AsyncClient, parts: Services, clock: Clock
) -> None:
    """Short-lived, signed by the site's keys, HttpOnly, and never stored."""
    origin = policy().origins[0]
    assert "Start the test" in (await client.get("/sites/shop/test")).text
    response = await start(client, origin)
    assert response.status_code == 303
    assert response.headers["cache-control"] == "no-store"
    (line,) = response.headers.get_list("set-cookie")
    assert line.startswith(f"{NAME}=")
    assert "HttpOnly" in line
    token = line.partition(";")[0].partition("=")[2].encode()
    keys = parts.keys.site("shop")
    assert is_session(token, "shop", keys, now=clock.now)
    assert not is_session(token, "shop", keys, now=clock.now + SECONDS)
    client.cookies.set(NAME, token.decode())  # the clock of these tests is not the client's
    page = await client.get("/sites/shop/test")
    assert "A test is running" in page.text
    csrf = re.search(r'name="csrf" value="(\w+)"', page.text)
    assert csrf is not None
    ended = await client.post("/sites/shop/test/end", data={"csrf": csrf[1]})
    (line,) = ended.headers.get_list("set-cookie")
    assert line.startswith(f"{NAME}=;")
    assert "1970" in line


async def test_nobody_else_is_given_it(client: httpx.AsyncClient, parts: Services) -> None:
    """It must never be set for someone who is not signed in, nor by another site's form."""
    async with client_of(host_app(parts)) as stranger:
        response = await stranger.post("/sites/shop/test", data={"csrf": "x"})
        assert response.headers["location"].endswith("/sign-in")
        assert not response.headers.get_list("set-cookie")
    forged = await client.post("/sites/shop/test", data={"csrf": "x"})
    assert forged.status_code == 403
    assert not forged.headers.get_list("set-cookie")
    unknown = await client.post("/sites/other/test", data={"csrf": "x"})
    assert unknown.status_code in (403, 404)
    assert not unknown.headers.get_list("set-cookie")


async def test_elsewhere_it_is_said_why_it_cannot_work(client: httpx.AsyncClient) -> None:
    """A cookie of another origin never comes to the site's gate."""
    response = await start(client, "https://collector.example")
    assert response.status_code == 409
    assert "not on the site’s own origin" in response.text
    assert not response.headers.get_list("set-cookie")
