"""Invented visits: they go the way real ones go, and say that they are invented."""

from __future__ import annotations

import re
import time
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from askfirst.terms.policy import Policy
from askfirst_collector.demo.chain import demo_sites
from askfirst_collector.demo.simulate import simulate
from askfirst_collector.demo.site import demo_collector, demo_site
from askfirst_collector.demo.visitors import draw_visit, draw_visitor, spread
from askfirst_collector.demo.wire import Jar
from askfirst_collector.registry.members import Members
from askfirst_collector.reports.ranges import Wanted, report

from .conftest import OFFICE, ORIGIN

DAYS, VISITS = 2, 300


@given(
    st.integers(0, 20_000),
    st.lists(st.integers(0, 6), min_size=1, max_size=20),
    st.floats(0.01, 24),
)
def test_the_visits_are_spread_and_none_is_lost(
    total: int, weekdays: list[int], last_hours: float
) -> None:
    plan = spread(total, weekdays, last_hours)
    assert sum(map(sum, plan)) == total
    assert all(count >= 0 for hours in plan for count in hours)
    assert not any(plan[-1][int(last_hours) + 1 :])


def test_the_same_chance_draws_the_same_visitors() -> None:
    drawn = [
        [draw_visit(chance, draw_visitor(chance)) for _ in range(50)]
        for chance in (Random(7), Random(7))
    ]
    assert drawn[0] == drawn[1]
    assert len(set(drawn[0])) > 40


def test_a_jar_keeps_and_drops_cookies() -> None:
    jar = Jar()
    jar.take("a=1; Path=/; Secure")
    jar.take("b=2; Max-Age=60")
    assert jar.header() == "a=1; b=2"
    jar.take("a=; Max-Age=0; Path=/")
    assert jar.header() == "b=2"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Enough visits of two days for the largest countries to be shown."""
    data = tmp_path_factory.mktemp("simulated") / "data"
    told: Counter[str] = Counter()
    simulate(
        data,
        demo_sites([ORIGIN, OFFICE]),
        VISITS,
        now=time.time(),
        chance=Random(3),
        days=DAYS,
        progress=lambda: told.update(["visit"]),
    )
    assert told["visit"] == VISITS
    return data


def test_every_day_but_this_one_is_closed(folder: Path, policy: Policy) -> None:
    """The clock went over the days, and each was closed by the jobs on its way."""
    collector = demo_collector(folder)
    try:
        today = datetime.now(UTC).date()
        wanted = Wanted("slackwater", "statistics", today - timedelta(days=DAYS), today)
        found = report(collector.parts(), wanted, "ip")
        open_days = [each for each in found.periods if each.reason == "open"]
        assert [each.period for each in open_days] == [today.isoformat()]
        assert not any(each.reason == "not closed yet" for each in found.periods)
        assert found.visitors is not None
        assert found.visitors >= 25
        codes = {row.path[0] for row in found.rows if row.kind == "value"}
        assert "GB" in codes, "the proxy's header says where visitors are"
        rows = collector.parts().events.periods()
        assert {date.fromisoformat(each.period) for each in rows} <= {today}
    finally:
        collector.close()


def test_collectors_that_were_placed_gathered_too(folder: Path) -> None:
    """Some agreed to what is placed on each site: its own periods closed with visitors in them."""
    collector = demo_collector(folder)
    try:
        today = datetime.now(UTC).date()
        for site, name in (("slackwater", "wind-survey"), ("harbour-office", "berth-radar")):
            first = today - timedelta(days=DAYS)
            wanted = Wanted(site, "statistics", first, today, collector=name)
            found = report(collector.parts(), wanted, "page").periods
            assert any(each.visitors or each.reason == "too few" for each in found), name
    finally:
        collector.close()


@pytest.mark.anyio
async def test_every_page_of_the_dashboard_says_simulated(folder: Path, policy: Policy) -> None:
    """Nobody takes them for real."""
    collector = demo_collector(folder)
    try:
        transport = httpx.ASGITransport(demo_site(collector, policy))
        base = "https://127.0.0.1:8321"
        async with httpx.AsyncClient(
            transport=transport, base_url=base, headers={"sec-fetch-site": "same-origin"}
        ) as client:
            await client.get("/")
            parts = collector.parts()
            token = Members(parts.engine, now=parts.now, urandom=parts.urandom).new_link()
            words = "only for this test"
            form = {"token": token, "name": "ada", "password": words, "again": words}
            assert (await client.post("/askfirst/host/setup", data=form)).status_code == 303
            seen: set[str] = set()
            waiting = ["/askfirst/host/sites/slackwater"]
            while waiting:
                path = waiting.pop()
                seen.add(path)
                page = await client.get(path)
                assert page.status_code == 200, path
                assert "<strong>Simulated.</strong>" in page.text, path
                links = re.findall(r'href="(/askfirst/host/[^"#]*)"', page.text)
                waiting += [
                    link
                    for link in dict.fromkeys(links)
                    if link.startswith("/askfirst/host/sites/")
                    and not re.search(r"\.(csv|json|toml)", link)
                    and link not in {*seen, *waiting}
                ]
            assert len(seen) >= 12
    finally:
        await collector.aclose()
