"""Scripts that wait for a purpose: none before its grant, then all as the page has them."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page as Tab
from playwright.sync_api import Route

from tests.browser.sdk.conftest import Arrive, Serve
from tests.browser.sdk.site import STRICT, Page, Site, page, policy, script
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


def test_one_that_hangs_holds_up_its_own_purpose(site: Site, visitor: Visitor) -> None:
    """After three seconds other purposes go on; those of its own wait until it loads."""
    body = waiting("a") + waiting("m", purpose="marketing") + waiting("b") + inline("c")
    offer(site, body, "a", "b", "m")
    held: list[Route] = []
    visitor.context.route("**/a.js", lambda route: held.append(route))
    visitor.granted(statistics=2, marketing=2, preferences=0)
    tab = visitor.open()
    until(tab, lambda: ran(tab) == ["m"])
    settled(tab)
    assert ran(tab) == ["m"]
    held[0].continue_()
    until(tab, lambda: ran(tab) == ["m", "a", "b", "c"])


def test_under_strict_dynamic_only_our_own_nonce_runs(site: Site, visitor: Visitor) -> None:
    """M53, M38: markup that somebody injected has no nonce: it never runs, whatever is granted."""
    injected = inline("injected").replace(' nonce="abc"', "") + inline("guessed", nonce="other")
    file = '<script type="text/plain" data-purpose="statistics" src="/evil.js"></script>'
    head = '<script nonce="abc" src="/askfirst/static/askfirst.js" defer></script>'
    csp = "script-src 'nonce-abc' 'strict-dynamic'"
    html = page(injected + file + inline("ours"), script=head).html
    site.pages["/"] = Page(html, {"content-security-policy": csp})
    visitor.granted(statistics=2, marketing=0, preferences=0)
    tab = visitor.open()
    until(tab, lambda: "ours" in ran(tab))
    tab.evaluate("html => document.body.insertAdjacentHTML('beforeend', html)", injected + file)
    settled(tab)
    assert ran(tab) == ["ours"]
    assert site.asked_for("/evil.js") == 0


def test_what_other_tools_write_is_understood(site: Site, visitor: Visitor) -> None:
    """`data-src`, any `data-type`, and `!purpose`, which runs where the answer is no."""
    names = '<script type="text/plain" data-category="{}" data-src="/{}.js"{}></script>'
    typed = ' data-type="text/javascript"'
    body = names.format("statistics", "a", "") + names.format("statistics", "b", typed)
    body += names.format("!marketing", "no", "") + names.format("!statistics", "never", "")
    body += names.format("!nonsense", "unknown", "")
    offer(site, body, "a", "b", "no", "never", "unknown", csp="script-src 'self'")
    tab = visitor.open()
    settled(tab)
    assert ran(tab) == []
    visitor.granted(statistics=2, marketing=0, preferences=0)
    tab = visitor.open()
    until(tab, lambda: len(ran(tab)) == 3)
    settled(tab)
    assert ran(tab) == ["a", "b", "no"]


def test_a_service_waits_for_whoever_agreed_to_it(serve: Serve, arrive: Arrive) -> None:
    """M16: a recipient that joined a purpose gets nothing under an answer from before."""
    known = {"name": "Counter Ltd", "role": "processor", "country": "NL"}
    new = {"name": "Newcomer", "role": "processor", "country": "NL"}
    first = serve(policy(statistics={"recipients": [known]}))
    visitor = arrive(first)
    visitor.granted(statistics=2, marketing=0, preferences=0)
    site = visitor.site = serve(
        policy(statistics={"recipients": [known, new]}), folder=first.folder
    )
    service = '<script type="text/plain" data-service="{}" src="/{}.js"></script>'
    both = '<script type="text/plain" {} data-service="Newcomer" src="/both.js"></script>'
    body = service.format("Newcomer", "new") + service.format("Nobody", "nobody")
    body += both.format('data-purpose="statistics"') + waiting("plain")
    offer(site, body, "new", "nobody", "both", "plain", csp="script-src 'self'")
    tab = visitor.open()
    until(tab, lambda: ran(tab) == ["plain"])
    tab.locator("#askfirst-notice button[value=accept_all]").click()
    until(tab, lambda: ran(tab) == ["plain", "new", "both"])
    assert site.asked_for("/nobody.js") == 0


def test_what_a_script_writes_stands_after_it(site: Site, visitor: Visitor) -> None:
    """`document.write` in a script that waited does not put its text in the place of the page."""
    source = "document.write('<p id=ad>', 'ad'); document.writeln('</p>'); after = document.write"
    body = f'<script type="text/plain" data-purpose="statistics">{source}</script>'
    site.pages["/"] = Page(page(body + "<p>below</p>").html, {})
    visitor.granted(statistics=2, marketing=0, preferences=0)
    tab = visitor.open()
    tab.locator("#ad").wait_for()
    assert tab.inner_text("script + #ad") == "ad"
    assert tab.inner_text("h1") == "Shop"
    assert tab.get_by_text("below").count() == 1
    assert tab.evaluate("document.write === Document.prototype.write && after !== document.write")
    assert visitor.errors == []
