"""Forms and documents: what a page shows of a policy, it sends back as that policy."""

from __future__ import annotations

from typing import Any

import pytest

from askfirst.errors import PolicyError, Problem
from askfirst.terms.placed import read_placed
from askfirst.terms.policy import read_policy, shipped
from askfirst_collector.dashboard.host_policy import form as host_policy_form
from askfirst_collector.dashboard.layout.problems import problem_texts
from askfirst_collector.dashboard.placed import form as collector_form
from tests.support.collectors import policy, purposes
from tests.support.placing import tides

RECIPIENTS = [{"name": "Pulse", "role": "processor", "country": "IE", "hosts": ["p.example"]}]
LISTS: dict[str, Any] = {
    "recipients": RECIPIENTS,
    "actions": {"signup": {"plan": ["free", "pro"]}, "leave": {}},
    "query_parameters": {"sort": ["price"]},
    "cookies": ["_pulse"],
    "storage": ["pulse.*"],
}
SITE = policy("full", purposes=purposes("full", statistics=LISTS))


def host_policy_fields(document: dict[str, Any]) -> dict[str, str]:
    """What a browser sends of the table, as it was served."""
    rows = (row for _, part in host_policy_form.lines(document) for row in part)
    found = {cell.name: cell.value for row in rows for cell in row.cells}
    found |= {key: str(document[key]) for key, *_ in host_policy_form.HOST_NUMBERS}
    return found | {f"controller.{key}": text for key, text in document["controller"].items()}


def test_a_host_policy_comes_back_as_it_was_shown() -> None:
    """Nothing is widened, or lost, by opening the table and saving it."""
    document = shipped("host-default").document
    document["purposes"]["analytics"] |= {**LISTS, "sells_or_shares": False}
    before = read_policy(document, kind="host").document
    made = host_policy_form.document_of(host_policy_fields(before), before)
    assert read_policy(made, kind="host").hash == read_policy(before, kind="host").hash


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("analytics.retention_days", "-1"),
        ("analytics.retention_days", "999999"),
        ("analytics.retention_days", "9" * 400),
        ("analytics.level.page", "4"),
        ("analytics.level.page", "two"),
        ("analytics.min_cell_size", "1"),
        ("analytics.closes", "year"),
        ("consent_days", "1e3"),
    ],
)
def test_a_number_that_cannot_be_one_is_refused_where_it_stands(field: str, text: str) -> None:
    """Negative or huge days."""
    document = shipped("host-default").document
    made = host_policy_form.document_of({**host_policy_fields(document), field: text}, document)
    with pytest.raises(PolicyError) as refused:
        read_policy(made, kind="host")
    assert refused.value.problems[0].pointer.endswith(field.rpartition(".")[2])


def test_a_collector_comes_back_as_it_was_shown() -> None:
    """Lists keep their items, and what the form has no field for stays."""
    terms = {
        **LISTS,
        "tables": {"pairs": [["page", "browser"]], "goals": ["signup"], "funnels": {}},
        "minimum_age": 16,
        "sells_or_shares": True,
    }
    document = tides(SITE, statistics=terms, origins=["https://shop.example"]).document
    fields = collector_form.fields_of(document, SITE)
    made = collector_form.document_of(fields, SITE, document)
    assert read_placed(made).document == document


def test_a_new_collector_asks_for_no_purpose_by_itself() -> None:
    fields = collector_form.fields_of(None, SITE)
    assert collector_form.document_of(fields, SITE, None)["purposes"] == {}
    on = {**fields, "use.statistics.on": "1"}
    levels = collector_form.document_of(on, SITE, None)["purposes"]["statistics"]["levels"]
    assert {name: level for name, level in levels.items() if level} == {
        "time": SITE.purposes["statistics"].terms.scope.level("time"),
        "page": SITE.purposes["statistics"].terms.scope.level("page"),
        "visitor": 1,
    }


def test_a_field_that_is_made_up_adds_nothing() -> None:
    """Somebody adds a purpose, a recipient and an action that the site does not have."""
    fields = {
        **collector_form.fields_of(tides(SITE).document, SITE),
        "use.invented.on": "1",
        "use.statistics.recipients.Other": "1",
        "use.statistics.actions.spy": "1",
    }
    made = collector_form.document_of(fields, SITE, None)
    assert set(made["purposes"]) == {"statistics"}
    assert (
        made["purposes"]["statistics"]["recipients"],
        made["purposes"]["statistics"]["actions"],
    ) == (
        [],
        {},
    )


def test_levels_beyond_the_site_stay_to_be_seen() -> None:
    """After a site narrowed, the form does not lower what was typed without a word."""
    narrow = policy("minimal")
    fields = collector_form.fields_of(tides(policy("standard")).document, narrow)
    (use,) = [each for each in collector_form.uses_of(narrow, fields) if each.name == "statistics"]
    (page,) = [each for each in use.levels if each.field.endswith(".page")]
    assert page.options[-1][0] == "2"
    assert "more than the site asks" in page.options[-1][1]


@pytest.mark.parametrize(
    ("pointer", "field"),
    [
        ("/pages/3", "pages"),
        ("/controller/name", "controller.name"),
        ("/purposes/a/levels/screen", "use.a.level.screen"),
        ("/purposes/a/text/en/title", "use.a.title.en"),
        ("/purposes/a/retention_days", "use.a.retention_days"),
        ("/purposes/a", "use.a.on"),
        ("/purposes/a/tables/goals", ""),
        ("", ""),
    ],
)
def test_a_conflict_stands_beside_its_field(pointer: str, field: str) -> None:
    """Pointer, declared, allowed, which link forbids it, what to write."""
    assert collector_form.field_of(pointer) == field


def test_a_conflict_is_told_in_words_and_once() -> None:
    at, advice = "/purposes/statistics/levels/screen", "write 1 or less"
    both = (
        Problem(at, 2, f"the site's policy allows 1: {advice}", 1, "site"),
        Problem(at, 2, f"the host allows 1: {advice}", 1, "host"),
    )
    (found,) = problem_texts(both)
    assert (found.where, found.advice) == ("statistics: screen", "Write 1 or less.")
    assert found.found.startswith("2, the screen size")
    assert found.allowed == "1, phone, tablet or desktop"
    assert found.link == "the site’s policy and the host policy"
    (kept,) = problem_texts([both[1].as_dict()])
    assert kept.link == "the host policy"
