"""A site that came over from another consent tool: what waited there waits here."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from askfirst_collector.cli import main
from tests.browser.sdk.conftest import Arrive, Serve
from tests.browser.sdk.site import page, script
from tests.browser.sdk.visitor import until
from tests.support.consent_tools import FOLDER

pytestmark = pytest.mark.browser

# What pages have under each tool, as far as they have to be changed at all: attributes of a script
# of analytics, of one that names its service, and of one of advertising.
PAGES = {
    ("orestbida", "orestbida.js"): (
        'data-category="analytics"',
        'data-category="analytics" data-service="Google Analytics"',
        'data-category="marketing"',
    ),
    ("klaro", "klaro.js"): ('data-purpose="analytics"',) * 2 + ('data-purpose="marketing"',),
    ("cookieyes", "cookieyes.csv"): ('data-purpose="analytics"',) * 2
    + ('data-purpose="advertisement"',),
}
COOKIE = "document.cookie = '{}=1'; (window.ran ??= []).push('{}')"


def test_what_waited_there_waits_here(serve: Serve, arrive: Arrive, tmp_path: Path) -> None:
    """M01, M14: nothing before an answer, then what was agreed to alone; its cookies go with it."""
    for (tool, file), attributes in PAGES.items():
        out = tmp_path / f"{tool}.toml"
        command = ["import", tool, str(FOLDER / file), "--out", str(out)]
        CliRunner().invoke(main, [*command, "--country", "IE"], catch_exceptions=False)
        site = serve(tomllib.loads(out.read_text("utf-8")))
        names = ("_ga", "_gid", "_ads")
        body = "".join(
            f'<script type="text/plain" {what} src="/{name}.js"></script>'
            for name, what in zip(names, attributes, strict=True)
        )
        site.pages["/"] = page(body)
        for name in names:
            site.pages[f"/{name}.js"] = script(COOKIE.format(name, name))
        visitor = arrive(site)
        tab = visitor.open()
        assert tab.evaluate("[window.ran, document.cookie]") == [None, ""], tool

        tab.get_by_role("link", name="Choose by purpose").click()
        titles = tab.locator("dialog[open] fieldset label")
        titles.filter(has_text="nalytics").first.click()
        tab.get_by_role("button", name="Save").click()
        until(tab, lambda: len(tab.evaluate("window.ran ?? []")) == 2)  # noqa: B023
        visitor.go(tab, "/")
        until(tab, lambda: len(tab.evaluate("window.ran ?? []")) == 2)  # noqa: B023
        assert tab.evaluate("window.ran") == ["_ga", "_gid"], tool
        assert tab.evaluate("document.cookie.includes('_ga=1')")

        tab.get_by_role("button", name="Withdraw all").click()
        until(tab, lambda: "_ga=" not in tab.evaluate("document.cookie"))  # noqa: B023
        visitor.go(tab, "/")
        assert tab.evaluate("window.ran") is None, tool
        assert visitor.errors == []
