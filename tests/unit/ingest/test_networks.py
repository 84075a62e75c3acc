"""One network and one site: who is held up, and who is not. Over real sockets."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from askfirst.observe.network_limit import MOST_GRANTS
from askfirst.observe.proxies import Proxies
from askfirst_collector.embedded import EmbeddedCollector
from askfirst_collector.ingest.script_budget import MINUTE, MOST, MOST_OF_A_NETWORK
from tests.support.collectors import Clock, policy
from tests.support.served import served

pytestmark = pytest.mark.anyio

POLICY = policy()
SECRET = base64.urlsafe_b64encode(b"0123456789abcdef").rstrip(b"=").decode()
# Of another edition: refused by 409 where it gets through, so that the ledger is left alone.
GRANT = {
    "v": 1,
    "site": "shop",
    "edition": "0" * 64,
    "lang": "en",
    "method": "accept_all",
    "secret": SECRET,
}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def origin(tmp_path: Path, clock: Clock) -> Iterator[str]:
    """The collector behind a proxy that says who asks."""
    proxies = Proxies.of(["127.0.0.1"])
    collector = EmbeddedCollector(tmp_path, now=clock, jobs=False, proxies=proxies)
    asyncio.run(collector.editions(POLICY))
    try:
        with served(collector.app) as found:
            yield found
    finally:
        collector.close()


async def ask(
    client: httpx.AsyncClient, network: str, times: int, **changes: object
) -> list[httpx.Response]:
    """Answers of one network's visitors, with an Origin that anybody can write."""
    headers = {"origin": "https://shop.example", "x-forwarded-for": network}
    body = {**GRANT, **changes}
    return [await client.post("/v1/consents", json=body, headers=headers) for _ in range(times)]


def held_up(answers: list[httpx.Response]) -> list[bool]:
    return [answer.status_code == 429 for answer in answers]


async def test_one_network_leaves_the_budget_of_a_site_to_others(origin: str) -> None:
    """A forged Origin used up the 600 a minute of everybody."""
    async with httpx.AsyncClient(base_url=origin, timeout=30) as client:
        forged = await ask(client, "203.0.113.7", MOST + 50)
        over = MOST + 50 - MOST_OF_A_NETWORK
        assert held_up(forged) == [False] * MOST_OF_A_NETWORK + [True] * over
        assert all(int(answer.headers["retry-after"]) > 0 for answer in forged[-50:])
        assert not any(held_up(await ask(client, "198.51.100.7", 20)))
        refusals = await ask(client, "203.0.113.8", 3, method="reject_all")
        assert not any(held_up(refusals))


async def test_a_site_has_a_budget_whichever_networks_ask(origin: str) -> None:
    async with httpx.AsyncClient(base_url=origin, timeout=30) as client:
        for at in range(MOST // 100):
            assert not any(held_up(await ask(client, f"203.0.{at}.7", 100)))
        (answer,) = await ask(client, "198.51.100.7", 1)
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")


async def test_a_network_has_what_is_documented_and_no_more(origin: str, clock: Clock) -> None:
    """1,200 grants in ten minutes, however long it goes on: 2,936 got in within 196 seconds."""
    through = 0
    async with httpx.AsyncClient(base_url=origin, timeout=30) as client:
        for _ in range(10):
            answers = await ask(client, "203.0.113.7", MOST_OF_A_NETWORK + 2)
            through += held_up(answers).count(False)
            clock.now += MINUTE
        assert through == MOST_GRANTS
        assert not any(held_up(await ask(client, "198.51.100.7", 1)))
