"""What a newer edition asks, in sentences."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from askfirst.pages.describe_changes import changes, sentences
from askfirst.pages.words import words_in
from askfirst.terms.edition import widenings
from askfirst.terms.widening import Widening
from tests.unit.gate.shown import ADVERTISER, HOSTILE, before, document, editions

WORDS = words_in("en")
HELPER = ADVERTISER | {"role": "processor"}
SOLD = {"recipients": [ADVERTISER], "sells_or_shares": True}
Change = Callable[[dict[str, Any]], object]


def told(change: Change) -> tuple[str, ...]:
    """The sentences about statistics after this change of the policy."""
    older, newer = document(), copy.deepcopy(document())
    change(newer)
    known = editions(older, newer)
    terms = known.current.policy.purposes["statistics"].terms
    return sentences(widenings(known, "statistics", 1), WORDS, terms)


def of(policy: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = policy["purposes"]["statistics"]
    return found


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda p: of(p)["levels"].update(user_id=1), "It would also store a random number that"),
        (lambda p: of(p)["levels"].update(ip=3), "you agreed to your country and region"),
        (lambda p: of(p).update(retention_days=400), "kept 400 days, not 365 days"),
        (lambda p: of(p).update(keep_rows_days=31), "visits would be kept 31 days, not 30 days"),
        (lambda p: of(p).update(closes="month"), "at the end of the month, not the day"),
        (lambda p: of(p).update(min_cell_size=3), "from \u20683\u2069 visitors on"),
        (lambda p: of(p).update(cookies=["_a", "_b"]), "cookies: \u2068_a\u2069, \u2068_b\u2069."),
        (lambda p: of(p).update(recipients=[HELPER]), "\u2068Adsmith GmbH (processor, DE)"),
        (lambda p: of(p).update(sells_or_shares=True), "Global Privacy Control would turn it off."),
        (lambda p: of(p).update(SOLD), "It could now be sold or shared."),
        (lambda p: p["controller"].update(name="Other Ltd"), "Another organisation"),
        (lambda p: p["controller"].update(country="US"), "responsible from another country"),
        (lambda p: p.update(jurisdiction="US-CA"), "law of another place"),
        (lambda p: of(p)["text"]["en"].update(description="Anew"), "changed: \u2068Anew\u2069"),
    ],
)
def test_each_way_to_widen_is_said(change: Change, said: str) -> None:
    """M16: the visitor is told what is new, and what it was."""
    assert any(said in sentence for sentence in told(change)), told(change)


def test_a_purpose_that_only_narrows_says_nothing() -> None:
    """M16: where nothing widens there is nothing to ask."""
    assert told(lambda p: of(p).update(retention_days=100)) == ()


def test_hostile_words_are_plain_text_in_a_sentence() -> None:
    """S10: a right-to-left override in a name turns nothing around it."""
    (sentence,) = told(lambda p: p["controller"].update(name=HOSTILE))
    assert "\u202e" not in sentence
    assert sentence.endswith("evil\u2069.")


def test_the_policy_tells_what_changed_since_each_edition() -> None:
    """M16: by older edition and purpose, and only where something widened."""
    newer = document()
    assert changes(editions(before(newer), newer), WORDS) == {
        "1": {
            "statistics": [
                "It would store your country and region (never your address); you agreed to "
                "your country (never your address).",
                "Counts would be kept 365 days, not 90 days.",
            ]
        }
    }


def test_more_pages_of_a_collector_are_named() -> None:
    """M16, M49: a collector's visitors read where else it would gather."""
    found = [Widening("/pages", ["/a"], "/health/**"), Widening("/pages", ["/a"], "/b*")]
    more = Widening("/origins", ["https://a.example"], "https://b.example")
    assert sentences([*found, more], words_in("en")) == (
        "It would gather on more pages: \u2068/health/…\u2069, \u2068/b…\u2069.",
        "It would gather on more addresses of this site.",
    )
