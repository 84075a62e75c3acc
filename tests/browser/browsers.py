"""Where the browsers are. One that is missing skips a test; under CI=true it fails it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

from tests.conftest import ROOT

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
SHELLS = ("chromium-headless-shell", "chrome-headless-shell")
FIREFOX = ("firefox-esr", "firefox")
WEBKIT = "*/webkit2gtk-4.*/MiniBrowser"  # in /usr/lib


def missing(what: str) -> NoReturn:
    """Say that a test cannot run here, and why."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what}; CI must have it")
    pytest.skip(what)


def _find(names: tuple[str, ...]) -> str:
    for name in names:
        if found := shutil.which(name):
            return found
    missing(f"none of {', '.join(names)} is installed")


def chromium_path() -> str:
    """The system's Chromium, whole: with profiles on disk, extensions, and how it draws."""
    return _find(CHROMIUM)


def shell_path() -> str:
    """Chromium without its windows: the same engine, and a sixth of the CPU for a page."""
    return next(filter(None, map(shutil.which, SHELLS)), None) or chromium_path()


def firefox_path() -> str:
    """The system's Firefox; it is driven by puppeteer-core over WebDriver BiDi."""
    if not shutil.which("node") or not (ROOT / "node_modules/puppeteer-core").is_dir():
        missing("Node with puppeteer-core is not here (npm install)")
    return _find(FIREFOX)


def webkit_path() -> str:
    """WebKitGTK's own browser, driven by WebKitWebDriver under Xvfb; nowhere is it required."""
    paths = sorted(Path("/usr/lib").glob(WEBKIT))
    if not paths or not all(map(shutil.which, ("WebKitWebDriver", "xvfb-run"))):
        pytest.skip("no WebKit is here: apt-get install webkit2gtk-driver xvfb")
    return str(paths[-1])
