"""Consent: what is allowed, what is asked, and where the answer came from."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from askfirst.terms.consent import Consent, Signals, narrowest
from askfirst.terms.edition import Choice, Edition, Editions, bounded_terms, host_terms
from askfirst.terms.policy import read_policy, shipped
from askfirst.terms.published import published
from askfirst.terms.terms import BOTTOM
from askfirst.terms.token import State
from askfirst.terms.widening import widened
from tests.support.policies import every_purpose

FIRST = every_purpose("standard")


def editions(*changes: dict[str, Any]) -> Editions:
    """Edition 1 is `standard`; each change maps a path in the document to a new value."""
    documents = [copy.deepcopy(FIRST.document)]
    for change in changes:
        document = copy.deepcopy(documents[-1])
        for path, value in change.items():
            *parents, last = path.split("/")
            table = document
            for parent in parents:
                table = table[parent]
            table[last] = value
        documents.append(document)
    policies = [read_policy(document) for document in documents]
    return Editions(tuple(Edition(n, p.hash, 0, p) for n, p in enumerate(policies, 1)))


def state(edition: int = 1, **choices: int) -> State:
    return State("example", edition, choices, 2**40)


ALL = {"marketing": 2, "preferences": 2, "statistics": 2}


def test_nothing_is_allowed_before_an_answer() -> None:
    """Unasked means none, for every purpose, known or not."""
    consent = Consent("example", None, editions())
    assert not any(consent.allows(name) for name in ("marketing", "statistics", "nonsense"))
    assert [q.purpose for q in consent.asks] == ["marketing", "preferences", "statistics"]
    assert consent.source == "none"


def test_an_answer_is_remembered() -> None:
    """M08: after an answer for every purpose nothing is asked."""
    consent = Consent("example", state(**dict.fromkeys(ALL, 0)), editions())
    assert consent.asks == ()
    assert not consent.allows("statistics")
    assert consent.source == "visitor"


def test_a_signal_denies_selling_for_the_request() -> None:
    """M21, M23: under GPC selling purposes are denied and not asked; the rest is untouched."""
    gpc = Signals(gpc=True)
    consent = Consent("example", state(**ALL), editions(), gpc)
    assert not consent.allows("marketing")
    assert consent.allows("statistics")
    assert consent.source == "gpc"
    assert consent.detail("marketing") == 2
    fresh = Consent("example", None, editions(), gpc)
    assert [q.purpose for q in fresh.asks] == ["preferences", "statistics"]


def test_an_objection_denies_what_is_not_answered() -> None:
    """S06: DNT is an objection to what was not answered, and asks nothing."""
    consent = Consent("example", None, editions(), Signals(dnt=True))
    assert consent.asks == ()
    assert consent.source == "dnt"
    answered = Consent("example", state(**ALL), editions(), Signals(dnt=True))
    assert answered.allows("statistics")


def test_children_are_neither_asked_nor_gathered_from() -> None:
    """M30: a site for children, or an under-age signal, allows and asks nothing."""
    for consent in (
        Consent("example", state(**ALL), editions({"for_children": True})),
        Consent("example", state(**ALL), editions(), Signals(under_age=True)),
    ):
        assert consent.asks == ()
        assert not consent.allows("statistics")


def test_a_wider_edition_asks_for_exactly_that() -> None:
    """M16: the old grant goes on within what was agreed; the wider part is asked about."""
    history = editions({"purposes/statistics/levels/screen": 3})
    consent = Consent("example", state(**ALL), history)
    assert consent.scope("statistics").level("screen") == 1
    assert [(q.purpose, q.widened[0].dimension) for q in consent.asks] == [
        ("statistics", "/levels/screen")
    ]
    agreed = Consent("example", state(2, **ALL), history)
    assert agreed.asks == ()
    assert agreed.scope("statistics").level("screen") == 3


def test_a_narrower_edition_narrows_at_once() -> None:
    """An edition that only narrows asks nothing and bounds old grants."""
    history = editions({"purposes/statistics/levels/ip": 0, "purposes/statistics/min_cell_size": 9})
    consent = Consent("example", state(**ALL), history)
    assert consent.asks == ()
    assert consent.scope("statistics").level("ip") == 0
    assert consent.terms("statistics").min_cell_size == 9


@pytest.mark.parametrize(
    "change",
    [
        {"controller/name": "Another Ltd"},
        {"controller/country": "US"},
        {"jurisdiction": "US"},
    ],
)
def test_somebody_else_answers_for_the_data(change: dict[str, Any]) -> None:
    """Another controller or country: nothing goes on under the old grant until asked again."""
    consent = Consent("example", state(**ALL), editions(change))
    assert not consent.allows("statistics")
    assert {q.purpose for q in consent.asks} == set(ALL)


def test_editorial_words_ask_nothing() -> None:
    """Words marked editorial may change without asking; others may not."""
    path = "purposes/statistics/text/en"
    words = {"title": "Statistics", "description": "To learn which pages people read."}
    plain = editions({path: words})
    marked = editions({path: {**words, "editorial": True}})
    assert [w.dimension for w in widened(FIRST, plain.current.policy, "statistics")] == ["/text/en"]
    assert Consent("example", state(**ALL), marked).asks == ()
    assert Consent("example", state(**ALL), plain).allows("statistics")


def test_routes_behind_the_fragment_widen() -> None:
    """M16: more of the page's address is told; until then by those alone who were asked for it."""
    routed = editions({"hash_routes": True}, {"hash_routes": True, "server_side": True})
    assert [w.dimension for w in widened(FIRST, routed.current.policy, "statistics")] == [
        "/hash_routes"
    ]
    asks = [q.purpose for q in Consent("example", state(**ALL), routed).asks]
    assert asks == ["marketing", "statistics"]
    assert published(routed)["routed"] == [2, 3]
    assert widened(routed.current.policy, FIRST, "statistics") == ()
    assert "routed" not in published(editions({"server_side": True}))
    # Where no page is gathered nothing is told, and nothing is asked.
    assert widened(FIRST, routed.current.policy, "preferences") == ()


def test_an_unknown_edition_allows_nothing() -> None:
    """A choice bounded by an edition nobody knows is no grant, and is asked again."""
    consent = Consent("example", state(7, statistics=2), editions())
    assert not consent.allows("statistics")
    assert "statistics" in [q.purpose for q in consent.asks]


def test_no_editions_means_no_consent_and_no_notice() -> None:
    """Where nothing is known of the site, nothing is asked and nothing is allowed."""
    consent = Consent("example", state(**ALL))
    assert not consent.allows("statistics")
    assert consent.asks == ()


def test_the_host_policy_bounds_what_was_agreed() -> None:
    """M32: no entry of the host, no gathering."""
    history, choice = editions(), Choice(2, 1)
    host = shipped("host-default")
    assert bounded_terms(history, "statistics", choice, host).scope.level("page") == 2
    document = copy.deepcopy(host.document)
    del document["purposes"]["analytics"]
    without = read_policy(document, kind="host")
    assert bounded_terms(history, "statistics", choice, without) == BOTTOM
    assert host_terms(without, "analytics.reporting") == BOTTOM


def test_several_states_count_as_their_meet() -> None:
    """M40: of several state cookies the meet counts; a refusal in any stands."""
    wide, narrow = state(**ALL), state(marketing=0, statistics=1)
    for order in ([wide, narrow], [narrow, wide]):
        met = narrowest(order)
        assert met is not None
        assert met.choices["marketing"] == 0
        assert met.choices["statistics"] == 1
        assert "preferences" not in met.choices
    assert narrowest([]) is None
