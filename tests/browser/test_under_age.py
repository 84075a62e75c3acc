"""Who is too young answers as anybody who refuses, and nothing is left that says why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import Visit
from tests.browser.notice_page import RECEIPT, STATE, NoticePage
from tests.browser.notice_site import Site, policy

pytestmark = pytest.mark.browser
CHILD = "I am under 18"
EACH = pytest.mark.parametrize("script", [True, False], ids=["script", "form"])


def sent(page: NoticePage, press: Callable[[], object]) -> tuple[object, ...]:
    """What a press sends, byte for byte, and the lines of the cookies that come back."""
    with page.page.expect_request("**/askfirst/consent") as request:
        press()
    expect(page.notice).to_have_count(0)
    whole = request.value
    headers = whole.all_headers()
    length = {name: headers[name] for name in ("content-type", "content-length", "referer")}
    response = whole.response()
    assert response is not None
    lines = response.header_values("set-cookie")
    return whole.url, whole.method, length, whole.post_data_buffer, lines, kept(page)


def kept(page: NoticePage) -> list[tuple[object, ...]]:
    """Every cookie of the browser; when it ends stands in its value."""
    keys = ("name", "value", "path", "httpOnly", "secure", "sameSite")
    return [tuple(cookie.get(key) for key in keys) for cookie in page.page.context.cookies()]


def choices(page: NoticePage, opener: Locator, *, script: bool) -> Locator:
    """Where the choices are: a dialog by script, else a page."""
    opener.click()
    place = page.dialog if script else page.page.locator("main")
    expect(place.get_by_role("button", name=CHILD)).to_be_visible()
    return place


def ledger(site: Site) -> list[dict[str, Any]]:
    entries = site.collector.parts().ledger.between("example", 0, 2**40)
    return [dict(entry.body) for entry in entries]


@EACH
def test_it_is_a_refusal_byte_for_byte(site: Site, visit: Visit, script: bool) -> None:
    """M30: the same request, the same cookie, and no record."""
    site.start(policy(age=18))

    def arrival() -> NoticePage:
        return visit(site, "/?helper=0" if script else "/", java_script_enabled=script)

    refuser, child, other = arrival(), arrival(), arrival()
    refusal = sent(refuser, refuser.reject.click)
    assert sent(child, child.notice.get_by_role("button", name=CHILD).click) == refusal
    place = choices(
        other, other.notice.get_by_role("link", name="Choose by purpose"), script=script
    )
    assert sent(other, place.get_by_role("button", name=CHILD).click)[3:] == refusal[3:]
    assert child.cookies() == {STATE}
    assert ledger(site) == []


@EACH
def test_what_was_agreed_to_ends_and_is_erased(site: Site, visit: Visit, script: bool) -> None:
    """M30: as by anybody who has it erased: a plain end, and no word of an age."""
    site.start(policy(age=18))
    path = "/?helper=0" if script else "/"
    pages = [visit(site, path, java_script_enabled=script) for _ in range(3)]
    refuser, child, other = pages
    sent(refuser, refuser.reject.click)
    for page in (child, other):
        sent(page, page.accept.click)
        assert page.cookies() == {STATE, RECEIPT}
    place = choices(child, child.control.get_by_role("link"), script=script)
    place.get_by_role("button", name=CHILD).click()
    expect(child.page.get_by_role("status")).to_contain_text("erased")
    other.open("/askfirst/rights/me")
    other.page.get_by_role("button", name="Erase what can be found").click()
    expect(other.page.get_by_role("status")).to_contain_text("erased")
    assert kept(child) == kept(refuser)
    assert kept(other) == kept(refuser)
    by_child, by_other = ledger(site)
    assert by_child == by_other
    assert by_child["status"] == "erased"
