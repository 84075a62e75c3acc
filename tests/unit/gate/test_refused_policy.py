"""A policy that the collector does not take: the site runs, and its log says why."""

from __future__ import annotations

import logging
from pathlib import Path

import httpx
import pytest

from askfirst import ConsentMiddleware
from askfirst_collector.embedded import EmbeddedCollector
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.usecases.sites import retire_site
from tests.support.collectors import Clock, policy, purposes
from tests.unit.doctor.sites import site

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("retired", "choose another name: this site was retired"),
        ("beyond", "/purposes/statistics/keep_rows_days: found 700"),
    ],
)
async def test_why_is_logged_once_as_a_sentence(
    fault: str, words: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """M31, M33: no traceback, no line of ours; the same words are not repeated every second."""
    clock = Clock()
    published = policy()
    first = EmbeddedCollector(tmp_path, now=clock, jobs=False)
    await first.editions(published)
    if fault == "retired":
        retire_site(first.parts(), ON_THE_MACHINE, published.site)
    else:
        terms = purposes("full")
        terms["statistics"] |= {"keep_rows_days": 700, "retention_days": 700}
        published = policy(purposes=terms)
    await first.aclose()
    collector = EmbeddedCollector(tmp_path, now=clock, jobs=False)
    app = ConsentMiddleware(
        site(), policy=published.document, collector=collector, now=clock, patience=20.0
    )
    origin = published.origins[0]
    caplog.set_level(logging.ERROR, "askfirst")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=origin) as client:
        for _ in range(3):
            assert (await client.get("/")).status_code == 200
            clock.now += 10
    (line,) = [text for text in caplog.messages if "E033" in text]
    assert line.startswith(f"askfirst.E033 nothing is gathered on site {published.site}: ")
    assert words in line
    await collector.aclose()
