"""The notice by script: the same notice, without leaving the page."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import Visit
from tests.browser.notice_page import RECEIPT, STATE, NoticePage
from tests.browser.notice_site import Site, policy
from tests.unit.gate.shown import HARMLESS, before

pytestmark = pytest.mark.browser
BOTH = pytest.mark.parametrize("helper", [0, 1], ids=["built", "enhanced"])


@BOTH
def test_refusing_stays_on_the_page(shop: Site, visit: Visit, helper: int) -> None:
    """M03, M08: one activation refuses; the notice goes, the control says so, the page stays."""
    page = visit(shop, f"/?helper={helper}")
    page.page.evaluate("window.here = true")

    told = page.answering(page.reject.click)

    assert told.request.post_data_json["method"] == "reject_all"
    expect(page.notice).to_have_count(0)
    page.expect_present("all off")
    assert page.page.evaluate("window.here") is True
    assert page.cookies() == {STATE}
    assert page.violations == []


@BOTH
def test_accepting_and_withdrawing(shop: Site, visit: Visit, helper: int) -> None:
    """M03, M11: what one activation gave, one activation takes back, on the same page."""
    page = visit(shop, f"/?helper={helper}")
    page.answering(page.accept.click)
    page.expect_present("all on")
    assert page.cookies() == {STATE, RECEIPT}
    assert page.page.evaluate("askfirst.allows('statistics')") is True

    page.answering(page.control.get_by_role("button", name="Withdraw all").click)

    page.expect_present("all off")
    expect(page.control.get_by_role("button")).to_have_count(0)
    assert page.cookies() == {STATE}
    assert page.page.evaluate("askfirst.allows('statistics')") is False
    assert page.violations == []


@BOTH
def test_the_script_says_what_the_server_says(shop: Site, visit: Visit, helper: int) -> None:
    """M15: notice and control are the same, whoever built them."""
    plain = visit(shop, java_script_enabled=False)
    page = visit(shop, f"/?helper={helper}")
    expect(page.notice).to_be_visible()

    assert page.notice.inner_text() == plain.notice.inner_text()
    assert page.control.inner_text() == plain.control.inner_text()


def open_choices(page: NoticePage) -> None:
    page.notice.get_by_role("link", name="Choose by purpose").click()
    expect(page.dialog).to_be_visible()


def said(fieldsets: Locator) -> list[str]:
    """What each says; by script it can be opened to an example of this very visit besides."""
    example = "What would be stored of this visit"
    return [text.strip().removesuffix(example).strip() for text in fieldsets.all_inner_texts()]


def test_the_dialog_says_what_the_page_of_choices_says(shop: Site, visit: Visit) -> None:
    """The four details of each purpose are described alike in both."""
    plain = visit(shop, "/askfirst/choices", java_script_enabled=False)
    page = visit(shop)
    open_choices(page)

    ours = page.dialog.locator("fieldset")
    theirs = plain.page.locator("fieldset")
    assert said(ours) == said(theirs)
    assert len(theirs.all()) == 3


def test_selling_is_said_alike_where_nobody_receives_it(site: Site, visit: Visit) -> None:
    """M15: neither notice nor dialog say "may be sold" where nobody else receives it."""
    document = policy()
    document["purposes"]["marketing"]["recipients"] = []
    site.start(document)
    page = visit(site, "/?helper=0")
    expect(page.notice).not_to_contain_text("may be sold")
    open_choices(page)
    plain = visit(site, "/askfirst/choices", java_script_enabled=False)
    assert said(page.dialog.locator("fieldset")) == said(plain.page.locator("fieldset"))
    expect(page.dialog).not_to_contain_text("may be sold")
    expect(page.dialog).to_contain_text("Nobody else receives it")


def test_a_purpose_opens_to_an_example_of_this_visit(shop: Site, visit: Visit) -> None:
    """M15: what would be stored of the visitor's own visit, worked out in the page, never sent."""
    link = "utm_source=poster&utm_medium=print"
    page = visit(shop, f"/tides/skarness?via=poster&{link}", locale="en-GB")
    open_choices(page)
    sent: list[str] = []
    page.page.on("request", lambda r: sent.append(r.url.partition("?")[0].rpartition("/")[2]))
    page.dialog.locator("fieldset", has_text="Statistics").locator("summary").click()
    table = page.dialog.locator("fieldset", has_text="Statistics").get_by_role("table")
    expect(table).to_contain_text("/tides/skarness")
    expect(table).to_contain_text("desktop")
    rows = table.get_by_role("row").all_inner_texts()
    assert any(row.split("\t") == ["Page", "/tides", "/tides/skarness"] for row in rows)
    page.dialog.locator("fieldset", has_text="Marketing").locator("summary").click()
    rows = page.dialog.get_by_role("table").first.get_by_role("row").all_inner_texts()
    assert any(row.split("\t") == ["Campaign", "utm_source=poster", link] for row in rows)
    assert set(sent) <= {"example.js"}
    assert page.violations == []


