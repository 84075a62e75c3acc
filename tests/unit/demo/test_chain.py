"""The demo's chain: two sites, a collector placed on each, and the button that tightens it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from starlette.types import ASGIApp

from askfirst_collector.demo.chain import Sites, demo_sites
from askfirst_collector.demo.site import demo_collector, demo_site_and_office
from askfirst_collector.embedded import EmbeddedCollector

from .conftest import OFFICE, ORIGIN

pytestmark = pytest.mark.anyio
SAME = {"sec-fetch-site": "same-origin"}


@pytest.fixture
def sites() -> Sites:
    return demo_sites([ORIGIN, OFFICE])


@pytest.fixture
def here(tmp_path: Path) -> Iterator[EmbeddedCollector]:
    opened = demo_collector(tmp_path / "data", jobs=False)
    yield opened
    asyncio.run(opened.aclose())


@pytest.fixture
def both(here: EmbeddedCollector, sites: Sites) -> ASGIApp:
    return demo_site_and_office(here, sites)


@pytest.fixture
async def client(both: ASGIApp) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(both)) as opened:
        yield opened


def states(here: EmbeddedCollector) -> dict[str, str]:
    placed = here.parts().placed_collectors
    found = [*placed.all("slackwater"), *placed.all("harbour-office")]
    return {each.name: each.state for each in found}


@pytest.mark.parametrize(
    ("page", "name", "line"),
    [
        (f"{ORIGIN}/", "Slackwater", None),
        (f"{ORIGIN}/journal", "Slackwater", "wind-survey"),
        (f"{ORIGIN}/journal/the-week-of-small-tides", "Slackwater", "wind-survey"),
        (f"{OFFICE}/", "Harbour Office", None),
        (f"{OFFICE}/berths", "Harbour Office", "berth-radar"),
        (f"{OFFICE}/berths/d", "Harbour Office", "berth-radar"),
    ],
)
async def test_each_site_asks_for_itself_and_what_is_placed(
    client: httpx.AsyncClient, page: str, name: str, line: str | None
) -> None:
    """M49: the notice of a page names the collector that stands on it, and no other page does."""
    answer = await client.get(page)
    assert answer.status_code == 200
    assert name in answer.text
    assert 'id="askfirst-notice"' in answer.text
    for each, owner in (("wind-survey", "Northern Wind Survey"), ("berth-radar", "Berth Radar")):
        assert (f'data-askfirst-name="{each}"' in answer.text) is (each == line)
        assert (owner in answer.text) is (each == line)


async def test_the_button_suspends_who_gathers_regions_and_lets_them_go_on(
    client: httpx.AsyncClient, here: EmbeddedCollector
) -> None:
    """M33: pressed, the office and its collector stop with their conflicts; the shop goes on."""
    before = await client.get(f"{ORIGIN}/behind")
    assert "Tighten the host" in before.text
    pressed = await client.post(f"{ORIGIN}/behind", headers=SAME, follow_redirects=True)
    assert pressed.status_code == 200
    assert states(here) == {"wind-survey": "active", "berth-radar": "suspended"}
    assert "/purposes/statistics/levels/ip" in pressed.text
    registry = here.parts().registry
    office, shop = registry.site("harbour-office"), registry.site("slackwater")
    assert office is not None
    assert office.suspended
    assert shop is not None
    assert not shop.suspended
    again = await client.post(f"{ORIGIN}/behind", headers=SAME, follow_redirects=True)
    assert "Tighten the host" in again.text
    assert states(here) == {"wind-survey": "active", "berth-radar": "active"}


@pytest.mark.parametrize("headers", [{}, {"sec-fetch-site": "cross-site"}, {"origin": OFFICE}])
async def test_no_other_site_presses_the_button(
    client: httpx.AsyncClient, here: EmbeddedCollector, headers: dict[str, str]
) -> None:
    """A page of another origin cannot tighten anything."""
    answer = await client.post(f"{ORIGIN}/behind", headers=headers)
    assert answer.status_code == 403
    assert states(here)["berth-radar"] == "active"


async def test_off_loopback_there_is_one_site(here: EmbeddedCollector) -> None:
    """Where there is no second name for the port, the shop is served alone, with its collector."""
    alone = demo_sites(["https://demo.example"])
    assert alone.office is None
    site = demo_site_and_office(here, alone)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(site)) as client:
        assert "Slackwater" in (await client.get("https://demo.example/journal")).text
    assert states(here) == {"wind-survey": "active"}
