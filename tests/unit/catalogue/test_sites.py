"""Sites and their editions: one line of history, within the host's policy, the same everywhere."""

from __future__ import annotations

import copy
import hashlib
import multiprocessing
from collections.abc import Iterator
from pathlib import Path

import pytest

from askfirst.errors import PolicyError
from askfirst.terms.edition import Choice, Edition, Editions, bounded_terms
from askfirst.terms.policy import read_policy, shipped
from askfirst.terms.terms import BOTTOM
from askfirst_collector.catalogue.chain_conflicts import conflicts
from askfirst_collector.ledger.changes import THE_SITE, changes
from askfirst_collector.members.rows import name_problem
from askfirst_collector.services import Services
from askfirst_collector.store.periods import IN_UTC
from tests.support.collectors import NOON, Clock, bytes_of, opened, policy, purposes
from tests.support.policies import every_purpose
from tests.support.site_keys import new_site_key

A, B = policy("full"), policy("standard")


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Services]:
    with opened(tmp_path) as found:
        yield found


def test_a_new_hash_is_the_next_edition(parts: Services) -> None:
    """The current hash publishes nothing; another one has the next number and a time."""
    parts.registry.publish(A)
    assert len(parts.registry.publish(A)) == 1
    editions = parts.registry.publish(B)
    assert [(e.number, e.hash, e.effective) for e in editions] == [
        (1, A.hash, int(NOON + 1234)),
        (2, B.hash, int(NOON + 1234)),
    ]
    assert [e.policy.document for e in editions] == [A.document, B.document]


def test_what_a_site_publishes_itself_is_in_the_ledger(parts: Services) -> None:
    """M17: an edition is an entry of its site's tree whoever published it; nothing new is none."""
    for each in (A, A, B):
        parts.registry.publish(each)
    published = changes(parts.engine, 9, sites={"shop"})
    assert [(one.actor, one.action, one.target) for one in published] == [
        (THE_SITE, "site.publish", "shop")
    ] * 2
    assert [(one.before or {}).get("hash") for one in published] == [A.hash, None]
    assert [one.after["hash"] for one in published] == [B.hash, A.hash]
    assert name_problem(THE_SITE)


def test_history_is_linear(parts: Services) -> None:
    """An old policy published again is a new edition; its hash means the newest of its numbers."""
    for each in (A, B, A):
        editions = parts.registry.publish(each)
    assert [e.hash for e in editions] == [A.hash, B.hash, A.hash]
    found = editions.by_hash(A.hash)
    assert found is not None
    assert found.number == 3


def test_editions_are_archived_under_their_hash(parts: Services) -> None:
    """S13: the canonical document of every edition hashes to its name, and so do its words."""
    parts.registry.publish(A)
    parts.registry.publish(B)
    for each in (A, B):
        document = parts.registry.document("shop", each.hash)
        assert document is not None
        assert hashlib.sha256(document).hexdigest() == each.hash
    assert parts.registry.document("shop", "0" * 64) is None


def test_what_goes_beyond_the_host_is_refused(parts: Services) -> None:
    """M31: with a JSON pointer and both values for each conflict; nothing of it is published."""
    wide = policy(purposes=purposes(statistics={"retention_days": 700, "keep_rows_days": 60}))
    with pytest.raises(PolicyError) as error:
        parts.registry.publish(wide)
    found = {problem.pointer: (problem.found, problem.message) for problem in error.value.problems}
    assert set(found) == {
        "/purposes/statistics/retention_days",
        "/purposes/statistics/keep_rows_days",
    }
    assert changes(parts.engine, 9) == ()
    declared, message = found["/purposes/statistics/retention_days"]
    assert declared == 700
    assert "365" in message
    assert parts.registry.site("shop") is None


def test_unknown_is_bottom(parts: Services) -> None:
    """An unknown site, purpose or edition gathers nothing."""
    parts.registry.publish(A)
    known = Choice(2, 1)
    assert parts.registry.effective("shop", "statistics", known) != BOTTOM
    assert parts.registry.effective("other", "statistics", known) == BOTTOM
    assert parts.registry.effective("shop", "other", known) == BOTTOM
    assert parts.registry.effective("shop", "statistics", Choice(2, 9)) == BOTTOM
    assert parts.registry.effective("shop", "statistics", Choice(0, 1)) == BOTTOM


def test_every_worker_sees_an_edition_at_once(parts: Services, tmp_path: Path) -> None:
    """What is remembered of a site goes when another process publishes, and only then."""
    with opened(tmp_path) as other:
        parts.registry.publish(A)
        first = other.registry.site("shop")
        parts.ledger.tally_refusal("shop", 1, IN_UTC)
        again = other.registry.site("shop")
        parts.registry.publish(B)
        second = other.registry.site("shop")
    assert first is not None
    assert again is not None
    assert second is not None
    assert again.editions is first.editions
    assert second.editions.current.hash == B.hash


def publish(folder: Path, name: str) -> int:
    with opened(folder) as parts:
        return parts.registry.publish(policy(name)).current.number


def test_workers_that_start_together_agree(tmp_path: Path) -> None:
    """Each opens a folder that nobody made yet, and publishes: one edition, one cookie key."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(2) as pool:
        numbers = pool.starmap(publish, [(tmp_path / "new", "full")] * 4, 1)
    assert numbers == [1, 1, 1, 1]


def test_site_keys_are_kept_as_hashes(parts: Services, tmp_path: Path) -> None:
    """The key of a relay is found by its hash, and stands in no file."""
    parts.registry.publish(A)
    key = new_site_key(parts.engine, "shop", urandom=parts.urandom)
    assert parts.registry.site_of_key(key) == "shop"
    assert parts.registry.site_of_key(key + "x") is None
    assert key.encode() not in bytes_of(tmp_path)


def test_origins_are_exact(parts: Services) -> None:
    """Only an origin that a site names is one."""
    parts.registry.publish(A)
    assert parts.registry.has_origin("https://shop.example")
    for other in ("https://shop.example.", "http://shop.example", "null", ""):
        assert not parts.registry.has_origin(other)


def test_shipped_policies_fit_the_shipped_host_policy(tmp_path: Path) -> None:
    """What comes with askfirst can be published without a host policy of one's own."""
    with opened(tmp_path, Clock()) as parts:
        for name in ("minimal", "standard", "full"):
            assert parts.registry.publish(shipped(name)).current.hash == shipped(name).hash


def test_days_of_the_whole_policy_are_bounded_too() -> None:
    """M31: a grant or its record may not last longer than the host allows."""
    host, site = shipped("host-default"), shipped("standard")
    longer = read_policy({**site.document, "evidence_days": host.evidence_days + 1})
    shorter = read_policy({**host.document, "consent_days": 90}, kind="host")
    assert [p.pointer for p in conflicts(longer, host)] == ["/evidence_days"]
    assert [p.pointer for p in conflicts(site, shorter)] == ["/consent_days"]
    assert list(conflicts(site, host)) == []


def test_a_purpose_that_is_only_disclosed_needs_no_host_policy() -> None:
    """What rests on another basis gathers nothing, so the host need not allow it."""
    document = copy.deepcopy(every_purpose("standard").document)
    document["purposes"]["preferences"]["legal_basis"] = "contract"
    site = read_policy(document)
    assert list(conflicts(site, shipped("host-default"))) == []
    editions = Editions((Edition(1, site.hash, 0, site),))
    assert bounded_terms(editions, "preferences", Choice(2, 1)) == BOTTOM
