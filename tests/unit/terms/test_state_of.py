"""What a browser is told to keep: one edition and one detail for all that is granted."""

from __future__ import annotations

from askfirst.terms.consent import Consent, state_of
from askfirst.terms.edition import Choice, Edition, Editions, bounded_terms, edition_hash
from askfirst.terms.policy import read_policy
from askfirst.terms.token import State
from tests.unit.terms.test_consent import ALL, editions
from tests.unit.terms.test_placed import STANDARD, site, widget

WIDER = {"purposes/statistics/levels/screen": 3}
NARROWER = {"purposes/statistics/levels/screen": 1}


def told(found: Editions, /, **choices: tuple[int, int]) -> State:
    pairs = {name.replace("__", "/"): Choice(*pair) for name, pair in choices.items()}
    return state_of("example", found, pairs, expires=2**40)


def every(detail: int, edition: int) -> dict[str, tuple[int, int]]:
    return dict.fromkeys(ALL, (detail, edition))


def test_the_edition_is_the_newest_that_asked_for_more() -> None:
    """M09: who answered before and after an edition that only narrows holds the same bytes."""
    found = editions(NARROWER, {"purposes/statistics/levels/ip": 0})
    assert [found.asked_by(number) for number in (0, 1, 2, 3)] == [0, 1, 1, 1]
    assert told(found, **every(2, 3)) == told(found, **every(2, 1))
    assert editions(WIDER, NARROWER, WIDER).asked_by(4) == 4


def test_what_grants_nothing_has_no_edition() -> None:
    """M09: a refusal is the same under every edition."""
    for found in (editions(), editions(WIDER)):
        state = told(found, **every(0, len(found)))
        assert (state.edition, state.choices) == (0, dict.fromkeys(ALL, 0))


def test_what_was_not_asked_and_widened_is_left_out() -> None:
    """M16: an answer that passed a widening by leaves that purpose unasked, gathering nothing."""
    found = editions(WIDER)
    state = told(found, **{**every(2, 1), "marketing": (2, 2)})
    assert state.edition == 2
    assert state.choices == {"marketing": 2, "preferences": 2}
    consent = Consent("example", state, found)
    assert not consent.allows("statistics")
    assert [question.purpose for question in consent.asks] == ["statistics"]
    assert consent.asks[0].widened == ()


def test_a_declined_widening_is_off() -> None:
    """M16: to decline what is new turns the purpose off; nobody asks about it again."""
    found = editions(WIDER)
    state = told(found, **{**every(2, 1), "statistics": (0, 2)})
    assert state.choices == {"marketing": 2, "preferences": 2, "statistics": 0}
    consent = Consent("example", state, found)
    assert consent.asks == ()
    assert not consent.allows("statistics")


def test_a_grant_of_an_unknown_edition_is_left_out() -> None:
    """A failure narrows: what no edition bounds is asked about."""
    assert told(editions(), statistics=(2, 0)).choices == {}


def test_an_edition_of_many_is_bounded_by_the_narrowest_of_them() -> None:
    """M46: the cookie cannot say under which of them it was answered, so the last one counts."""
    found = editions(NARROWER, WIDER)
    state = told(Editions(found.all[:2]), **every(2, 2))
    assert state.edition == 1
    consent = Consent("example", state, found)
    ledger = bounded_terms(found, "statistics", Choice(2, 2))
    assert consent.terms("statistics") == ledger
    assert [question.purpose for question in consent.asks] == ["statistics"]


def test_nothing_sets_the_cookie_anew_where_only_the_number_moved() -> None:
    """M09: an answer to one question under a newer edition leaves the rest as everybody has it."""
    found = editions(WIDER, NARROWER)
    assert told(found, **every(2, 2)).edition == 2
    assert told(found, **{**every(2, 2), "marketing": (0, 3)}).edition == 2


def test_more_pages_are_asked_about_after_an_answer_elsewhere() -> None:
    """M49: who answered on another page is asked about a collector's new pages on these pages."""
    own = site()
    steps = [{"tides": widget(pages=pages)} for pages in (["/tides"], ["/tides", "/harbour"])]
    found = Editions(
        tuple(
            Edition(number, edition_hash(own, placed), 0, own, placed)
            for number, placed in enumerate(steps, 1)
        )
    )
    pairs = {**every(2, 2), "tides/statistics": (2, 1)}
    state = state_of(
        STANDARD.site, found, {n: Choice(*pair) for n, pair in pairs.items()}, expires=2**40
    )
    consent = Consent(STANDARD.site, state, found)
    for path in ("/harbour", "/tides"):
        assert [question.purpose for question in consent.asks_on(path)] == ["tides/statistics"]
        assert not consent.allows("tides/statistics")
    assert consent.asks_on("/") == ()


def test_a_purpose_that_came_later_is_bounded_by_its_own_edition() -> None:
    """M16: what a cookie of before counts as granted by an edition without it is asked about."""
    document = read_policy(STANDARD.document).document
    first = {**document, "purposes": {"statistics": document["purposes"]["statistics"]}}
    policies = [read_policy(first), read_policy(document)]
    found = Editions(tuple(Edition(n, p.hash, 0, p) for n, p in enumerate(policies, 1)))
    consent = Consent(STANDARD.site, State(STANDARD.site, 1, dict.fromkeys(ALL, 2), 2**40), found)
    assert [name for name in ALL if consent.allows(name)] == ["statistics"]
    assert [question.purpose for question in consent.asks] == ["marketing", "preferences"]
