"""The notice in pages, browsers and frames that are odd: in view, answerable, and asked once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from email.utils import formatdate
from time import time
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import Visit
from tests.browser.notice_page import RECEIPT, STATE, NoticePage
from tests.browser.notice_site import Site, policy
from tests.browser.sdk.visitor import until
from tests.unit.gate.shown import before

pytestmark = pytest.mark.browser
INSIDE = """e => { const b = e.getBoundingClientRect();
    return b.top >= 0 && b.left >= 0 && b.bottom < innerHeight + 1 && b.right < innerWidth + 1 }"""


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A shop with twenty purposes, fifty recipients and long words."""
    document = policy()
    marketing = document["purposes"]["marketing"]
    recipient = marketing["recipients"][0]
    marketing["recipients"] = [
        recipient | {"name": f"Donaudampfschifffahrtsgesellschaft {n}", "hosts": [f"a{n}.example"]}
        for n in range(50)
    ]
    for number in range(17):
        words = {"title": f"Rechtsschutzversicherung{number}", "description": "y" * 200}
        document["purposes"][f"more{number}"] = document["purposes"]["preferences"] | {
            "text": {"en": words}
        }
    made = Site(tmp_path_factory.mktemp("crowd"))
    made.start(document)
    yield made
    made.stop()


@pytest.mark.parametrize("helper", [0, 1], ids=["built", "enhanced"])
@pytest.mark.parametrize(
    ("width", "height", "share"), [(1280, 800, 0.25), (390, 844, 0.5)], ids=["wide", "phone"]
)
@pytest.mark.parametrize("many", [False, True], ids=["few", "many"])
def test_the_first_layer_is_small(
    shop: Site, crowd: Site, visit: Visit, width: int, height: int, share: float, helper: int,
    many: bool,
) -> None:  # fmt: skip
    """M07: a quarter of a desktop's window at most, half of a phone's; both answers in view."""
    page = visit(
        crowd if many else shop,
        f"/?helper={helper}",
        width=width,
        height=height,
        reduced_motion="reduce",
    )
    expect(page.notice).to_be_visible()
    box = page.notice.bounding_box()
    assert box is not None
    assert box["height"] <= share * height
    assert page.reject.evaluate(INSIDE)
    assert page.accept.evaluate(INSIDE)
    assert page.page.evaluate("document.documentElement.scrollWidth") <= width


def test_purposes_open_in_place(shop: Site, visit: Visit) -> None:
    """M15: a purpose's name opens what it is for, and both answers stay in view."""
    page = visit(shop, width=390, height=844)
    page.notice.get_by_text("Statistics").click()
    expect(page.notice.get_by_text("your country and region")).to_be_visible()
    assert page.accept.evaluate(INSIDE)
    assert page.cookies() == set()


PLACES = {"box": 0.36, "dialog": 0.55, "bar": 1.0}


@pytest.mark.parametrize(("place", "share"), PLACES.items())
def test_one_attribute_of_the_page_places_it(
    shop: Site, visit: Visit, place: str, share: float
) -> None:
    """S10: bar, corner box or centred dialog, with any theme, by one attribute and no script."""
    page = visit(shop, java_script_enabled=True, reduced_motion="reduce")
    set_it = "words => document.documentElement.setAttribute('data-askfirst-notice', words)"
    page.page.evaluate(set_it, f"{place} ink")
    box = page.notice.bounding_box()
    assert box is not None
    assert box["width"] <= share * 1280
    assert page.notice.evaluate(INSIDE)
    middle = box["x"] + box["width"] / 2
    assert (middle > 900) is (place == "box")
    assert page.notice.evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(255, 255, 255)"
    assert page.accept.evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(0, 0, 0)"


