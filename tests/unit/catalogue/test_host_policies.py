"""Host policies in the registry: saved once, governing at once, stopping what goes beyond (M33)."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from askfirst.errors import CollectorUnavailable, PolicyError, Refused
from askfirst.terms.edition import Choice
from askfirst.terms.policy import Policy, read_policy, shipped
from askfirst.terms.terms import BOTTOM
from askfirst_collector.catalogue.host_editions import host_edition
from askfirst_collector.catalogue.suspensions import suspended_since
from askfirst_collector.ledger.changes import changes
from askfirst_collector.services import Services
from askfirst_collector.store.database import writing
from askfirst_collector.usecases.placed_collectors import set_collector_state
from askfirst_collector.usecases.preview_host_policy import preview
from askfirst_collector.usecases.save_host_policy import (
    follow_file,
    host_policy_number,
    save_host_policy,
)
from tests.support.collectors import Clock, opened, policy
from tests.support.people import admin
from tests.support.placing import place, tides

CHOICE = Choice(2, 1)
SITE = policy("standard")
OTHER = read_policy({**SITE.document, "site": "other", "origins": ["https://other.example"]})


def host_policy(levels: dict[str, int] | None = None, **analytics: Any) -> Policy:
    """The shipped host policy, with other levels and terms for `analytics`."""
    document = copy.deepcopy(dict(shipped("host-default").document))
    document["purposes"]["analytics"] |= analytics
    document["purposes"]["analytics"]["levels"] |= levels or {}
    return read_policy(document, kind="host")


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Services]:
    with opened(tmp_path / "data") as found:
        found.registry.publish(SITE)
        yield found


def governing(parts: Services) -> str | None:
    """The hash of the host policy in force."""
    policy = parts.host.current().policy
    return None if policy is None else policy.hash


def stopped(parts: Services, site: str = "shop") -> set[str]:
    """Where a site goes beyond the host policy, as its owner is told."""
    found = parts.registry.site(site)
    assert found is not None
    assert (found.host is None) == bool(found.suspended)
    return {each.pointer for each in found.suspended}


def test_a_saved_host_policy_governs_the_next_event_in_every_worker(tmp_path: Path) -> None:
    """M33: two workers on one folder; neither is restarted, and no clock has to move."""
    with opened(tmp_path / "data") as one, opened(tmp_path / "data") as two:
        one.registry.publish(SITE)
        assert two.registry.effective("shop", "statistics", CHOICE).scope.level("page") == 2
        looser = host_policy(retention_days=700)
        saved = save_host_policy(one, admin(one, "ann"), looser, expected=0)
        assert (saved.number, saved.suspended, saved.resumed) == (1, (), ())
        for parts in (one, two):
            assert governing(parts) == looser.hash
        save_host_policy(two, admin(two, "ann"), host_policy({"page": 1}), expected=1)
        for parts in (one, two):
            assert parts.registry.effective("shop", "statistics", CHOICE) == BOTTOM
            assert stopped(parts) == {"/purposes/statistics/levels/page"}


def test_the_second_of_two_admins_who_save_at_once_is_told(parts: Services) -> None:
    """Bad input: two admins saving at once (the second is told), nothing lost."""
    assert host_policy_number(parts) == 0
    first = host_policy(retention_days=700)
    save_host_policy(parts, admin(parts, "ann"), first, expected=0)
    with pytest.raises(Refused) as error:
        save_host_policy(parts, admin(parts, "bob"), host_policy(), expected=0)
    assert (error.value.reason, error.value.status) == ("changed-meanwhile", 409)
    assert governing(parts) == first.hash
    assert (
        save_host_policy(parts, admin(parts, "bob"), first, expected=1).number == 1
    )  # nothing to change


def test_a_site_in_conflict_is_suspended_and_told_why(parts: Services) -> None:
    """Pointer, declared, allowed, which link, what to write; the record names who did it."""
    parts.registry.publish(OTHER)
    saved = save_host_policy(parts, admin(parts, "ann"), host_policy({"page": 1}), expected=0)
    assert [held.site for held in saved.suspended] == ["other", "shop"]
    site = parts.registry.site("shop")
    assert site is not None
    assert [each.as_dict() for each in site.suspended] == [
        {
            "pointer": "/purposes/statistics/levels/page",
            "found": 2,
            "allowed": 1,
            "link": "host",
            "message": "the host allows 1: write 1 or less",
        }
    ]
    with parts.engine.connect() as connection:
        assert set(suspended_since(connection)) == {"shop", "other"}
    told = {(each.action, each.target, each.actor) for each in changes(parts.engine, 10)}
    assert told >= {("ceiling.save", "host", "ann"), ("site.suspend", "shop", "ann")}


def test_nothing_resumes_by_itself(parts: Services) -> None:
    """M33: another conflict, or the same policy again, lets nobody go on; a looser one does."""
    save_host_policy(parts, admin(parts, "ann"), host_policy({"page": 1}), expected=0)
    save_host_policy(parts, admin(parts, "ann"), host_policy({"browser": 0}), expected=1)
    assert stopped(parts) == {"/purposes/statistics/levels/browser"}
    saved = save_host_policy(parts, admin(parts, "ann"), host_policy(), expected=2)
    assert [held.site for held in saved.resumed] == ["shop"]
    assert stopped(parts) == set()
    assert parts.registry.effective("shop", "statistics", CHOICE) != BOTTOM


def test_an_owner_who_publishes_terms_that_fit_goes_on(parts: Services) -> None:
    """M33: and what still goes beyond is refused, so that nothing resumes by trying."""
    save_host_policy(parts, admin(parts, "ann"), host_policy({"page": 1}), expected=0)
    with pytest.raises(PolicyError):
        parts.registry.publish(policy("full"))
    assert stopped(parts) != set()
    fitting = copy.deepcopy(dict(SITE.document))
    for purpose in fitting["purposes"].values():
        purpose["levels"]["page"] = min(1, purpose["levels"].get("page", 0))
    parts.registry.publish(read_policy(fitting))
    assert stopped(parts) == set()


def test_placed_collectors_in_conflict_are_suspended_by_themselves(parts: Services) -> None:
    """M33: one within the host policy keeps its state, one beyond it is out of the next edition."""
    terms = {"data_use": SITE.purposes["statistics"].terms.data_use, "closes": "day"}
    least = {**terms, "levels": {"page": 1, "time": 1}}
    place(parts, tides(SITE, collector="modest", statistics=least))
    place(parts, tides(SITE, collector="curious", statistics={**terms, "levels": {"page": 2}}))
    saved = save_host_policy(parts, admin(parts, "ann"), host_policy({"page": 1}), expected=0)
    told = {(held.collector, held.owner) for held in saved.suspended}
    assert told == {("", ""), ("curious", "ann")}
    states = {each.name: each.state for each in parts.placed_collectors.all("shop")}
    assert states == {"modest": "active", "curious": "suspended"}
    curious = parts.placed_collectors.get("shop", "curious")
    assert curious is not None
    assert curious.reason is not None
    assert curious.reason["conflicts"][0]["pointer"] == "/purposes/statistics/levels/page"
    site = parts.registry.site("shop")
    assert site is not None
    assert set(site.editions.current.placed) == {"modest"}
    # Its site is stopped, and what stands on it with it.
    assert site.effective("modest/statistics", Choice(2, site.editions.current.number)) == BOTTOM
    save_host_policy(parts, admin(parts, "ann"), host_policy(), expected=1)
    assert {each.state for each in parts.placed_collectors.all("shop")} == {"active"}


def test_what_a_member_suspended_stays_so(parts: Services) -> None:
    """A looser host policy lets go on what a host policy stopped, and nothing else."""
    place(parts, tides(SITE))
    set_collector_state(parts, admin(parts, "ann"), "shop", "tides", "suspended")
    save_host_policy(parts, admin(parts, "ann"), host_policy({"page": 1}), expected=0)
    save_host_policy(parts, admin(parts, "ann"), host_policy(), expected=1)
    assert [each.state for each in parts.placed_collectors.all("shop")] == ["suspended"]


def test_a_preview_says_what_saving_does_and_does_nothing(parts: Services) -> None:
    """Before it is saved, its editor shows whom it would suspend, and who would go on."""
    place(parts, tides(SITE))
    tight = host_policy({"page": 1})
    seen = preview(parts, tight)
    assert stopped(parts) == set()
    assert (host_policy_number(parts), changes(parts.engine, 1)[0].action) == (
        0,
        "collector.change",
    )
    saved = save_host_policy(parts, admin(parts, "ann"), tight, expected=0)
    assert seen.suspends == saved.suspended
    assert seen.resumes == ()
    again = preview(parts, host_policy())
    assert again.suspends == ()
    assert (
        save_host_policy(parts, admin(parts, "ann"), host_policy(), expected=1).resumed
        == again.resumes
    )
    assert [(held.site, held.collector) for held in again.resumes] == [
        ("shop", ""),
        ("shop", "tides"),
    ]


def test_a_file_governs_and_is_archived(tmp_path: Path) -> None:
    """Where a file is given, saving is refused with its name; each version becomes an edition."""
    clock, file = Clock(), tmp_path / "host_policy.json"
    file.write_bytes(host_policy().canonical())
    with opened(tmp_path / "data", clock, host_policy=file) as parts:
        parts.registry.publish(SITE)
        with pytest.raises(Refused) as error:
            save_host_policy(parts, admin(parts, "ann"), host_policy({"page": 1}), expected=0)
        assert (error.value.reason, error.value.status) == ("ceiling-is-a-file", 409)
        assert "host_policy.json" in error.value.detail
        for _ in range(2):
            follow_file(parts, clock())
            assert host_policy_number(parts) == 1
        file.write_bytes(host_policy({"page": 1}).canonical())
        clock.now += 1
        assert parts.registry.effective("shop", "statistics", CHOICE).scope.level("page") == 1
        saved = follow_file(parts, clock())
        assert saved is not None
        assert [held.site for held in saved.suspended] == ["shop"]
        assert stopped(parts) == {"/purposes/statistics/levels/page"}
        file.write_text("nonsense")
        clock.now += 1
        assert follow_file(parts, clock()) is None
    with opened(tmp_path / "data") as parts:
        # Without its file the newest version of it goes on governing: nothing widens.
        assert governing(parts) == host_policy({"page": 1}).hash


def test_a_kept_host_policy_that_cannot_be_read_stops_everything(parts: Services) -> None:
    """M32: its row is damaged, or is not what was published; a new one may be saved."""
    save_host_policy(parts, admin(parts, "ann"), host_policy(retention_days=700), expected=0)
    for number, change in ((2, {"document": b"\0"}), (3, {"hash": "0" * 64})):
        with writing(parts.engine) as connection:
            row = connection.execute(host_edition.select()).first()
            assert row is not None
            values = {**row._mapping, "number": number, **change}
            connection.execute(delete(host_edition))
            connection.execute(host_edition.insert().values(values))
        assert parts.registry.effective("shop", "statistics", CHOICE) == BOTTOM
        assert not parts.registry.governed
        with pytest.raises(PolicyError):
            parts.registry.publish(policy("minimal"))
    save_host_policy(parts, admin(parts, "ann"), host_policy(), expected=3)
    assert parts.registry.effective("shop", "statistics", CHOICE) != BOTTOM


@pytest.mark.file
def test_a_registry_that_is_away_answers_nothing(parts: Services) -> None:
    """A worker that cannot confirm its policies says so: CollectorUnavailable, which is a 503."""
    with writing(parts.engine) as connection:
        connection.exec_driver_sql("DROP TABLE host_edition")
        connection.exec_driver_sql("CREATE TABLE host_edition (number)")
        connection.exec_driver_sql("INSERT INTO host_edition VALUES (9)")
    with pytest.raises(CollectorUnavailable):
        parts.host.current()
