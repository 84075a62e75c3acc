"""Rows of the registry that cannot be read: each narrows its own site, and no other one (M32)."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from askfirst.errors import CollectorUnavailable, PolicyError
from askfirst.terms.edition import Choice
from askfirst.terms.placed import Placed
from askfirst.terms.policy import Policy, read_policy, shipped
from askfirst.terms.terms import BOTTOM
from askfirst_collector.catalogue.activate import move_revision
from askfirst_collector.closing.close import close_due, due
from askfirst_collector.closing.today import add_newcomers
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.services import Services
from askfirst_collector.store.database import writing
from askfirst_collector.store.today import today
from askfirst_collector.usecases.placed_collectors import set_collector_state
from askfirst_collector.usecases.record_consent import record_now
from askfirst_collector.usecases.retention import purge
from askfirst_collector.usecases.save_host_policy import save_host_policy
from askfirst_collector.usecases.sites import publish_policy, retire_site
from tests.support.collectors import NOON, Clock, decision, opened, policy, purposes
from tests.support.people import admin
from tests.support.placing import place, save, tides

pytestmark = pytest.mark.file

DAY = 86_400
SITE = policy("standard")
OTHER = policy("standard", site="zoo", origins=["https://zoo.example"])
DAMAGE = (b"\xff\0", b"{}", b'{"policy": 7}', b"[]")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def parts(tmp_path: Path, clock: Clock) -> Iterator[Services]:
    with opened(tmp_path, clock) as found:
        found.registry.publish(SITE)
        found.registry.publish(OTHER)
        yield found


def damage(parts: Services, table: str, document: bytes, *, site: str = "shop") -> None:
    with writing(parts.engine) as connection:
        statement = f"UPDATE {table} SET document = ? WHERE site = ?"
        connection.exec_driver_sql(statement, (document, site))
        move_revision(connection)


def tightened() -> Policy:
    document = copy.deepcopy(dict(shipped("host-default").document))
    document["purposes"]["analytics"]["levels"]["page"] = 1
    return read_policy(document, kind="host")


def effective(parts: Services, site: str, name: str = "statistics") -> Any:
    found = parts.registry.site(site)
    assert found is not None
    return found.effective(name, Choice(2, found.editions.current.number))


@pytest.mark.parametrize("document", DAMAGE)
def test_a_placed_collector_that_cannot_be_read_is_out_of_the_next_edition(
    parts: Services, document: bytes
) -> None:
    """M33: and it keeps no host policy from stopping what goes beyond it, there or elsewhere."""
    place(parts, tides(SITE))
    damage(parts, "placed", document)
    # What is in force was archived whole: it goes on until something changes.
    assert effective(parts, "shop", "tides/statistics") != BOTTOM
    saved = save_host_policy(parts, admin(parts, "ann"), tightened(), expected=0)
    assert {held.site for held in saved.suspended} == {"shop", "zoo"}
    found = parts.registry.site("shop")
    assert found is not None
    assert found.editions.current.placed == {}
    assert parts.placed_collectors.all("shop") == ()
    # Its name stays taken: nobody gets it by saving another one over it.
    for ask in (
        lambda: parts.placed_collectors.get("shop", "tides"),
        lambda: save(parts, tides(SITE), owner="bob", actor="bob"),
    ):
        with pytest.raises(CollectorUnavailable):
            ask()


@pytest.mark.parametrize("document", DAMAGE)
def test_an_edition_that_cannot_be_read_stops_its_own_site_alone(
    parts: Services, clock: Clock, document: bytes
) -> None:
    """M32: other sites are counted, closed, forgotten, and answered as before."""
    handle = "ab" * 32
    for site, asked in (("shop", SITE), ("zoo", OTHER)):
        chosen = decision(asked, handle=handle)
        record_now(parts, type(chosen)(**{**vars(chosen), "site": site}))
    damage(parts, "edition", document)
    with pytest.raises(CollectorUnavailable):
        parts.registry.site("shop")
    assert [each.name for each in parts.registry.readable()] == ["zoo"]
    assert parts.registry.has_origin("https://zoo.example")
    assert not parts.registry.has_origin("https://shop.example")
    add_newcomers(parts, clock())
    with parts.engine.connect() as connection:
        assert {row.site for row in connection.execute(select(today))} == {"zoo"}
    purge(parts, clock())
    clock.now = NOON + 2 * DAY
    assert {key.site for key in due(parts, clock())} == {"zoo"}
    assert {key.site for key in close_due(parts, clock())} == {"zoo"}


# What takes effect later


def later(parts: Services, clock: Clock, found: Policy) -> None:
    publish_policy(parts, ON_THE_MACHINE, found, effective=int(clock()) + 60)


def number(parts: Services) -> int:
    found = parts.registry.site("shop")
    assert found is not None
    assert found.host is not None
    return found.editions.current.number


def many(count: int) -> Policy:
    """The site with so many purposes of long names."""
    asked = purposes("standard")
    names = (f"a-purpose-with-a-name-that-is-long-{number:02}" for number in range(count))
    named = dict.fromkeys(names, asked["statistics"])
    return policy("standard", purposes={**asked, **named})


def crowd(site: Policy, name: str, **changes: Any) -> Placed:
    """A collector with every long purpose of a site."""
    levels = {"page": 1, "time": 1, **changes}
    least = tides(site, statistics={"levels": levels}).document["purposes"]["statistics"]
    long = {each: least for each in site.asked if len(each) > 30}
    return tides(site, collector=name, purposes=long)


def test_what_does_not_fit_the_cookie_at_its_time_is_refused(parts: Services, clock: Clock) -> None:
    """A policy for later that cannot be in force by then stops nothing, and says why."""
    site = many(10)
    parts.registry.publish(site)
    later(parts, clock, many(45))
    place(parts, crowd(site, "c" * 40))
    before = number(parts)
    clock.now += 61
    assert number(parts) == before
    kept = parts.registry.scheduled("shop")
    assert kept is not None
    assert "cookie" in kept.refused[0]["message"]
    assert number(parts) == before


@pytest.mark.parametrize("document", DAMAGE)
def test_a_policy_for_later_that_cannot_be_read_stops_nothing(
    parts: Services, clock: Clock, document: bytes
) -> None:
    """M32: unknown means none: what is in force goes on, and another may be scheduled."""
    later(parts, clock, policy("minimal"))
    damage(parts, "scheduled", document)
    assert parts.registry.scheduled("shop") is None
    clock.now += 61
    assert number(parts) == 1
    later(parts, clock, policy("minimal"))
    clock.now += 61
    assert number(parts) == 2


def test_a_policy_for_later_waits_for_a_host_policy_that_cannot_be_read(
    tmp_path: Path, clock: Clock
) -> None:
    """M32: a host policy that is being written refuses nothing for good."""
    file = tmp_path / "host.json"
    whole = shipped("host-default").canonical()
    file.write_bytes(whole)
    with opened(tmp_path / "data", clock, host_policy=file) as parts:
        parts.registry.publish(SITE)
        later(parts, clock, policy("minimal"))
        file.write_text("half of i")
        clock.now += 61
        found = parts.registry.site("shop")
        assert found is not None
        assert (found.host, found.editions.current.number) == (None, 1)
        file.write_bytes(whole)
        clock.now += 2
        assert number(parts) == 2


def test_nothing_takes_effect_at_a_site_that_ended(parts: Services, clock: Clock) -> None:
    """Retired is over; a policy that waited makes no edition of it any more."""
    later(parts, clock, policy("minimal"))
    retire_site(parts, ON_THE_MACHINE, "shop")
    clock.now += 61
    found = parts.registry.site("shop")
    assert found is not None
    assert (found.host, found.editions.current.number) == (None, 1)
    assert parts.registry.scheduled("shop") is None


# Who goes on beside whom


def test_what_cannot_go_on_beside_others_stays_stopped_and_keeps_nobody_standing(
    parts: Services,
) -> None:
    """M33: a hostile owner's many names must not keep a collector beyond the host's in place."""
    site = many(13)
    parts.registry.publish(site)
    place(parts, crowd(site, "a" * 40, page=2))
    first = save_host_policy(parts, admin(parts, "ann"), tightened(), expected=0)
    assert "a" * 40 in {held.collector for held in first.suspended}
    place(parts, crowd(site, "b" * 40))
    place(parts, tides(site, collector="curious", statistics={"levels": {"browser": 1}}))
    document = copy.deepcopy(dict(shipped("host-default").document))
    document["purposes"]["analytics"]["levels"]["browser"] = 0
    second = save_host_policy(
        parts, admin(parts, "ann"), read_policy(document, kind="host"), expected=1
    )
    states = {each.name: each.state for each in parts.placed_collectors.all("shop")}
    assert states == {"a" * 40: "suspended", "b" * 40: "active", "curious": "suspended"}
    assert [held.collector for held in second.suspended] == ["curious"]
    assert "a" * 40 not in {held.collector for held in second.resumed}
    waits = parts.placed_collectors.get("shop", "a" * 40)
    assert waits is not None
    assert waits.reason is not None
    assert "cookie" in waits.reason["conflicts"][0]["message"]
    set_collector_state(parts, admin(parts, "ann"), "shop", "b" * 40, "retired")
    third = save_host_policy(parts, admin(parts, "ann"), shipped("host-default"), expected=2)
    assert {held.collector for held in third.resumed} >= {"a" * 40, "curious"}


def test_publishing_goes_on_where_one_of_them_cannot(parts: Services) -> None:
    """One that cannot go on does not keep the site's owner from publishing."""
    site = many(13)
    parts.registry.publish(site)
    place(parts, crowd(site, "a" * 40, page=2))
    narrow = copy.deepcopy(dict(site.document))
    for each in narrow["purposes"].values():
        each["levels"]["page"] = 1
    parts.registry.publish(read_policy(narrow))
    place(parts, crowd(site, "b" * 40))
    parts.registry.publish(site)
    assert [each.state for each in parts.placed_collectors.all("shop")] == ["suspended", "active"]
    with pytest.raises(PolicyError, match="cookie"):
        set_collector_state(parts, admin(parts, "ann"), "shop", "a" * 40, "active")
