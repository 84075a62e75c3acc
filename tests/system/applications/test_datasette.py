"""Datasette behind the gate: its sign-in, its messages and its forms work, or the log says why."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import chromium  # noqa: F401 (a fixture)
from tests.system.applications.installed import Project, Served, copied, installed

pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.timeout(1200)]
CODE = """
from datasette.app import Datasette

datasette = Datasette(
    [], memory=True, secret="a secret", metadata={"extra_js_urls": ["/askfirst/static/askfirst.js"]}
)
datasette.root_enabled = True
datasette._root_token = "let-me-in"
app = datasette.app()
"""
SERVE = ("-m", "uvicorn", "site_of_data:app", "--port", "PORT", "--no-access-log")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = installed(tmp_path_factory.mktemp("datasette"), "datasette==0.65.5")
    file = made.folder / "site_of_data.py"
    file.write_text(CODE, "utf-8")
    made.add_askfirst(file, "asgi")
    return made


def test_signing_in_and_messages_survive(project: Project, chromium: Browser) -> None:  # noqa: F811
    """A visitor who refused signs in, is told, and signs out; every cookie it needs passes."""
    with project.serving(*SERVE) as site:
        context = chromium.new_context()
        page = context.new_page()
        page.goto(site.origin)
        page.get_by_role("button", name="Reject all", exact=True).click()
        expect(page.locator("#askfirst-notice")).to_have_count(0)
        page.goto(f"{site.origin}/-/auth-token?token=let-me-in")
        assert "root" in page.goto(f"{site.origin}/-/actor.json").text()  # type: ignore[union-attr]
        page.goto(f"{site.origin}/-/messages")
        page.locator("input[name=message], textarea[name=message]").fill("high water")
        page.locator("form[action*=messages] [type=submit]").click()
        expect(page.get_by_text("high water")).to_be_visible()
        names = {cookie["name"] for cookie in context.cookies()}
        assert {"ds_actor", "ds_csrftoken", "__Host-askfirst"} <= names
        page.goto(f"{site.origin}/-/logout")
        page.locator("form [type=submit]").last.click()
        assert "root" not in page.goto(f"{site.origin}/-/actor.json").text()  # type: ignore[union-attr]
        assert "was taken out" not in site.said
        context.close()


def test_what_is_not_declared_is_loud(project: Project, chromium: Browser) -> None:  # noqa: F811
    """Without its line nobody is signed in, and the log has the lines to paste."""
    other = copied(project, "undeclared")
    other.declare_nothing()
    with other.serving(*SERVE) as site:
        context = chromium.new_context()
        page = context.new_page()
        page.goto(f"{site.origin}/-/auth-token?token=let-me-in")
        assert "root" not in page.goto(f"{site.origin}/-/actor.json").text()  # type: ignore[union-attr]
        _says(site, "ds_actor")
        context.close()


def _says(site: Served, cookie: str) -> None:
    assert f"the cookie {cookie} of" in site.said
    assert f'[[necessary]]\ncookie = "{cookie}"' in site.said
