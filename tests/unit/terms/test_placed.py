"""Placed collectors: read, held below the site's policy, bound in the chain, asked about."""

from __future__ import annotations

from typing import Any

import pytest

from askfirst.errors import PolicyError
from askfirst.terms.consent import Consent, Signals
from askfirst.terms.edition import (
    Choice,
    Edition,
    Editions,
    bounded_terms,
    edition_document,
    edition_hash,
    read_edition,
    widenings,
)
from askfirst.terms.placed import Placed, clamped, placed_conflicts, read_placed
from askfirst.terms.policy import Policy, read_policy, shipped
from askfirst.terms.terms import BOTTOM
from askfirst.terms.token import State
from tests.support.policies import every_purpose

STANDARD = every_purpose("standard")


def site(**purpose: Any) -> Policy:
    document = dict(STANDARD.document)
    purposes = {**document["purposes"]}
    purposes["statistics"] = {**purposes["statistics"], **purpose}
    return read_policy({**document, "purposes": purposes})


def widget(**changes: Any) -> Placed:
    terms: dict[str, Any] = {
        "data_use": STANDARD.purposes["statistics"].terms.data_use,
        "levels": {"page": 1, "time": 1},
        "retention_days": 30,
        "text": {"en": {"title": "Tide counter", "description": "Counts readers of tides."}},
    }
    terms |= changes.pop("statistics", {})
    document: dict[str, Any] = {
        "version": 1,
        "collector": "tides",
        "site": STANDARD.site,
        "pages": ["/tides/**"],
        "controller": {"name": "Tide Ltd", "contact": "tide@example.org", "country": "IE"},
        "jurisdiction": "EU",
        "languages": ["en"],
        "purposes": {"statistics": terms},
    }
    return read_placed({**document, **changes})


def editions(*placed: Placed) -> Editions:
    """Edition 1 without a collector, then one more for each."""
    policy = site()
    made = [Edition(1, policy.hash, 0, policy)]
    for number, each in enumerate(placed, 2):
        there = {each.name: each}
        made.append(Edition(number, edition_hash(policy, there), 0, policy, there))
    return Editions(tuple(made))


def answered(found: Editions, edition: int, **choices: int) -> Consent:
    details = {name.replace("__", "/"): detail for name, detail in choices.items()}
    return Consent(STANDARD.site, State(STANDARD.site, edition, details, 2**40), found)


def names(consent: Consent, path: str) -> list[str]:
    return [question.purpose for question in consent.asks_on(path)]


def test_a_collector_within_its_site_has_no_conflict() -> None:
    """M31: host ⊒ site ⊒ placed collector, and what fits is let in."""
    assert not list(placed_conflicts(widget(), site()))


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"statistics": {"levels": {"page": 3}}}, "/purposes/statistics/levels/page"),
        ({"statistics": {"retention_days": 700}}, "/purposes/statistics/retention_days"),
        ({"statistics": {"min_cell_size": 2}}, "/purposes/statistics/min_cell_size"),
        ({"statistics": {"data_use": "analytics"}}, "/purposes/statistics/data_use"),
        ({"site": "elsewhere"}, "/site"),
        ({"origins": ["https://other.example"]}, "/origins/0"),
        (
            {
                "statistics": {
                    "recipients": [{"name": "acme", "role": "processor", "country": "US"}]
                }
            },
            "/purposes/statistics/recipients",
        ),
    ],
)
def test_what_goes_beyond_the_site_is_named(change: dict[str, Any], pointer: str) -> None:
    """M31: each conflict with its JSON pointer; recipients by another spelling are others."""
    above = site(recipients=[{"name": "Acme", "role": "processor", "country": "US"}])
    found = {problem.pointer for problem in placed_conflicts(widget(**change), above)}
    assert pointer in found


def test_what_cannot_be_read_is_said_all_at_once() -> None:
    """A wrong name, a page for everything and a negative number are three problems of one error."""
    with pytest.raises(PolicyError) as error:
        widget(collector="Tides!", pages=["/**"], statistics={"retention_days": -1})
    found = {problem.pointer for problem in error.value.problems}
    assert found == {"/collector", "/pages/0", "/purposes/statistics/retention_days"}


@pytest.mark.parametrize("key", ["necessary", "consent_days", "for_children", "colector"])
def test_what_is_the_sites_to_say_is_refused(key: str) -> None:
    """Keys are closed: a placed collector declares no cookie necessary and no length of consent."""
    with pytest.raises(PolicyError, match="not known"):
        widget(**{key: []})


def test_clamping_cuts_to_the_site_and_never_widens() -> None:
    """`clamp` only when the owner asks; what comes out fits."""
    wide = widget(statistics={"levels": {"page": 3, "time": 4}, "retention_days": 700})
    cut = clamped(wide, site())
    assert cut is not None
    assert not list(placed_conflicts(cut, site()))
    nowhere = widget(origins=["https://other.example"])
    assert clamped(nowhere, site()) is None


