"""Placing collectors: the chain when it is written, states, keys, two who save at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from askfirst.errors import PolicyError, Refused
from askfirst.terms.edition import Choice
from askfirst.terms.placed import Placed
from askfirst.terms.terms import BOTTOM
from askfirst_collector.ledger.changes import CLI, THE_SITE, changes
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.services import Services
from askfirst_collector.usecases import placed_collectors as placing
from askfirst_collector.usecases.placed_collectors import renew_write_key, set_collector_state
from askfirst_collector.usecases.sites import publish_policy, retire_site, unschedule_policy
from tests.support.collectors import Clock, opened, policy, purposes
from tests.support.ledger import contents
from tests.support.people import admin
from tests.support.placing import place, save, tides

SITE = policy("full")
OWNER = {"name": "A name", "contact": "me@own.example", "country": "IE"}
WIDE = {"levels": {"page": 3, "time": 4}, "retention_days": 700}


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Services]:
    with opened(tmp_path) as found:
        found.registry.publish(SITE)
        yield found


def collector(name: str = "tides", *, site: str = "shop", **changes: Any) -> Placed:
    """One that is well below the site, so that both may be narrowed around it."""
    least = {"levels": {"page": 1, "time": 1}, "min_cell_size": 10, **changes.pop("statistics", {})}
    document = {"collector": name, "site": site, **changes}
    return tides(SITE, statistics=least, **document)


def put(parts: Services, placed: Placed) -> str:
    """Put it on its pages; the answer is its write key."""
    return place(parts, placed).write_key


def numbers(parts: Services) -> list[int]:
    site = parts.registry.site("shop")
    assert site is not None
    return [edition.number for edition in site.editions]


def test_a_new_collector_is_a_draft_that_gathers_nothing(parts: Services) -> None:
    """A draft is in no edition; put on its pages it makes the next one, and terms within all."""
    save(parts, collector(), owner="ann", actor="ann")
    assert numbers(parts) == [1]
    set_collector_state(parts, admin(parts, "ann"), "shop", "tides", "active")
    assert numbers(parts) == [1, 2]
    terms = parts.registry.effective("shop", "tides/statistics", Choice(2, 2))
    assert terms.scope.as_dict() == {"time": 1, "page": 1}
    assert terms.retention_days == 30


def test_what_goes_beyond_the_chain_is_refused_with_every_conflict(parts: Services) -> None:
    """M31: pointer, what is declared, what is allowed, which link forbids it, what to write."""
    with pytest.raises(PolicyError) as error:
        save(parts, collector(statistics=WIDE), owner="ann", actor="ann")
    told = {(each.pointer, each.link) for each in error.value.problems}
    assert ("/purposes/statistics/levels/time", "site") in told
    assert ("/purposes/statistics/retention_days", "host") in told
    first = error.value.problems[0].as_dict()
    assert first.keys() == {"pointer", "found", "allowed", "link", "message"}
    assert parts.placed_collectors.all("shop") == ()


def test_clamping_is_asked_for_and_says_what_it_cut(parts: Services) -> None:
    """Default `refuse`; `clamp` only when the owner asks, and then the answer shows the cut."""
    saved = save(parts, collector(statistics=WIDE), owner="ann", actor="ann", clamp=True)
    assert {each.pointer for each in saved.cut} >= {"/purposes/statistics/retention_days"}
    assert not parts.placed_collectors.check(saved.collector.placed)


def test_the_second_of_two_who_save_at_once_is_told(parts: Services) -> None:
    """Two admins saving at once: the second is told, and nothing of the first is lost."""
    first = save(parts, collector(), owner="ann", actor="ann", expected=0).collector
    wider = collector(pages=["/tides/**", "/harbours/*"])
    save(parts, wider, owner="ann", actor="ann", expected=first.version)
    with pytest.raises(Refused) as error:
        save(parts, collector(), owner="ann", actor="bob", expected=first.version)
    assert (error.value.reason, error.value.status) == ("changed-meanwhile", 409)
    kept = parts.placed_collectors.get("shop", "tides")
    assert kept is not None
    assert kept.placed.document == wider.document


def test_states_and_their_reasons(parts: Services) -> None:
    """Suspended by its owner it gathers nothing until it is put back; retired it is over."""
    put(parts, collector())
    stopped = set_collector_state(parts, admin(parts, "bob"), "shop", "tides", "suspended")
    assert stopped.reason == {"by": "bob"}
    assert parts.registry.effective("shop", "tides/statistics", Choice(2, 2)) == BOTTOM
    set_collector_state(parts, admin(parts, "ann"), "shop", "tides", "active")
    # The old grant counts again: nothing of it was widened.
    assert parts.registry.effective("shop", "tides/statistics", Choice(2, 2)) != BOTTOM
    set_collector_state(parts, admin(parts, "ann"), "shop", "tides", "retired")
    with pytest.raises(Refused, match="retired"):
        set_collector_state(parts, admin(parts, "ann"), "shop", "tides", "active")
    with pytest.raises(Refused) as error:
        save(parts, collector(), owner="ann", actor="ann")
    assert error.value.reason == "collector-retired"


def test_a_narrower_site_suspends_what_it_leaves_outside(parts: Services) -> None:
    """A collector in conflict with the site's new policy stops, with its conflicts, and goes on
    when the policy allows it again; one that a member stopped does not."""
    put(parts, collector(statistics={"retention_days": 300}))
    put(parts, collector("counter", pages=["/a/**"], statistics={"retention_days": 300}))
    set_collector_state(parts, admin(parts, "bob"), "shop", "counter", "suspended")
    narrow = policy("full", purposes=purposes(statistics={"retention_days": 100}))
    parts.registry.publish(narrow)
    stopped = parts.placed_collectors.get("shop", "tides")
    assert stopped is not None
    assert stopped.state == "suspended"
    assert stopped.reason is not None
    [conflict] = stopped.reason["conflicts"]
    assert conflict["pointer"] == "/purposes/statistics/retention_days"
    assert (conflict["found"], conflict["allowed"], conflict["link"]) == (300, 100, "site")
    parts.registry.publish(SITE)
    states = {each.name: each.state for each in parts.placed_collectors.all("shop")}
    assert states == {"tides": "active", "counter": "suspended"}


def test_fixing_its_terms_lets_a_collector_go_on(parts: Services) -> None:
    """Nothing resumes by itself unless the owner fixes it: saving what fits does."""
    put(parts, collector(statistics={"retention_days": 300}))
    parts.registry.publish(policy("full", purposes=purposes(statistics={"retention_days": 100})))
    fixed = save(parts, collector(), owner="ann", actor="ann").collector
    assert fixed.state == "active"


def test_keys_are_drawn_once_each_and_found(parts: Services) -> None:
    """A key used after its end names nobody."""
    key = put(parts, collector())
    assert parts.registry.collector_of_key(key) == ("shop", "tides")
    other = renew_write_key(parts, admin(parts, "ann"), "shop", "tides").write_key
    assert parts.registry.collector_of_key(other) == ("shop", "tides")
    assert parts.registry.collector_of_key(key) is None
    assert parts.registry.collector_of_key("placed_") is None


def test_every_change_is_recorded_with_before_and_after(parts: Services) -> None:
    """Every change by a member is a ledger entry; no write key stands in it."""
    key = put(parts, collector())
    told = changes(parts.engine, 10, sites={"shop"})
    assert [(each.action, each.actor) for each in told] == [
        ("collector.change", CLI),
        ("collector.add", CLI),
        ("site.publish", THE_SITE),
    ]
    assert (told[0].before["state"], told[0].after["state"]) == ("draft", "active")
    assert key not in repr(told)


@pytest.mark.file
def test_the_record_of_a_change_says_what_changed_and_none_of_its_words(parts: Services) -> None:
    """The edition by number and hash, the key by an id; an owner's own text is nowhere."""
    put(parts, collector(controller=OWNER))
    site = parts.registry.site("shop")
    assert site is not None
    activated = changes(parts.engine, 1, sites={"shop"})[0]
    assert activated.before["edition"] == 1
    current = site.editions.current
    assert (activated.after["edition"], activated.after["hash"]) == (2, current.hash)
    renew_write_key(parts, ON_THE_MACHINE, "shop", "tides")
    renewed = changes(parts.engine, 1, sites={"shop"})[0]
    changed = {name for name in renewed.after if renewed.after[name] != renewed.before[name]}
    assert changed == {"key", "version"}
    with parts.engine.connect() as connection:
        bodies = [*contents(connection.connection.driver_connection)]
    for text in ("me@own.example", "A name", "Counts readers", "/tides"):
        assert text not in repr(bodies)


