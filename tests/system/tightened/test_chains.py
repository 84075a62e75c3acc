"""Whole chains of policies: host, site, placed collector, what was agreed, what is gathered."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from askfirst.contracts.events import Action, CookieInfo
from askfirst.observe.event import Raw, observe
from askfirst.terms.attributes import ATTRIBUTES, Value
from askfirst.terms.conflicts import subsumed_by
from askfirst.terms.edition import Choice, Edition, Editions, bounded_terms
from askfirst.terms.policy import Policy, read_policy, shipped
from askfirst.terms.terms import BOTTOM, Terms, meet
from askfirst_collector.catalogue.activate import chain_conflicts
from askfirst_collector.catalogue.chain_conflicts import purpose_conflicts
from askfirst_collector.catalogue.enforce_host_policy import affected_by
from askfirst_collector.catalogue.host_editions import add
from askfirst_collector.store.database import writing
from askfirst_collector.usecases.save_host_policy import host_policy_number, save_host_policy
from tests.support.collectors import policy
from tests.support.people import admin
from tests.support.placing import place, tides
from tests.unit.ingest.world import World, site_policy
from tests.unit.terms.strategies import some_terms

SITE = policy("full")
HOST = shipped("host-default")
PLACED = tides(SITE)
FIREFOX = b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
RAW = Raw({b"user-agent": FIREFOX, b"accept-language": b"de-AT"}, "203.0.113.7", 1.8e9)

# One use and one basis for all links: else all of it is BOTTOM, and proves little.
asked_for = some_terms.map(
    lambda each: replace(each, data_use="analytics.reporting", legal_basis="consent")
)
events = st.fixed_dictionaries(
    {"type": st.sampled_from(["page_view", "action"]), "page": st.just("/tides/dublin?p=v&q=w")},
    optional={
        "referrer": st.sampled_from(["https://a.example", "https://duckduckgo.com", "none"]),
        "screen": st.sampled_from([[1366, 768], "phone", [0, 0]]),
        "cookies": st.just(CookieInfo(True, ("x", "y"))),
        "action": st.sampled_from([Action("p", {"v": "w"}), Action("unlisted")]),
    },
)


@dataclass(frozen=True)
class Chain:
    """The terms of each link; `agreed` is an older edition of the placed collector."""

    host: Terms
    site: Terms
    placed: Terms
    agreed: Terms
    detail: int

    @property
    def effective(self) -> Terms:
        """What the collector finds, for a purpose of a placed collector."""
        host = of(HOST, "analytics", replace(self.host, data_use="analytics"))
        site = of(SITE, "statistics", self.site)
        then, now = (
            replace(PLACED, policy=of(PLACED.policy, "statistics", terms))
            for terms in (self.agreed, self.placed)
        )
        editions = Editions(
            (
                Edition(1, "1", 1, site, {"tides": then}),
                Edition(2, "2", 2, site, {"tides": now}),
            )
        )
        return bounded_terms(editions, "tides/statistics", Choice(self.detail, 1), host)

    @property
    def links(self) -> tuple[Terms, ...]:
        """Each link alone."""
        host = replace(self.host, data_use="analytics")
        return host, self.site, self.placed, self.agreed, self.agreed.at(self.detail)


def of(policy: Policy, name: str, terms: Terms) -> Policy:
    """A policy whose one purpose has these terms."""
    return replace(policy, purposes={name: replace(policy.purposes[name], terms=terms)})


chains = st.builds(
    Chain, asked_for, asked_for, asked_for, asked_for, detail=st.sampled_from([1, 2])
)
links = st.sampled_from(["host", "site", "placed", "agreed"])


def gathered(event: Mapping[str, object], terms: Terms) -> dict[str, Value]:
    """The fields of the row that an event becomes."""
    return observe(RAW, event, terms, place=None)


@settings(deadline=None)
@given(chains, events)
def test_an_accepted_event_is_accepted_by_each_link_alone(
    chain: Chain, event: dict[str, object]
) -> None:
    """No field that one of the links alone would not have gathered."""
    effective = chain.effective
    row = gathered(event, effective)
    for link in chain.links:
        assert subsumed_by(effective, link) == ()
        alone = gathered(event, link)
        assert row.keys() <= alone.keys()
        assert all(len(row[name]) <= len(alone[name]) for name in row)


@settings(deadline=None)
@given(chains, links, asked_for, events)
def test_tightening_never_adds_a_field(
    chain: Chain, link: str, other: Terms, event: dict[str, object]
) -> None:
    """Whichever link is narrowed, a row has the same fields, or fewer."""
    narrowed = replace(chain, **{link: meet(getattr(chain, link), other)})
    before, after = chain.effective, narrowed.effective
    assert subsumed_by(after, before) == ()
    rows = gathered(event, before), gathered(event, after)
    assert rows[1].keys() <= rows[0].keys()
    assert all(len(rows[1][name]) <= len(rows[0][name]) for name in rows[1])


@settings(deadline=None)
@given(asked_for, asked_for, asked_for, asked_for)
def test_adding_a_permission_never_removes_a_conflict(
    wide: Terms, less: Terms, site: Terms, host: Terms
) -> None:
    """With every link above, for a site as for a placed collector."""
    above = of(HOST, "analytics", replace(host, data_use="analytics"))
    within = of(SITE, "statistics", site)
    found = []
    for terms in (meet(wide, less), wide):
        own = of(SITE, "statistics", terms)
        placed = replace(PLACED, policy=of(PLACED.policy, "statistics", terms))
        found.append(
            {each.pointer for each in purpose_conflicts(own, above)}
            | {f"placed{each.pointer}" for each in chain_conflicts(placed, within, above)}
        )
    assert found[0] <= found[1]


@settings(deadline=None)
@given(asked_for, asked_for, asked_for)
def test_what_fits_a_link_fits_all_above_it(placed: Terms, site: Terms, host: Terms) -> None:
    """A placed collector within its site, and that within the host, is within the host."""
    site = meet(site, host)
    own = meet(placed, site)
    above = of(HOST, "analytics", replace(host, data_use="analytics"))
    lowest = replace(PLACED, policy=of(PLACED.policy, "statistics", own))
    if BOTTOM not in (site, own):
        assert chain_conflicts(lowest, of(SITE, "statistics", site), above) == ()


HOST_POLICIES = st.fixed_dictionaries(
    {name: st.integers(0, ATTRIBUTES[name].finest - 1) for name in ATTRIBUTES}
)


def host_policy(levels: Mapping[str, int], size: int) -> Policy:
    """The shipped host policy with other levels."""
    document = copy.deepcopy(dict(HOST.document))
    for purpose in document["purposes"].values():
        purpose["levels"] = {
            name: min(level, purpose["levels"].get(name, 0)) for name, level in levels.items()
        }
        purpose["min_cell_size"] = size
    return read_policy(document, kind="host")


def test_no_host_policy_adds_a_field_to_a_row_that_is_stored(tmp_path: Path) -> None:
    """M33 on real files: one event, host policies that only narrow, as each worker sees them."""
    with closing(World(tmp_path / "data", site_policy("full"))) as world:
        handle = world.grant(statistics=2)

        @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
        @given(HOST_POLICIES, HOST_POLICIES, st.integers(5, 9))
        def holds(first: dict[str, int], second: dict[str, int], size: int) -> None:
            both = {name: min(first[name], second[name]) for name in first}
            stored: list[dict[str, Value]] = []
            for levels in (first, both):
                with writing(world.parts.engine) as connection:
                    number = host_policy_number(world.parts) + 1
                    add(connection, host_policy(levels, size), number, world.now)
                world.post(world.body(), handle=handle)
                rows = world.rows()
                stored.append(rows[0].values if rows else {})
                assert all(len(parts) <= levels[name] for name, parts in stored[-1].items())
                for row in rows:
                    assert row.min_cell_size >= size
                    world.parts.events.drop(row.key)
            for before, after in pairwise(stored):
                assert after.keys() <= before.keys()
                assert all(len(after[name]) <= len(before[name]) for name in after)

        holds()


def test_saving_stops_exactly_what_is_in_conflict(tmp_path: Path) -> None:
    """M33: whatever the host policy, what stands lies within it, and what is stopped does not."""
    with closing(World(tmp_path / "data", site_policy("standard"))) as world:
        parts = world.parts
        least = {"levels": {"page": 1, "time": 1}, "min_cell_size": 8}
        place(parts, tides(world.policy, statistics=least))

        @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
        @given(HOST_POLICIES, st.integers(5, 9))
        def holds(levels: dict[str, int], size: int) -> None:
            above = host_policy(levels, size)
            save_host_policy(parts, admin(parts, "ann"), above, expected=host_policy_number(parts))
            site = parts.registry.site("example")
            assert site is not None
            assert (site.host is None) == bool(tuple(purpose_conflicts(world.policy, above)))
            (placed,) = parts.placed_collectors.all("example")
            conflicts = chain_conflicts(placed.placed, world.policy, above)
            assert placed.state == ("suspended" if conflicts else "active")
            assert set(site.editions.current.placed) == (set() if conflicts else {"tides"})
            changes = affected_by(parts.engine, above)
            assert not any(change.stops or change.resumes for change in changes)

        holds()
