"""What is past its time goes, by itself and by command; and what went is recorded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from click.testing import CliRunner

from askfirst.errors import CollectorUnavailable
from askfirst_collector.cli import main
from askfirst_collector.closing.close import close_due
from askfirst_collector.jobs.clock import Seen, note_seen
from askfirst_collector.ledger.changes import Change, changes
from askfirst_collector.ledger.verify import TreeReport, read_folder
from askfirst_collector.ledger.verify import verify as verify_trees
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.services import Services
from askfirst_collector.store.dialect import one_moment
from askfirst_collector.usecases.account import create_token
from askfirst_collector.usecases.links import create_set_up_link, set_up_admin
from askfirst_collector.usecases.record_consent import record_now
from askfirst_collector.usecases.retention import Ended, purge, rehearse
from tests.support.collectors import decision
from tests.unit.closing.house import (
    DAY,
    Clock,
    after,
    crowd,
    handle_of,
    noon,
    opened,
    policy,
    raw_files,
    store,
)

POLICY = policy(retention_days=30)
PAGE = "/of-one-day"


@pytest.fixture
def clock() -> Clock:
    return Clock(noon())


@pytest.fixture
def parts(tmp_path: Path, clock: Clock) -> Iterator[Services]:
    """A day that twenty visited, closed; an admin with a token of one day."""
    with opened(tmp_path / "data", clock, POLICY) as services:
        link = create_set_up_link(services, ON_THE_MACHINE)
        admin = set_up_admin(services, link, "ada", "four quiet herons wade")
        assert admin is not None
        create_token(services, admin, "ci", ["read"], days=1)
        store(services, crowd(services, 20, page=(PAGE,)))
        clock.now = after()
        close_due(services, clock.now)
        yield services


def destroyed(parts: Services) -> tuple[Change, ...]:
    return changes(parts.engine, 50, ended=True)


@pytest.mark.file
def test_a_rehearsal_says_what_a_purge_does_and_does_nothing(
    parts: Services, clock: Clock, tmp_path: Path
) -> None:
    """M28: the same numbers, and every byte of the figures still there; then none."""
    clock.now = after(days=32)
    expected = [entry for entry in rehearse(parts, clock.now) if entry.number is not None]
    assert Ended("figures", "shop", 1) in expected
    assert Ended("access", "", 1) in expected
    assert PAGE.encode() in raw_files(tmp_path)
    assert destroyed(parts) == ()
    assert purge(parts, clock.now) == expected
    assert PAGE.encode() not in raw_files(tmp_path)
    assert purge(parts, clock.now) == []


def test_what_went_is_an_entry_of_its_sites_tree(parts: Services, clock: Clock) -> None:
    """One a site, apart from what members changed, and none where nothing went."""
    clock.now = after(days=32)
    before = changes(parts.engine, 50)
    purge(parts, clock.now)
    purge(parts, clock.now)
    assert [(entry.site, entry.target, entry.after) for entry in destroyed(parts)] == [
        ("shop", "shop", {"figures": 1}),
        (None, "host", {"access": 1}),
    ]
    assert changes(parts.engine, 50) == before
    with one_moment(parts.folder.ledger, parts.folder.ledger_url, 5) as ask:
        trees = [tuple(row) for row in ask("SELECT tree FROM entry ORDER BY idx DESC LIMIT 2")]
    assert sorted(trees) == [("@host",), ("shop",)]


@pytest.mark.parametrize(("grants", "told"), [(4, []), (30, [30])])
def test_of_grants_a_number_is_told_by_the_rule_alone(
    parts: Services, clock: Clock, grants: int, told: list[int]
) -> None:
    """M27: evidence goes however many it was; how many, only where enough ended at once."""
    for number in range(grants):
        record_now(parts, decision(POLICY, handle=handle_of(number)))
    ended = clock.now + (366 + POLICY.evidence_days) * DAY
    known = [entry.number for entry in rehearse(parts, ended) if entry.kind == "evidence"]
    assert known == [None]
    purged = [entry.number for entry in purge(parts, ended) if entry.kind == "evidence"]
    assert purged == told
    assert parts.ledger.handles() == []
    assert [entry.after["evidence"] for entry in destroyed(parts) if "evidence" in entry.after] == (
        told
    )


@pytest.mark.file
def test_a_disk_that_is_full_in_the_middle_is_finished_later(parts: Services, clock: Clock) -> None:
    """Part of the evidence is gone, none half; the ledger is sound; the next purge goes on."""
    resource = pytest.importorskip("resource")
    for number in range(700):
        record_now(parts, decision(POLICY, handle=handle_of(number)))
    parts.ledger.truncate()
    over = clock.now + (366 + POLICY.evidence_days) * DAY
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    # No file may be larger than half the ledger: its journal has room for one slice, not for all.
    room = parts.folder.ledger.stat().st_size // 2
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        with pytest.raises(CollectorUnavailable):
            purge(parts, over)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    left = parts.ledger.handles()
    assert 0 < len(left) < 700
    assert all(parts.ledger.history(site, handle) for site, handle in left)
    assert [problem for tree in verify(parts) for problem in tree.problems] == []
    assert Ended("evidence", "shop", len(left)) in purge(parts, over)
    assert parts.ledger.handles() == []
    assert [problem for tree in verify(parts) for problem in tree.problems] == []


def verify(parts: Services) -> list[TreeReport]:
    """The trees of the ledger, derived again."""
    with read_folder(parts.folder) as (_, leaves, signed):
        return verify_trees(leaves, signed)


def test_two_purges_at_once_record_what_went_once(parts: Services, clock: Clock) -> None:
    """A command beside the job: one of them finds nothing left."""
    clock.now = after(days=32)
    with ThreadPoolExecutor(2) as pool:
        purges = [pool.submit(purge, parts, clock.now) for _ in range(2)]
        numbers = sorted(len(each.result()) for each in purges)
    assert numbers == [0, 2]
    assert len(destroyed(parts)) == 2


def test_a_clock_that_was_set_back_destroys_nothing(parts: Services, clock: Clock) -> None:
    """What is not over by the time that is given stays, and goes when it is."""
    clock.now = after(days=32)
    assert purge(parts, noon() - 400 * DAY) == []
    assert Ended("figures", "shop", 1) in purge(parts, clock.now)


def test_the_command_goes_by_no_clock_that_nobody_watched(parts: Services, tmp_path: Path) -> None:
    """A machine whose clock jumped destroys nothing by `askfirst purge`; a dry run may look."""
    words = ["purge", "--data", str(tmp_path / "data")]
    note_seen(parts, Seen(after()))  # the real clock says another time
    refused = CliRunner().invoke(main, words)
    assert refused.exit_code == 1
    assert "the time that the collector saw last" in refused.output
    looked = CliRunner().invoke(main, [*words, "--dry-run", "--json"])
    assert looked.exit_code == 0, looked.output
    assert json.loads(looked.output)["destroyed"] is False
    assert destroyed(parts) == ()
