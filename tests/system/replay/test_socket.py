"""A day of the log over real sockets, closed by the jobs of the server, read as the host reads."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from askfirst_collector.jobs.run import JobsThread
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.reports.ranges import series
from askfirst_collector.store.disclosed_ranges import Range
from askfirst_collector.usecases.links import create_set_up_link
from tests.support.collectors import Clock
from tests.support.draws import no_noise
from tests.support.served import served
from tests.support.whole import Site, Visitor, view
from tests.system.replay.counting import rule
from tests.system.replay.log import people
from tests.system.replay.test_replay import COUNTRIES, SIZE, level, site_policy
from tests.unit.gate.browser import Got

pytestmark = [pytest.mark.anyio, pytest.mark.corpus]

MOST = 300  # rows of the last day of the log
TABLES = {"pages": "page", "referrers": "referrer", "browsers": "browser", "countries": "ip"}
PASSWORD = "four quiet herons wade"


class OverSocket(Site):
    """The same site, asked over a connection of its own kind; `client` is set once it listens."""

    client: httpx.AsyncClient

    async def _call(self, scope: dict[str, Any], body: bytes) -> Got:
        query = scope["query_string"].decode()
        target = f"{scope['path']}?{query}" if query else scope["path"]
        got = await self.client.request(
            scope["method"], target, headers=scope["headers"], content=body
        )
        self.client.cookies.clear()
        return Got(got.status_code, list(got.headers.raw), got.content)


async def test_a_day_of_the_log_over_sockets(tmp_path: Path, corpus: Path) -> None:
    """M27: what the host admin's JSON says is the second count, put through the rule."""
    lines = [line for line in people(corpus) if line.day == "2015-05-20"][:MOST]
    clock = Clock(lines[0].at)
    places = corpus / COUNTRIES
    # What is counted beside it knows no networks.
    site = OverSocket(tmp_path, site_policy(), clock, places=places, urandom=no_noise, sized=0)
    visitors: dict[str, Visitor] = {}
    with served(site.app, log_level="critical", proxy_headers=False) as base:
        async with httpx.AsyncClient(base_url=base, timeout=30) as site.client:
            for line in lines:
                clock.now = line.at
                if line.who not in visitors:
                    visitor = Visitor(line.ip, line.agent.encode("latin-1"))
                    visitors[line.who] = visitor
                    await site.answer(visitor, {"statistics": 2})
                more = {"referrer": line.referrer} if line.referrer else {}
                answered = await site.send(visitors[line.who], view(line.path, **more))
                assert answered == {"stored": 1, "dropped": []}
            clock.now = lines[0].at // 86_400 * 86_400 + 86_400 + 600
            await _closed(site, "2015-05-20")
            admin = await _signed_in(site)
            for slug, table in TABLES.items():
                query = "purpose=statistics&from=2015-05-20&to=2015-05-20"
                got = await site.ask(
                    admin, "GET", f"/askfirst/host/sites/example/{slug}.json?{query}"
                )
                found = {(tuple(row["path"]), row["kind"]): row for row in got.json["rows"]}
                rows = [(line.who, line.values()[table]) for line in lines]
                expected = rule(rows, SIZE, level(table, 2), no_noise)
                assert expected
                assert {cell: row["visitors"] for cell, row in found.items()} == expected
    await site.aclose()


async def _closed(site: Site, day: str) -> None:
    """Until the jobs of the collector have closed the day."""
    parts = site.collector.parts()
    jobs = JobsThread(parts, seconds=0.02)
    jobs.start()
    wanted = Range("example", "statistics", date.fromisoformat(day), date.fromisoformat(day))
    await asyncio.to_thread(_wait, lambda: all(p.reason is None for p in series(parts, wanted)))
    await asyncio.to_thread(_wait, lambda: not parts.events.periods())
    await asyncio.to_thread(jobs.stop)


def _wait(condition: Callable[[], bool]) -> None:
    waiting = threading.Event()
    while not condition():
        waiting.wait(0.02)


async def _signed_in(site: Site) -> Visitor:
    """The host admin, come in by the one-time link."""
    parts = site.collector.parts()
    fields = {
        "token": create_set_up_link(parts, ON_THE_MACHINE),
        "name": "ada",
        "password": PASSWORD,
        "again": PASSWORD,
    }
    admin = Visitor()
    form = [
        (b"content-type", b"application/x-www-form-urlencoded"),
        (b"sec-fetch-site", b"same-origin"),
    ]
    body = str(httpx.QueryParams(fields)).encode()
    got = await site.ask(admin, "POST", "/askfirst/host/setup", body, form)
    assert got.status == 303, got.body
    return admin