def test_who_has_answered_reads_what_holds(shop: Site, visit: Visit) -> None:
    """M10, M11, S12: which edition, what is kept, the receipt; a refuser's: until when it holds."""
    page = visit(shop, "/?helper=0")
    page.answering(page.reject.click)
    page.control.get_by_role("link").click()
    expect(page.dialog).to_contain_text("Edition 1, in force since")
    expect(page.dialog).to_contain_text("Nothing is kept about you.")
    (end,) = (cookie["expires"] for cookie in page.page.context.cookies())
    style = "new Date(end * 1000).toLocaleDateString('en', { dateStyle: 'long' })"
    day = page.page.evaluate(f"(end) => {style}", end)
    expect(page.dialog).to_contain_text(f"choice: all off, until {day} at the latest. Edition 1")
    page.page.keyboard.press("Escape")

    other = visit(shop, "/?helper=0")
    other.answering(other.accept.click)
    other.control.get_by_role("link").click()
    expect(other.dialog.get_by_role("link", name="What is kept about me")).to_be_visible()
    with other.page.expect_download() as download:
        other.dialog.get_by_role("link", name="Download my receipt").click()
    assert download.value.suggested_filename == "receipt.json"


@pytest.mark.parametrize("erases", [False, True], ids=["withdraw", "erase as well"])
def test_the_dialog_takes_all_back_and_may_erase(shop: Site, visit: Visit, erases: bool) -> None:
    """M05, M11, M29: the box is there in the same step, unticked; the receipt lies beside it."""
    page = visit(shop, "/?helper=0")
    page.control.get_by_role("link").click()
    expect(page.dialog).to_be_visible()
    expect(page.dialog.get_by_role("button", name="Withdraw all")).to_have_count(0)
    page.page.keyboard.press("Escape")
    page.answering(page.accept.click)
    page.control.get_by_role("link").click()
    box = page.dialog.get_by_role("checkbox", name="Erase what can be found")
    expect(box).not_to_be_checked()
    expect(page.dialog.get_by_role("link", name="Download my receipt")).to_be_visible()
    withdraw = page.dialog.get_by_role("button", name="Withdraw all")

    if erases:
        box.check()
        with page.page.expect_request("**/askfirst/rights/withdraw") as asked:
            withdraw.click()
        assert "erase=1" in (asked.value.post_data or "")
        expect(page.page.get_by_role("status")).to_contain_text("erased")
        page.open()
    else:
        told = page.answering(withdraw.click)
        assert told.request.post_data_json["method"] == "withdraw"
        expect(page.dialog).to_have_count(0)
    page.expect_present("all off")
    assert page.cookies() == {STATE}
    assert page.page.evaluate("askfirst.allows('statistics')") is False
    assert page.violations == []


def test_choosing_in_the_dialog(shop: Site, visit: Visit) -> None:
    """M05, M14: nothing is ticked, what is left off is off, only what was chosen holds."""
    page = visit(shop, "/?helper=0")
    open_choices(page)
    assert page.dialog.locator(":checked").count() == 0
    save = page.dialog.get_by_role("button", name="Save choices")
    page.dialog.get_by_role("switch", name="Statistics").check()
    page.dialog.get_by_label("Store less detail").check()
    told = page.answering(save.click)

    assert told.request.post_data_json["choices"] == {
        "marketing": 0,
        "preferences": 0,
        "statistics": 1,
    }
    expect(page.dialog).to_have_count(0)
    expect(page.notice).to_have_count(0)
    page.expect_present("1 of 3 on, less detail")
    assert page.page.evaluate("askfirst.consent.scopes.marketing") is None
    assert page.violations == []