@pytest.mark.parametrize(
    "style", ["zoom = 1.5", "filter = 'contrast(1)'", "transform = 'scale(1)'"]
)
@pytest.mark.parametrize("helper", [0, 1], ids=["built", "enhanced"])
def test_it_is_in_view_whatever_the_body_does(
    shop: Site, visit: Visit, style: str, helper: int
) -> None:
    """M03, M07: a zoomed, filtered or transformed body hides neither answers nor choices."""
    page = visit(shop, f"/?helper={helper}&lines=60", reduced_motion="reduce")
    page.page.evaluate(f"document.body.style.{style}")
    expect(page.notice).to_be_visible()
    page.page.locator("#askfirst-notice:popover-open").wait_for()
    assert page.accept.evaluate(INSIDE)
    page.notice.get_by_role("link", name="Choose by purpose").click()
    expect(page.dialog).to_be_visible()
    assert page.dialog.evaluate(INSIDE)
    for name in ("Reject all", "Accept all", "Save choices", "Close without"):
        assert page.dialog.get_by_role("button", name=name).evaluate(INSIDE)


def test_without_a_top_layer_a_filter_does_not_hold_it(shop: Site, visit: Visit) -> None:
    """M07: a browser without popovers shows it in view too."""
    page = visit(shop)
    page.page.add_init_script("delete HTMLElement.prototype.showPopover")
    page.open("/?helper=0&lines=60")
    page.page.evaluate("document.body.style.filter = 'contrast(1)'")
    expect(page.notice).to_be_visible()
    assert page.accept.evaluate(INSIDE)


@pytest.mark.parametrize("helper", [0, 1], ids=["built", "enhanced"])
def test_a_dialog_of_the_site_comes_first(site: Site, visit: Visit, helper: int) -> None:
    """M03, M07: under a modal dialog it waits, above nothing that it would hide, then answers."""
    site.before = """addEventListener("DOMContentLoaded", () => {
        const dialog = document.createElement("dialog");
        const button = document.createElement("button");
        button.textContent = "No newsletter";
        button.onclick = () => dialog.close();
        dialog.append(button);
        document.body.append(dialog);
        dialog.showModal();
    })"""
    site.start(policy())
    page = visit(site, f"/?before&helper={helper}")
    expect(page.notice).to_be_visible()
    page.page.wait_for_load_state("networkidle")
    top = page.page.locator("#askfirst-notice:popover-open")
    expect(top).to_have_count(0)
    page.page.get_by_role("button", name="No newsletter").click()
    expect(top).to_have_count(1)
    page.answering(page.accept.click)
    expect(page.notice).to_have_count(0)
    assert page.violations == []


@pytest.mark.parametrize(
    "script",
    [
        "Array.prototype.toJSON = function () { return 'x' }",
        "Object.prototype.toJSON = function () { return {} }",
    ],
)
def test_a_page_that_redefines_json_is_asked(site: Site, visit: Visit, script: str) -> None:
    """M03: what a page hangs on prototypes neither hides the notice nor spoils the answer."""
    site.before = script
    site.start(policy())
    page = visit(site, "/?before&helper=0")
    expect(page.notice).to_be_visible()
    page.answering(page.accept.click)
    expect(page.notice).to_have_count(0)
    assert page.page.evaluate("askfirst.allows('statistics')") is True


@pytest.mark.parametrize("days", [-40, 400])
def test_a_wrong_clock_of_the_page_asks_once(shop: Site, visit: Visit, days: int) -> None:
    """M08: the site's clock decides, not the visitor's."""
    page = visit(shop, "/?helper=0")
    now = page.page.evaluate("Date.now()")
    page.page.clock.set_fixed_time(now + days * 86_400_000)
    page.open("/?helper=0&lines=4")
    page.answering(page.reject.click)
    expect(page.notice).to_have_count(0)
    page.open("/?helper=0&lines=5")
    page.expect_present("all off")
    expect(page.notice).to_have_count(0)


def test_an_old_cache_whose_clock_stood_still_asks_once(shop: Site, visit: Visit) -> None:
    """M08, M52: a policy kept for most of a year says nothing of how long an answer holds."""
    page = visit(shop, "/?helper=0")

    def kept(route: Route) -> None:
        answer = route.fetch()
        old = formatdate(time() - 300 * 86_400, usegmt=True)
        is_kept = "&at=" not in route.request.url
        route.fulfill(response=answer, headers=answer.headers | ({"date": old} if is_kept else {}))

    page.page.route("**/askfirst/policy*", kept)
    page.open("/?helper=0&lines=4")
    page.answering(page.accept.click)
    page.expect_present("all on")
    page.open("/?helper=0&lines=5")
    page.expect_present("all on")
    assert page.page.evaluate("askfirst.allows('statistics')") is True
    expect(page.notice).to_have_count(0)


