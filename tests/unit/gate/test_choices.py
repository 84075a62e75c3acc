"""The page of choices."""

from __future__ import annotations

from askfirst.pages.choices import choices_page
from askfirst.pages.words import words_in
from askfirst.terms.consent import Consent
from tests.unit.gate.shown import HARMLESS, Page, before, document, editions, visitor

WORDS = words_in("en")


def shown(consent: Consent) -> Page:
    return Page(choices_page(consent, words=WORDS, return_to="/almanac"))


def checked(page: Page) -> dict[str, str]:
    return {
        str(box["name"]): str(box["value"])
        for box in page.all("input")
        if "checked" in box and box["name"]
    }


def off(page: Page) -> set[str]:
    """What saving turns off, unless its switch is on."""
    (field,) = page.all("input", name="off")
    return set(str(field["value"]).split())


def test_each_purpose_is_on_or_off_and_none_is_ticked() -> None:
    """M05, S15: nothing is ticked, each purpose asked has one switch, no other has any."""
    page = shown(visitor(editions(document())))

    for name in ("marketing", "preferences", "statistics"):
        (box,) = page.all("input", name=f"purpose.{name}")
        assert (box["type"], box["role"], box["value"]) == ("checkbox", "switch", "2")
    assert off(page) == {"marketing", "preferences", "statistics"}
    assert not page.all("input", name="purpose.safety")
    assert checked(page) == {}


def test_each_detail_says_exactly_what_it_stores() -> None:
    """As asked and with less detail are said in plain words, from the levels of the edition."""
    text = shown(visitor(editions(document()))).text

    assert "Stores the day; the section of the site" in text
    assert "your country (never your address)" in text
    assert "your country and region (never your address)" in text
    assert "a random number for you that is destroyed when the day ends" in text
    assert "a random number for you that lasts as long as your consent" in text


def test_retention_recipients_and_cookies_are_said() -> None:
    """M15: how long, who else, and what is set in the browser."""
    text = shown(visitor(editions(document()))).text
    assert "Counts are kept 365 days after the day ends." in text
    assert "Single visits are kept 30 days after the day ends." in text
    assert (
        "Also received by \u2068Adsmith GmbH\u2069 (third party, for its own purposes, DE)." in text
    )
    assert "May set in your browser: \u2068_ads_*\u2069." in text


def test_less_detail_is_one_switch_where_it_changes_something() -> None:
    """M05: one box for all, not ticked, with both examples beside; none where nothing differs."""
    page = shown(visitor(editions(document())))
    (box,) = page.all("input", name="detail")
    assert (box["type"], box["value"], "checked" in box) == ("checkbox", "1", False)
    for detail in (1, 2):
        assert len(page.all("span", **{"class": f"askfirst-at-{detail}"})) == 2
    assert "Allows it. Nothing about your visit is stored by us." in page.text

    coarse = document()
    for purpose in coarse["purposes"].values():
        purpose["levels"] = {name: 1 for name in purpose["levels"] if name != "user_id"}
        purpose["query_parameters"] = {}
    page = shown(visitor(editions(coarse)))
    assert not page.all("input", name="detail")
    assert "less detail" not in page.text


def test_an_answer_is_shown_as_it_stands() -> None:
    """M11: the switches stand as it was answered, and saving says so of each."""
    page = shown(visitor(editions(document()), 1, marketing=0, preferences=1, statistics=1))

    assert checked(page) == {
        "detail": "1",
        "purpose.preferences": "2",
        "purpose.statistics": "2",
    }
    assert off(page) == {"marketing", "preferences", "statistics"}
    assert page.all("button", value="withdraw")


def test_what_widened_is_not_ticked() -> None:
    """M16: an older answer is no answer to what is asked now."""
    newer = document()
    page = shown(
        visitor(editions(before(newer), newer), 1, marketing=0, preferences=2, statistics=2)
    )
    assert "purpose.statistics" not in checked(page)
    assert "Counts would be kept 365 days, not 90 days." in page.text


def test_the_age_is_declared_by_the_visitor_alone() -> None:
    """M30: the box is empty, and accepting at once declares it by its words."""
    page = shown(visitor(editions(document(age=16))))

    (box,) = page.all("input", type="checkbox", name="adult")
    assert (box["name"], box["value"], "checked" in box) == ("adult", "1", False)
    assert "Accept all, I am 16 or over" in page.text


def test_a_signal_leaves_nothing_to_choose() -> None:
    """M22: under GPC the selling purpose is off, and the page says why."""
    page = shown(visitor(editions(document()), gpc=True))
    assert not page.all("input", name="purpose.marketing")
    assert off(page) == {"preferences", "statistics"}
    assert "It is honoured, and you are not asked." in page.text


def test_every_answer_leads_back() -> None:
    """M45: each form of the page knows the way back."""
    page = shown(visitor(editions(document(age=18))))
    forms = page.all("form")
    assert len(forms) == len(page.all("input", name="return_to")) == 3
    assert {box["value"] for box in page.all("input", name="return_to")} == {"/almanac"}
    assert page.all("a", href="/almanac")


def test_hostile_words_are_shown_as_text() -> None:
    """M38: a policy cannot bring an element into the page."""
    page = shown(visitor(editions(document(hostile=True))))
    assert not page.all("img")
    assert HARMLESS in page.text


def test_withdrawing_offers_to_erase_as_well_and_to_keep_the_receipt() -> None:
    """M05, M29: in the same step, unticked; by that answer alone, and not who agreed to nothing."""
    page = shown(visitor(editions(document()), 1, statistics=2))
    (box,) = page.all("input", name="erase")
    assert "checked" not in box
    (button,) = page.all("button", value="withdraw")
    (form,) = [one for one in page.all("form") if one["id"] == button["form"]]
    assert form["action"] == "/askfirst/rights/withdraw"
    assert page.all("a", href="/askfirst/rights/receipt")
    assert not shown(visitor(editions(document()))).all("input", name="erase")
