"""The order of purposes: that of the policy, on every page that visitors read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from askfirst.endpoints.policy import policy_json
from askfirst.errors import PolicyError
from askfirst.pages.choices import choices_page
from askfirst.pages.notice import notice_html
from askfirst.pages.policy import policy_page
from askfirst.pages.rights import rights_page
from askfirst.pages.words import words_in
from askfirst.terms.edition import Editions, edition_document, read_edition, widenings
from askfirst.terms.policy import read_policy
from askfirst_collector.catalogue.policy_toml import as_toml
from askfirst_collector.explain import explain
from tests.unit.gate.shown import document, editions, visitor

WORDS = words_in("en")
ORDER = ("statistics", "safety", "marketing", "preferences")
ASKED = ["statistics", "marketing", "preferences"]
SORTED = sorted(ORDER)


def ordered(*names: str) -> dict[str, Any]:
    """The shop's policy as its file has it: a table for each purpose, in this order."""
    policy = document()
    policy["purposes"] = {name: policy["purposes"][name] for name in names}
    return policy


def archived(known: Editions) -> Editions:
    """The same editions as a collector stores and a relay receives them: keys sorted."""
    return Editions(
        tuple(
            read_edition(
                json.loads(json.dumps(edition_document(e.policy, e.placed), sort_keys=True)),
                number=e.number,
                effective=e.effective,
                digest=e.hash,
            )
            for e in known
        )
    )


def in_text(text: str, known: Editions, names: list[str]) -> list[str]:
    """The names of these purposes, by where their titles stand in the text."""
    purposes = known.current.policy.purposes
    return sorted(names, key=lambda name: text.index(purposes[name].text["en"].title))


def test_every_page_has_the_order_of_the_policy() -> None:
    """M15: what an owner put first is read first, though archives sort their keys."""
    known = archived(editions(ordered(*ORDER)))
    consent = visitor(known)
    record = {
        "status": "granted",
        "handle": "ab" * 32,
        "choices": {"gone": {"detail": 1}} | {name: {"detail": 2} for name in sorted(ASKED)},
    }

    assert [question.purpose for question in consent.asks] == ASKED
    assert in_text(str(notice_html(consent, path="/", words=WORDS)), known, ASKED) == ASKED
    assert in_text(choices_page(consent, words=WORDS), known, ASKED) == ASKED
    assert in_text(policy_page(known.current, words=WORDS), known, [*ORDER]) == [*ORDER]
    page = rights_page(consent, {"record": record}, words=WORDS)
    assert in_text(page, known, ASKED) == ASKED
    assert page.index("Preferences") < page.index("gone")
    assert [purpose.name for purpose in explain(known.current.policy)] == [*ORDER]
    body = json.loads(policy_json(known, WORDS))
    assert body["asked"] == ASKED
    assert list(body["policy"]["purposes"]) == [*ORDER]


def test_another_order_asks_nobody_again() -> None:
    """M16: it is an edition of its own, as its notice reads otherwise, and asks for no more."""
    known = editions(ordered(*SORTED), ordered(*ORDER))
    assert known.all[0].hash != known.all[1].hash
    assert [widenings(known, name, 1) for name in ORDER] == [()] * 4
    assert visitor(known, 1, statistics=2, marketing=0, preferences=2).asks == ()
    assert visitor(known, 1, statistics=2).allows("statistics")


def test_the_order_of_the_alphabet_is_not_written() -> None:
    """M16: so that what was published without `order` keeps its hash."""
    assert "order" not in read_policy(ordered(*SORTED)).document
    policy = read_policy(ordered(*ORDER))
    assert policy.document["order"] == [*ORDER]
    assert read_policy(policy.canonical()).hash == policy.hash
    toml = as_toml(json.loads(policy.canonical()))
    assert "order" not in toml
    assert read_policy(toml).hash == policy.hash
    by_key = read_policy(ordered(*SORTED) | {"order": [*ORDER]})
    assert by_key.hash == policy.hash


@pytest.mark.parametrize(
    "order", [["statistics"], [*ORDER, "news"], [*ORDER, "statistics"], "statistics", ["No name"]]
)
def test_an_order_that_leaves_anything_out_is_refused(order: object) -> None:
    """Each purpose once: a name that is missing would be one that visitors are not shown."""
    with pytest.raises(PolicyError, match="order"):
        read_policy(ordered(*SORTED) | {"order": order})
