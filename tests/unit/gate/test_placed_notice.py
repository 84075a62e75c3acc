"""Placed collectors in the notice, on the page of choices, in the policy and in what is kept."""

from __future__ import annotations

import re
from typing import Any

import pytest

from askfirst.pages.choices import choices_page
from askfirst.pages.notice import notice_html
from askfirst.pages.placed_collectors import where
from askfirst.pages.policy import policy_page
from askfirst.pages.rights import rights_page
from askfirst.pages.words import words_in
from askfirst.terms.consent import Consent, Signals
from askfirst.terms.edition import Editions
from askfirst.terms.placed import read_placed
from askfirst.terms.token import State
from tests.unit.gate.memory import PURPOSES, make_policy
from tests.unit.gate.placing import TIDES, changed, place
from tests.unit.gate.shown import HARMLESS, HOSTILE, Page

WORDS = words_in("en")
NAME = "tides/statistics"
AGREED = dict.fromkeys(PURPOSES, 2)
BUOYS = changed(
    TIDES,
    collector="buoys",
    pages=["/tides/*/buoys", "/buoys"],
    controller={"name": "Buoy BV", "contact": "buoy@example.org", "country": "NL"},
)


def visitor(known: Editions, edition: int = 0, **signals: bool) -> Consent:
    return answered(known, AGREED, edition, **signals) if edition else nobody(known, **signals)


def nobody(known: Editions, **signals: bool) -> Consent:
    return Consent("shop", None, known, Signals(**signals))


def answered(known: Editions, details: dict[str, int], edition: int, **signals: bool) -> Consent:
    return Consent(
        "shop", State("shop", edition, details, 2_000_000_000), known, Signals(**signals)
    )


def shown(consent: Consent, path: str, host: str = "shop.example") -> Page:
    return Page(notice_html(consent, path=path, host=host, words=WORDS))


def fields(page: Page, form: str) -> dict[str, str | None]:
    """What a form sends beside its button; the two forms of a notice stand one after the other."""
    found: dict[str, str | None] = {}
    inside = False
    for tag, attributes in page.elements:
        if tag == "form":
            inside = attributes["id"] == form
        if inside and tag == "input" and (attributes["name"] or "").startswith("purpose."):
            found[str(attributes["name"])] = attributes["value"]
    return found


def all_of(*names: str) -> dict[str, str]:
    return {f"purpose.{name}": "2" for name in names}


def test_the_notice_of_its_pages_says_who_asks_for_what() -> None:
    """M15, M49: controller, purpose, retention and recipients of whoever stands there."""
    known = place(None, None, changed(TIDES, statistics={"recipients": []}))
    page = shown(nobody(known), "/tides/today?sort=price")
    for said in (
        "Tide Ltd, on these pages only",
        "Tide counter",
        "Counts the readers of tides.",
        "Its figures are kept for up to 30 days.",
        "Nobody else receives it, no third party.",
    ):
        assert said in page.text
    assert "Tide Ltd" not in shown(nobody(known), "/").text
    assert page.all("button", value="reject_all")


def test_both_answers_of_a_first_visit_are_about_all_that_is_asked() -> None:
    """M03, M09, M49: accepting names what is asked here; refusing is the same on every page."""
    known = place(None, None, TIDES)
    here, elsewhere = shown(nobody(known), "/tides/"), shown(nobody(known), "/")
    assert fields(here, "askfirst-accept") == all_of(*known.current.policy.asked, NAME)
    assert fields(here, "askfirst-answer") == {}
    assert elsewhere.all("form", id="askfirst-accept") == []


def test_whoever_answered_is_asked_about_it_alone() -> None:
    """M49: it is said that it is new here, and both answers are about it alone."""
    known = place(None, None, TIDES)
    page = shown(visitor(known, 1), "/tides/")
    assert "New on these pages: Tide Ltd" in page.text
    assert "What analytics is for." not in page.text
    assert fields(page, "askfirst-accept") == {f"purpose.{NAME}": "2"}
    assert fields(page, "askfirst-answer") == {f"purpose.{NAME}": "0"}
    assert page.all("button", value="save")
    assert page.text.count("Reject") == page.text.count("Accept") == 1


@pytest.mark.parametrize("detail", [0, 2])
def test_whoever_answered_it_is_not_asked_again(detail: int) -> None:
    """M49: neither a grant nor a refusal of it is asked about twice."""
    known = place(None, None, TIDES)
    consent = answered(known, {**AGREED, NAME: detail}, 2)
    assert not shown(consent, "/tides/").all("section", id="askfirst-notice")


