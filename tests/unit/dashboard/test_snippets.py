"""*Get started* shows each framework the lines that `askfirst init` prints."""

from __future__ import annotations

import re
from html import unescape

import pytest

from askfirst_collector.frameworks import FRAMEWORKS, Framework
from tests.system.isolation.world import World

pytestmark = pytest.mark.anyio
EACH = pytest.mark.parametrize("framework", FRAMEWORKS.values(), ids=FRAMEWORKS)


async def shown(here: World, query: str) -> tuple[list[str], str]:
    """What is there to copy, and the page."""
    async with here.browser("olive") as client:
        page = (await client.get(f"/sites/shop/start{query}")).text
    return [
        unescape(text) for text in re.findall(r"<pre[^>]*><code>(.*?)</code>", page, re.DOTALL)
    ], page


@EACH
async def test_a_framework_has_its_own_lines(here: World, framework: Framework) -> None:
    """Written once: what the command prints is what the page shows, for both ways."""
    lines, page = await shown(here, f"?way=embedded&framework={framework.name}")
    assert framework.lines(app="app", policy="policy.toml", up=0) in lines
    assert {framework.script, framework.notice} <= set(lines)
    assert bool(framework.check) == (framework.check in lines)
    assert any(framework.once in text for text in lines)
    current = re.findall(r'framework=(\w+)#copy" aria-current="true">(?!<)([^<]+)', page)
    assert current == [(framework.name, framework.title[0].upper() + framework.title[1:])]
    lines, page = await shown(here, f"?way=relay&framework={framework.name}")
    (gate,) = [text for text in lines if "HttpCollector(" in text]
    assert "EmbeddedCollector" not in "".join(lines)
    assert framework.helper in gate
    # Who has copied and looks again is where they were.
    assert f"start?way=relay&framework={framework.name}" in unescape(page)


async def test_what_is_no_framework_of_ours_is_the_first(here: World) -> None:
    """And a site of files is asked about none."""
    first, _ = await shown(here, "")
    assert first == (await shown(here, "?framework=%3Cb%3E&way=relay"))[0]
    _, page = await shown(here, "?way=files")
    assert "What your site is built with" not in page
