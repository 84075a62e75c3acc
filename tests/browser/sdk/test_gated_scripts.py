"""Scripts that wait for a purpose: none before its grant, then all as the page has them."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page as Tab

from tests.browser.sdk.conftest import Arrive, Serve
from tests.browser.sdk.site import STRICT, Page, Site, page, script
from tests.browser.sdk.visitor import Visitor, settled, until

pytestmark = pytest.mark.browser

NONCE = STRICT.replace("script-src 'self'", "script-src 'self' 'nonce-abc'")


def ran(tab: Tab) -> list[str]:
    """What ran in this page, in order."""
    found: list[str] = tab.evaluate("window.ran ?? []")
    return found


def waiting(name: str, attributes: str = "", *, purpose: str = "statistics") -> str:
    """A script from a file of that name."""
    given = f'data-purpose="{purpose}" src="/{name}.js" {attributes}'
    return f'<script type="text/plain" {given}></script>'


def inline(name: str, *, purpose: str = "statistics", nonce: str = "abc") -> str:
    """A script in the page."""
    source = f"(window.ran ??= []).push('{name}')"
    return f'<script type="text/plain" data-purpose="{purpose}" nonce="{nonce}">{source}</script>'


def offer(site: Site, body: str, *names: str, csp: str = NONCE) -> None:
    """Put a page on the site, and a script for each name."""
    site.pages["/"] = Page(page(body).html, {"content-security-policy": csp})
    for name in names:
        site.pages[f"/{name}.js"] = script(f"(window.ran ??= []).push('{name}')")


def test_they_run_in_the_order_of_the_page(site: Site, visitor: Visitor) -> None:
    """M01, M38: in order, files and inline, deferred ones and modules last; no violation."""
    module = waiting("m", 'data-type="module"')
    body = waiting("d", "defer") + waiting("a") + inline("b") + module + waiting("c")
    offer(site, body, "a", "c", "d", "m")
    tab = visitor.open()
    complaints: list[str] = []
    tab.on("console", lambda message: complaints.append(message.text))
    assert ran(tab) == []
    visitor.answer(tab, "Accept all")
    until(tab, lambda: len(ran(tab)) == 5)
    assert ran(tab) == ["a", "b", "c", "d", "m"]
    assert complaints == []
    assert visitor.errors == []


def test_one_that_fails_or_never_was_does_not_hold_the_others(site: Site, visitor: Visitor) -> None:
    """A missing file, a wrong integrity and a missing nonce end one script, not the page."""
    wrong = (
        'integrity="sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" crossorigin="anonymous"'
    )
    body = waiting("lost") + waiting("a", wrong) + inline("b", nonce="other") + waiting("c")
    offer(site, body, "a", "c")
    tab = visitor.open()
    visitor.answer(tab, "Accept all")
    until(tab, lambda: "c" in ran(tab))
    assert ran(tab) == ["c"]


def test_each_waits_for_its_own_purpose(site: Site, arrive: Arrive) -> None:
    """M14: what was granted runs, alias included; what needs two purposes needs both."""
    alias = '<script type="text/plain" data-category="statistics" src="/alias.js"></script>'
    both = waiting("both", purpose="statistics marketing")
    nothing = waiting("none", purpose="")
    body = waiting("a") + alias + waiting("m", purpose="marketing") + both + nothing
    offer(site, body, "a", "alias", "m", "both", "none")
    visitor = arrive(site)
    visitor.granted(statistics=2, marketing=0, preferences=0)
    tab = visitor.open()
    until(tab, lambda: len(ran(tab)) == 2)
    settled(tab)
    assert ran(tab) == ["a", "alias"]
    assert site.asked_for("/m.js") == site.asked_for("/both.js") == site.asked_for("/none.js") == 0


def test_late_ones_run_and_markup_stays_inert(site: Site, visitor: Visitor) -> None:
    """What a page adds later waits or runs too; what it sets by innerHTML never does."""
    offer(site, "<div id=place></div>", "late", "inner", "later", csp="script-src 'self'")
    tab = visitor.open()
    add = """(name) => {
        const script = document.createElement("script");
        Object.assign(script, { type: "text/plain", src: `/${name}.js` });
        script.dataset.purpose = "statistics";
        document.body.append(script);
    }"""
    tab.evaluate(add, "late")
    tab.evaluate("html => { place.innerHTML = html }", waiting("inner"))
    visitor.answer(tab, "Accept all")
    until(tab, lambda: ran(tab) == ["late"])
    tab.evaluate(add, "later")
    until(tab, lambda: ran(tab) == ["late", "later"])
    assert site.asked_for("/inner.js") == 0


def test_nothing_runs_again_and_nothing_after_a_withdrawal(serve: Serve, arrive: Arrive) -> None:
    """M12: each runs once a page; what comes after a withdrawal waits."""
    site = serve()
    offer(site, waiting("a"), "a", "late", csp="script-src 'self'")
    visitor = arrive(site)
    visitor.granted(statistics=2, marketing=0, preferences=0)
    tab = visitor.open()
    until(tab, lambda: ran(tab) == ["a"])
    tab.locator("#askfirst-control button[value=withdraw]").click()
    until(tab, lambda: not tab.evaluate("askfirst.allows('statistics')"))
    tab.evaluate(
        "html => document.body.append(document.createRange().createContextualFragment(html))",
        waiting("late"),
    )
    settled(tab)
    assert ran(tab) == ["a"]
    assert site.asked_for("/late.js") == 0
