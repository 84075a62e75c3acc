"""What a real browser does on a page before anybody answered: asks, sets, stores."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from askfirst.errors import AskfirstError
from askfirst_collector.doctor.notice_look import NoticeLook, notice_looks

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SETTLED = 3_000  # milliseconds a page is watched after it has loaded
STORED = "() => [...Object.keys(localStorage), ...Object.keys(sessionStorage)]"
SHOWN = "() => !!document.getElementById('askfirst-notice')?.checkVisibility()"


@dataclass(frozen=True)
class BrowserReport:
    """By page: addresses that were asked, cookies, keys of storage; pages without a notice."""

    requests: tuple[tuple[str, str], ...]
    cookies: tuple[tuple[str, str], ...]
    stored: tuple[tuple[str, str], ...]
    without_notice: tuple[str, ...]
    looks: tuple[NoticeLook, ...] = ()


def chromium() -> Path | str:
    """Where Chromium is; or why no browser can be used."""
    if find_spec("playwright") is None:
        return "playwright is not installed (pip install 'askfirst[doctor]')"
    for name in NAMES:
        if executable := shutil.which(name):
            return Path(executable)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
    if own.exists():
        return own
    names = ", ".join(NAMES)
    return f"there is no Chromium: none of {names} is on PATH (playwright install chromium)"


def look(
    path: Path,
    origin: str,
    pages: Sequence[str],
    *,
    connect: tuple[str, int] | None,
    signed_in: Sequence[str] = (),
    jar: Mapping[str, str] = MappingProxyType({}),
) -> BrowserReport | str:
    """Open each page in a profile of its own; a sentence that says why where that fails.

    Those of `signed_in` get the cookies of `jar`. The notice of the first page is measured, where
    it came.
    """
    observation = BrowserReport((), (), (), ())
    try:
        with launched(path, origin, connect) as browser:
            for page in pages:
                observation = _joined(observation, _open(browser, origin, page, {}))
            for page in signed_in:
                observation = _joined(observation, _open(browser, origin, page, jar))
            has_notice = bool(pages) and pages[0] not in observation.without_notice
            looks = tuple(notice_looks(browser, origin, pages[0])) if has_notice else ()
    except BrowserFailed as error:
        return str(error)
    return replace(observation, looks=looks)


class BrowserFailed(AskfirstError):
    """The browser did not start, or what it was to open did not come."""


@contextmanager
def launched(path: Path, origin: str, connect: tuple[str, int] | None) -> Iterator[Any]:
    """The browser at this path, which finds the site at `connect`. Raises BrowserFailed."""
    from playwright.sync_api import Error, sync_playwright

    options = ["--disable-dev-shm-usage"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.append("--no-sandbox")  # Chromium has no sandbox for root
    if connect is not None:
        parts = urlsplit(origin)
        where = f"[{connect[0]}]" if ":" in connect[0] else connect[0]
        options.append(f"--host-resolver-rules=MAP {parts.hostname} {where}:{connect[1]}")
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=path, args=options)
            yield browser
            browser.close()
    except Error as error:
        raise BrowserFailed(f"the browser failed: {str(error).splitlines()[0]}") from error


def _open(browser: Any, origin: str, path: str, jar: Mapping[str, str]) -> BrowserReport:
    context = browser.new_context()
    context.add_cookies(
        [
            {"name": name, "value": value, "url": origin, "secure": name.startswith("__")}
            for name, value in jar.items()
        ]
    )
    page = context.new_page()
    urls: list[str] = []
    page.on("request", lambda request: urls.append(request.url))
    page.on("websocket", lambda socket: urls.append(socket.url))
    page.goto(origin + path, wait_until="load")
    page.wait_for_timeout(SETTLED)
    observation = BrowserReport(
        tuple((path, url) for url in urls),
        tuple((path, cookie["name"]) for cookie in context.cookies()),
        tuple((path, key) for key in page.evaluate(STORED)),
        () if page.evaluate(SHOWN) else (path,),
    )
    context.close()
    return observation


def _joined(a: BrowserReport, b: BrowserReport) -> BrowserReport:
    return BrowserReport(
        a.requests + b.requests,
        a.cookies + b.cookies,
        a.stored + b.stored,
        a.without_notice + b.without_notice,
    )
