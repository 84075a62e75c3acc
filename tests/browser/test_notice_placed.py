"""The notice where a collector stands on the page: who asks, for what, what an answer sets."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Response, expect

from askfirst.terms.policy import read_policy
from askfirst_collector.embedded import EmbeddedCollector
from tests.browser.conftest import Visit
from tests.browser.notice_page import RECEIPT, STATE, NoticePage
from tests.browser.notice_site import Site, policy
from tests.browser.test_notice_look import LOOK, TAGS
from tests.support.placing import place, tides
from tests.unit.gate.shown import HOSTILE

pytestmark = pytest.mark.browser
BOTH = pytest.mark.parametrize("helper", [0, 1], ids=["built", "enhanced"])
LAB = {"name": "Shore Lab", "role": "processor", "country": "IS", "hosts": ["lab.example"]}
TIDES: dict[str, Any] = {"statistics": {"recipients": [LAB], "cookies": ["_tide_*"]}}
NAME = "tides/statistics"


def harbour() -> dict[str, Any]:
    """The shop's policy, wide enough for the collector."""
    found = policy()
    found["purposes"]["statistics"] |= {"recipients": [LAB], "cookies": ["_tide_*"]}
    return found


def serve(site: Site, document: dict[str, Any], **changes: Any) -> None:
    """Serve a shop on whose pages below /tides/ a collector stands."""
    read = read_policy(document)
    collector = EmbeddedCollector(site.folder, secure=False, jobs=False)
    collector.parts().registry.publish(read)
    place(collector.parts(), tides(read, **changes))
    collector.close()
    site.start(document)


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A shop on whose pages below /tides/ a collector stands."""
    made = Site(tmp_path_factory.mktemp("port"))
    serve(made, harbour(), **TIDES)
    yield made
    made.stop()


def choices_in(told: Response) -> dict[str, int]:
    """What an answer sets by name."""
    found: dict[str, int] = json.loads(told.request.post_data or "")["choices"]
    return found


def allowed(page: NoticePage) -> list[str]:
    found: list[str] = page.page.evaluate("Object.keys(askfirst.consent.scopes).sort()")
    return found


EXAMPLE = "What would be stored of this visit"


@BOTH
def test_the_notice_names_who_asks_beside_the_site(port: Site, visit: Visit, helper: int) -> None:
    """M15, M49: on its pages a collector's controller, purposes, recipients; elsewhere nothing."""
    page = visit(port, f"/tides/today?helper={helper}")
    placed = page.notice.locator(".askfirst-placed")
    expect(placed).to_contain_text("Tide Ltd")
    expect(placed).to_contain_text("Tide counter")
    expect(placed).to_contain_text("Shore Lab")
    expect(placed).to_contain_text("30 days")
    assert page.notice.locator(":checked").count() == 0

    page.open(f"/?helper={helper}")
    expect(page.notice).to_be_visible()
    expect(page.notice).not_to_contain_text("Tide Ltd")
    assert page.violations == []


@BOTH
def test_one_answer_is_for_all_that_was_asked(port: Site, visit: Visit, helper: int) -> None:
    """M03, M49: accepting names the collector; one activation gives, one takes back."""
    page = visit(port, f"/tides/today?helper={helper}")
    told = page.answering(page.accept.click)
    assert choices_in(told) == {
        "marketing": 2, "preferences": 2, "statistics": 2, NAME: 2,
    }  # fmt: skip
    page.expect_present("all on")
    assert NAME in allowed(page)
    page.open(f"/?helper={helper}")
    page.expect_present("all on")
    page.answering(page.control.get_by_role("button", name="Withdraw all").click)
    page.expect_present("all off")
    assert allowed(page) == []
    assert page.violations == []


@BOTH
def test_a_grant_without_it_is_asked_about_it_alone(port: Site, visit: Visit, helper: int) -> None:
    """M49: who agreed elsewhere is asked on its pages about it alone; refusing changes no more."""
    page = visit(port, f"/?helper={helper}")
    page.answering(page.accept.click)
    page.open(f"/tides/today?helper={helper}")
    expect(page.notice).to_contain_text("New on these pages: Tide Ltd")
    expect(page.notice).not_to_contain_text("Marketing")
    assert NAME not in allowed(page)

    told = page.answering(page.reject.click)
    assert choices_in(told) == {NAME: 0}
    expect(page.notice).to_have_count(0)
    assert "statistics" in allowed(page)
    assert NAME not in allowed(page)
    page.open(f"/tides/tomorrow?helper={helper}")
    page.expect_present("all on")
    expect(page.notice).to_have_count(0)
    assert page.cookies() == {STATE, RECEIPT}


