"""The development bar in a real browser, on a site that is just being built."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from askfirst.terms.policy import read_policy
from tests.browser.sdk.conftest import Arrive, Serve
from tests.browser.sdk.site import STRICT, Site, page
from tests.browser.sdk.site import Page as SitePage
from tests.browser.sdk.visitor import Visitor

pytestmark = pytest.mark.browser
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
Begin = Callable[..., tuple[Visitor, Page]]
BODY = """
<img src="https://cdn.example/pixel.gif" alt="">
<script type="text/plain" data-purpose="statistics" data-src="/count.js"></script>
<script type="text/plain" data-purpose="statistic" data-src="/slip.js"></script>
<script data-purpose="marketing" src="/at-once.js"></script>
<script src="/askfirst/static/consent-mode.js" data-ads="marketing"
    data-analytics="analytics"></script>
"""


@pytest.fixture
def built(serve: Serve, tmp_path: Path) -> Site:
    """A site whose policy is a file, and whose first page does what a first try does."""
    site = serve(policy=tmp_path / "policy.toml", undeclared=None)
    policy = STRICT.replace("img-src 'self'", "img-src 'self' https://cdn.example")
    plain = page(BODY)
    site.pages["/"] = SitePage(
        plain.html, {"content-security-policy": policy, "set-cookie": "basket-48151623=1; Path=/"}
    )
    for name in ("/count.js", "/at-once.js"):
        site.pages[name] = SitePage("", {}, "text/javascript")
    return site


@pytest.fixture
def begin(built: Site, arrive: Arrive) -> Begin:
    """Opens the site as whoever builds it."""

    def start(**options: Any) -> tuple[Visitor, Page]:
        visitor = arrive(built, **options)
        visitor.context.route(
            "https://cdn.example/*", lambda route: route.fulfill(content_type="image/gif", body="")
        )
        return visitor, visitor.open()

    return start


def test_what_is_missing_is_seen_and_written(begin: Begin, built: Site, tmp_path: Path) -> None:
    """Cookies, hosts and scripts by name, under the strict policy; lines go into the file."""
    visitor, tab = begin()
    pill = tab.get_by_role("button", name="askfirst: 5 to look at")
    pill.click()
    bar = tab.get_by_role("region", name="askfirst development bar")
    expect(bar).to_be_focused()
    expect(bar).to_contain_text("basket-*")
    expect(bar.get_by_role("listitem").filter(has_text="cdn.example")).to_contain_text(
        "asked before anything was agreed to"
    )
    for name, text in [
        ("/count.js", "waits for statistics (not answered yet)"),
        ("/slip.js", "waits for ever: the policy has no statistic"),
        ("/at-once.js", 'runs at once: write type="text/plain"'),
        ("/consent-mode.js", "stays denied: the policy has no analytics (data-analytics)"),
    ]:
        expect(bar.get_by_role("listitem").filter(has_text=name)).to_contain_text(text)

    why = bar.get_by_role("textbox", name="Why basket-* is necessary")
    why.fill("it is your basket")
    expect(bar.get_by_role("group", name="Lines for basket-*")).to_have_text(
        '[[necessary]]\ncookie = "basket-*"\nwhy = "it is your basket"'
    )
    bar.get_by_role("button", name="Write into policy.toml: basket-*").click()
    expect(bar.get_by_role("status")).to_contain_text("Start the site again")
    expect(tab.get_by_role("button", name="askfirst: 4 to look at")).to_be_visible()
    last = read_policy(tmp_path / "policy.toml").necessary[-1]
    assert (last.cookie, last.why) == ("basket-*", "it is your basket")

    # What somebody else changes meanwhile is not overwritten.
    visitor.context.add_cookies([{"name": "theme", "value": "1", "url": built.origin}])
    tab.reload()
    tab.get_by_role("button", name="askfirst: 5 to look at").click()
    write = bar.get_by_role("button", name="Write into policy.toml: theme")
    expect(write).to_be_visible()
    file = tmp_path / "policy.toml"
    file.write_text(f"# mine\n{file.read_text('utf-8')}", "utf-8")
    write.click()
    expect(bar.get_by_role("status")).to_contain_text("policy.toml was changed meanwhile")
    assert file.read_text("utf-8").startswith("# mine\n")
    bar.get_by_role("combobox", name="What theme is for").select_option("statistics")
    bar.get_by_role("button", name="Write into policy.toml: theme").click()
    expect(bar.get_by_role("status")).to_contain_text("Written into policy.toml")
    assert "theme" in read_policy(file).purposes["statistics"].terms.cookies
    assert visitor.errors == []


def test_answers_are_shown_forgotten_and_tried_with_gpc(begin: Begin) -> None:
    """The present consent follows the page; forgetting asks again; GPC is said by page and gate."""
    visitor, tab = begin()
    visitor.answer(tab, "Accept all")
    tab.get_by_role("button", name="askfirst:").click()
    bar = tab.get_by_role("region", name="askfirst development bar")
    expect(bar.get_by_role("definition").filter(has_text="an answer")).to_be_visible()
    expect(bar.get_by_role("listitem").filter(has_text="/count.js")).to_contain_text("runs")
    assert "__Host-askfirst" in {cookie["name"] for cookie in visitor.context.cookies()}

    bar.get_by_role("button", name="Forget my answer").click()
    expect(tab.get_by_role("button", name="Accept all", exact=True)).to_be_visible()
    assert not [c for c in visitor.context.cookies() if "askfirst" in c["name"]]

    tab.get_by_role("button", name="askfirst:").click()
    bar.get_by_role("button", name="As a visitor with GPC").click()
    tab.get_by_role("button", name="askfirst:").click()
    expect(bar).to_contain_text("Global Privacy Control")
    assert tab.evaluate("navigator.globalPrivacyControl") is True
    bar.get_by_role("button", name="As a visitor without GPC").click()
    tab.get_by_role("button", name="askfirst:").click()
    expect(bar.get_by_role("definition").filter(has_text="none")).to_be_visible()
    assert not tab.evaluate("navigator.globalPrivacyControl")
    assert visitor.errors == []


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (320, "dark")])
def test_it_is_usable_at_any_width(begin: Begin, axe: str, width: int, scheme: str) -> None:
    """By keyboard alone, with names, enough contrast, within the window, beside the notice."""
    _, tab = begin(viewport={"width": width, "height": 700}, color_scheme=scheme)
    pill = tab.get_by_role("button", name="askfirst: 5 to look at")
    expect(pill).to_be_visible()
    # The notice is what a visitor sees: nothing of ours covers its buttons.
    reject = tab.get_by_role("button", name="Reject all", exact=True)
    reject.click(trial=True)
    pill.focus()
    tab.keyboard.press("Enter")
    bar = tab.get_by_role("region", name="askfirst development bar")
    expect(bar).to_contain_text("basket-*")
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    box = bar.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    assert box["y"] + box["height"] <= 700
    tab.evaluate(axe)
    found: dict[str, Any] = tab.evaluate(
        "tags => axe.run({include: [['#askfirst-bar']]}, {runOnly: tags})", TAGS
    )
    assert [(v["id"], [n["html"] for n in v["nodes"]]) for v in found["violations"]] == []
    assert found["passes"]
    tab.keyboard.press("Tab")
    expect(bar.get_by_role("button", name="Close")).to_be_focused()
    tab.keyboard.press("Escape")
    expect(bar).to_be_hidden()
    expect(pill).to_be_focused()
