"""Invented visits: recorded, cut and closed as real ones are, and called invented."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
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
from askfirst_collector.embedded import EmbeddedCollector
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.reports.ranges import Report, report
from askfirst_collector.store.disclosed_ranges import Range
from askfirst_collector.usecases.links import create_set_up_link

from .conftest import OFFICE, ORIGIN

DAYS, VISITS = 2, 400
TODAY = date(2026, 11, 18)


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


@given(st.integers(1_000, 20_000), st.integers(0, 6))
def test_a_day_that_is_over_looks_the_same_at_every_hour(total: int, weekday: int) -> None:
    """How far today has come moves a finished day of the two weeks by a seventh at most."""
    weekdays = [(weekday + day) % 7 for day in range(15)]
    early, noon, late = (spread(total, weekdays, hours) for hours in (5 / 60, 12, 23 + 55 / 60))
    for days in zip(early[:-1], noon[:-1], late[:-1], strict=True):
        counts = [sum(hours) for hours in days]
        assert counts == sorted(counts, reverse=True) or max(counts) - min(counts) <= 2
        assert max(counts) - min(counts) <= max(counts) / 7 + 2


def test_the_same_chance_draws_the_same_visitors() -> None:
    drawn = [
        [draw_visit(chance, draw_visitor(chance)) for _ in range(50)]
        for chance in (Random(7), Random(7))
    ]
    assert drawn[0] == drawn[1]
    assert len(set(drawn[0])) > 40


def at(hour: int, minute: int = 0) -> Callable[[], float]:
    """A clock that stands at a time of the day that is simulated last."""
    moment = datetime(TODAY.year, TODAY.month, TODAY.day, hour, minute, tzinfo=UTC)
    return moment.timestamp


# Early, so that the days that are over have nearly all of the visits.
NOW = at(6)


def simulated(data: Path, visits: int, now: Callable[[], float]) -> None:
    """The folder with that many visits of the days until `now`."""
    progress: Counter[str] = Counter()
    simulate(
        data,
        demo_sites([ORIGIN, OFFICE]),
        visits,
        now=now(),
        chance=Random(3),
        days=DAYS,
        progress=lambda: progress.update(["visit"]),
    )
    assert progress["visit"] == visits


def countries(collector: EmbeddedCollector) -> Report:
    """The report on the days that were simulated."""
    wanted = Range("slackwater", "statistics", TODAY - timedelta(days=DAYS), TODAY)
    return report(collector.parts(), wanted, "ip")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Enough visits of two days for the largest countries to be shown."""
    data = tmp_path_factory.mktemp("simulated") / "data"
    simulated(data, VISITS, NOW)
    return data


@pytest.mark.parametrize("now", [at(0, 5), at(12), at(23, 55)], ids=["early", "noon", "late"])
def test_days_close_whatever_the_hour(tmp_path: Path, now: Callable[[], float]) -> None:
    """All but the one that is under way, five minutes after it began as at its end."""
    simulated(tmp_path / "data", 12, now)
    collector = demo_collector(tmp_path / "data", now=now)
    try:
        reasons = {period.period: period.reason for period in countries(collector).periods}
        assert reasons.pop(TODAY.isoformat()) == "open"
        assert len(reasons) == DAYS
        assert set(reasons.values()) <= {None, "too few"}
    finally:
        collector.close()


def test_every_day_but_this_one_is_closed(folder: Path, policy: Policy) -> None:
    """The clock went over the days, and each was closed by the jobs on its way."""
    collector = demo_collector(folder, now=NOW)
    try:
        found = countries(collector)
        open_days = [each for each in found.periods if each.reason == "open"]
        assert [each.period for each in open_days] == [TODAY.isoformat()]
        assert not any(each.reason == "not closed yet" for each in found.periods)
        assert found.visitors is not None
        assert found.visitors >= 25
        codes = {row.path[0] for row in found.rows if row.kind == "value"}
        assert codes & {"GB", "IE", "DE"}, "the address says where visitors are"
        rows = collector.parts().events.periods()
        assert {date.fromisoformat(each.period) for each in rows} <= {TODAY}
    finally:
        collector.close()


def test_collectors_that_were_placed_gathered_too(folder: Path) -> None:
    """Some agreed to what is placed on each site: its own periods closed with visitors in them."""
    collector = demo_collector(folder, now=NOW)
    try:
        for site, name in (("slackwater", "wind-survey"), ("harbour-office", "berth-radar")):
            first = TODAY - timedelta(days=DAYS)
            wanted = Range(site, "statistics", first, TODAY, collector=name)
            found = report(collector.parts(), wanted, "page").periods
            assert any(each.visitors or each.reason == "too few" for each in found), name
    finally:
        collector.close()


@pytest.mark.anyio
async def test_every_page_of_the_dashboard_says_simulated(folder: Path, policy: Policy) -> None:
    """Nobody takes them for real."""
    collector = demo_collector(folder, now=NOW)
    try:
        transport = httpx.ASGITransport(demo_site(collector, policy, now=NOW))
        base = "https://127.0.0.1:8321"
        async with httpx.AsyncClient(
            transport=transport, base_url=base, headers={"sec-fetch-site": "same-origin"}
        ) as client:
            await client.get("/")
            parts = collector.parts()
            token = create_set_up_link(parts, ON_THE_MACHINE)
            words = "only for this test"
            form = {"token": token, "name": "ada", "password": words, "again": words}
            assert (await client.post("/askfirst/host/setup", data=form)).status_code == 303
            seen: set[str] = set()
            kinds: set[str] = set()
            waiting = ["/askfirst/host/sites/slackwater"]
            while waiting:
                path = waiting.pop()
                seen.add(path)
                page = await client.get(path)
                assert page.status_code == 200, path
                assert "<strong>Simulated.</strong>" in page.text, path
                links = re.findall(r'href="(/askfirst/host/sites/[^"#]*)"', page.text)
                for link in dict.fromkeys(links):
                    # Each page, and each kind of question: a column of a chart has days of its own.
                    where, _, query = link.partition("?")
                    kind = re.sub("=[^&]*", "", query)
                    if not {where, kind} <= kinds and not re.search(r"\.(csv|json|toml)", link):
                        kinds |= {where, kind}
                        waiting.append(link.replace("&amp;", "&"))
            assert len(seen) >= 12
    finally:
        await collector.aclose()