def test_agreeing_to_it_alone_sets_it_alone(port: Site, visit: Visit) -> None:
    """M14, M49: an answer about the collector leaves every other answer as it was."""
    page = visit(port, "/?helper=0")
    open_choices(page)
    page.dialog.locator("[name='purpose.statistics']").check()
    page.dialog.get_by_label("Store less detail").check()
    page.answering(page.dialog.get_by_role("button", name="Save choices").click)
    page.open("/tides/today?helper=0")
    told = page.answering(page.accept.click)
    assert choices_in(told) == {NAME: 1}
    expect(page.notice).to_have_count(0)
    assert allowed(page) == ["statistics", NAME]
    details = page.page.evaluate("askfirst.consent.details")
    assert details == {"marketing": 0, "preferences": 0, "statistics": 1, NAME: 2}


@BOTH
def test_a_refuser_is_not_asked_again(port: Site, visit: Visit, helper: int) -> None:
    """M08, M49: after a refusal anywhere no page asks, whoever stands on it."""
    for first in ("/", "/tides/today"):
        page = visit(port, f"{first}?helper={helper}")
        page.answering(page.reject.click)
        for path in ("/tides/today", "/tides/tomorrow", "/"):
            page.open(f"{path}?helper={helper}")
            page.expect_present("all off")
            expect(page.notice).to_have_count(0)
        assert page.cookies() == {STATE}
        page.page.context.close()


def open_choices(page: NoticePage) -> None:
    page.notice.get_by_role("link", name="Choose by purpose").click()
    expect(page.dialog).to_be_visible()


def test_the_dialog_has_a_part_for_each_collector(port: Site, visit: Visit) -> None:
    """M05, M11: its switch, nothing ticked, on every page; what is not asked may be left."""
    page = visit(port, "/?helper=0")
    open_choices(page)
    part = page.dialog.locator("section section")
    expect(part).to_contain_text("Tide Ltd")
    expect(part).to_contain_text("/tides")
    expect(part.get_by_role("switch")).to_have_count(1)
    assert page.dialog.locator(":checked").count() == 0
    told = page.answering(page.dialog.get_by_role("button", name="Save choices").click)
    assert NAME not in choices_in(told)
    assert page.violations == []


@BOTH
def test_the_script_says_what_the_server_says(port: Site, visit: Visit, helper: int) -> None:
    """M15: notice, control and choices are the same, whoever built them, on pages of collectors."""
    plain = visit(port, "/tides/today", java_script_enabled=False)
    page = visit(port, f"/tides/today?helper={helper}")
    expect(page.notice).to_be_visible()
    assert page.notice.inner_text() == plain.notice.inner_text()
    assert page.control.inner_text() == plain.control.inner_text()
    open_choices(page)
    plain.open("/askfirst/choices?return_to=/tides/today")
    said = plain.page.locator("form.askfirst-save")
    # By script each purpose can be opened to an example of this very visit besides.
    text = page.dialog.locator(".askfirst-save").inner_text().replace(EXAMPLE, "")
    # Its button stands at the foot of the dialog.
    assert text.split() == said.inner_text().removesuffix("Save choices").split()


@BOTH
def test_alone_the_script_says_what_the_server_says(port: Site, visit: Visit, helper: int) -> None:
    """M49: the same words where a collector asks alone."""
    first = visit(port)
    first.answering(first.accept.click)
    kept = first.page.context.storage_state()
    plain = visit(port, "/tides/today", java_script_enabled=False, storage_state=kept)
    page = visit(port, f"/tides/today?helper={helper}", storage_state=kept)
    expect(page.notice).to_be_visible()
    assert page.notice.inner_text() == plain.notice.inner_text()


def test_it_can_be_given_and_withdrawn_alone(port: Site, visit: Visit) -> None:
    """M11, M12: its switch is shown and changed in the choices of any page, the rest stays."""
    page = visit(port, "/tides/today?helper=0")
    page.answering(page.accept.click)
    page.page.evaluate(
        "document.cookie = '_tide_seen=1; Path=/'; document.cookie = '_cart=1; Path=/'"
    )
    page.open("/?helper=0")
    page.control.get_by_role("link", name="Privacy choices").click()
    switch = page.dialog.locator(f"[name='purpose.{NAME}']")
    assert switch.is_checked()
    switch.uncheck()
    page.answering(page.dialog.get_by_role("button", name="Save choices").click)
    page.page.wait_for_function(f"!askfirst.allows({NAME!r})")
    page.page.wait_for_function("!document.cookie.includes('_tide_seen')")
    assert allowed(page) == ["marketing", "preferences", "statistics"]
    assert "_cart" in page.cookies()


