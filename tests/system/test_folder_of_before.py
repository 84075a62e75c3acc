"""Data folders of the versions before, each with a visitor who agreed and was counted once.

`before/*.json` was written by those versions: databases as SQL, keys, cookies of the visitor. That
of 0.1 has a row of somebody who withdrew, too.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from askfirst import ConsentMiddleware
from askfirst_collector.embedded import EmbeddedCollector
from askfirst_collector.ledger.changes import changes

pytestmark = pytest.mark.anyio
HERE = Path(__file__).parent / "before"
SAME = {"sec-fetch-site": "same-origin", "accept": "application/json"}
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def restored(before: dict[str, Any], data: Path) -> Path:
    """The folder as that version left it."""
    (data / "keys").mkdir(parents=True, mode=0o700)
    for name in ("ledger", "events", "salts"):
        with closing(sqlite3.connect(data / f"{name}.db")) as file:
            file.executescript(before[name])
    for name, text in before["keys"].items():
        (data / "keys" / name).write_text(text, "ascii")
        (data / "keys" / name).chmod(0o600)
    if before["revocations"] is not None:
        data.with_name(f"{data.name}.revocations.log").write_text(before["revocations"], "ascii")
    return data


async def page(scope: Any, receive: Any, send: Any) -> None:
    kind = (b"content-type", b"text/html")
    await send({"type": "http.response.start", "status": 200, "headers": [kind]})
    await send({"type": "http.response.body", "body": b"<p>Here."})


@pytest.mark.parametrize("version", ["0.1", "0.2"])
async def test_it_opens_migrates_and_serves(version: str, tmp_path: Path) -> None:
    """M17, M20, M29: who agreed then is counted on, sees both visits, and withdraws."""
    before = json.loads((HERE / f"{version}.json").read_text("utf-8"))
    collector = EmbeddedCollector(
        restored(before, tmp_path / "data"), now=lambda: before["now"] + 60, jobs=False
    )
    gate = ConsentMiddleware(
        page,
        policy=before["policy"],
        collector=collector,
        now=lambda: before["now"] + 60,
        patience=20.0,
    )
    cookie = "; ".join(f"{name}={value}" for name, value in before["cookies"].items())
    headers = {**SAME, "cookie": cookie, "user-agent": FIREFOX}

    async def send(path: str) -> Any:
        event = {"purpose": "statistics", "type": "page_view", "page": path}
        body = {"v": 1, "batch": path[1:].ljust(22, "A"), "events": [event]}
        answer = await client.post("/askfirst/events", json=body, headers=headers)
        assert answer.status_code == 202, answer.text
        return answer.json()

    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(gate), base_url=before["policy"]["origins"][0]
    ) as client:
        assert (await client.get("/", headers=headers)).status_code == 200
        assert (await client.get("/askfirst/host/sign-in")).status_code == 200
        assert (await send("/after"))["stored"] == 1
        kept = (await client.get("/askfirst/rights/me", headers=headers)).json()
        assert kept["record"]["status"] == "granted"
        pages = sorted(row["values"]["page"][-1] for row in kept["rows"])
        assert pages == ["/after", "/before"]
        withdraw = {"v": 2, "lang": "en", "method": "withdraw"}
        answer = await client.post("/askfirst/consent", json=withdraw, headers=headers)
        assert answer.status_code == 200, answer.text
        assert (await send("/later"))["dropped"] == [{"index": 0, "reason": "no-grant"}]
    await gate.aclose()


@pytest.mark.parametrize(("version", "count"), [("0.1", 2), ("0.2", 1)])
def test_its_first_start_takes_nothing_for_restored(
    version: str, count: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """M48, M50: 0.1 had no `revocations.log`; who withdrew there keeps the rows, as was agreed."""
    before = json.loads((HERE / f"{version}.json").read_text("utf-8"))
    data = restored(before, tmp_path / "data")
    for _ in range(2):
        collector = EmbeddedCollector(data, now=lambda: before["now"] + 60, jobs=False)
        parts = collector.parts()
        rows = [row for period in parts.events.periods() for row in parts.events.rows(period)]
        assert len(rows) == count
        assert changes(parts.engine, limit=1) == ()
        collector.close()
    assert "askfirst.W15" not in caplog.text
