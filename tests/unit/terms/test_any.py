"""Parameters and properties with any value: above every list, said in words, asked about once."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from askfirst.errors import PolicyError
from askfirst.pages.choices import choices_page
from askfirst.pages.describe_changes import sentences
from askfirst.pages.policy import policy_page
from askfirst.pages.words import words_in
from askfirst.terms.conflicts import subsumed_by
from askfirst.terms.consent import Consent, Signals
from askfirst.terms.edition import Choice, Edition, Editions, bounded_terms, widenings
from askfirst.terms.policy import Policy, read_policy, shipped
from askfirst.terms.published import published
from askfirst.terms.sets import ANY, Listed
from askfirst.terms.terms import meet
from askfirst.terms.token import State
from tests.support.policies import every_purpose

WORDS = words_in("en")
ANY_VALUE = WORDS.say("policy", "any_value")


def site(parameters: object, actions: object = None, **more: Any) -> Policy:
    """The full policy with these lists for statistics."""
    document = copy.deepcopy(dict(every_purpose("full").document))
    purpose = document["purposes"]["statistics"]
    purpose |= {"query_parameters": parameters, "actions": actions or {}, **more}
    return read_policy({**document, "purposes": {"statistics": purpose}})


def host(word: object) -> Policy:
    """The shipped host policy with this word for lists of values."""
    document = copy.deepcopy(dict(shipped("host-default").document))
    for purpose in document["purposes"].values():
        purpose |= {"query_parameters": word, "actions": word}
    return read_policy(document, kind="host")


OPEN = site({"topic": "any", "sort": ["price"]}, {"signup": {"plan": "any", "seats": ["1"]}})
LISTS = site({"topic": ["tides"]}, {"signup": {"plan": ["pro"]}})
NUMBERS = site({}, {"signup": {"plan": {"buckets": [0, 10]}}})


def editions(*policies: Policy) -> Editions:
    """These policies, one edition each."""
    return Editions(tuple(Edition(n, p.hash, 0, p) for n, p in enumerate(policies, start=1)))


def test_it_is_read_and_written_as_it_stands() -> None:
    """An edition that was archived is read as what it was."""
    terms = OPEN.purposes["statistics"].terms
    assert terms.query_parameters == {"topic": ANY, "sort": frozenset({"price"})}
    assert terms.actions["signup"].values == {"plan": ANY, "seats": frozenset({"1"})}
    written = OPEN.document["purposes"]["statistics"]
    assert written["query_parameters"] == {"topic": "any", "sort": ["price"]}
    assert written["actions"] == {"signup": {"plan": "any", "seats": ["1"]}}
    assert read_policy(OPEN.canonical()).hash == OPEN.hash
    assert host("any").document["purposes"]["analytics"]["actions"] == "any"


def test_it_stands_above_every_list() -> None:
    """M44: the meet with a list is the list, with buckets the buckets."""
    any_value, lists, numbers = (p.purposes["statistics"].terms for p in (OPEN, LISTS, NUMBERS))
    assert meet(any_value, lists).query_parameters == {"topic": frozenset({"tides"})}
    assert meet(lists, any_value).actions == lists.actions
    assert meet(any_value, numbers).actions == numbers.actions
    assert not subsumed_by(lists, any_value)
    assert {c.declared for c in subsumed_by(any_value, lists)} == {
        "sort/price", "topic/any", "signup/plan/any", "signup/seats/value/1",
    }  # fmt: skip


def test_a_host_says_any_and_nothing_else_holds_it() -> None:
    """M31: "*" is every list there may be, and any value is none."""
    terms = OPEN.purposes["statistics"].terms
    assert not subsumed_by(terms, host("any").purposes["analytics"].terms)
    conflicts = subsumed_by(terms, host("*").purposes["analytics"].terms)
    assert [(c.pointer, c.declared, c.allowed) for c in conflicts] == [
        ("/query_parameters", "topic/any", "*"),
        ("/actions", "signup/plan/any", "*"),
    ]
    assert "ask the host to write 'any'" in conflicts[0].advice
    below = meet(terms, host("*").purposes["analytics"].terms)
    assert below.query_parameters == {"sort": frozenset({"price"})}
    assert below.actions["signup"].values == {"seats": frozenset({"1"})}


def test_a_list_below_both_is_below_what_they_have_in_common() -> None:
    """M44: any value of a parameter, and every list there may be, have its lists in common."""
    lists: Listed[tuple[str, ...]] = Listed(frozenset({("topic", "tides")}))
    any_value: Listed[tuple[str, ...]] = Listed(any_of=frozenset({("topic",)}))
    every: Listed[tuple[str, ...]] = Listed(everything=True)
    both = any_value.meet(every)
    assert both == every.meet(any_value)
    assert lists.subsumed_by(both)
    assert both.subsumed_by(any_value)
    assert both.subsumed_by(every)
    assert not any_value.subsumed_by(both)
    assert both.meet(lists) == lists == any_value.meet(lists)
    assert every.meet(any_value.meet(lists)).subsumed_by(every.meet(any_value))


@pytest.mark.parametrize(
    "purpose",
    [
        {"query_parameters": "any"},
        {"actions": "any"},
        {"query_parameters": {"topic": "Any"}},
        {"query_parameters": {"topic": ["any", ""]}},
        {"actions": {"signup": "any"}},
        {"cookies": "any"},
        {"actions": {"signup": {"plan": {"buckets": "any"}}}},
    ],
)
def test_it_stands_for_one_parameter_or_property_alone(purpose: dict[str, object]) -> None:
    """M31: a site says of which; what else is written is refused with what to write."""
    with pytest.raises(PolicyError, match="write") as caught:
        site({}, **purpose) if "actions" not in purpose else site({}, purpose["actions"])
    assert caught.value.problems[0].pointer.startswith("/purposes/statistics/")


def test_visitors_are_asked_once_and_no_new_value_asks_again() -> None:
    """M16: any value is a widening, asked about in words; what comes later is none."""
    both = editions(LISTS, OPEN)
    (wider, *_) = (w for w in widenings(both, "statistics", 1) if w.new == "topic/any")
    assert sentences([wider], WORDS)[0].startswith("More of the page’s address would be stored:")
    assert ANY_VALUE in sentences([wider], WORDS)[0]
    bounds = bounded_terms(both, "statistics", Choice(2, 1))
    assert bounds.query_parameters == {"topic": frozenset({"tides"})}
    more = site({"topic": "any", "sort": ["price"]}, {"signup": {"plan": ["new"], "seats": ["1"]}})
    assert widenings(editions(OPEN, more), "statistics", 1) == ()


def test_the_policy_and_the_choices_say_so() -> None:
    """M15: that any value may be stored is said where what is stored is said."""
    edition = Edition(1, OPEN.hash, 0, OPEN)
    page = policy_page(edition, words=WORDS)
    assert page.count(ANY_VALUE) == 2
    assert WORDS.say("level", "page", 4) in page
    assert WORDS.say("level", "action", 3) in page
    plain = policy_page(Edition(1, LISTS.hash, 0, LISTS), words=WORDS)
    assert ANY_VALUE not in plain
    assert WORDS.say("level", "page", 4) not in plain
    answers = State("example", 1, {"statistics": 2}, 9_000_000_000)
    choices = choices_page(
        Consent("example", answers, editions(OPEN), Signals(gpc=False, dnt=False)), words=WORDS
    )
    assert WORDS.say("level", "page", 4) in choices


def test_a_page_is_told_what_it_may_send() -> None:
    """M14: of an older edition its lists, of a newer one any value."""
    body = published(editions(OPEN, LISTS))
    assert "lists" not in body
    lists = published(editions(LISTS, OPEN))["lists"]["1"]["statistics"]
    assert lists["query_parameters"] == {"topic": ["tides"]}
    assert lists["actions"] == {"signup": {"plan": ["pro"]}}
