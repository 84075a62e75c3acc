"""Visitors of small sites that a test makes up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.browser.browsers import chromium_path
from tests.browser.sdk.site import Running, Site, policy
from tests.browser.sdk.visitor import Visitor

Serve = Callable[..., Site]
Arrive = Callable[..., Visitor]
Profile = Callable[..., BrowserContext]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts sites: `serve(document, **options of ConsentMiddleware)`.

    With the `folder` of one that runs, that one is closed, and the document is its next edition.
    """
    running: list[Running] = []

    def start(
        document: Mapping[str, Any] | None = None, folder: Path | None = None, **options: Any
    ) -> Site:
        for site in running if folder else ():
            site.close()
        folder = folder or tmp_path / f"site-{len(running)}"
        running.append(Running(folder, document or policy(), **options))
        return running[-1].start()

    yield start
    for each in running:
        each.close()


@pytest.fixture
def site(serve: Serve) -> Site:
    """A site with the standard policy."""
    return serve()


@pytest.fixture
def arrive(chromium: Browser) -> Iterator[Arrive]:
    """Visitors: `arrive(site, **options of a browser context)`, each with a fresh profile."""
    visitors: list[Visitor] = []

    def start(site: Site, **options: Any) -> Visitor:
        visitors.append(Visitor(chromium.new_context(**options), site))
        return visitors[-1]

    yield start
    for visitor in visitors:
        visitor.context.close()


@pytest.fixture
def visitor(site: Site, arrive: Arrive) -> Visitor:
    """One visitor of the site, who has not been asked yet."""
    return arrive(site)


@pytest.fixture
def profile(chromium: Browser, tmp_path: Path) -> Iterator[Profile]:
    """Opens one profile on disk, again and again: `profile(*arguments, **options)`.

    Chromium's own log of the network goes to `net-0.json`, `net-1.json`, … in tmp_path.
    """
    opened: list[BrowserContext] = []

    def open_profile(*arguments: str, **options: Any) -> BrowserContext:
        log = tmp_path / f"net-{len(opened)}.json"
        context = chromium.browser_type.launch_persistent_context(
            str(tmp_path / "profile"),
            executable_path=chromium_path(),
            args=[
                *("--no-sandbox", "--disable-dev-shm-usage", f"--log-net-log={log}"),
                *("--net-log-capture-mode=Everything", *arguments),
            ],
            **options,
        )
        opened.append(context)
        return context

    yield open_profile
    for context in opened:
        context.close()
