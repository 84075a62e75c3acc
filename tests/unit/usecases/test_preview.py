"""What publishing would change is said alike by each face, and saying it changes nothing."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from askfirst_collector.catalogue.policy_toml import as_toml
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.usecases.placed_collectors import set_collector_state
from tests.support.collectors import policy, purposes
from tests.system.isolation.world import CLUB, World, world

pytestmark = pytest.mark.anyio
_FULL = policy(site=CLUB, origins=["https://club.example"])
_LEVELS = _FULL.document["purposes"]["statistics"]["levels"]
# More of one thing, and less of another: people are asked again, and "tides" no longer fits.
MIXED = {"levels": {**_LEVELS, "page": 1}, "sells_or_shares": True}
CHANGED = policy(site=CLUB, origins=["https://club.example"], purposes=purposes(statistics=MIXED))


async def by_command(here: World, document: str) -> dict[str, Any]:
    folder = here.parts.folder.ledger.parent
    file = folder.parent / "policy.toml"
    file.write_text(document, "utf-8")
    words = ("policy", "publish", str(file), "--preview", "--json", "--data", str(folder))
    command = [sys.executable, "-m", "askfirst", *words]
    process = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True)
    answer: dict[str, Any] = json.loads(process.stdout)
    assert process.returncode == (1 if answer["conflicts"] else 0)
    return answer


@pytest.mark.file
async def test_each_face_says_who_is_asked_again(tmp_path: Path) -> None:
    """In the sentences that visitors will read; what no longer fits its site is named."""
    with world(tmp_path / "data") as here:
        set_collector_state(here.parts, ON_THE_MACHINE, CLUB, "tides", "active")
        before = here.state()
        async with here.program("carl") as program:
            path = f"/v1/admin/sites/{CLUB}/policy/preview"
            answer = (await program.post(path, json={"policy": CHANGED.document})).json()
        async with here.browser("carl") as browser:
            page = (await browser.get("/account")).text
            csrf = re.findall(r'name="csrf" value="([0-9a-f]{64})"', page)[0]
            form = {"text": as_toml(CHANGED.document), "csrf": csrf}
            page = unescape((await browser.post(f"/sites/{CLUB}/publish", data=form)).text)
        assert await by_command(here, as_toml(CHANGED.document)) == answer
        assert here.state() == before
    sentences = [line for lines in answer["asked_again"].values() for line in lines]
    assert sentences
    assert all(sentence in page for sentence in sentences)
    assert [change["collector"] for change in answer["suspends"]] == ["tides"]
    assert (answer["edition"], answer["same"], answer["conflicts"]) == (2, False, [])


async def test_a_policy_beyond_the_host_policy_is_told_before_it_is_refused(tmp_path: Path) -> None:
    wide = purposes(statistics={"retention_days": 760})
    document = policy(site=CLUB, origins=["https://club.example"], purposes=wide).document
    with world(tmp_path / "data") as here:
        async with here.program("carl") as program:
            path = f"/v1/admin/sites/{CLUB}/policy/preview"
            answer = await program.post(path, json={"policy": document})
            assert answer.status_code == 200
            theirs = await program.post("/v1/admin/sites/shop/policy/preview", json={"policy": {}})
            assert (theirs.status_code, theirs.json()["reason"]) == (404, "no-such-site")
        assert await by_command(here, as_toml(document)) == answer.json()
    pointers = [problem["pointer"] for problem in answer.json()["conflicts"]]
    assert pointers == ["/purposes/statistics/retention_days"]