def test_a_refuser_is_not_asked_by_it() -> None:
    """M49, M08: who refused the site's purpose is asked by nobody about it."""
    known = place(None, None, TIDES)
    consent = answered(known, {**AGREED, "statistics": 0}, 1)
    assert not shown(consent, "/tides/").all("section", id="askfirst-notice")


def test_it_asks_only_on_the_origins_it_stands_on() -> None:
    """Globs on the path, of one or more of the site's origins."""
    known = place(None, None, changed(TIDES, origins=["https://www.shop.example"]))
    assert "Tide Ltd" in shown(nobody(known), "/tides/", "www.shop.example").text
    for host in ("shop.example", "www.shop.example:8443", ""):
        assert "Tide Ltd" not in shown(nobody(known), "/tides/", host).text
        assert not shown(visitor(known, 1), "/tides/", host).all("section", id="askfirst-notice")


def test_a_collector_that_asks_for_more_is_asked_about_again() -> None:
    """M16, M49: what it would add is said, under its own name."""
    known = place(None, None, TIDES)
    wider = changed(TIDES, statistics={"retention_days": 60})
    editions = Editions((*known, *place_after(known, wider)))
    page = shown(answered(editions, {**AGREED, NAME: 2}, 2), "/tides/")
    assert "What changed" in page.text
    assert "Tide Ltd asks again, about each purpose below alone" in page.text
    assert "Counts would be kept 60 days, not 30 days." in page.text
    assert fields(page, "askfirst-answer") == {f"purpose.{NAME}": "0"}
    assert fields(page, "askfirst-accept") == {f"purpose.{NAME}": "2"}


def place_after(known: Editions, document: dict[str, Any]) -> Editions:
    made = place(None, known.current.policy, document).current
    return Editions((type(made)(3, made.hash, 0, made.policy, made.placed),))


def test_an_opt_out_signal_names_what_it_turns_off() -> None:
    """M22: the collector's purpose too, on its pages."""
    terms = {"data_use": "marketing.advertising", "levels": {"page": 1}}
    selling = {"marketing": {**TIDES["purposes"]["statistics"], **terms}}
    known = place(None, None, {**TIDES, "purposes": selling})
    said = shown(nobody(known, gpc=True), "/tides/").text
    assert "Tide counter (Tide Ltd)" in said
    assert "on these pages only" not in said
    assert "Tide" not in shown(nobody(known, gpc=True), "/").text


def test_the_age_of_a_collector_is_declared_where_it_is_asked() -> None:
    """M30: the words of accepting say the age, on its pages."""
    known = place(None, None, changed(TIDES, statistics={"minimum_age": 16}))
    assert "Accept, I am 16 or over" in shown(visitor(known, 1), "/tides/").text
    assert "I am" not in shown(nobody(known), "/").text


def test_the_control_counts_what_was_agreed_to() -> None:
    """M11: the present choice; of collectors only those that were agreed to."""
    known = place(None, None, TIDES, BUOYS)
    said = shown(answered(known, {**AGREED, NAME: 1}, 2), "/").text
    assert "Privacy choices: all on" in said
    before = shown(answered(known, AGREED, 2), "/").text
    assert "Privacy choices: all on" in before


def test_the_choices_list_each_with_its_own_switch() -> None:
    """M05, M49: who, where, what, how long; nothing ticked; left off, answered here alone."""
    known = place(None, None, TIDES, BUOYS)
    page = Page(choices_page(nobody(known), words=WORDS, return_to="/tides/", host="shop.example"))
    for said in ("Tide Ltd", "/tides⁩ and every page below it", "Buoy BV", "tide@example.org"):
        assert said in page.text
    assert "pages such as \u2068/tides/…/buoys\u2069" in page.text
    assert not [each for each in page.all("input") if "checked" in each]
    for name in (NAME, "buoys/statistics"):
        (switch,) = page.all("input", type="checkbox", name=f"purpose.{name}")
        assert switch["value"] == "2"
    (shows,) = page.all("input", name="off")
    assert NAME in str(shows["value"]).split()
    assert "buoys/statistics" not in str(shows["value"])
    (turns,) = page.all("input", name="on")
    assert str(turns["value"]).split() == [*known.current.every]


