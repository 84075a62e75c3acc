"""Each key in a file is changed as the page on production says, and nobody is turned away by it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from askfirst.terms.token import State, read_state, sign_state
from askfirst_collector.dashboard.app import host_app
from askfirst_collector.embedded import EmbeddedCollector
from askfirst_collector.ledger.receipts import ReceiptRefused, verify_receipt
from askfirst_collector.services import Services
from tests.conftest import ROOT
from tests.support.collectors import Clock, decision, policy
from tests.unit.dashboard.conftest import client_of, set_up

pytestmark = pytest.mark.anyio
PAGE = (ROOT / "docs/production.md").read_text("utf-8").partition("\n## Keys\n")[2]


def a_line() -> str:
    """What the page's own command prints."""
    (code,) = re.findall(r'`python3 -c "(.*?)"`', PAGE)
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return run.stdout


async def is_signed_in(parts: Services, cookies: httpx.Cookies) -> bool:
    async with client_of(host_app(parts)) as client:
        client.cookies = cookies
        return (await client.get("/sites")).status_code == 200


async def test_a_key_is_added_and_an_old_one_taken_out(tmp_path: Path) -> None:
    """M40: the last line signs, all verify; without its line a session ends, and that is all."""
    clock, edition = Clock(), policy()
    files = {
        name: tmp_path / "data/keys" / name for name in re.findall(r"keys/([\w-]+\.keys)", PAGE)
    }
    assert set(files) == {*("site-NAME.keys", "receipts.keys", "ledger.keys", "dashboard.keys")}
    files["site-NAME.keys"] = files["site-NAME.keys"].with_name("site-shop.keys")

    before = EmbeddedCollector(tmp_path / "data", now=clock, jobs=False)
    await before.editions(edition)
    keys = await before.keys("shop")
    cookie = sign_state(State("shop", 1, {}, int(clock()) + 86_400), keys[-1])
    receipt = (await before.record(decision(edition))).receipt
    async with client_of(host_app(before.parts())) as client:
        await set_up(client, before.parts())
        session = client.cookies
    await before.aclose()

    for file in files.values():
        with file.open("a", encoding="ascii") as lines:
            lines.write(a_line())
    after = EmbeddedCollector(tmp_path / "data", now=clock, jobs=False)
    await after.editions(edition)
    newer = await after.keys("shop")
    assert newer[:-1] == keys
    assert read_state(cookie, newer, site="shop", now=clock())
    again = (await after.record(decision(edition))).receipt
    public = after.parts().receipts.public()
    assert receipt
    assert again
    assert verify_receipt(receipt, public)
    assert verify_receipt(again, public[-1:])
    with pytest.raises(ReceiptRefused):
        verify_receipt(receipt, public[-1:])
    assert await is_signed_in(after.parts(), session)
    await after.aclose()

    (*_, last) = files["dashboard.keys"].read_text("ascii").splitlines()
    files["dashboard.keys"].write_text(f"{last}\n", "ascii")
    alone = EmbeddedCollector(tmp_path / "data", now=clock, jobs=False)
    await alone.editions(edition)
    assert not await is_signed_in(alone.parts(), session)
    await alone.aclose()
