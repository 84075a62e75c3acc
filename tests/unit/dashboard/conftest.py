"""A collector's real parts with a clock that is held, and a client at the dashboard's door."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from starlette.types import ASGIApp

from askfirst_collector.dashboard.app import host_app
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.runtime.open import close_services, open_services
from askfirst_collector.services import Services
from askfirst_collector.usecases.links import create_set_up_link
from tests.support.collectors import Clock
from tests.support.draws import no_noise
from tests.system.isolation.world import World, world

ORIGIN = "https://shop.example"
BASE = "/askfirst/host"
PASSWORD = "four quiet herons wade"
SAME_ORIGIN = {"sec-fetch-site": "same-origin"}


@pytest.fixture
def clock() -> Clock:
    return Clock(1_795_000_000.0)


@pytest.fixture
def parts(tmp_path: Path, clock: Clock) -> Iterator[Services]:
    opened = open_services(tmp_path / "data", host_policy=None, now=clock, urandom=no_noise)
    yield opened
    close_services(opened)


@pytest.fixture
def dashboard(parts: Services) -> ASGIApp:
    return host_app(parts)


def client_of(app: ASGIApp, *, address: str = "203.0.113.7") -> httpx.AsyncClient:
    """A browser-like client; it keeps cookies and sends what a same-origin form sends."""
    transport = httpx.ASGITransport(app, root_path=BASE, client=(address, 50_000))
    return httpx.AsyncClient(transport=transport, base_url=ORIGIN + BASE, headers=SAME_ORIGIN)


@pytest.fixture
async def client(dashboard: ASGIApp) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(dashboard) as opened:
        yield opened


async def set_up(client: httpx.AsyncClient, parts: Services) -> httpx.Response:
    """Make the first account by the link, as a person would."""
    fields = {
        "token": create_set_up_link(parts, ON_THE_MACHINE),
        "name": "ada",
        "password": PASSWORD,
        "again": PASSWORD,
    }
    return await client.post("/setup", data=fields)


async def sign_in(
    client: httpx.AsyncClient, *, name: str = "ada", password: str = PASSWORD
) -> httpx.Response:
    return await client.post("/sign-in", data={"name": name, "password": password})


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made