@pytest.mark.parametrize("size", [(1280, 800), (390, 844)], ids=["wide", "phone"])
def test_what_answers_stays_in_view_in_the_dialog(
    shop: Site, visit: Visit, size: tuple[int, int]
) -> None:
    """M03, M04: refusing is as near as agreeing and saving there, and none of them is louder."""
    page = visit(shop, width=size[0], height=size[1])
    open_choices(page)
    buttons = page.dialog.locator(".askfirst-answers button")
    look = "e => ['background', 'color', 'font', 'border'].map(of => getComputedStyle(e)[of])"
    assert len({str(button.evaluate(look)) for button in buttons.all()}) == 1
    for name in ("Reject all", "Accept all", "Save choices"):
        expect(buttons.filter(has_text=name)).to_be_in_viewport(ratio=1)
    page.answering(buttons.filter(has_text="Reject all").click)
    expect(page.dialog).to_have_count(0)
    assert page.cookies() == {STATE}


def test_agreeing_in_the_dialog_is_as_precise_as_its_box_says(site: Site, visit: Visit) -> None:
    """M11, M30: one press turns all on, with the age it says; one press there takes it back."""
    site.start(policy(age=18))
    page = visit(site, "/?helper=0")
    open_choices(page)
    page.dialog.get_by_label("Store less detail").check()
    accept = page.dialog.get_by_role("button", name="Accept all, I am 18 or over")
    answer = page.answering(accept.click).request.post_data_json
    assert answer["method"] == "accept_all"
    assert answer["choices"] == {"marketing": 1, "preferences": 1, "statistics": 1}
    assert answer["adult"] is True
    page.expect_present("all on, less detail")

    page.control.get_by_role("link").click()
    withdraw = page.dialog.get_by_role("button", name="Withdraw all")
    assert page.answering(withdraw.click).request.post_data_json["method"] == "withdraw"
    page.expect_present("all off")
    assert page.cookies() == {STATE}
    page.control.get_by_role("link").click()
    expect(page.dialog.get_by_role("button", name="Reject all")).to_be_visible()


def test_escape_closes_the_dialog_and_grants_nothing(shop: Site, visit: Visit) -> None:
    """M06, M35: a modal layer keeps the focus, Esc closes it, and focus goes back."""
    page = visit(shop)
    link = page.notice.get_by_role("link", name="Choose by purpose")
    link.focus()
    page.page.keyboard.press("Enter")
    expect(page.dialog).to_be_visible()
    inside = (
        "document.activeElement === document.body || !!document.activeElement.closest('dialog')"
    )
    for _ in range(30):
        page.page.keyboard.press("Tab")
        assert page.page.evaluate(inside)

    page.page.keyboard.press("Escape")

    expect(page.dialog).to_have_count(0)
    expect(link).to_be_focused()
    assert page.cookies() == set()


def test_a_script_of_the_page_cannot_agree(shop: Site, visit: Visit) -> None:
    """M47: a click that nobody made grants nothing; the same click may refuse."""
    page = visit(shop)
    expect(page.notice).to_be_visible()
    page.page.wait_for_function("document.querySelector('#askfirst-notice')")
    page.page.wait_for_load_state("networkidle")

    page.page.evaluate("document.querySelector('button[value=accept_all]').click()")
    expect(page.notice).to_be_visible()
    assert page.cookies() == set()

    page.answering(
        lambda: page.page.evaluate("document.querySelector('button[value=reject_all]').click()")
    )
    assert page.cookies() == {STATE}


def test_the_age_is_declared_by_accepting_alone(site: Site, visit: Visit) -> None:
    """M30: accept says the age and sends it; reject sends none."""
    site.start(policy(age=18))
    page = visit(site, "/?helper=0")
    expect(page.accept).to_have_text("Accept all, I am 18 or over")
    assert page.answering(page.accept.click).request.post_data_json["adult"] is True

    other = visit(site, "/?helper=0")
    assert "adult" not in other.answering(other.reject.click).request.post_data_json


def test_in_the_dialog_the_age_is_a_box_that_is_not_ticked(site: Site, visit: Visit) -> None:
    """M05, M30: without the declaration a grant is refused, and the dialog says why."""
    site.start(policy(age=18))
    page = visit(site, "/?helper=0")
    open_choices(page)
    for purpose in ("marketing", "preferences", "statistics"):
        page.dialog.locator(f"[name='purpose.{purpose}']").check()
    told = page.answering(page.dialog.get_by_role("button", name="Save choices").click)

    assert told.status == 422
    expect(page.dialog.get_by_role("alert")).to_contain_text("old enough")
    assert page.cookies() == set()


