"""The development bar's addresses: on loopback alone, for the machine itself, and nowhere else."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from askfirst import ConsentMiddleware
from askfirst.adapters.wsgi import ConsentMiddleware as WsgiMiddleware
from askfirst.client import Application
from askfirst.terms.policy import read_policy
from tests.conftest import ROOT
from tests.unit.gate.browser import Got, call
from tests.unit.gate.memory import NOW, MemoryCollector

pytestmark = pytest.mark.anyio
LOCAL = "http://localhost:8000"
BAR, SCRIPT = "/askfirst/static/bar.js", "/askfirst/static/askfirst.js"
SAME = {"sec-fetch-site": "same-origin", "origin": LOCAL, "content-type": "application/json"}


def text_of(file: Path) -> str:
    return file.read_text("utf-8")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A policy of loopback alone, with its comments."""
    plain = (ROOT / "policy.example.toml").read_text("utf-8").splitlines()
    lines = [f'origins = ["{LOCAL}"]' if row.startswith("origins") else row for row in plain]
    made = tmp_path / "policy.toml"
    made.write_text("\n".join(lines) + "\n", "utf-8")
    return made


class Site:
    """An application that sets a cookie nobody declared, behind the gate."""

    def __init__(self, policy: Any, **options: Any) -> None:
        self.scopes: list[Mapping[str, Any]] = []
        self.app: Application = ConsentMiddleware(
            self.page, policy=policy, collector=MemoryCollector(), now=lambda: NOW, **options
        )

    async def page(self, scope: Any, receive: Any, send: Any) -> None:
        self.scopes.append(scope)
        headers = [(b"content-type", b"text/html"), (b"set-cookie", b"prefs=1")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"<p>hello"})

    async def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        peer: str = "127.0.0.1",
        **headers: str,
    ) -> Got:
        named = {"host": "localhost:8000", **{k.replace("_", "-"): v for k, v in headers.items()}}
        scope = {
            "type": "http", "method": method, "path": path, "raw_path": path.encode(),
            "query_string": b"", "root_path": "", "client": (peer, 40_000), "extensions": {},
            "headers": [(name.encode(), value.encode()) for name, value in named.items() if value],
        }  # fmt: skip
        return await call(self.app, scope, b"" if body is None else json.dumps(body).encode())

    async def write(self, fields: Mapping[str, object], **changes: str) -> Got:
        report = (await self.send("GET", "/askfirst/bar")).json
        body = {"v": 1, "file": report["file"]["hash"], "purpose": None, "why": "x", **fields}
        return await self.send("POST", "/askfirst/bar", body, **{**SAME, **changes})


@pytest.mark.parametrize(
    ("origins", "options", "headers"),
    [
        (["https://shop.example"], {}, {}),
        ([LOCAL, "https://shop.example"], {}, {}),
        ([LOCAL], {"undeclared": "strict"}, {}),
        ([LOCAL], {}, {"host": "shop.example"}),
        ([LOCAL], {}, {"host": "localhost.shop.example:8000"}),
        ([LOCAL], {}, {"host": ""}),
        ([LOCAL], {}, {"x_forwarded_for": "203.0.113.9"}),
        ([LOCAL], {}, {"via": "1.1 proxy"}),
    ],
)
async def test_it_is_nowhere_but_on_loopback(
    origins: list[str], options: dict[str, Any], headers: dict[str, str], file: Path
) -> None:
    """No address of the bar answers, and no byte of the script speaks of it, to anybody else."""
    document = {**read_policy(file).document, "origins": origins}
    site = Site(document, **options)
    for method, path in [("GET", BAR), *((m, "/askfirst/bar") for m in ("GET", "POST", "DELETE"))]:
        assert (await site.send(method, path, **{**SAME, **headers})).status == 404, (method, path)
    got = await site.send("GET", SCRIPT, **headers, cookie="askfirst-gpc=1")
    assert got.body == (ROOT / "sdk/python/askfirst/static/askfirst.js").read_bytes()
    assert b"bar.js" not in got.body
    assert b"no-store" not in got.one(b"cache-control")
    await site.send("GET", "/", **headers, cookie="askfirst-gpc=1")
    assert all(name != b"sec-gpc" for name, _ in site.scopes[-1]["headers"])


async def test_on_loopback_the_script_loads_it(file: Path) -> None:
    """The site's own script has one line more; nothing of it outlives a change of the policy."""
    site = Site(file)
    script, bar = await site.send("GET", SCRIPT), await site.send("GET", BAR)
    plain = (ROOT / "sdk/python/askfirst/static/askfirst.js").read_bytes()
    assert script.body == plain + b'\nimport("./bar.js").catch(()=>{});\n'
    assert bar.status == 200
    for got in (script, bar):
        assert got.one(b"cache-control") == b"no-store"