def test_an_edition_reads_back_as_it_was_archived() -> None:
    """An edition's hash is that of its document, collectors included."""
    policy, placed = site(), {"tides": widget()}
    digest = edition_hash(policy, placed)
    read = read_edition(edition_document(policy, placed), number=2, effective=0, digest=digest)
    assert edition_hash(read.policy, read.placed) == digest
    assert digest != policy.hash


def test_effective_terms_lie_within_every_link() -> None:
    """Effective terms are host ∧ site ∧ placed ∧ agreed edition ∧ detail."""
    found = editions(widget())
    terms = bounded_terms(found, "tides/statistics", Choice(2, 2), shipped("host-default"))
    assert terms.scope.as_dict() == {"time": 1, "page": 1}
    assert terms.retention_days == 30
    assert terms.min_cell_size == site().purposes["statistics"].terms.min_cell_size
    # Edition 1 did not know of it: nobody can have agreed to it there.
    assert bounded_terms(found, "tides/statistics", Choice(2, 1)) == BOTTOM
    assert bounded_terms(found, "statistics", Choice(2, 1)) != BOTTOM


def test_a_collector_that_is_gone_gathers_nothing() -> None:
    """A suspended or retired collector is not in the current edition: its grants allow nothing."""
    with_it = editions(widget())
    gone = Editions((*with_it.all, Edition(3, site().hash, 0, site())))
    assert bounded_terms(gone, "tides/statistics", Choice(2, 2)) == BOTTOM


def test_visitors_are_asked_about_it_on_its_pages_alone() -> None:
    """M49: on its pages a visitor without an answer is asked about the site and the collector."""
    consent = Consent(STANDARD.site, None, editions(widget()))
    assert "tides/statistics" in names(consent, "/tides/today")
    assert "tides/statistics" not in names(consent, "/")


def test_a_grant_that_does_not_name_it_is_asked_about_it_alone() -> None:
    """M49: who agreed to the site's statistics is asked on its pages about the collector alone."""
    found = editions(widget())
    own = dict.fromkeys(site().asked, 2)
    assert names(answered(found, 1, **own), "/tides/") == ["tides/statistics"]
    assert names(answered(found, 2, **own, tides__statistics=2), "/tides/") == []


def test_a_refuser_is_not_asked_again() -> None:
    """M49: neither who refused all, nor who refused this purpose, nor who refused it alone."""
    found = editions(widget())
    zeros = dict.fromkeys(site().asked, 0)
    twos = dict.fromkeys(site().asked, 2)
    assert names(answered(found, 0, **zeros), "/tides/") == []
    assert names(answered(found, 1, **{**twos, "statistics": 0}), "/tides/") == []
    assert names(answered(found, 2, **twos, tides__statistics=0), "/tides/") == []


def test_a_wider_collector_asks_about_what_is_new() -> None:
    """M16: a grant under the older one goes on within it; what is new is named and asked."""
    wider = widget(statistics={"levels": {"page": 1, "time": 1, "browser": 1}})
    found = editions(widget(), wider)
    own = dict.fromkeys(site().asked, 2)
    consent = answered(found, 2, **own, tides__statistics=2)
    assert consent.scope("tides/statistics").as_dict() == {"time": 1, "page": 1}
    [question] = consent.asks_on("/tides/")
    assert [each.dimension for each in question.widened] == ["/levels/browser"]
    assert widenings(found, "tides/statistics", 3) == ()


def test_another_owner_of_the_collector_starts_anew() -> None:
    """A new controller stops the old grant until the visitor is asked again."""
    sold = widget(controller={"name": "Other Ltd", "contact": "o@example.org", "country": "IE"})
    found = editions(widget(), sold)
    own = dict.fromkeys(site().asked, 2)
    consent = answered(found, 2, **own, tides__statistics=2)
    assert not consent.allows("tides/statistics")
    assert names(consent, "/tides/") == ["tides/statistics"]


def test_the_detail_of_the_site_bounds_what_is_placed() -> None:
    """M49: who gives the site less, or nothing, gives the collector beside it no more."""
    found = editions(widget(statistics={"levels": {"page": 2, "time": 1}}))
    for detail, scope in ((2, {"time": 1, "page": 2}), (1, {"time": 1, "page": 1}), (0, {})):
        own = {**dict.fromkeys(site().asked, 0), "statistics": detail}
        consent = answered(found, 2, **own, tides__statistics=2)
        assert consent.scope("tides/statistics").as_dict() == scope
        assert consent.allows("tides/statistics") is bool(detail)
    assert not answered(found, 2, tides__statistics=2).allows("tides/statistics")


def test_signals_hold_for_placed_collectors_too() -> None:
    """M21: under GPC nothing that sells is asked about; under DNT the unanswered are not."""
    seller = widget(
        statistics={
            "recipients": [{"name": "Acme", "role": "third_party", "country": "US"}],
            "sells_or_shares": True,
        }
    )
    found = editions(seller)
    gpc = Consent(STANDARD.site, None, found, Signals(gpc=True))
    assert "tides/statistics" not in names(gpc, "/tides/")
    dnt = Consent(STANDARD.site, None, found, Signals(dnt=True))
    assert names(dnt, "/tides/") == []
