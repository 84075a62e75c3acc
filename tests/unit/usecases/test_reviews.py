"""Each purpose is looked at once a year: who has to is told, and who did is in the audit."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from askfirst.terms.policy import Policy, read_policy
from askfirst_collector.catalogue.reviews import YEAR, reviews_of
from askfirst_collector.ledger.changes import changes
from askfirst_collector.services import Services
from askfirst_collector.usecases.backups import record_backup
from askfirst_collector.usecases.reviews import review_purpose
from askfirst_collector.usecases.sites import publish_policy
from tests.support.collectors import Clock, policy
from tests.system.isolation.world import SHOP, World, world

pytestmark = pytest.mark.anyio
TEXT = "The yearly review is due."


def due(parts: Services) -> list[str]:
    site = parts.registry.site(SHOP)
    assert site is not None
    reviews = reviews_of(parts.engine, SHOP, site.editions, parts.now())
    return [review.purpose for review in reviews if review.is_due]


def later(opened: World, seconds: int) -> None:
    clock = opened.parts.now
    assert isinstance(clock, Clock)
    clock.now += seconds


def other(days: int) -> Policy:
    """The policy with another retention of its statistics."""
    document = {**policy(site=SHOP, origins=["https://shop.example"]).document}
    purposes = {name: {**value} for name, value in document["purposes"].items()}
    purposes["statistics"]["retention_days"] = days
    return read_policy({**document, "purposes": purposes})


async def test_after_a_year_the_owner_is_asked_and_answers(tmp_path: Path) -> None:
    """M28: every purpose, on the site's pages; an answer holds a year, and is in the audit."""
    with world(tmp_path / "data") as opened:
        later(opened, YEAR - 1)
        assert due(opened.parts) == []
        later(opened, 1)
        names = due(opened.parts)
        assert "statistics" in names
        async with opened.browser("olive") as client:
            assert TEXT in (await client.get(f"/sites/{SHOP}")).text
            page = (await client.get(f"/sites/{SHOP}/retention")).text
            csrf = re.search(r'name="csrf" value="([0-9a-f]{64})"', page)
            assert csrf is not None
            for name in names:
                answer = await client.post(
                    f"/sites/{SHOP}/review", data={"csrf": csrf[1], "purpose": name}
                )
                assert answer.status_code == 303
            assert TEXT not in (await client.get(f"/sites/{SHOP}")).text
        assert due(opened.parts) == []
        (change, *_) = changes(opened.parts.engine, 9, sites={SHOP})
        assert (change.actor, change.action, change.target) == (
            "olive",
            "purpose.review",
            names[-1],
        )
        later(opened, YEAR)
        assert due(opened.parts) == names


async def test_a_reader_is_not_asked(tmp_path: Path) -> None:
    """Who may change nothing cannot answer, and sees no reminder."""
    with world(tmp_path / "data") as opened:
        later(opened, YEAR)
        async with opened.browser("rob") as client:
            assert TEXT not in (await client.get(f"/sites/{SHOP}")).text


def test_other_terms_are_a_review_of_theirs(tmp_path: Path) -> None:
    """Publishing looks at what it changes, and at nothing else."""
    with world(tmp_path / "data") as opened:
        later(opened, YEAR)
        names = due(opened.parts)
        publish_policy(opened.parts, opened.people["olive"], other(99))
        assert due(opened.parts) == [name for name in names if name != "statistics"]


def test_a_review_survives_a_clock_that_was_set_back(tmp_path: Path) -> None:
    """It is due by the later of the two, never negative."""
    with world(tmp_path / "data") as opened:
        later(opened, YEAR)
        review_purpose(opened.parts, opened.people["olive"], SHOP, "statistics")
        later(opened, -2 * YEAR)
        assert due(opened.parts) == []


async def test_backups_are_named_with_their_day(tmp_path: Path) -> None:
    """M28: what nobody here can destroy is said to whoever has it, and to no owner of a site."""
    with world(tmp_path / "data") as opened:
        record_backup(opened.parts, opened.people["ada"], "make", "monday.age")
        async with opened.browser("ada") as client:
            assert "monday.age" in (await client.get("/retention")).text
            assert "monday.age" not in (await client.get(f"/sites/{SHOP}/retention")).text