async def test_it_reports_what_learn_met_and_writes_it(file: Path) -> None:
    """Cookies of the application and of the browser, with lines; one of them goes into the file."""
    site = Site(file)
    await site.send("GET", "/")
    report = (await site.send("GET", "/askfirst/bar", cookie="other=1; askfirst-gpc=1")).json
    rows = {row["cookie"]: row for row in report["cookies"]}
    assert {name: row["by_server"] for name, row in rows.items()} == {
        "prefs": True,
        "other": False,
    }
    assert rows["prefs"]["lines"].startswith('[[necessary]]\ncookie = "prefs"\n')
    assert not rows["prefs"]["declared"]
    assert report["file"] == {**report["file"], "name": "policy.toml", "problem": None}
    before = text_of(file)

    got = await site.write({"cookie": "prefs", "why": "it keeps your size"})
    assert got.status == 200
    assert got.json["cookies"][0]["declared"]
    after = text_of(file)
    assert after.startswith(before)
    assert read_policy(file).necessary[-1].why == "it keeps your size"

    await site.send("GET", "/", cookie="other=1")
    got = await site.write({"cookie": "other", "purpose": "statistics"})
    assert got.status == 404, "the browser that asks does not have it"
    got = await site.write({"cookie": "other", "purpose": "statistics"}, cookie="other=1")
    assert got.status == 200
    assert "other" in read_policy(file).purposes["statistics"].terms.cookies
    assert [path.name for path in file.parent.iterdir()] == ["policy.toml"]


async def test_nobody_else_writes(file: Path) -> None:
    """Not another page, not another machine, not text that was never met, not over a change."""
    site = Site(file)
    await site.send("GET", "/")
    before = text_of(file)
    prefs = {"cookie": "prefs"}
    for fields, changes, status in [
        (prefs, {"sec-fetch-site": "same-site"}, 403),
        (prefs, {"sec-fetch-site": "cross-site", "origin": "http://evil.example"}, 403),
        (prefs, {"sec-fetch-site": "", "origin": "http://localhost:9999"}, 403),
        (prefs, {"sec-fetch-site": "", "origin": ""}, 403),
        (prefs, {"origin": "https://shop.example"}, 403),
        (prefs, {"peer": "203.0.113.9"}, 403),
        (prefs, {"peer": ""}, 403),
        (prefs, {"content-type": "text/plain"}, 415),
        ({"cookie": 'x"\n[[necessary]]'}, {}, 404),
        ({"cookie": "*"}, {}, 404),
        ({"cookie": "prefs", "purpose": "nothing"}, {}, 422),
        ({"cookie": "prefs", "purpose": "x]\ny"}, {}, 422),
        ({"cookie": "prefs", "why": " "}, {}, 422),
        ({"cookie": "prefs", "why": "x" * 301}, {}, 422),
        ({"cookie": "prefs", "file": "0"}, {}, 409),
        ({"cookie": "prefs", "more": 1}, {}, 422),
    ]:
        got = await site.write(fields, **changes)
        assert got.status == status, (fields, changes, got.body)
        assert text_of(file) == before
    for changes in ({"sec-fetch-site": "cross-site"}, {"peer": "203.0.113.9"}):
        assert (await site.send("DELETE", "/askfirst/bar", **{**SAME, **changes})).status == 403
    for peer in ("::1", "::ffff:127.0.0.1"):
        assert (await site.send("DELETE", "/askfirst/bar", peer=peer, **SAME)).status == 204


async def test_a_file_that_cannot_be_written_is_said(file: Path) -> None:
    """A table, a file that is gone, one that is JSON: the lines are to be pasted, and why."""
    table = Site(read_policy(file))
    other = file.with_suffix(".json")
    other.write_text(json.dumps(dict(read_policy(file).document)), "utf-8")
    gone = Site(shutil.copy(file, file.with_name("gone.toml")))
    file.with_name("gone.toml").unlink()
    for site, why in ((table, "as a table"), (Site(other), "no TOML"), (gone, "cannot be read")):
        await site.send("GET", "/")
        report = (await site.send("GET", "/askfirst/bar")).json
        assert why in report["file"]["problem"]
        assert report["cookies"][0]["lines"]
        got = await site.write({"cookie": "prefs"})
        assert got.status == 403
        assert "paste the lines" in got.json["detail"]


async def test_gpc_can_be_tried(file: Path) -> None:
    """The signal goes with every request of that browser, and its page says it too."""
    site = Site(file)
    await site.send("GET", "/", cookie="askfirst-gpc=1")
    scope = site.scopes[-1]
    assert (b"sec-gpc", b"1") in scope["headers"]
    assert scope["askfirst"].peek().signals.gpc
    script = await site.send("GET", SCRIPT, cookie="askfirst-gpc=1")
    assert script.body.startswith(b'Object.defineProperty(Navigator.prototype,"globalPrivacyC')


def test_gpc_can_be_tried_over_wsgi(file: Path) -> None:
    """The same for WSGI: on loopback, and not under another name."""
    seen: list[str | None] = []

    def page(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.append(environ.get("HTTP_SEC_GPC"))
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b""]

    app = WsgiMiddleware(page, policy=file, collector=MemoryCollector(), now=lambda: NOW)
    for host in ("localhost:8000", "shop.example"):
        environ = {
            "REQUEST_METHOD": "GET", "PATH_INFO": "/", "SCRIPT_NAME": "", "QUERY_STRING": "",
            "HTTP_HOST": host, "HTTP_COOKIE": "askfirst-gpc=1", "REMOTE_ADDR": "127.0.0.1",
        }  # fmt: skip
        app(environ, lambda *_: lambda _: None)  # type: ignore[arg-type, return-value]
    app.close()
    assert seen == ["1", None]