@BOTH
def test_only_what_changed_is_asked(site: Site, visit: Visit, helper: int) -> None:
    """M16: after a wider edition one thing is asked; refusing it turns that off alone."""
    site.start(before(policy()))
    page = visit(site, f"/?helper={helper}")
    page.answering(page.accept.click)
    page.expect_present("all on")
    site.stop()
    site.start(policy())

    if helper:
        # The browser still has the older policy in its cache: what the server knows is shown.
        page.open("/?lines=4")
    else:
        # Later than the cache keeps the policy.
        page = visit(site, "/?helper=0", storage_state=page.page.context.storage_state())
    expect(page.notice).to_contain_text("What changed")
    expect(page.notice.locator(".askfirst-changes li")).to_have_count(2)
    expect(page.notice).not_to_contain_text("Marketing")
    page.answering(page.reject.click)

    expect(page.notice).to_have_count(0)
    page.expect_present("2 of 3 on")
    assert page.cookies() == {STATE, RECEIPT}
    page.open("/?lines=5")
    expect(page.notice).to_have_count(0)


@BOTH
def test_the_opt_out_is_honoured_and_said(shop: Site, visit: Visit, helper: int) -> None:
    """M22: under GPC marketing is not asked about, and notice and control say that it is off."""
    page = visit(shop, f"/?helper={helper}", gpc=True)

    expect(page.notice.locator(".askfirst-signal")).to_contain_text("honoured")
    expect(page.notice.locator(".askfirst-purposes")).not_to_contain_text("Marketing")
    page.answering(page.accept.click)
    page.expect_present("2 of 3 on, opt-out honoured")
    assert page.page.evaluate("askfirst.consent.source") == "gpc"


def test_hostile_words_stay_words(site: Site, visit: Visit) -> None:
    """M38: markup in a policy is text, and a direction in it ends with it."""
    site.start(policy(hostile=True))
    page = visit(site, "/?helper=0")
    expect(page.notice).to_contain_text(HARMLESS)
    open_choices(page)

    expect(page.dialog).to_contain_text(HARMLESS)
    assert page.page.locator(".askfirst img").count() == 0
    assert page.violations == []


BROKEN = {
    "no fetch later": "addEventListener('DOMContentLoaded', () => { window.fetch = undefined })",
    "a fetch that lies": "window.fetch = () => undefined",
    "no promises": "Promise.prototype.then = Promise.prototype.catch = undefined",
    "frozen": "Object.freeze(Object.prototype); Object.freeze(window.document)",
    "no cookie": "Object.defineProperty(document, 'cookie', {get() { throw new Error('no') }})",
}


@pytest.mark.parametrize("script", BROKEN.values(), ids=BROKEN.keys())
def test_a_page_that_breaks_its_browser_still_has_its_form(
    site: Site, visit: Visit, script: str
) -> None:
    """M45: whatever a page redefines, nothing is thrown into it, and the form refuses."""
    site.before = script
    site.start(policy())
    page = visit(site, "/?before")
    expect(page.notice).to_be_visible()
    page.page.wait_for_load_state("networkidle")

    page.reject.click()

    expect(page.notice).to_have_count(0)
    assert page.cookies() == {STATE}
    assert page.violations == []


def test_an_answer_that_cannot_be_sent_is_said(shop: Site, visit: Visit) -> None:
    """A grant that is not recorded does not take effect; the next try goes as a form."""
    page = visit(shop)
    page.page.wait_for_load_state("networkidle")
    page.page.route("**/askfirst/consent", lambda route: route.abort())
    page.accept.click()

    expect(page.notice.get_by_role("alert")).to_contain_text("nothing was recorded")
    assert page.cookies() == set()
    page.page.unroute("**/askfirst/consent")
    page.reject.click()
    expect(page.notice).to_have_count(0)
    assert page.cookies() == {STATE}


def test_two_copies_of_the_script_ask_once(shop: Site, visit: Visit) -> None:
    """A page that loads the script twice has one notice and one control."""
    page = visit(shop, "/?helper=0&script=2")
    expect(page.notice).to_be_visible()
    page.page.wait_for_load_state("networkidle")

    expect(page.notice).to_have_count(1)
    expect(page.control).to_have_count(1)
