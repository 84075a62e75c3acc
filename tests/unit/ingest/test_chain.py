"""Whole chains of terms, drawn at random: what is stored lies within every link of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from askfirst.contracts.events import read_batch
from askfirst.observe.event import Observer, Raw
from askfirst.terms.attributes import ATTRIBUTES, PSEUDONYMS
from askfirst.terms.consent import Signals
from askfirst.terms.edition import Choice, Edition, Editions, bounded_terms
from askfirst.terms.lattice import Scope
from askfirst.terms.placed import Placed
from askfirst.terms.policy import Policy
from askfirst.terms.sets import Listed
from askfirst.terms.terms import CLOSES, Terms, meet
from askfirst_collector.catalogue.sites import Site
from askfirst_collector.ingest.read_rows import Reading, Sender
from askfirst_collector.ledger.entries import ConsentStatus
from askfirst_collector.store.events import Row
from askfirst_collector.store.salts_file import SaltFile
from tests.support.placing import tides
from tests.unit.ingest.world import AGENT, NOW, site_policy
from tests.unit.terms.strategies import scopes

HANDLE = "5e" * 32
NAME = "tides/statistics"
SITE = site_policy()
LINKS = ("host", "site", "agreed", "placed", "detail")
USES = ("analytics", "analytics.reporting", "analytics.reporting.system")
HEADERS = {b"user-agent": AGENT.encode(), b"accept-language": b"de-AT,de;q=0.9"}
ALL: Listed[Any] = Listed(everything=True)
# Nothing is beyond it.
WIDEST = replace(
    SITE.purposes["statistics"].terms,
    data_use=USES[0],
    scope=Scope(tuple(each.finest for each in ATTRIBUTES.values())),
    retention_days=760,
    keep_rows_days=760,
    closes="month",
    min_cell_size=2,
    recipients=ALL,
    parameters=ALL,
    action_items=ALL,
    cookies=ALL,
    storage=ALL,
    table_items=ALL,
)


def some(*items: object) -> st.SearchStrategy[Any]:
    """Some of these, or all there could be."""
    return st.frozensets(st.sampled_from(items)).map(Listed) | st.just(Listed(everything=True))


one_link = st.builds(
    Terms,
    data_use=st.sampled_from(USES),
    scope=scopes,
    retention_days=st.integers(1, 400),
    keep_rows_days=st.integers(0, 30),
    closes=st.sampled_from(CLOSES),
    legal_basis=st.just("consent"),
    sells_or_shares=st.booleans(),
    minimum_age=st.just(0),
    min_cell_size=st.integers(2, 20),
    parameters=some(("sort", "price"), ("ref", "a")),
    action_items=some(("order",), ("leave",), ("order", "plan", "value", "pro")),
    cookies=some("_ga", "basket"),
)


@dataclass(frozen=True)
class Chain:
    """The terms of each link, and the detail that was chosen."""

    host: Terms = WIDEST
    site: Terms = WIDEST
    agreed: Terms = WIDEST  # the collector's, when the visitor agreed
    placed: Terms = WIDEST  # the collector's now
    detail: int = 2

    def alone(self, link: str) -> Chain:
        """This one link, and nothing else that narrows."""
        # But for what it is used for: no entry of a host policy is for a wider use than its own.
        wide = replace(WIDEST, data_use=self.placed.data_use)
        links = {"site": wide, "agreed": wide, "placed": wide, link: getattr(self, link)}
        return Chain(**links)

    @property
    def editions(self) -> Editions:
        first, second = self._placed(self.agreed), self._placed(self.placed)
        site = _policy(SITE, self.site)
        return Editions(
            (
                Edition(1, "a" * 64, 0, site, {"tides": first}),
                Edition(2, "b" * 64, 0, site, {"tides": second}),
            )
        )

    @property
    def host_policy(self) -> Policy:
        return _policy(SITE, self.host)

    def _placed(self, terms: Terms) -> Placed:
        found = tides(SITE)
        return replace(found, policy=_policy(found.policy, terms))


chains = st.builds(Chain, one_link, one_link, one_link, one_link, st.sampled_from([1, 2]))
events = st.fixed_dictionaries(
    {
        "purpose": st.just(NAME),
        "type": st.sampled_from(["page_view", "action"]),
        "page": st.sampled_from(["/tides/8812?sort=price", "/tides/cork?sort=x&ref=a", "/tides"]),
    },
    optional={
        "referrer": st.sampled_from(["https://www.google.com/", "https://a.example/x"]),
        "screen": st.sampled_from(["phone", [1366, 768]]),
        "cookies": st.just({"enabled": True, "names": ["_ga", "other"]}),
        "action": st.sampled_from(
            [{"name": "order", "properties": {"plan": "pro", "x": 1}}, {"name": "mystery"}]
        ),
    },
)


def _policy(policy: Policy, terms: Terms) -> Policy:
    purpose = replace(SITE.purposes["statistics"], terms=terms)
    return replace(policy, purposes={"statistics": purpose})


@pytest.fixture
def salts(tmp_path: Path) -> Iterator[SaltFile]:
    with closing(SaltFile(tmp_path / "salts.db", now=lambda: NOW, urandom=os.urandom)) as opened:
        opened.new_grant_key(HANDLE)
        yield opened


def gathered(chain: Chain, event: dict[str, Any], salts: SaltFile) -> Row | str:
    """What is stored of an event under a chain, or why nothing is."""
    site = Site("example", chain.editions, chain.host_policy, 1)
    choices = {NAME: Choice(2, 1), "statistics": Choice(chain.detail, 1)}
    standing = ConsentStatus("example", HANDLE, True, False, False, choices, 2**40, ("tides",), 0)
    sender = Sender(site, HANDLE, Signals(), lambda placed, path: True)
    named = sender.named(chain.editions.current.placed["tides"])
    observer = Observer(Raw(HEADERS, "203.0.113.7", NOW), place=None)
    reading = Reading(sender, standing, observer, salts, placed=named)
    batch = read_batch({"v": 1, "batch": "A" * 22, "events": [event]})
    return reading.row(batch.events[0])


def is_within(narrow: Row, wide: Row) -> bool:
    """Whether a row says nothing that the other does not."""
    return (
        narrow.values.keys() <= wide.values.keys()
        and all(len(narrow.values[each]) <= len(wide.values[each]) for each in narrow.values)
        and narrow.retention_days <= wide.retention_days
        and narrow.keep_rows_days <= wide.keep_rows_days
        and narrow.min_cell_size >= wide.min_cell_size
        and CLOSES.index(narrow.closes) <= CLOSES.index(wide.closes)
        and narrow.values.get("page", ())[:2]
        == wide.values.get("page", ())[: len(narrow.values.get("page", ())[:2])]
    )


slow = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@slow
@given(chains, events)
def test_what_a_chain_accepts_each_link_alone_accepts(
    salts: SaltFile, chain: Chain, event: dict[str, Any]
) -> None:
    """An accepted event is accepted by each link alone, and none says less of it."""
    row = gathered(chain, event, salts)
    for link in LINKS:
        if isinstance(row, Row):
            alone = gathered(chain.alone(link), event, salts)
            assert isinstance(alone, Row), link
            assert is_within(row, alone), link


@slow
@given(chains, events)
def test_a_row_has_only_what_the_effective_terms_allow(
    salts: SaltFile, chain: Chain, event: dict[str, Any]
) -> None:
    """M25: no field beyond them, no string that is on none of their lists, no longer than they."""
    row = gathered(chain, event, salts)
    if not isinstance(row, Row):
        return
    terms = bounded_terms(chain.editions, NAME, Choice(chain.detail, 1), chain.host_policy)
    levels = terms.scope.as_dict()
    assert row.values.keys() <= levels.keys() - PSEUDONYMS
    assert all(len(value) <= levels[name] for name, value in row.values.items())
    assert (row.pseudonym is not None) == bool(levels.get("visitor"))
    assert row.retention_days == terms.retention_days
    assert row.closes == terms.closes
    if "action" in row.values:
        assert row.values["action"][0] in {*terms.actions, "other", "unknown"}


@slow
@given(chains, events, st.sampled_from(LINKS[:-1]), one_link)
def test_tightening_never_adds_anything(
    salts: SaltFile, chain: Chain, event: dict[str, Any], link: str, tighter: Terms
) -> None:
    """Tightening never adds a field to any row, nor an event to those that are stored."""
    # The use stays: to narrow it to what was agreed to lets an older grant go on.
    terms = meet(getattr(chain, link), replace(tighter, data_use=USES[0]))
    changed: dict[str, Any] = {link: terms}
    tightened = replace(chain, **changed)
    after = gathered(tightened, event, salts)
    if isinstance(after, Row):
        before = gathered(chain, event, salts)
        assert isinstance(before, Row)
        assert is_within(after, before)


def test_a_chain_that_allows_everything_stores_everything(salts: SaltFile) -> None:
    """The properties above are about something: a wide chain has wide rows."""
    event = {"purpose": NAME, "type": "action", "page": "/tides", "action": {"name": "order"}}
    row = gathered(Chain(), event, salts)
    assert isinstance(row, Row)
    assert {"page", "time", "browser", "os", "action"} <= row.values.keys()
    assert row.pseudonym is not None
