"""A WSGI site with its collector elsewhere, and an embedded one with a spool elsewhere."""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from askfirst import ConsentMiddleware, HttpCollector, track
from askfirst.adapters import wsgi
from askfirst_collector.embedded import EmbeddedCollector
from tests.system.relay.world import World, eventually, handle_in, page, shop
from tests.unit.gate.browser import Browser


def holds(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it never came to hold"
        time.sleep(0.02)


def application(environ: dict[str, Any], start: Any) -> Iterator[bytes]:
    track(environ, "signup", {"plan": "free", "seats": 1})
    threads = [threading.Thread(target=track, args=(environ, "signup", {"plan": "pro"}))]
    threads[0].start()
    threads[0].join()
    start("200 OK", [("Content-Type", "text/html")])
    return iter([b"<p>hello"])


def call(app: Any, method: str, path: str, cookie: str, body: bytes = b"") -> tuple[list[Any], Any]:
    started: list[Any] = []
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "SERVER_NAME": "shop.example",
        "SERVER_PORT": "443",
        "wsgi.url_scheme": "https",
        "wsgi.input": io.BytesIO(body),
        "CONTENT_LENGTH": str(len(body)),
        "CONTENT_TYPE": "application/json",
        "HTTP_SEC_FETCH_SITE": "same-origin",
        "HTTP_COOKIE": cookie,
        "REMOTE_ADDR": "203.0.113.9",
    }
    answer = app(environ, lambda status, headers, *_: started.extend([status, headers]))
    content = b"".join(answer)
    if hasattr(answer, "close"):
        answer.close()
    return started, content


def test_actions_of_a_wsgi_site(world: World) -> None:
    """`track` from the request's thread, and from another; sent by the background thread."""
    app = wsgi.ConsentMiddleware(application, policy=world.policy, collector=world.client())
    answer = {"v": 2, "edition": world.policy.hash, "lang": "en", "method": "accept_all"}
    call(app, "GET", "/", "")
    body = json.dumps({**answer, "choices": {}, "adult": True}).encode()
    started, content = call(app, "POST", "/askfirst/consent", "", body)
    assert started[0].startswith("200"), content
    lines = [value for name, value in started[1] if name.lower() == "set-cookie"]
    cookie = "; ".join(line.partition(";")[0] for line in lines)
    call(app, "GET", "/signup", cookie)
    holds(lambda: sum(row.type == "action" for row in world.rows()) == 2)
    found = {row.values["action"][1] for row in world.rows() if row.type == "action"}
    assert found == {"plan=free&seats=0-9", "plan=pro&seats=none"}
    assert handle_in(json.loads(content)["receipt"]) in bytes(world.wire.sent).decode("latin-1")
    app.close()


def test_nobody_in_front() -> None:
    """`track` says what to do."""
    for request in ({}, {"type": "http"}, object()):
        with pytest.raises(LookupError, match="ConsentMiddleware"):
            track(request, "signup")


@pytest.mark.anyio
async def test_an_embedded_collector_takes_a_spool_elsewhere(tmp_path: Path) -> None:
    """The ledger cannot be written: the withdrawal is there, and told at the next start."""
    folder, spool = tmp_path / "data", tmp_path / "spool"
    policy = shop()
    first = EmbeddedCollector(folder, jobs=False, spool=spool)
    site = Browser(ConsentMiddleware(page, policy=policy, collector=first))
    await site.get("/")
    got = await site.consent("accept_all", policy.hash, adult=True)
    handle = handle_in(got.json["receipt"])
    await first.aclose()
    assert (await site.consent("withdraw", policy.hash)).json["decision"] == "withdrawn"
    assert (spool / f"{handle}.owed").exists()
    second = EmbeddedCollector(folder, jobs=False, spool=spool)
    again = ConsentMiddleware(page, policy=policy, collector=second)
    await Browser(again).get("/")
    await eventually(lambda: not (spool / f"{handle}.owed").exists())
    await again.aclose()
    third = EmbeddedCollector(folder, jobs=False)
    assert (await third.me("shop", handle))["record"] is None
    await third.aclose()


def test_a_spill_file_is_a_spool_folder_now(tmp_path: Path) -> None:
    """The old name still works, and says what to write."""
    with pytest.warns(DeprecationWarning, match="spill= is spool= now"):
        EmbeddedCollector(tmp_path / "data", spill=tmp_path / "spill")
    with pytest.warns(DeprecationWarning, match="spill= is spool= now"):
        HttpCollector(
            "https://collector.example", "k", cookie_keys=(bytes(32),), spill=tmp_path / "spill"
        )
    assert (tmp_path / "spill.spool").is_dir()