@pytest.mark.parametrize("helper", [0, 1], ids=["built", "enhanced"])
def test_an_edition_that_changed_meanwhile_is_shown_in_place(
    site: Site, visit: Visit, helper: int
) -> None:
    """M16: a page kept from before is drawn anew, says why, and can be answered."""
    site.start(before(policy()))
    page = visit(site, f"/?helper={helper}")
    expect(page.notice).to_be_visible()
    page.page.locator("#askfirst-notice:popover-open").wait_for()
    site.stop()
    site.start(policy())
    assert page.answering(page.accept.click).status == 409
    expect(page.notice.get_by_role("alert")).to_contain_text("changed while you were reading")
    expect(page.notice).to_contain_text("365 days")

    assert page.answering(page.accept.click).status == 200
    expect(page.notice).to_have_count(0)
    assert page.cookies() == {STATE, RECEIPT}
    assert page.violations == []


def test_a_cache_that_keeps_the_old_policy_is_answered_once(site: Site, visit: Visit) -> None:
    """M08: where an old policy comes from a cache for ever, an answer settles it all the same."""
    site.start(before(policy()))
    page = visit(site, "/?helper=0")
    old: list[dict[str, Any]] = [page.page.evaluate(
        "fetch('/askfirst/policy', {headers: {Accept: 'application/json'}}).then(r => r.json())"
    )]  # fmt: skip
    site.stop()
    site.start(policy())

    def stale(route: Route) -> None:
        route.fulfill(status=200, content_type="application/json", body=json.dumps(old[0]))

    page.page.route("**/askfirst/policy*", stale)
    page.open("/?helper=1")
    page.answering(page.accept.click)
    expect(page.notice).to_have_count(0)
    page.open("/?helper=0&lines=4")
    page.expect_present("all off")
    expect(page.notice).to_have_count(0)


def test_where_no_cookie_stays_nothing_is_recorded_and_it_is_said(shop: Site, visit: Visit) -> None:
    """M17: a browser that keeps no cookie of ours is told so, and makes no entry at all."""
    page = visit(shop)
    page.page.add_init_script(
        "const d = Object.getOwnPropertyDescriptor(Document.prototype, 'cookie');"
        "Object.defineProperty(Document.prototype, 'cookie', {...d, set() {}})"
    )
    page.open("/?helper=0")
    sent: list[str] = []
    page.page.on("request", lambda r: sent.append(r.url) if r.method == "POST" else None)
    for _ in range(3):
        page.accept.click()
        expect(page.notice.get_by_role("alert")).to_contain_text("keeps no cookie")
    assert sent == []
    assert page.violations == []


def framed(page: NoticePage, site: Site) -> None:
    host = site.address.replace("localhost", "127.0.0.1")
    page.page.goto(f"{host}/frame?of={site.address}/?helper=1")


def test_nobody_is_asked_in_a_frame_of_another_origin(shop: Site, visit: Visit) -> None:
    """M54: neither the server's notice nor the script's, and nothing is granted."""
    page = visit(shop)
    page.notice.wait_for()
    framed(page, shop)
    frame = page.page.frame_locator("iframe")
    expect(frame.get_by_role("heading")).to_be_visible()
    expect(frame.locator("#askfirst-notice")).to_have_count(0)
    allows = "() => window.askfirst ? askfirst.allows('statistics') : null"
    assert frame.locator("body").evaluate(allows) is False
    assert page.cookies() == set()


@pytest.mark.parametrize("helper", [0, 1], ids=["built", "enhanced"])
def test_nobody_is_asked_in_a_sandbox_where_no_answer_can_stay(
    shop: Site, visit: Visit, helper: int
) -> None:
    """M54: a frame of the site itself without its origin keeps no cookie, so it asks nothing."""
    page = visit(shop, "/frame?of=about:blank")
    page.page.evaluate(
        """(url) => { const frame = document.querySelector("iframe");
            frame.sandbox = "allow-scripts allow-forms"; frame.src = url; }""",
        f"/?helper={helper}&lines=6",
    )
    frame = page.page.frame_locator("iframe")
    expect(frame.get_by_role("heading")).to_be_visible()
    page.page.wait_for_load_state("networkidle")
    # Our files are for this origin alone, so that the script may not even be there.
    assert not frame.locator("body").evaluate("() => window.askfirst?.allows('statistics')")
    expect(frame.locator("#askfirst-notice, #askfirst-control")).to_have_count(0)
    assert page.violations == []


