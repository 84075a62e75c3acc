"""The blog of Flask's tutorial behind the gate: its authors sign in, or the log says why not."""

from __future__ import annotations

import json
import shutil

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import chromium  # noqa: F401 (a fixture)
from tests.system.applications.installed import Project, copied, installed, source_of

pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.timeout(1200)]
FLASK = "flask==3.1.2"
SERVE = ("-m", "flask", "--app", "flaskr", "run", "--port", "PORT", "--no-debugger")
TAGS = "<body>{{ askfirst_script() }}{{ askfirst_notice() }}"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("flaskr")
    blog = installed(folder, FLASK)
    source = source_of(FLASK, folder / "source")
    shutil.copytree(source / "examples/tutorial", blog.folder, dirs_exist_ok=True)
    package = blog.folder / "flaskr"
    blog.add_askfirst(package / "__init__.py", "flask", before="    return app\n")
    base = package / "templates/base.html"
    base.write_text(base.read_text("utf-8").replace("<nav>", f"{TAGS}<nav>"), "utf-8")
    blog.run("-m", "flask", "--app", "flaskr", "init-db")
    return blog


def sign_in(page: Page, origin: str) -> None:
    for form in ("register", "login"):
        page.goto(f"{origin}/auth/{form}")
        page.locator("input[name=username]").fill("ada")
        page.locator("input[name=password]").fill("high water at noon")
        page.locator("section.content [type=submit]").click()
        page.wait_for_load_state()


def test_authors_sign_in_and_write(project: Project, chromium: Browser) -> None:  # noqa: F811
    """Somebody who refused signs in, writes, is told what is missing, and signs out."""
    with project.serving(*SERVE) as site:
        context = chromium.new_context()
        page = context.new_page()
        page.goto(site.origin)
        page.get_by_role("button", name="Reject all", exact=True).click()
        expect(page.locator("#askfirst-notice")).to_have_count(0)
        sign_in(page, site.origin)
        page.goto(f"{site.origin}/create")
        page.locator("section.content form").evaluate("form => form.noValidate = true")
        page.locator("section.content [type=submit]").click()
        expect(page.get_by_text("Title is required.")).to_be_visible()
        page.locator("input[name=title]").fill("High water")
        page.locator("section.content [type=submit]").click()
        expect(page.get_by_role("heading", name="High water")).to_be_visible()
        assert {cookie["name"] for cookie in context.cookies()} == {"session", "__Host-askfirst"}
        page.get_by_role("link", name="Log Out").click()
        expect(page.get_by_role("link", name="Log In")).to_be_visible()
        assert "was taken out" not in site.said
        context.close()


def test_what_is_not_declared_is_loud(project: Project, chromium: Browser) -> None:  # noqa: F811
    """Without its line nobody is signed in, and the log has the lines to paste."""
    other = copied(project, "undeclared")
    other.declare_nothing()
    with other.serving(*SERVE) as site:
        context = chromium.new_context()
        page = context.new_page()
        sign_in(page, site.origin)
        page.goto(site.origin)
        expect(page.get_by_role("link", name="Log In")).to_be_visible()
        assert '[[necessary]]\ncookie = "session"' in site.said
        context.close()


def test_the_doctor_calls_its_factory(project: Project) -> None:
    """What `init` says to run at the end starts `create_app`, and has nothing to say against it."""
    report = json.loads(project.run("-m", "askfirst", "doctor", "flaskr:create_app", "--json"))
    assert report["findings"] == []
