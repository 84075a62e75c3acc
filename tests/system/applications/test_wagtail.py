"""A new Wagtail site behind the gate: its editors sign in and post, or the log says why not."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import chromium  # noqa: F401 (a fixture)
from tests.system.applications.installed import Project, copied, installed

pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.timeout(1200)]
SERVE = ("manage.py", "runserver", "--noreload", "127.0.0.1:PORT")
NAME, PASSWORD = "ada", "high water at noon"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    outer = installed(tmp_path_factory.mktemp("wagtail"), "wagtail==8.0.1")
    outer.run("-m", "wagtail.bin.wagtail", "start", "tides")
    made = Project(outer.folder / "tides", outer.python)
    made.add_askfirst(made.folder / "tides/settings/base.py", "django")
    base = made.folder / "tides/templates/base.html"
    page = base.read_text("utf-8")
    for end, tag in (("</head>", "askfirst_script"), ("</body>", "askfirst_notice")):
        assert end in page
        page = page.replace(end, f"{{% load askfirst %}}{{% {tag} %}}{end}")
    base.write_text(page, "utf-8")
    made.run("manage.py", "migrate", "-v0")
    made.run(
        "manage.py", "createsuperuser", "--noinput", "--username", NAME, "--email", "a@b.example",
        DJANGO_SUPERUSER_PASSWORD=PASSWORD,
    )  # fmt: skip
    return made


def sign_in(page: Page, origin: str) -> None:
    page.goto(f"{origin}/admin/login/")
    page.locator("input[name=username]").fill(NAME)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("input[name=remember]").check(force=True)
    page.locator("form [type=submit]").first.click()
    page.wait_for_load_state()


def test_editors_sign_in_and_post(project: Project, chromium: Browser) -> None:  # noqa: F811
    """Somebody who refused is signed in, and a form of the editor's, with its token, is taken."""
    with project.serving(*SERVE) as site:
        context = chromium.new_context()
        page = context.new_page()
        page.goto(site.origin)
        page.get_by_role("button", name="Reject all", exact=True).click()
        expect(page.locator("#askfirst-notice")).to_have_count(0)
        sign_in(page, site.origin)
        page.goto(f"{site.origin}/admin/account/")
        page.locator("input[name$=first_name]").fill("Augusta")
        page.locator("input[name$=last_name]").fill("King")
        page.locator("input[name$=last_name]").press("Enter")
        page.wait_for_load_state()
        page.goto(f"{site.origin}/admin/account/")
        expect(page.locator("input[name$=first_name]")).to_have_value("Augusta")
        assert {"sessionid", "csrftoken"} <= {cookie["name"] for cookie in context.cookies()}
        assert "was taken out" not in site.said
        context.close()


def test_what_is_not_declared_is_loud(project: Project, chromium: Browser) -> None:  # noqa: F811
    """Without their lines nobody signs in, and the log has the lines to paste."""
    other = copied(project, "undeclared")
    other.declare_nothing()
    with other.serving(*SERVE) as site:
        context = chromium.new_context()
        page = context.new_page()
        sign_in(page, site.origin)
        page.goto(f"{site.origin}/admin/")
        expect(page.locator("input[name=password]")).to_be_visible()
        assert '[[necessary]]\ncookie = "csrftoken"' in site.said
        context.close()
