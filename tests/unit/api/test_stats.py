"""`/v1/stats`: figures for programs, to whoever may see the page."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from tests.system.isolation.world import CLUB, SHOP, World, world

pytestmark = pytest.mark.anyio
ASKED = {"site": SHOP, "purpose": "statistics"}


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


@pytest.fixture
async def rob(here: World) -> AsyncIterator[httpx.AsyncClient]:
    async with here.program("rob") as client:
        yield client


async def test_a_reader_reads_days_and_tables(rob: httpx.AsyncClient) -> None:
    """Twenty-eight days where none are named, each with its totals or the reason for none."""
    told = (await rob.get("/v1/stats", params=ASKED)).json()
    assert len(told["days"]) == 28
    assert {day["reason"] for day in told["days"]} == {"before", "open"}
    for table in told["tables"]:
        answer = await rob.get("/v1/stats", params={**ASKED, "table": table})
        assert answer.status_code == 200, table
        assert answer.json()["rows"] == []


async def test_nobody_reads_another_site(here: World, rob: httpx.AsyncClient) -> None:
    """As if it were not there; a token without the scope is told what it needs."""
    for site in (CLUB, "nowhere", ""):
        answer = await rob.get("/v1/stats", params={**ASKED, "site": site})
        assert (answer.status_code, answer.json()["reason"]) == (404, "no-such-site")
    placed = {**ASKED, "site": CLUB, "collector": "tides"}
    assert (await rob.get("/v1/stats", params=placed)).status_code == 404
    async with here.program("rita") as client:  # a reader of the site, not of its collectors
        assert (await client.get("/v1/stats", params=placed)).status_code == 403
    async with here.program(None) as client:
        assert (await client.get("/v1/stats", params=ASKED)).status_code == 401


@pytest.mark.parametrize(
    ("values", "advice"),
    [
        ({"purpose": "nothing"}, "purpose is one of"),
        ({"table": "user_id"}, "table is one of"),
        ({"from": "yesterday"}, "from is a day"),
        ({"from": "2026-02-30"}, "from is a day"),
        ({"from": "2026-11-20", "to": "2026-11-01"}, "from is before to"),
        ({"from": "2001-01-01", "to": "2026-01-01"}, "760 days at most"),
        ({"table": "page", "by": "referrer"}, "send by and is"),
        ({"table": "page", "by": "nothing", "is": '["x"]'}, "send by and is"),
        ({"table": "page", "by": "referrer", "is": '["search", "\\ud800"]'}, "send by and is"),
        ({"table": "page", "by": "referrer", "is": "[" * 2_000}, "send by and is"),
        ({"from": "0001-01-01"}, "from is a day"),
        ({"to": "9999-12-31"}, "to is a day"),
        ({"purpose": "\x00"}, "purpose is one of"),
    ],
)
async def test_what_cannot_be_read_is_refused(
    rob: httpx.AsyncClient, values: dict[str, str], advice: str
) -> None:
    """Never a guess: a filter that is none would answer with everybody."""
    answer = await rob.get("/v1/stats", params={**ASKED, **values})
    assert (answer.status_code, answer.json()["reason"]) == (422, "bad-shape")
    assert advice in answer.json()["detail"]


async def test_what_is_not_counted_together_is_said(rob: httpx.AsyncClient) -> None:
    values = {**ASKED, "table": "browser", "by": "language", "is": '["en"]'}
    answer = await rob.get("/v1/stats", params=values)
    assert "not counted together with language" in answer.json()["detail"]
