"""A site's own words of the notice: by server, by script and without one."""

from __future__ import annotations

import copy

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.notice_site import Site, policy
from tests.unit.gate.test_own_words import OWN

pytestmark = pytest.mark.browser


def test_they_are_the_same_by_server_by_script_and_without_one(site: Site, visit: Visit) -> None:
    """M15, M45: notice, way back and choices say the site's sentence, whoever draws them."""
    site.start(policy() | {"words": {"en": OWN}})
    plain = visit(site, java_script_enabled=False)
    built, enhanced = (visit(site, f"/?helper={helper}") for helper in (0, 1))
    expect(built.notice).to_contain_text("Do we count you?")
    expect(enhanced.control).to_contain_text("Cookie settings")
    for page in (built, enhanced):
        assert page.notice.inner_text() == plain.notice.inner_text()
        assert page.control.inner_text() == plain.control.inner_text()

    plain.notice.get_by_role("link", name="Settings").click()
    built.notice.get_by_role("link", name="Settings").click()
    for text in ("Settings in full", "Switch what you like.", "The small print"):
        expect(plain.page.locator("body")).to_contain_text(text)
        expect(built.dialog).to_contain_text(text)
    assert built.violations == []


def test_words_that_change_under_an_open_notice_are_the_new_ones(site: Site, visit: Visit) -> None:
    """F27: redrawn in place, in the words that are answered."""
    site.start(policy() | {"words": {"en": OWN}})
    page = visit(site, "/?helper=0")
    expect(page.notice).to_contain_text("Do we count you?")

    site.stop()
    newer = copy.deepcopy(OWN)
    newer["notice"]["title"] = "Shall we count you?"
    site.start(policy() | {"words": {"en": newer}})
    site.knows(2)
    page.accept.click()
    expect(page.notice).to_contain_text("Shall we count you?")
    page.answering(page.accept.click)
    page.expect_present("all on")


def test_who_agreed_is_asked_again_where_the_question_is_another(site: Site, visit: Visit) -> None:
    """M16: and reads it; where it is editorial nobody is asked."""
    site.start(policy())
    page = visit(site, "/")
    page.answering(page.accept.click)

    for words, asks in ((OWN | {"editorial": True}, False), ({"notice": {"title": "Hm?"}}, True)):
        site.stop()
        site.start(policy() | {"words": {"en": words}})
        site.knows(2 + asks)
        page.open("/")
        expect(page.control).to_contain_text("all on")
        expect(page.notice).to_have_count(int(asks))
    expect(page.notice).to_contain_text("Hm?")
