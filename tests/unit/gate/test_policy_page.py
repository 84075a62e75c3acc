"""The policy as a page."""

from __future__ import annotations

from askfirst.pages.describe import at
from askfirst.pages.policy import policy_page
from askfirst.pages.words import words_in
from askfirst.terms.attributes import AUTOMATIC
from askfirst.terms.policy import shipped
from tests.unit.gate.shown import HARMLESS, Page, document, editions

WORDS = words_in("en")


def test_the_policy_says_all_it_is_made_of() -> None:
    """M15, S14: who, each purpose with its answers, necessary cookies, rights, the edition."""
    policy = document(age=18)
    policy["necessary"] = [{"cookie": "session", "why": "Keeps your basket", "days": 7}]
    policy["authority"] = {"name": "The Authority", "url": "https://authority.example/"}
    edition = editions(policy).current
    page = Page(policy_page(edition, words=WORDS))

    for said in (
        "Edition 1, in force since 2025-10-09",
        "Tidewater Press",
        "privacy@example.org",
        "Keeping the site safe",
        "a legitimate interest",
        "Only from the age of 18.",
        "Keeps your basket",
        "7 days",
        "This counts as selling or sharing.",
        "__Host-askfirst-receipt",
        edition.hash,
    ):
        assert said in page.text, said
    assert page.all("a", href="https://authority.example/")
    assert page.all("a", href="/askfirst/rights/me")


def test_an_earlier_edition_says_that_it_is_one() -> None:
    """S13: an archived edition leads to the present one."""
    edition = editions(document()).current
    assert "earlier edition" in policy_page(edition, words=WORDS, current=False)
    assert "earlier edition" not in policy_page(edition, words=WORDS)


def test_hostile_words_are_shown_as_text() -> None:
    """M38: a policy cannot bring an element into the page."""
    page = Page(policy_page(editions(document(hostile=True)).current, words=WORDS))
    assert not page.all("img")
    assert HARMLESS in page.text


def test_what_pages_tell_of_by_themselves_is_said() -> None:
    """M15: each of it in words, where the policy lists it, with less detail too; else nothing."""
    words = words_in("en")
    phrases = [words.say("automatic", name) for name in AUTOMATIC]
    listed, none = (shipped(name).purposes["statistics"].terms for name in ("standard", "minimal"))
    for detail in (1, 2):
        assert "; ".join(phrases) in at(listed, detail, words)
        assert not any(phrase in at(none, detail, words) for phrase in phrases)
    assert not any(phrase in at(listed, 0, words) for phrase in phrases)
