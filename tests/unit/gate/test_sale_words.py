"""What is said of selling and sharing: that it may be, only where somebody else receives it."""

from __future__ import annotations

from typing import Any

import pytest

from askfirst.pages.choices import choices_page
from askfirst.pages.describe_changes import sentences
from askfirst.pages.notice import notice_html
from askfirst.pages.policy import policy_page
from askfirst.pages.words import words_in
from askfirst.terms.edition import widenings
from askfirst.terms.policy import read_policy
from askfirst_collector.explain import explain
from tests.unit.gate.placing import TIDES, changed, place
from tests.unit.gate.shown import ADVERTISER, Page, document, editions, visitor

WORDS = words_in("en")
TAG = "may be sold or shared"
OPT_OUT = "It is not sold or shared: nobody else receives it. A browser that sends Global Privacy"
ADS = {
    "levels": {"page": 1},
    "retention_days": 30,
    "text": {"en": {"title": "Tide ads", "description": "Ads."}},
}
EITHER = pytest.mark.parametrize("recipients", [[], [ADVERTISER]], ids=["nobody", "somebody"])


def selling(recipients: list[dict[str, Any]]) -> dict[str, Any]:
    """A shop whose own advertisements go to these recipients."""
    policy = document()
    policy["purposes"]["marketing"] |= {
        "data_use": "marketing.advertising.first_party",
        "recipients": recipients,
    }
    return policy


@EITHER
def test_a_page_never_says_both(recipients: list[dict[str, Any]]) -> None:
    """M15: "may be sold" and "nobody else receives it" are not said of one purpose."""
    consent = visitor(editions(selling(recipients)))
    notice = Page(notice_html(consent, path="/", words=WORDS)).text
    choices = Page(choices_page(consent, words=WORDS)).text
    policy = Page(policy_page(consent.editions.current, words=WORDS)).text
    (marketing,) = (p for p in explain(read_policy(selling(recipients))) if p.name == "marketing")

    assert (TAG in notice, TAG in choices) == (bool(recipients),) * 2
    assert ("This counts as selling" in policy) is bool(recipients)
    assert (OPT_OUT in policy) is not bool(recipients)
    assert marketing.sells_or_shares is bool(recipients)


@EITHER
def test_the_same_holds_of_placed_collectors(recipients: list[dict[str, Any]]) -> None:
    """M15, M49: on their pages, among the choices and in the policy."""
    use = {"data_use": "marketing.advertising.first_party", "recipients": recipients}
    site = read_policy(selling(recipients))
    tides = changed(TIDES, site=site.site, purposes={"marketing": ADS | use})
    consent = visitor(place(None, site, tides))
    notice = notice_html(consent, path="/tides/today", host="example.org", words=WORDS)
    assert "Tide ads" in notice
    assert notice.count(TAG) == (2 if recipients else 0)


def test_the_opt_out_turns_it_off_whoever_receives_it() -> None:
    """M21: no recipient is no way round the signal of a browser."""
    consent = visitor(editions(selling([])), gpc=True)
    assert "marketing" not in [question.purpose for question in consent.asks]


@EITHER
def test_a_change_says_it_in_the_same_way(recipients: list[dict[str, Any]]) -> None:
    """M16: what is asked anew names selling where somebody receives it, else the opt-out."""
    older, newer = document(), document()
    newer["purposes"]["statistics"] |= {"sells_or_shares": True, "recipients": recipients}
    known = editions(older, newer)
    terms = known.current.policy.purposes["statistics"].terms
    text = " ".join(sentences(widenings(known, "statistics", 1), WORDS, terms))
    assert ("It could now be sold or shared." in text) is bool(recipients)
    assert ("Global Privacy Control would turn it off" in text) is not bool(recipients)