def test_overlapping_collectors_are_named(parts: Services) -> None:
    """Overlapping collectors are allowed, each asks for itself, and the second owner is told."""
    put(parts, collector())
    assert parts.placed_collectors.overlapping(collector("other", pages=["/tides/**", "/x"])) == (
        "tides",
    )
    assert parts.placed_collectors.overlapping(collector("other", pages=["/x"])) == ()


def test_more_than_the_cookie_holds_is_refused(parts: Services) -> None:
    """The state cookie has an end: what would not fit is refused, and nothing is half done."""
    names = [f"a-collector-with-a-long-name-{number:02}" for number in range(50)]
    with pytest.raises(PolicyError, match="cookie"):
        [put(parts, collector(name)) for name in names]
    standing = [each for each in parts.placed_collectors.all("shop") if each.state == "active"]
    site = parts.registry.site("shop")
    assert site is not None
    assert len(site.editions.current.placed) == len(standing) > 10


def test_a_site_that_is_unknown_or_retired(parts: Services) -> None:
    """Nothing is placed where no policy stands above it, or none any more."""
    with pytest.raises(Refused, match="no-such-site"):
        save(parts, collector(site="other"), owner="ann", actor="ann")
    put(parts, collector())
    retire_site(parts, ON_THE_MACHINE, "shop")
    assert parts.registry.effective("shop", "tides/statistics", Choice(2, 2)) == BOTTOM
    assert parts.registry.effective("shop", "statistics", Choice(2, 1)) == BOTTOM
    with pytest.raises(Refused, match="site-retired"):
        save(parts, collector("other"), owner="ann", actor="ann")
    with pytest.raises(Refused, match="site-retired"):
        parts.registry.publish(policy("standard"))