@pytest.mark.parametrize("helper", [0, 1], ids=["built", "enhanced"])
def test_all_is_asked_for_at_once(shop: Site, visit: Visit, helper: int) -> None:
    """The notice by script waits for one round trip beyond its script, not for a chain of them."""
    page = visit(shop)
    waiting: list[Route] = []
    names: set[str] = set()

    def hold(route: Route) -> None:
        waiting.append(route)
        names.add(route.request.url.partition("?")[0].rpartition("/askfirst/")[2])

    page.page.context.clear_cookies()
    page.page.route("**/askfirst/policy*", hold)
    # Styles that stand in the page hold up its script: there they are not ours to wait for.
    page.page.route("**/static/notice.js*" if helper else "**/static/notice.*", hold)
    page.page.route("**/static/words/*", hold)
    page.page.goto(f"{shop.address}/?helper={helper}&lines=7", wait_until="commit")
    wanted = {"policy", "static/notice.js", "static/words/en.json"}
    wanted |= set() if helper else {"static/notice.css"}
    while names != wanted:
        page.page.wait_for_timeout(20)
    for route in waiting:
        route.continue_()
    page.page.unroute_all(behavior="ignoreErrors")
    expect(page.notice).to_be_visible()


def test_a_page_without_a_head_is_asked(shop: Site, visit: Visit) -> None:
    """S09: the site's own script took it away, and ours found none to put its styles in."""
    page = visit(shop)
    page.page.context.clear_cookies()
    page.page.context.add_init_script(
        """new MutationObserver((_, watch) => {
            if (document.body) { watch.disconnect(); document.head.remove(); }
        }).observe(document, { childList: true, subtree: true });"""
    )

    def move(route: Route) -> None:
        answer = route.fetch()
        html = answer.text()
        ours = re.search(r"<script[^>]*/askfirst\.js[^>]*></script>", html)
        assert ours is not None
        moved = html.replace(ours[0], "").replace("</body>", f"{ours[0]}</body>")
        route.fulfill(response=answer, body=moved)

    page.page.route("**/?helper=0*", move)
    page.page.goto(f"{shop.address}/?helper=0")
    expect(page.notice).to_be_visible()
    assert page.page.evaluate("document.head === null && askfirst.allows('statistics')") is False
    box = page.notice.bounding_box()
    assert box is not None
    assert box["height"] < 200  # its styles are there
    page.answering(page.reject.click)
    page.expect_present("all off")


def test_a_page_without_promises_waits_for_the_styles(shop: Site, visit: Visit) -> None:
    """S09: the page redefined them; styles that come late hold the notice up, and no more."""
    page = visit(shop)
    page.page.context.clear_cookies()
    page.page.context.add_init_script(
        """window.Promise = undefined;
        const later = window.setTimeout;
        window.setTimeout = (step, wait) => { window.waits = wait === 3000; later(step, wait); };"""
    )
    wrong: list[str] = []
    page.page.context.on("weberror", lambda error: wrong.append(str(error.error)))
    waiting: list[Route] = []
    page.page.route("**/static/notice.css*", lambda route: waiting.append(route))
    page.page.goto(f"{shop.address}/?helper=0", wait_until="commit")
    until(page.page, lambda: page.page.evaluate("!!window.waits"))  # for the styles
    for route in waiting:
        route.continue_()
    expect(page.notice).to_be_visible()
    assert waiting
    assert wrong == []


def test_who_has_answered_loads_the_way_back_alone(shop: Site, visit: Visit) -> None:
    """M11: an answered page by script alone asks for the gate, the policy and one link."""
    page = visit(shop, "/?helper=0")
    page.answering(page.reject.click)
    page.expect_present("all off")
    seen: set[str] = set()
    page.page.on("request", lambda r: seen.add(r.url.partition("?")[0].rpartition("/")[2]))
    page.open("/?helper=0&lines=8")
    page.expect_present("all off")
    assert not seen & {"notice.js", "notice.css", "askfirst.css", "en.json", "tracker.js"}
