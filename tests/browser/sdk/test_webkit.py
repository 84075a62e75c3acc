"""The whole visit in WebKit, over WebDriver: what Safari's engine keeps, runs and sends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest

from tests.browser.browsers import webkit_path
from tests.browser.sdk.conftest import Serve
from tests.browser.sdk.site import PATIENCE, page, script
from tests.unit.jobs.listener import certificate

pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.timeout(300)]
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # as WebDriver names a reference (W3C)
KNOWN = "window.askfirst && (askfirst.consent.source !== 'none' || askfirst.consent.asks.length)"


class WebKit:
    """One window of a fresh profile."""

    def __init__(self, port: int) -> None:
        self._base = f"http://127.0.0.1:{port}"
        self._session = ""

    def start(self, binary: str) -> None:
        """A session, once the driver listens."""
        options = {"binary": binary, "args": ["--automation"]}
        wanted = {"acceptInsecureCerts": True, "webkitgtk:browserOptions": options}
        end = time.monotonic() + PATIENCE
        while not self._is_listening():
            assert time.monotonic() < end, "the driver did not start"
        answer = self._call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self._session = f"/session/{answer['sessionId']}"

    def close(self) -> None:
        """End the session, and the browser with it."""
        if self._session:
            self._call("DELETE", self._session)

    def open(self, address: str) -> None:
        """Go there, and wait until it is known what is allowed."""
        self._call("POST", f"{self._session}/url", {"url": address})

    def read(self, expression: str) -> Any:
        """What an expression of the page's own comes to."""
        body = {"script": f"return {expression}", "args": []}
        return self._call("POST", f"{self._session}/execute/sync", body)

    def until(self, expression: str) -> None:
        """Wait until it holds in the page."""
        end = time.monotonic() + PATIENCE
        while not self.read(f"Boolean({expression})"):
            assert time.monotonic() < end, f"this never came to hold: {expression}"

    def click(self, selector: str) -> None:
        """A visitor's own click: the driver moves a pointer there."""
        self.until(f"document.querySelector({json.dumps(selector)})")
        what = {"using": "css selector", "value": selector}
        reference = self._call("POST", f"{self._session}/element", what)[ELEMENT]
        self._call("POST", f"{self._session}/element/{reference}/click", {})

    def _is_listening(self) -> bool:
        try:
            return bool(self._call("GET", "/status")["ready"])
        except (URLError, ConnectionError):
            return False

    def _call(self, method: str, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = Request(self._base + path, data, headers, method=method)
        with urlopen(request, timeout=PATIENCE) as response:
            return json.load(response)["value"]


@pytest.fixture
def webkit(tmp_path: Path) -> Iterator[WebKit]:
    """WebKit, and its driver, under a screen of their own."""
    binary = webkit_path()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environ = {**os.environ, "HOME": str(tmp_path), "WEBKIT_DISABLE_COMPOSITING_MODE": "1"}
    command = ["xvfb-run", "-a", "WebKitWebDriver", f"--port={port}"]
    driver = subprocess.Popen(command, env=environ, start_new_session=True)
    window = WebKit(port)
    try:
        window.start(binary)
        yield window
    finally:
        window.close()
        os.killpg(driver.pid, signal.SIGTERM)
        driver.wait(PATIENCE)


def test_a_whole_visit(serve: Serve, webkit: WebKit, tmp_path: Path) -> None:
    """M01, M05, M08, M11, M12, M14: the same visit as in Chromium and Firefox, over HTTPS."""
    site = serve(tls=certificate(tmp_path, "localhost"))
    waits = '<script type="text/plain" data-purpose="{}" src="/{}.js"></script>'
    body = waits.format("statistics", "a") + waits.format("marketing", "m")
    site.pages["/"] = page(body)
    for name in ("a", "m"):
        site.pages[f"/{name}.js"] = script(f"(window.ran ??= []).push('{name}')")

    def arrive() -> None:
        webkit.open(site.url())
        webkit.until(KNOWN)

    arrive()
    kept = "[document.cookie, localStorage.length, sessionStorage.length, window.ran ?? null]"
    assert webkit.read(kept) == ["", 0, 0, None]
    assert site.received == []

    webkit.click("#askfirst-notice a[data-askfirst=choices]")
    webkit.click("dialog[open] input[name='purpose.statistics']")
    webkit.click("dialog[open] button[value=save]")
    webkit.until("window.ran?.length === 1")
    arrive()
    webkit.until("window.ran?.length === 1")
    only = {"statistics": 2, "marketing": 0, "preferences": 0}
    assert webkit.read("askfirst.consent.details") == only
    assert webkit.read("document.cookie").startswith("__Host-askfirst=")

    webkit.open(site.url("/askfirst/rights/me"))
    assert "Statistics" in webkit.read("document.body.innerText")
    bodies = [json.loads(each.body) for each in site.received if each.path == "/askfirst/events"]
    purposes = {event["purpose"] for sent in bodies for event in sent["events"]}
    assert purposes == {"statistics"}

    arrive()
    webkit.click("#askfirst-control button[value=withdraw]")
    webkit.until("!Object.keys(askfirst.consent.scopes).length")
    arrive()
    assert webkit.read("askfirst.consent.details") == dict.fromkeys(only, 0)
    assert webkit.read("[window.ran ?? null, document.querySelector('#askfirst-notice')]") == [
        None,
        None,
    ]
