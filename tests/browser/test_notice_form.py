"""The notice as a form, with scripts off (M45)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.notice_page import RECEIPT, STATE
from tests.browser.notice_site import Site, policy

pytestmark = pytest.mark.browser
OFF = {"java_script_enabled": False}


def test_refusing_leaves_one_cookie_and_is_not_asked_again(shop: Site, visit: Visit) -> None:
    """M08, M45: without a script one activation refuses, and no page asks again."""
    page = visit(shop, "/?lines=2", **OFF)
    assert page.cookies() == set()

    page.reject.click()

    expect(page.notice).to_have_count(0)
    assert page.page.url == f"{shop.address}/?lines=2"
    assert page.cookies() == {STATE}
    expect(page.control).to_contain_text("all off")


def test_accepting_and_withdrawing_take_one_step_each(shop: Site, visit: Visit) -> None:
    """M03, M11, M45: one activation agrees, one takes it back, on any page."""
    page = visit(shop, **OFF)

    page.accept.click()
    expect(page.notice).to_have_count(0)
    assert page.cookies() == {STATE, RECEIPT}
    expect(page.control).to_contain_text("all on")

    page.open("/?lines=9").control.get_by_role("button", name="Withdraw all").click()
    expect(page.control).to_contain_text("all off")
    assert page.cookies() == {STATE}


def test_choosing_in_detail(shop: Site, visit: Visit) -> None:
    """M45: each purpose and the detail of all can be chosen, seen and changed as plain forms."""
    page = visit(shop, **OFF)
    page.notice.get_by_role("link", name="Choose by purpose").click()
    assert page.page.locator(":checked").count() == 0

    for title in ("Preferences", "Statistics"):
        page.page.get_by_role("switch", name=title).check()
    example = page.page.locator("fieldset .askfirst-at-2").last
    expect(example).to_be_visible()
    page.page.get_by_label("Store less detail").check()
    expect(example).to_be_hidden()
    expect(page.page.locator("fieldset .askfirst-at-1").last).to_be_visible()
    page.page.get_by_role("button", name="Save choices").click()

    assert page.page.url == f"{shop.address}/"
    expect(page.control).to_contain_text("less detail")
    page.control.get_by_role("link", name="Privacy choices").click()
    expect(page.page.locator("input[name='purpose.statistics']")).to_be_checked()
    expect(page.page.get_by_label("Store less detail")).to_be_checked()
    expect(page.page.locator("input[name='purpose.marketing']")).not_to_be_checked()


def test_agreeing_to_all_is_as_precise_as_the_box_says(site: Site, visit: Visit) -> None:
    """M30, M45: less detail, where it is ticked; the words of the button say the age."""
    site.start(policy(age=18))
    page = visit(site, "/askfirst/choices?return_to=/", **OFF)
    page.page.get_by_label("Store less detail").check()
    page.page.get_by_role("switch", name="Statistics").check()

    page.page.get_by_role("button", name="Accept all, I am 18 or over").click()

    page.expect_present("all on, less detail")


def test_enter_on_a_switch_answers_nothing(site: Site, visit: Visit) -> None:
    """M06, M45: a browser presses a form's first button then; which is no answer here."""
    site.start(policy())
    for script, path in ((False, "/askfirst/choices"), (True, "/?helper=0")):
        page = visit(site, path, java_script_enabled=script)
        if script:
            page.notice.get_by_role("link", name="Choose by purpose").click()
        switch = page.page.get_by_role("switch", name="Statistics")
        switch.focus()
        address = page.page.url
        page.page.keyboard.press("Enter")
        page.page.keyboard.press("Space")
        expect(switch).to_be_checked()
        assert page.page.url == address
        assert page.cookies() == set()


def test_enter_on_the_box_that_erases_withdraws_nothing(shop: Site, visit: Visit) -> None:
    """M11: to withdraw takes its button, on the page of choices and on that of what is kept."""
    page = visit(shop, **OFF)
    page.accept.click()
    for path in ("/askfirst/choices", "/askfirst/rights/me"):
        page.open(path)
        page.page.get_by_label("Erase what can be found").focus()
        page.page.keyboard.press("Enter")
        assert page.open("/").cookies() == {STATE, RECEIPT}
        page.expect_present("all on")


def test_who_refused_reads_until_when_it_holds(shop: Site, visit: Visit) -> None:
    """M10, M45: the day that the cookie ends, which is the same for everybody who refused."""
    page = visit(shop, **OFF)
    page.reject.click()
    (end,) = (cookie["expires"] for cookie in page.page.context.cookies())
    day = datetime.fromtimestamp(end, UTC).date().isoformat()
    page.control.get_by_role("link").click()
    expect(page.page.locator("main")).to_contain_text(
        f"Your present choice: all off, until {day} at the latest."
    )


def test_what_is_kept_can_be_seen_and_erased(shop: Site, visit: Visit) -> None:
    """M29, S12, M45: the record is shown, the receipt downloads, erasing confirms."""
    page = visit(shop, **OFF)
    page.accept.click()
    page.control.get_by_role("link").click()
    page.page.get_by_role("link", name="What is kept about me").click()

    expect(page.page.get_by_role("heading", name="What you agreed to")).to_be_visible()
    with page.page.expect_download() as download:
        page.page.locator("#receipt").get_by_role("link", name="Download my receipt").click()
    assert download.value.suggested_filename == "receipt.json"
    assert "secret" in download.value.path().read_text("utf-8")

    page.page.get_by_role("button", name="Erase what can be found").click()
    expect(page.page.get_by_role("status")).to_contain_text("erased")


def test_looking_around_grants_nothing(shop: Site, visit: Visit) -> None:
    """M06, M07, M15: the policy opens without a choice, and the page is usable meanwhile."""
    page = visit(shop, "/?lines=40", **OFF)
    page.page.mouse.wheel(0, 4000)
    page.page.keyboard.press("Escape")
    page.page.mouse.click(200, 100)
    page.page.get_by_role("link", name="Up").nth(20).click()
    page.notice.get_by_role("link", name="privacy policy").click()
    expect(page.page.get_by_role("heading", name="Privacy policy")).to_be_visible()

    assert page.cookies() == set()
    expect(page.open("/").notice).to_be_visible()
