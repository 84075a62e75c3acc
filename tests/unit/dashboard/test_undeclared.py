"""Cookies that are taken out, in the dashboard: by name and route, with lines to paste."""

from __future__ import annotations

import html
import re
from pathlib import Path

import httpx
import pytest

from askfirst import ConsentMiddleware
from askfirst.terms.policy import read_policy
from askfirst_collector.dashboard.app import host_app
from askfirst_collector.embedded import EmbeddedCollector
from tests.support.collectors import Clock, policy
from tests.unit.dashboard.conftest import BASE, SAME_ORIGIN, client_of, set_up, sign_in
from tests.unit.doctor.sites import site

pytestmark = pytest.mark.anyio
COOKIES = ("oscar_open_basket=SECRET; Path=/", "wp-settings-48151623=SECRET")


async def test_the_lines_that_are_shown_can_be_pasted(tmp_path: Path) -> None:
    """Never a value, never an id; what was declared meanwhile is not listed any more."""
    clock, before = Clock(), policy()
    collector = EmbeddedCollector(tmp_path, now=clock, jobs=False)
    app = ConsentMiddleware(
        site("", *COOKIES), policy=before.document, collector=collector, now=clock, patience=20.0
    )
    transport = httpx.ASGITransport(app)
    origin = before.origins[0]
    async with httpx.AsyncClient(transport=transport, base_url=origin) as visitor:
        assert (await visitor.get("/basket")).headers.get_list("set-cookie") == []
    async with httpx.AsyncClient(
        transport=transport, base_url=origin + BASE, headers=SAME_ORIGIN
    ) as member:
        await set_up(member, collector.parts())
        path = f"/sites/{before.site}/test"
        page = html.unescape((await member.get(path)).text)
        assert "SECRET" not in page
        assert "48151623" not in page
        shown = re.findall(r"<code>(\[\[necessary\]\].*?)</code>", page, re.DOTALL)
        names = [re.findall('cookie = "(.*)"', lines)[0] for lines in shown]
        assert names == ["oscar_open_basket", "wp-settings-*"]
        added = {"cookie": names[0], "why": "Keeps your basket."}
        document = {**before.document, "necessary": [*before.document["necessary"], added]}
        collector.parts().registry.publish(read_policy(document))
        page = (await member.get(path)).text
        assert "oscar_open_basket" not in page
        assert "wp-settings-" in page
    # A dashboard elsewhere says that it is.
    async with client_of(host_app(collector.parts())) as member:
        await sign_in(member)
        assert "it does not see them" in (await member.get(path)).text
    await collector.aclose()
