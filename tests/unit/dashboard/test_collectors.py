"""Figures of a placed collector: its owner's and the host's, of nobody else."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from askfirst_collector.closing.close import close_due
from askfirst_collector.store.events import PeriodKey
from askfirst_collector.usecases.members import change_member
from tests.support.collectors import believe_every_batch, policy
from tests.support.placing import place, state, tides
from tests.system.isolation.world import BASE, CLUB, World, world
from tests.unit.closing.house import DAY, row, store

pytestmark = pytest.mark.anyio
TODAY = "2026-11-22"
DATES = {"from": TODAY, "to": TODAY}
WINDS = {"collector": "winds", **DATES}
PAGES = {"": "/of/the/site", "winds": "/of/the/collector"}
FIGURES = ("", "/pages", "/pages.csv", "/pages.json", "/time-line.csv", "/time-line.json")
CLUBS = policy("standard", site=CLUB, origins=[f"https://{CLUB}.example"])


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    """olive, who is of another site, owns the winds of carl's club; a day of both has closed."""
    with world(tmp_path) as made:
        parts = made.parts
        parts.registry.publish(CLUBS)
        place(parts, tides(CLUBS, collector="winds"), owner="olive")
        believe_every_batch(parts)
        for collector, page in PAGES.items():
            key = PeriodKey(CLUB, collector, "statistics", "day", TODAY)
            store(parts, [row(parts, n, {"page": ("/of", page)}, key) for n in range(12)])
        clock: Any = parts.now
        clock.now += DAY
        close_due(parts, clock.now)
        yield made


@pytest.mark.parametrize("path", FIGURES)
@pytest.mark.parametrize("name", ["ada", "olive"])
async def test_its_owner_and_the_host_see_what_it_gathered(
    here: World, name: str, path: str
) -> None:
    """The owner of a placed collector sees only what it gathered."""
    async with here.browser(name) as client:
        answer = await client.get(f"/sites/{CLUB}{path}", params=WINDS)
    assert answer.status_code == 200
    assert PAGES[""] not in answer.text
    assert "time-line" in path or PAGES["winds"] in answer.text


@pytest.mark.parametrize("path", FIGURES)
async def test_its_owner_sees_nothing_else_of_the_site(here: World, path: str) -> None:
    """An owner of one site is refused everything of another."""
    async with here.browser("olive") as client:
        for params in (DATES, {"collector": "tides", **DATES}, {"collector": "none", **DATES}):
            answer = await client.get(f"/sites/{CLUB}{path}", params=params)
            assert answer.status_code == 404
        for more in ("/policy", "/editions", "/audit"):
            answer = await client.get(f"/sites/{CLUB}{more}", params=WINDS)
            assert answer.status_code == 404


@pytest.mark.parametrize("path", FIGURES)
@pytest.mark.parametrize("name", ["carl", "rita"])
async def test_the_sites_own_members_do_not_see_it(here: World, name: str, path: str) -> None:
    """A placed collector's figures are its owner's and the host admin's only."""
    async with here.browser(name) as client:
        answer = await client.get(f"/sites/{CLUB}{path}", params=WINDS)
        assert answer.status_code == 403
        own = await client.get(f"/sites/{CLUB}{path}", params=DATES)
    assert own.status_code == 200
    assert PAGES["winds"] not in own.text
    assert "time-line" in path or PAGES[""] in own.text
    assert "winds" not in own.text


async def test_pages_lead_on_within_the_collector(here: World) -> None:
    """Its owner arrives at it, and every link and form of its pages stays with it."""
    async with here.browser("olive") as client:
        shop = await client.get("/")
        assert shop.headers["location"] == f"{BASE}/sites/shop"
        page = (await client.get(f"/sites/{CLUB}", params=WINDS)).text
        assert "winds on club" in page
        assert f'href="{BASE}/sites/{CLUB}/pages?collector=winds&amp;from={TODAY}' in page
        assert '<input type="hidden" name="collector" value="winds">' in page
        for closed in ("/policy", "/editions"):
            assert f"/sites/{CLUB}{closed}" not in page
    async with here.browser("ada") as client:
        page = (await client.get(f"/sites/{CLUB}", params=WINDS)).text
        assert '<option value="winds" selected>winds</option>' in page
        assert '<option value="">The site itself</option>' in page


@pytest.mark.parametrize("path", ["/imported", "/shares", "/letters", "/audit", "/collectors"])
async def test_pages_of_the_site_lead_back_to_what_the_collector_has(
    here: World, path: str
) -> None:
    """It gathers less than the site: no link goes to a table that it does not have."""
    async with here.browser("ada") as client:
        page = await client.get(f"/sites/{CLUB}{path}", params=WINDS)
        links = re.findall(rf'href="{BASE}(/[^"]*collector=winds[^"]*)"', page.text)
        assert any("/pages?" in link for link in links)
        for link in dict.fromkeys(links):
            assert (await client.get(link.replace("&amp;", "&"))).status_code == 200, link


async def test_an_owner_of_nothing_else_arrives_at_the_collector(here: World) -> None:
    """Who has no site of their own, and one collector, is led to that."""
    ada = here.people["ada"]
    change_member(here.parts, ada, "olive", "site-owner", ())
    async with here.browser("olive") as client:
        answer = await client.get("/")
    assert answer.headers["location"] == f"{BASE}/sites/{CLUB}?collector=winds"


async def test_exports_say_whose_they_are(here: World) -> None:
    """CSV and JSON of a placed collector name it."""
    async with here.browser("olive") as client:
        told = await client.get(f"/sites/{CLUB}/pages.json", params=WINDS)
        text = await client.get(f"/sites/{CLUB}/pages.csv", params=WINDS)
    assert told.json()["collector"] == "winds"
    assert f'filename="{CLUB}-winds-pages-' in text.headers["content-disposition"]
    head, *rows = csv.reader(io.StringIO(text.text))
    assert head[-1] == "collector"
    assert {each[-1] for each in rows} == {"winds"}


@pytest.mark.parametrize("to", ["suspended", "retired"])
async def test_what_is_gone_is_shown_until_it_is_purged(here: World, to: str) -> None:
    """Nothing is lost with a collector: its disclosed days stay as long as their terms say."""
    state(here.parts, tides(CLUBS, collector="winds"), to)
    async with here.browser("olive") as client:
        answer = await client.get(f"/sites/{CLUB}/pages", params=WINDS)
    assert PAGES["winds"] in answer.text


async def test_a_draft_has_pages_without_figures(here: World) -> None:
    """A collector that never stood has nothing to show, and says when it will."""
    async with here.browser("ada") as client:
        answer = await client.get(f"/sites/{CLUB}", params={"collector": "tides", **DATES})
    assert answer.status_code == 200
    assert "Nothing has closed in these dates" in answer.text