def test_a_policy_for_later_takes_effect_at_its_time(tmp_path: Path) -> None:
    """An edition's effective time is now or later; what goes back in time is refused."""
    clock = Clock()
    later = policy("standard")
    with opened(tmp_path, clock) as parts:
        parts.registry.publish(SITE)
        at = int(clock()) + 3600
        publish_policy(parts, ON_THE_MACHINE, later, effective=at)
        assert numbers(parts) == [1]
        kept = parts.registry.scheduled("shop")
        assert kept is not None
        assert (kept.effective, kept.policy.hash) == (at, later.hash)
        with pytest.raises(PolicyError, match="back in time"):
            publish_policy(parts, ON_THE_MACHINE, later, effective=int(clock()) - 1)
        clock.now = at
        site = parts.registry.site("shop")
        assert site is not None
        assert (site.editions.current.number, site.editions.current.hash) == (2, later.hash)
        assert parts.registry.scheduled("shop") is None


def test_a_policy_for_later_can_be_dropped(tmp_path: Path) -> None:
    """What was to take effect later, and was dropped, never does."""
    clock = Clock()
    with opened(tmp_path, clock) as parts:
        parts.registry.publish(SITE)
        at = int(clock()) + 60
        publish_policy(parts, ON_THE_MACHINE, policy("standard"), effective=at)
        unschedule_policy(parts, ON_THE_MACHINE, "shop")
        clock.now += 120
        assert numbers(parts) == [1]


def test_another_process_sees_the_change_at_once(tmp_path: Path) -> None:
    """Editions are exact in every worker: a second opening of the folder sees the collector."""
    with opened(tmp_path) as one, opened(tmp_path) as two:
        one.registry.publish(SITE)
        assert numbers(two) == [1]
        key = put(one, collector())
        assert numbers(two) == [1, 2]
        assert two.registry.collector_of_key(key) == ("shop", "tides")
        set_collector_state(one, admin(one, "ann"), "shop", "tides", "suspended")
        assert two.registry.effective("shop", "tides/statistics", Choice(2, 2)) == BOTTOM


def test_what_a_member_stops_the_chain_does_not_let_go_on(parts: Services) -> None:
    """M33: a collector that the chain had stopped can be stopped by its site's owner besides."""
    put(parts, collector(statistics={"retention_days": 300}))
    parts.registry.publish(policy("full", purposes=purposes(statistics={"retention_days": 100})))
    stopped = set_collector_state(parts, admin(parts, "bob"), "shop", "tides", "suspended")
    assert stopped.reason == {"by": "bob"}
    assert save(parts, collector(), owner="ann", actor="ann").collector.state == "suspended"
    parts.registry.publish(SITE)
    kept = parts.placed_collectors.get("shop", "tides")
    assert kept is not None
    assert kept.state == "suspended"


def test_an_owner_cannot_fill_the_history_of_a_site(
    parts: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S19: every visitor is told of each edition, so their number a day is bounded."""
    monkeypatch.setattr(placing, "MOST_A_DAY", 6)
    put(parts, collector())
    for state in ("suspended", "active", "suspended", "active"):
        set_collector_state(parts, admin(parts, "ann"), "shop", "tides", state)
    with pytest.raises(Refused, match="too-many-requests"):
        save(parts, collector(pages=["/other"]), owner="ann", actor="ann")
    # Less is always possible, and so is what makes no edition.
    renew_write_key(parts, admin(parts, "ann"), "shop", "tides")
    set_collector_state(parts, admin(parts, "bob"), "shop", "tides", "suspended")
    save(parts, collector(pages=["/other"]), owner="ann", actor="ann")
    with pytest.raises(Refused, match="too-many-requests"):
        set_collector_state(parts, admin(parts, "ann"), "shop", "tides", "active")
    assert (
        set_collector_state(parts, admin(parts, CLI), "shop", "tides", "active").state == "active"
    )
