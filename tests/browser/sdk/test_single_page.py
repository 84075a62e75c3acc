"""Sites whose router changes the page in place: Turbo, htmx, and view transitions by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page as Tab
from playwright.sync_api import expect

from tests.browser.browsers import missing
from tests.browser.sdk.site import NOTICE, Page, Site, page, script
from tests.browser.sdk.visitor import Visitor, settled, until
from tests.conftest import ROOT

pytestmark = pytest.mark.browser

ONLY = {"statistics": 2, "marketing": 0, "preferences": 0}
LIBRARIES = {
    "turbo": "@hotwired/turbo/dist/turbo.es2017-umd.js",
    "htmx": "htmx.org/dist/htmx.js",
}
# What a site may write itself: the next body in a view transition, the one before when going back.
OWN = """
    const bodies = new Map();
    const put = (path, body) => document.startViewTransition(() => {
        bodies.set(window.at, document.body);
        window.at = path;
        document.body.replaceWith(body);
    });
    window.at = location.pathname;
    addEventListener("click", async (event) => {
        const link = event.target.closest("a.soft");
        if (!link) return;
        event.preventDefault();
        const html = await (await fetch(link.href)).text();
        history.pushState(0, "", link.href);
        put(location.pathname, new DOMParser().parseFromString(html, "text/html").body);
    });
    addEventListener("popstate", () => put(location.pathname, bodies.get(location.pathname)));
"""
Offer = Callable[..., Tab]


@pytest.fixture(params=["turbo", "htmx", "view transition"])
def router(request: pytest.FixtureRequest) -> str:
    """The source of a router."""
    if request.param == "view transition":
        return OWN
    file = ROOT / "node_modules" / LIBRARIES[request.param]
    if not file.is_file():
        missing(f"{request.param} is not here (npm install)")
    return file.read_text("utf-8")


def offer(site: Site, router: str, notice: str) -> None:
    """Two pages that lead to each other, each with a script that waits for statistics."""
    site.pages["/router.js"] = script(router)
    for path, other in (("/", "/two"), ("/two", "/")):
        source = f"(window.ran ??= []).push('{path}')"
        waiting = f'<script type="text/plain" data-purpose="statistics">{source}</script>'
        link = f'<a class="soft" href="{other}">To {other}</a>'
        body = f'<div hx-boost="true"><h2>This is {path}</h2>{link}</div>{waiting}{notice}'
        head = '<script src="/router.js"></script><style>p { margin: 0 }</style>'
        site.pages[path] = Page(page(body, head=head).html, {})


def ran(tab: Tab) -> list[str]:
    found: list[str] = tab.evaluate("window.ran ?? []")
    return found


def arrive(visitor: Visitor) -> Tab:
    """The first page; what would be lost by a hard navigation is on it."""
    tab = visitor.open()
    tab.evaluate("window.soft = true")
    return tab


def follow(tab: Tab, path: str) -> None:
    tab.get_by_text(f"To {path}", exact=True).click()
    stands(tab, path)


def back(tab: Tab, path: str) -> None:
    tab.go_back(wait_until="commit")
    stands(tab, path)


def stands(tab: Tab, path: str) -> None:
    expect(tab.locator("h2", has_text="This is")).to_have_text(f"This is {path}")
    assert tab.evaluate("window.soft"), "the page was loaded anew"


@pytest.mark.parametrize("notice", [NOTICE, ""], ids=["server", "script"])
def test_a_page_that_comes_back_runs_nothing_withdrawn(
    site: Site, visitor: Visitor, router: str, notice: str
) -> None:
    """M52, M12: agreed on one page, withdrawn on the next: going back runs nothing and says so."""
    offer(site, router, notice)
    visitor.granted(**ONLY)
    tab = arrive(visitor)
    until(tab, lambda: ran(tab) == ["/"])
    follow(tab, "/two")
    until(tab, lambda: ran(tab) == ["/", "/two"])
    present = tab.locator("#askfirst-control")
    expect(present).to_contain_text("Privacy choices: 1 of 3 on")
    # The server's form would load the page anew: there the visitor withdraws in another tab.
    with_form = visitor.open() if notice else tab
    with_form.locator("#askfirst-control button[value=withdraw]").click()
    until(tab, lambda: not tab.evaluate("askfirst.allows('statistics')"))
    expect(present).to_contain_text("Privacy choices: all off")
    back(tab, "/")
    expect(present).to_have_count(1)
    expect(present).to_contain_text("Privacy choices: all off")
    assert not tab.evaluate("askfirst.allows('statistics')")
    settled(tab)
    assert ran(tab) == ["/", "/two"]
    assert visitor.errors == []


@pytest.mark.parametrize("notice", [NOTICE, ""], ids=["server", "script"])
def test_the_notice_stays_until_it_is_answered_and_no_longer(
    site: Site, visitor: Visitor, router: str, notice: str
) -> None:
    """M11: notice and way back are on each page; an answer on one is the answer of those before."""
    offer(site, router, notice)
    tab = arrive(visitor)
    expect(tab.locator("#askfirst-notice")).to_have_count(1)
    follow(tab, "/two")
    expect(tab.locator("#askfirst-notice")).to_have_count(1)
    expect(tab.locator("#askfirst-control")).to_have_count(1)
    assert ran(tab) == []
    visitor.answer(tab, "Accept all")
    until(tab, lambda: ran(tab) == ["/two"])
    back(tab, "/")
    expect(tab.locator("#askfirst-control")).to_contain_text("Privacy choices: all on")
    expect(tab.locator("#askfirst-notice")).to_have_count(0)
    until(tab, lambda: "/" in ran(tab))
    assert visitor.errors == []


def test_a_page_that_takes_our_elements_away_goes_on(site: Site, visitor: Visitor) -> None:
    """A page, or an extension, that removes what we put there again and again is not held up."""
    site.pages["/"] = Page(page().html, {})
    tab = visitor.context.new_page()
    tab.add_init_script("""
        window.removed = 0;
        new MutationObserver(() => {
            for (const each of document.querySelectorAll(".askfirst")) each.remove(removed++);
        }).observe(document, { childList: true, subtree: true });
    """)
    visitor.go(tab, "/")
    until(tab, lambda: bool(tab.evaluate("removed")))
    tab.wait_for_function("new Promise((done) => setTimeout(done, 500, true))")
    assert tab.evaluate("removed") < 50


def test_a_router_of_its_own_asks_for_a_look(site: Site, visitor: Visitor) -> None:
    """`refresh` runs and shows what came without a change of the page."""
    site.pages["/"] = page()
    tab = visitor.open()
    tab.locator("#askfirst-notice").wait_for()
    answer = """async () => {
        const headers = { Accept: "application/json", "Content-Type": "application/json" };
        const { hash } = await (await fetch("/askfirst/policy", { headers })).json();
        const body = JSON.stringify({ v: 2, edition: hash, lang: "en", method: "reject_all" });
        await fetch("/askfirst/consent", { method: "POST", headers, body });
    }"""
    until(tab, lambda: tab.evaluate(answer) is None)
    expect(tab.locator("#askfirst-notice")).to_have_count(1)
    tab.evaluate("askfirst.refresh()")
    expect(tab.locator("#askfirst-notice")).to_have_count(0)
    expect(tab.locator("#askfirst-control")).to_have_count(1)
