"""The demo as a stranger meets it: one command, a real browser, the dashboard behind its link."""

from __future__ import annotations

import re
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.support.programs import python
from tests.system.isolation.rows import DASHBOARD, OPEN

pytestmark = pytest.mark.browser
TAGS = "['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']"
PASSWORD = "a password for one test"
FILTER = "by=page&is=%5B%22%2F%22%2C%22%2F%22%5D"
HOST_PAGES = (
    *("", f"?{FILTER}", "?range=12m", "/goals", "/pages", f"/pages?{FILTER}", "/countries"),
    *("/hours", "/answers", "/agreement", "/shares", "/policy", "/editions"),
)


@dataclass(frozen=True)
class Demo:
    """A running demo."""

    origin: str
    link: str
    process: subprocess.Popen[str]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """`askfirst demo` in a process of its own."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    data = tmp_path_factory.mktemp("demo") / "data"
    process = python(
        *("-m", "askfirst", "demo", "--port", port, "--data", data),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    )
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if "Ctrl+C" in line:
            break
    found = re.search(r"http\S+/setup\?token=[0-9a-f]{64}", said)
    assert found, said
    yield Demo(f"http://127.0.0.1:{port}", found[0], process)
    process.terminate()
    rest = process.communicate(timeout=20)[0]
    assert "Traceback" not in rest
    assert "127.0.0.1" not in rest, "nothing about a visitor is logged"


def profile(chromium: Browser, width: int = 1280, **options: Any) -> BrowserContext:
    """A fresh profile that says Chrome and not HeadlessChrome: bots are told apart, and dropped."""
    version = chromium.version.partition(".")[0]
    agent = (
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
        f"Chrome/{version}.0.0.0 Safari/537.36"
    )
    size: Any = {"width": width, "height": 800}
    return chromium.new_context(viewport=size, user_agent=agent, **options)


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """A fresh profile."""
    made = profile(chromium)
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page that may say nothing on its console."""
    opened = context.new_page()
    said: list[str] = []
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    yield opened
    assert said == []


def names(context: BrowserContext) -> set[str]:
    """The cookies of the profile."""
    return {cookie["name"] for cookie in context.cookies()}


def until(page: Page, condition: Callable[[], bool]) -> None:
    """Wait for a condition of the profile; the page's policy forbids to do it by script."""
    for _ in range(100):
        if condition():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it did not come true within 5 s")


def violations(page: Page, axe: str) -> list[str]:
    """What axe-core finds."""
    # A colour that is still fading in is no colour to judge.
    page.evaluate("Promise.all(document.getAnimations().map((each) => each.finished))")
    page.evaluate(axe)
    found: list[str] = page.evaluate(
        f"async () => (await axe.run({{runOnly: {TAGS}}})).violations"
        ".map((v) => v.id + ': ' + v.nodes.map((n) => n.html).join(' | '))"
    )
    return found


def test_a_visitor_who_agrees_sees_what_is_kept(
    demo: Demo, page: Page, context: BrowserContext
) -> None:
    """Asked, answered, and shown what was recorded; the tag runs, cookies pass."""
    page.goto(f"{demo.origin}/?via=poster")
    assert names(context) == set()
    assert page.locator("[data-lantern]").is_hidden()
    page.click("#askfirst-notice button[value=accept_all]")
    page.wait_for_selector("[data-lantern]:visible")
    page.goto(f"{demo.origin}/tables/skarness")
    until(page, lambda: "slackwater_harbour" in names(context))
    page.goto(f"{demo.origin}/?via=poster")
    page.wait_for_selector("[data-lantern]:visible")
    assert names(context) >= {
        "__Host-askfirst",
        "__Host-askfirst-receipt",
        "slackwater_via",
        "slackwater_harbour",
        "lantern_seen",
    }
    page.goto(f"{demo.origin}/askfirst/rights/me")
    assert page.get_by_text("/tables/skarness").count() >= 1


def test_a_visitor_who_refuses_leaves_nothing(
    demo: Demo, page: Page, context: BrowserContext
) -> None:
    """M08: only the state cookie, and no notice on the next page."""
    page.goto(f"{demo.origin}/?via=poster")
    page.click("#askfirst-notice button[value=reject_all]")
    page.wait_for_selector("#askfirst-notice", state="detached")
    for path in ("/tables/skarness", "/journal", "/order", "/?via=newsletter"):
        page.goto(demo.origin + path)
        assert page.locator("#askfirst-notice").count() == 0
        assert page.locator("[data-lantern]").is_hidden()
    assert names(context) == {"__Host-askfirst"}
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0


def test_the_whole_visit_works_without_a_script(demo: Demo, chromium: Browser) -> None:
    """M45: a plain form; a row exists all the same, and withdrawing works."""
    context = profile(chromium, java_script_enabled=False)
    try:
        page = context.new_page()
        page.goto(f"{demo.origin}/journal")
        page.click("#askfirst-notice button[value=accept_all]")
        page.wait_for_url("**/journal")
        assert page.locator("#askfirst-notice").count() == 0
        page.goto(f"{demo.origin}/tables/muckle-voe")
        # The server tells of the page once it was answered: it may be a moment on its way.
        for _ in range(60):
            page.goto(f"{demo.origin}/askfirst/rights/me")
            if page.get_by_text("/tables/muckle-voe").count():
                break
        assert page.get_by_text("/tables/muckle-voe").count() >= 1
        page.goto(f"{demo.origin}/order")
        page.click("form.order button")
        page.wait_for_url("**/order/thanks")
        assert "The Pocket Table" in page.inner_text("h1")
    finally:
        context.close()


