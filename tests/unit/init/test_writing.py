"""The policy that is written: it can be read, and every line says what it means."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from askfirst.terms.attributes import ATTRIBUTES, AUTOMATIC
from askfirst.terms.policy import read_policy, shipped
from askfirst_collector.catalogue.chain_conflicts import conflicts
from askfirst_collector.catalogue.first_policy import (
    EUROPEAN,
    LEVELS,
    PURPOSES,
    jurisdiction,
    ready_made,
    with_purposes,
)
from askfirst_collector.frameworks import DJANGO, FRAMEWORKS
from askfirst_collector.init.write_policy import ACTIONS, SCOPE, Answers, write
from tests.conftest import ROOT
from tests.support.policies import every_purpose

ANSWERS = Answers(
    "tide",
    "https://tide.example",
    'Tide "Tables" Ltd \\ Søn',
    "privacy@tide.example",
    "DK",
    "standard",
    "week",
    DJANGO.cookies,
    tuple(every_purpose("standard").purposes),
)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_it_is_a_policy_and_says_what_was_answered(level: str, framework: str) -> None:
    """For every level and framework: read by the contract, within the host's default."""
    cookies = FRAMEWORKS[framework].cookies
    policy = read_policy(write(replace(ANSWERS, level=level, cookies=cookies)))
    assert list(conflicts(policy, shipped("host-default"))) == []
    assert (policy.site, policy.origins) == ("tide", ("https://tide.example",))
    assert policy.controller.name == 'Tide "Tables" Ltd \\ Søn'
    assert [each.cookie for each in policy.necessary] == [each.name for each in cookies]
    base = every_purpose(level)
    for name, purpose in policy.purposes.items():
        wanted = replace(base.purposes[name].terms, closes="week")
        assert purpose.terms == wanted
        assert purpose.text == base.purposes[name].text


def test_every_line_says_what_it_means() -> None:
    """A comment beside it, or just above where the line is long."""
    lines = write(ANSWERS).splitlines()
    for above, line in pairwise(lines):
        if line and not line.startswith("#"):
            assert "  # " in line or above.startswith("# "), line
        assert len(line) <= 100


def test_it_means_the_same_as_in_the_example() -> None:
    """One wording for one key: policy.example.toml's, but for what init has no lists for."""

    def comments(text: str) -> set[tuple[str, str]]:
        pairs = (line.partition("  # ") for line in text.splitlines() if "  # " in line)
        return {(left.partition(" =")[0].strip(), right) for left, _, right in pairs}

    example = (ROOT / "policy.example.toml").read_text("utf-8")
    own = {
        pair for pair in comments(write(ANSWERS)) - comments(example) if not pair[0].startswith("[")
    }
    # The comment of a long line stands above it.
    actions = {pair for pair in ACTIONS.items() if pair[0] != "download"}
    assert own == {("action", SCOPE["action"]), *actions}


def test_every_attribute_is_there() -> None:
    """What a level leaves out is written as 0, so that it can be seen and raised."""
    assert tuple(SCOPE) == tuple(ATTRIBUTES)
    text = write(ANSWERS)
    assert all(f"\n{name} = " in text for name in ATTRIBUTES)
    assert tuple(ACTIONS) == tuple(AUTOMATIC)


@pytest.mark.parametrize("name", ['a"b\\c', "日本 – ü", "\\u0041", "#  # x", '"""', "'[x]'"])
def test_nothing_breaks_out_of_its_string(name: str) -> None:
    """Whatever an owner types comes back as it was typed."""
    assert read_policy(write(replace(ANSWERS, controller=name))).controller.name == name


def test_the_law_follows_the_country() -> None:
    """The Union and the Economic Area share one; others go by their own code."""
    assert len(EUROPEAN) == 30
    assert [jurisdiction(each) for each in ("DK", "NO", "GB", "US", "ZZ")] == [
        "EU", "EU", "GB", "US", "EU",
    ]  # fmt: skip


@pytest.mark.parametrize("level", LEVELS)
def test_a_ready_made_policy_has_statistics_alone(level: str) -> None:
    """M14: what a site asks for beside that is its owner's to say; nobody is asked for nothing."""
    assert tuple(shipped(level).purposes) == ("statistics",)
    document = ready_made(
        level,
        site="tide",
        origin="tide.example",
        controller="T",
        contact="t@t.example",
        country="DK",
    )
    assert tuple(read_policy(document).purposes) == ("statistics",)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("names", [("marketing",), ("preferences", "statistics"), PURPOSES])
def test_further_purposes_are_no_more_precise_than_statistics(
    level: str, names: tuple[str, ...]
) -> None:
    """M31: whichever are chosen fit below the host's default, and keep no more than statistics."""
    policy = read_policy(with_purposes(level, names))
    statistics = shipped(level).purposes["statistics"].terms
    assert sorted(policy.purposes) == sorted(names)
    assert list(conflicts(policy, shipped("host-default"))) == []
    for name, purpose in policy.purposes.items():
        assert purpose.terms.scope.subsumed_by(statistics.scope)
        assert purpose.terms.keep_rows_days <= statistics.keep_rows_days
        assert purpose.terms.min_cell_size == statistics.min_cell_size
        assert name == "statistics" or not purpose.terms.table_items.items