def test_nothing_but_an_answer_grants(port: Site, visit: Visit) -> None:
    """M06: scrolling, Esc, clicks beside the notice and other pages never grant."""
    page = visit(port, "/tides/today?helper=0&lines=40")
    expect(page.notice).to_be_visible()
    page.page.mouse.wheel(0, 900)
    page.page.keyboard.press("Escape")
    page.page.mouse.click(5, 5)
    page.open("/tides/tomorrow?helper=0")
    expect(page.notice).to_be_visible()
    page.page.evaluate("document.querySelector('button[value=accept_all]').click()")
    assert page.cookies() == set()
    assert allowed(page) == []


# Of our own words behind an owner's, those that are drawn from right to left.
TURNED = """() => [...document.querySelectorAll(".askfirst bdi")].filter((own) => {
  const text = own.nextSibling;
  if (text?.nodeType !== Node.TEXT_NODE || text.length < 5) return false;
  const [one, other] = [2, 3].map((at) => {
    const range = document.createRange();
    range.setStart(text, at);
    range.setEnd(text, at + 1);
    return range.getBoundingClientRect();
  });
  return one.top === other.top && other.left < one.left;
}).length"""


def test_hostile_words_stay_words(site: Site, visit: Visit) -> None:
    """M38, S10: markup in what an owner writes is text, and turns none of ours around."""
    text = {"en": {"title": HOSTILE, "description": HOSTILE}}
    controller = {"name": HOSTILE, "contact": HOSTILE, "country": "IE"}
    serve(site, policy(), controller=controller, statistics={"text": text})
    page = visit(site, "/tides/today?helper=0")
    expect(page.notice.locator(".askfirst-placed")).to_contain_text("<img")
    assert page.page.evaluate(TURNED) == 0
    open_choices(page)
    expect(page.dialog.locator("section section")).to_contain_text("<img")
    assert page.page.locator(".askfirst img").count() == 0
    assert page.violations == []


def test_the_opt_out_turns_off_what_it_sells(site: Site, visit: Visit) -> None:
    """M21, M22: under GPC a collector's purpose that sells is not asked about, and it is said."""
    marketing = policy()["purposes"]["marketing"]
    sold = {
        "data_use": marketing["data_use"], "levels": {"page": 1}, "retention_days": 30,
        "sells_or_shares": True, "text": {"en": {"title": "Tide ads", "description": "Ads."}},
    }  # fmt: skip
    serve(site, policy(), purposes={"marketing": sold})
    page = visit(site, "/tides/today?helper=0", gpc=True)
    expect(page.notice.locator(".askfirst-signal")).to_contain_text("Tide ads (Tide Ltd)")
    expect(page.notice.locator(".askfirst-purposes")).not_to_contain_text("Tide ads")
    page.answering(page.accept.click)
    assert "tides/marketing" not in allowed(page)


def alone(page: NoticePage) -> None:
    page.open("/")
    page.answering(page.accept.click)
    page.open("/tides/today?helper=0")
    expect(page.notice).to_contain_text("New on these pages")


def together(page: NoticePage) -> None:
    page.open("/tides/today?helper=0")
    expect(page.notice).to_be_visible()


def dialog(page: NoticePage) -> None:
    together(page)
    open_choices(page)


EACH = pytest.mark.parametrize("layer", [alone, together, dialog], ids=lambda each: each.__name__)
Layer = Callable[[NoticePage], object]


@EACH
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (320, "dark")])
def test_it_looks_and_reads_as_the_rest(
    port: Site, visit: Visit, axe: str, layer: Layer, width: int, scheme: str
) -> None:
    """M04, M34, M36: no violation, nothing scrolls sideways, neither answer is louder."""
    page = visit(port, width=width, height=640, color_scheme=scheme, reduced_motion="reduce")
    layer(page)
    assert page.page.evaluate("document.documentElement.scrollWidth") <= width
    page.page.evaluate(axe)
    found: dict[str, Any] = page.page.evaluate(
        "tags => axe.run(document.querySelector('.askfirst'), {runOnly: tags})", TAGS
    )
    assert [(v["id"], [n["html"] for n in v["nodes"]]) for v in found["violations"]] == []
    no, yes = page.reject.evaluate(LOOK), page.accept.evaluate(LOOK)
    assert abs(no["width"] - yes["width"]) <= 1
    assert abs(no["height"] - yes["height"]) <= 1
    assert no["font"] == yes["font"]
    assert 1 / 1.5 < no["contrast"] / yes["contrast"] < 1.5
    assert page.violations == []