def test_the_shop_fits_a_small_screen(demo: Demo, chromium: Browser, axe: str) -> None:
    """M34, M36: no violation and nothing sideways, at 320 px, in the light and in the dark."""
    for scheme in ("light", "dark"):
        context = profile(chromium, 320, color_scheme=scheme)
        page = context.new_page()
        for path in ("/", "/tables", "/tables/skarness", "/order", "/journal"):
            page.goto(demo.origin + path)
            assert page.evaluate("document.documentElement.scrollWidth") <= 320, path
            assert violations(page, axe) == [], path
        context.close()


def test_the_host_admin_comes_in_by_the_link(demo: Demo, chromium: Browser, axe: str) -> None:
    """A password is set, the site and its edition are seen, and every page is clean (M34)."""
    context = profile(chromium)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"{demo.origin}/")
    page.goto(demo.link)
    assert violations(page, axe) == []
    for field, value in (("name", "ada"), ("password", PASSWORD), ("again", PASSWORD)):
        page.fill(f"#{field}", value)
    page.click("button.primary")
    page.wait_for_url("**/sites/*")
    page.goto(f"{demo.origin}/askfirst/host/sites/slackwater")
    assert page.get_by_text("The day closes at 00:00 UTC").count() >= 1
    # A column says its value to whoever reaches it, by keyboard too, and leads to its days.
    column = page.get_by_role("link", name=re.compile(r"^\d+ \w+ \d{4}: ")).nth(23)
    column.focus()
    page.keyboard.press("Tab")
    assert page.locator(".column:focus .tip").is_visible()
    page.keyboard.press("Enter")
    page.wait_for_url("**from=*")
    page.get_by_title("Only these visitors").first.click()
    page.wait_for_url("**by=*")
    assert page.get_by_text("Remove the filter").count() == 1
    page.goto(f"{demo.origin}/askfirst/host/sites/slackwater/policy")
    # Its placed collector is part of an edition of its own.
    assert page.get_by_text(re.compile(r"slackwater, edition \d")).count() == 1
    kept = context.storage_state()
    assert said == []
    context.close()
    for width, scheme in ((1280, "light"), (1280, "dark"), (320, "light")):
        signed_in = profile(chromium, width, color_scheme=scheme, storage_state=kept)
        page = signed_in.new_page()
        for path in (*(f"/sites/slackwater{each}" for each in HOST_PAGES), "/account"):
            assert page.goto(f"{demo.origin}/askfirst/host{path}").status == 200  # type: ignore[union-attr]
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
            assert violations(page, axe) == [], (path, width, scheme)
        signed_in.close()


def pages_of_the_dashboard() -> list[str]:
    """The address of each page that a host admin opens, with what the demo has in it."""
    demo = {"collector": "wind-survey", "name": "ada", "number": "1", "table": "referrers"}
    rows = [row for row in DASHBOARD if row.method == "GET" and row.about != OPEN]
    # The notice stands in a frame without scripts, where nothing can be asked: tested by itself.
    others = "/policy.toml", ".{kind}", "/publish/notice"
    return [
        row.path.format(site="slackwater", **{**row.fills, **demo})
        for row in rows
        if not row.path.endswith(others)
    ]


@pytest.mark.long
@pytest.mark.timeout(900)
def test_every_page_of_the_dashboard_is_clean(demo: Demo, chromium: Browser, axe: str) -> None:
    """M34, M36: whoever adds a page has it looked at: wide, at 200 %, and at 320 px in the dark."""
    context = profile(chromium)
    page = context.new_page()
    link = demo.link
    page.goto(link)
    for field, value in (("name", "ada"), ("password", PASSWORD), ("again", PASSWORD)):
        page.fill(f"#{field}", value)
    page.click("button.primary")
    page.wait_for_url("**/sites/*")
    page.goto(f"{demo.origin}/askfirst/host/sites/slackwater/shares")
    page.get_by_role("button", name="Make the link").click()
    shared = urlsplit(page.locator("p.secret").first.inner_text()).path
    page.goto(f"{demo.origin}/askfirst/host/requests")
    page.fill("#contact", "visitor@example.org")
    page.get_by_role("button", name="Enter it").click()
    page.wait_for_url("**/requests/1")
    kept = context.storage_state()
    context.close()
    problems = []
    opened = [
        *pages_of_the_dashboard(),
        f"/sites/slackwater?{FILTER}",
        shared.removeprefix("/askfirst/host"),
    ]
    missing = ["/unsubscribe/" + "0" * 32, "/shared/" + "0" * 32, "/invitation"]
    # 1280 px at 200 % are 640.
    for width, scheme in ((1280, "light"), (640, "light"), (320, "dark")):
        signed_in = profile(chromium, width, color_scheme=scheme, storage_state=kept)
        page = signed_in.new_page()
        for path in [*opened, *missing]:
            answer = page.goto(f"{demo.origin}/askfirst/host{path}")
            assert answer is not None
            is_sideways = page.evaluate("document.documentElement.scrollWidth") > width
            wrong = violations(page, axe)
            is_open = answer.status == 200 or path in missing
            if not is_open or is_sideways or wrong:
                problems.append((path, width, answer.status, is_sideways, wrong))
        signed_in.close()
    assert problems == []


def test_a_link_that_is_no_link_says_what_to_do(demo: Demo, context: BrowserContext) -> None:
    """Used up, replaced or made up: all the same."""
    page = context.new_page()
    page.goto(f"{demo.origin}/askfirst/host/setup?token={'0' * 64}")
    assert "does not work any more" in page.inner_text("h1")
    assert page.get_by_text("askfirst host link").count() == 1
