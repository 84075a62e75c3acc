"""The demo's shop behind the gate, over a real folder."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from starlette.types import ASGIApp

from askfirst.terms.policy import Policy
from askfirst_collector.demo.chain import demo_policy
from askfirst_collector.demo.site import demo_collector, demo_site
from askfirst_collector.embedded import EmbeddedCollector

ORIGIN = "http://127.0.0.1:8321"
OFFICE = "http://localhost:8321"


@pytest.fixture
def policy() -> Policy:
    return demo_policy([ORIGIN])


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[EmbeddedCollector]:
    opened = demo_collector(tmp_path / "data")
    yield opened
    asyncio.run(opened.aclose())


@pytest.fixture
def site(collector: EmbeddedCollector, policy: Policy) -> ASGIApp:
    return demo_site(collector, policy)


@pytest.fixture
async def client(site: ASGIApp) -> AsyncIterator[httpx.AsyncClient]:
    """A visitor's browser, as far as HTTP goes; secure cookies count on loopback."""
    transport = httpx.ASGITransport(site)
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as opened:
        # On a busy machine the first page does not wait for its editions, and asks nobody.
        for _ in range(600):
            if (await opened.get("/askfirst/policy")).status_code == 200:
                break
            await asyncio.sleep(0.1)
        yield opened
