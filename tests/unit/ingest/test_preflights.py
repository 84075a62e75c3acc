"""Preflights of sites without a server: by origin, and not without a limit."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from askfirst.observe.network_limit import AddressLimit
from askfirst_collector.embedded import EmbeddedCollector
from tests.support.collectors import Clock, policy

pytestmark = pytest.mark.anyio
ORIGIN = "https://shop.example"


@pytest.fixture
async def collector(tmp_path: Path) -> AsyncIterator[EmbeddedCollector]:
    found = EmbeddedCollector(tmp_path, now=Clock(), jobs=False)
    await found.editions(policy())
    yield found
    await found.aclose()


async def ask(collector: EmbeddedCollector, address: str, origin: str = ORIGIN) -> httpx.Response:
    transport = httpx.ASGITransport(collector.app, client=(address, 4711))
    async with httpx.AsyncClient(
        transport=transport, base_url="https://collector.example"
    ) as client:
        return await client.options("/v1/rights/me", headers={"origin": origin})


async def test_preflights_know_the_origins(collector: EmbeddedCollector) -> None:
    """A browser may ask for a site's origin, and for no other."""
    found = await ask(collector, "8.8.8.8")
    assert found.headers["access-control-allow-origin"] == ORIGIN
    other = await ask(collector, "8.8.8.8", "https://evil.example")
    assert "access-control-allow-origin" not in other.headers


async def test_preflights_are_limited(
    collector: EmbeddedCollector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One network asks so many a window, as with events; another one goes on."""
    limit = AddressLimit(now=time.time, urandom=os.urandom, most=2)
    monkeypatch.setattr(collector._open().events, "_limit", limit)
    statuses = [(await ask(collector, "8.8.8.8")).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    assert (await ask(collector, "9.9.9.9")).status_code == 200
