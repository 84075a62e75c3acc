"""Answers that name placed collectors: what the ledger makes of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from askfirst.client import Decision
from askfirst.errors import Refused
from askfirst.terms.edition import Choice, Edition, Editions, edition_hash
from askfirst.terms.placed import Placed, read_placed
from askfirst_collector.ledger.answers import Answered, answer
from askfirst_collector.ledger.entries import Entry, status_of
from askfirst_collector.ledger.records import Past
from tests.support.collectors import NOON, decision, policy

SITE = policy("standard")
NAME = "tides/statistics"
NOBODY = Past(None, ended=False)
CLOUD = {"name": "Cloud BV", "role": "processor", "country": "NL", "hosts": ["cloud.example"]}


def tides(**terms: Any) -> Placed:
    statistics = {
        "data_use": SITE.purposes["statistics"].terms.data_use,
        "levels": {"page": 1, "time": 1},
        "retention_days": 30,
        "recipients": [CLOUD],
        "text": {"en": {"title": "Tide counter", "description": "Counts readers of tides."}},
    }
    return read_placed(
        {
            "version": 1,
            "collector": "tides",
            "site": SITE.site,
            "pages": ["/tides/**"],
            "controller": {"name": "Tide Ltd", "contact": "tide@example.org", "country": "IE"},
            "jurisdiction": "EU",
            "languages": ["en"],
            "purposes": {"statistics": {**statistics, **terms}},
        }
    )


def editions(placed: Placed | None = None) -> Editions:
    """The site alone, then with the collector."""
    here = {"tides": placed or tides()}
    second = Edition(2, edition_hash(SITE, here), 0, SITE, here)
    return Editions((Edition(1, SITE.hash, 0, SITE), second))


def answered(
    method: Any,
    choices: dict[str, int] | None = None,
    past: Past = NOBODY,
    known: Editions | None = None,
    **changes: Any,
) -> Answered:
    known = known or editions()
    asked: Decision = decision(SITE, method, choices or {})
    asked = replace(asked, edition=known.current.hash, **changes)
    return answer(asked, past, known, lambda *_: "words", now=NOON)


def after(result: Answered) -> Past:
    assert result.body is not None
    return Past(Entry(0, b"", b"", result.body), ended=False)


def granted(result: Answered) -> set[str]:
    return {name for name, choice in result.choices.items() if choice.detail}


def test_accept_all_without_names_is_about_the_site_alone() -> None:
    """M49: a placed collector gathers only under grants that name it."""
    assert granted(answered("accept_all")) == set(SITE.asked)
    named = {**dict.fromkeys(SITE.asked, 2), NAME: 2}
    assert granted(answered("accept_all", named)) == {*SITE.asked, NAME}


def test_a_placed_collector_is_answered_alone() -> None:
    """M49: naming only it leaves the rest as it was; a refusal of it is kept beside the grant."""
    first = answered("accept_all")
    assert first.body is not None
    yes = answered("save", {NAME: 1}, after(first))
    assert yes.choices == {**first.choices, NAME: Choice(2, 2)}
    no = answered("save", {NAME: 0}, after(first))
    assert no.choices == {**first.choices, NAME: Choice(0, 2)}
    assert no.body is not None
    assert (no.body["kind"], no.body["status"], no.body["denied"]) == ("change", "granted", [NAME])


@pytest.mark.parametrize("method", ["reject_all", "withdraw"])
def test_withdrawing_ends_placed_grants_too(method: Any) -> None:
    """M12, M49: all that was agreed to ends, whoever it was agreed with."""
    past = after(answered("save", {"statistics": 2, NAME: 2}))
    result = answered(method, None, past)
    assert granted(result) == set()
    assert result.choices[NAME] == Choice(0, 2)


def test_the_record_names_the_collectors_and_their_terms() -> None:
    """M17: placed collectors named, each with its controller, retention and recipients."""
    result = answered("save", {"statistics": 1, NAME: 1})
    assert result.body is not None
    there = {key: CLOUD[key] for key in ("name", "role", "country")}
    assert result.body["collectors"] == [
        {
            "name": "tides",
            "controller": "Tide Ltd",
            "retention": {NAME: 30},
            "recipients": [there],
        }
    ]
    assert result.body["retention"][NAME] == 30
    assert there in result.body["recipients"]
    entry = after(result).latest
    assert entry is not None
    assert status_of(entry, now=NOON).collectors == ("tides",)


def test_what_is_refused_is_not_listed_as_granted() -> None:
    """M17: a collector that was refused gathers nothing and receives nothing."""
    result = answered("save", {"statistics": 1, NAME: 0})
    assert result.body is not None
    assert result.body["collectors"] == []


def test_what_is_not_placed_cannot_be_granted() -> None:
    """M49: an unknown collector, or one that is suspended, is no purpose that is asked."""
    for name in ("buoys/statistics", "tides/marketing"):
        with pytest.raises(Refused, match="unknown-purpose"):
            answered("save", {name: 2})
    alone = Editions((Edition(1, SITE.hash, 0, SITE),))
    with pytest.raises(Refused, match="unknown-purpose"):
        answered("save", {NAME: 2}, known=alone)


def test_ages_and_signals_hold_for_placed_collectors() -> None:
    """M21, M30: its own minimum age is asked for, and under GPC nothing that sells is granted."""
    known = editions(tides(minimum_age=16))
    with pytest.raises(Refused, match="age-not-declared"):
        answered("save", {NAME: 2}, known=known)
    assert granted(answered("save", {NAME: 2}, known=known, adult=True)) == {NAME}
    sells = editions(tides(sells_or_shares=True))
    with pytest.raises(Refused, match="nothing-chosen"):
        answered("save", {NAME: 2}, known=sells, gpc=True)


def test_a_grant_for_an_older_edition_is_refused() -> None:
    """M16: who read of no collector cannot have agreed to one."""
    with pytest.raises(Refused, match="edition-changed"):
        answer(decision(SITE, "save", {NAME: 2}), NOBODY, editions(), lambda *_: "words", now=NOON)
