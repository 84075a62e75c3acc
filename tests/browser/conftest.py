"""One Chromium for all browser tests, a fresh profile for each, and a shop to visit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests.browser.browsers import missing, shell_path
from tests.browser.notice_page import NoticePage
from tests.browser.notice_site import Site, policy
from tests.conftest import ROOT

AXE = ROOT / "node_modules/axe-core/axe.min.js"
GPC = "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', {get: () => true})"
Visit = Callable[..., NoticePage]


# Not for the whole run: while Playwright is open its loop runs, and no test could call asyncio.run.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Chromium without windows, one for a module; `browser.new_context()` is a fresh profile."""
    path = shell_path()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


@pytest.fixture
def axe() -> str:
    """The source of axe-core, to be run in a page."""
    if not AXE.is_file():
        missing("axe-core is not here (npm install)")
    return AXE.read_text("utf-8")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A shop of its own that is not serving yet."""
    made = Site(tmp_path)
    yield made
    made.stop()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A shop that serves all tests of a module; visitors do not see each other there."""
    made = Site(tmp_path_factory.mktemp("shop"))
    made.start(policy())
    yield made
    made.stop()


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Visit]:
    """`visit(site, "/path", width=320, …)`: a new profile opens a page of the site."""
    contexts: list[BrowserContext] = []

    def begin(site: Site, path: str = "/", *, width: int = 1280, height: int = 800,
              gpc: bool = False, **options: Any) -> NoticePage:  # fmt: skip
        headers = {"Sec-GPC": "1"} if gpc else {}
        context = chromium.new_context(
            viewport={"width": width, "height": height}, extra_http_headers=headers, **options
        )
        contexts.append(context)
        if gpc:
            context.add_init_script(GPC)
        return NoticePage(context.new_page(), site.address).open(path)

    yield begin
    for context in contexts:
        context.close()