def test_the_choices_show_what_was_chosen() -> None:
    """M11: of each collector too; a refusal of one stands beside the grant."""
    known = place(None, None, TIDES, BUOYS)
    chosen = {**AGREED, NAME: 2, "buoys/statistics": 0}
    page = Page(choices_page(answered(known, chosen, 2), words=WORDS, return_to="/tides/x/buoys"))
    ticked = {each["name"]: each["value"] for each in page.all("input") if "checked" in each}
    assert ticked == {f"purpose.{name}": str(detail) for name, detail in chosen.items() if detail}


def test_the_policy_lists_them_and_its_archive_as_they_were() -> None:
    """M15, S13: an edition shows the collectors of its own time."""
    known = place(None, None, changed(TIDES, statistics={"minimum_age": 16}))
    now = Page(policy_page(known.current, words=WORDS)).text
    assert "Only from the age of 16." in now
    assert "Counts are kept 30 days" in now
    for said in ("Tide Ltd", "tide@example.org", "IE", "/tides"):
        assert said in now
    first = known.get(1)
    assert first is not None
    assert "Tide Ltd" not in policy_page(first, words=WORDS, current=False)


def test_what_is_kept_names_each_with_its_own_way_out() -> None:
    """M12, M29: each collector can be turned off alone; its rows are named as its own."""
    known = place(None, None, TIDES)
    record: dict[str, Any] = {
        "handle": "5e" * 32,
        "status": "granted",
        "choices": {"statistics": {"detail": 2, "edition": 2}, NAME: {"detail": 2, "edition": 2}},
        "collectors": [
            {
                "name": "tides",
                "controller": "Tide Ltd",
                "retention": {NAME: 30},
                "recipients": [{"name": "Cloud", "role": "processor", "country": "NL"}],
            }
        ],
    }
    row = {"collector": "tides", "purpose": "statistics", "type": "page_view", "values": {}}
    kept = {"record": record, "receipt": "", "rows": [row], "history": [record]}
    page = Page(rights_page(answered(known, {NAME: 1}, 2), kept, words=WORDS))
    assert "Cloud⁩ (works for \u2068Tide Ltd\u2069, NL)" in page.text
    assert "Tide counter (Tide Ltd) · Page view" in page.text
    assert fields(page, "askfirst-end-tides") == {f"purpose.{NAME}": "0"}
    alone = Editions((known.all[0],))
    gone = Page(rights_page(Consent("shop", None, alone), kept, words=WORDS)).text
    assert "It does not stand on any page now" in gone


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("/about", "the page /about"),
        ("/tides/**", "/tides and every page below it"),
        ("/shop/*/tides", "pages such as /shop/…/tides"),
        ("/shop/*/**", "pages such as /shop/…, and every page below them"),
        ("/", "the page /"),
    ],
)
def test_pages_are_told_in_plain_words(pattern: str, said: str) -> None:
    """Where it stands, for people who read no patterns."""
    found = where(read_placed(changed(TIDES, pages=[pattern])), WORDS)
    assert [each.translate({0x2068: None, 0x2069: None}) for each in found] == [said]


def test_its_words_are_escaped_and_isolated() -> None:
    """An owner's words are text, and keep to their own direction."""
    text = {"en": {"title": HOSTILE, "description": HOSTILE}}
    who = {"name": HOSTILE, "contact": HOSTILE, "country": "IE"}
    hostile = changed(TIDES, statistics={"text": text}, controller=who)
    known = place(None, None, hostile)
    for markup in (
        notice_html(nobody(known), path="/tides/", words=WORDS),
        notice_html(visitor(known, 1), path="/tides/", words=WORDS),
        choices_page(nobody(known), words=WORDS),
        policy_page(known.current, words=WORDS),
    ):
        assert not Page(markup).all("img")
        assert HARMLESS in Page(markup).text


def test_no_name_takes_the_address_of_another_part_of_the_page() -> None:
    """M34: an owner chooses the collector's name; every id of a page is there once."""
    names = ("tides", "tides-title", "tides-statistics")
    placed = (changed(TIDES, collector=name) for name in names)
    own = make_policy().document["purposes"]["statistics"]
    asked = dict.fromkeys(("tides-statistics", "statistics-title"), own)
    known = place(None, make_policy(purposes=asked), *placed)
    for markup in (
        choices_page(nobody(known), words=WORDS),
        policy_page(known.current, words=WORDS),
    ):
        ids = re.findall(r'\bid="([^"]+)"', markup)
        assert sorted(ids) == sorted(set(ids))
