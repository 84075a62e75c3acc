"""What a tightened host policy lets nobody keep any longer (M33)."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from sqlalchemy import insert

from askfirst.terms.policy import Policy, read_policy, shipped
from askfirst_collector.catalogue.host_editions import add, host_edition
from askfirst_collector.closing.close import close_due
from askfirst_collector.services import Services
from askfirst_collector.store.database import writing
from askfirst_collector.usecases.preview_host_policy import Purge, preview
from askfirst_collector.usecases.retention import purge
from tests.support.collectors import policy

from .house import DAY, MONDAY, Clock, after, key_of, row, store
from .test_close import closings

TUESDAY = "2026-11-17"


def host_policy(**analytics: Any) -> Policy:
    """The shipped host policy with other days for `analytics`, which statistics are a use below."""
    document = copy.deepcopy(dict(shipped("host-default").document))
    document["purposes"]["analytics"] |= analytics
    return read_policy(document, kind="host")


def put(parts: Services, policy: Policy, number: int) -> None:
    """Put a host policy in force."""
    with writing(parts.engine) as connection:
        add(connection, policy, number, parts.now())


@pytest.fixture
def closed(parts: Services, clock: Clock) -> Services:
    """Two closed days whose rows and tables may be kept for 30 and 365 days."""
    for day in (MONDAY, TUESDAY):
        rows = [row(parts, n, {"page": ("/kept",)}, key_of(day), keep=30) for n in range(9)]
        store(parts, rows)
    clock.now = after(TUESDAY)
    close_due(parts, clock.now)
    assert {key[1] for key in closings(parts) if key[0] == "statistics"} == {MONDAY, TUESDAY}
    assert kept(parts) == [MONDAY, TUESDAY]
    return parts


def kept(parts: Services) -> list[str]:
    """The periods that still have rows."""
    return sorted(each.period for each in parts.events.periods())


def tables(parts: Services) -> list[str]:
    """The periods of `statistics` that still have tables."""
    return sorted(period for purpose, period in closings(parts) if purpose == "statistics")


def test_what_is_over_retained_now_is_purged_by_the_next_run(
    closed: Services, clock: Clock
) -> None:
    """M33: rows and disclosed tables over the new retention; what is within it stays."""
    purge(closed, clock.now + 3 * DAY)
    assert (kept(closed), tables(closed)) == ([MONDAY, TUESDAY], [MONDAY, TUESDAY])
    put(closed, host_policy(closes="day", retention_days=4, keep_rows_days=4), 1)
    purge(closed, clock.now + 3 * DAY)
    assert (kept(closed), tables(closed)) == ([TUESDAY], [TUESDAY])
    purge(closed, clock.now + 4 * DAY)
    assert (kept(closed), tables(closed)) == ([], [])


def test_rows_go_before_tables_where_only_rows_are_over(closed: Services, clock: Clock) -> None:
    """Each by the days of its own: `keep_rows_days` for rows, `retention_days` for tables."""
    put(closed, host_policy(keep_rows_days=0), 1)
    purge(closed, clock.now)
    assert (kept(closed), tables(closed)) == ([], [MONDAY, TUESDAY])


def test_a_looser_host_policy_prolongs_nothing(closed: Services, clock: Clock) -> None:
    """The smaller of what was promised and what is allowed now."""
    put(closed, host_policy(retention_days=700, keep_rows_days=700), 1)
    purge(closed, clock.now + 31 * DAY)
    assert kept(closed) == []
    purge(closed, clock.now + 366 * DAY)
    assert tables(closed) == []


def test_a_use_without_an_entry_may_be_kept_no_longer(closed: Services, clock: Clock) -> None:
    """No entry, no gathering: and nothing of it stays."""
    document = copy.deepcopy(dict(shipped("host-default").document))
    del document["purposes"]["analytics"]
    put(closed, read_policy(document, kind="host"), 1)
    purge(closed, clock.now)
    assert (kept(closed), tables(closed)) == ([], [])


def test_a_host_policy_that_cannot_be_read_destroys_nothing(closed: Services, clock: Clock) -> None:
    """M32: gathering stops; what was gathered lasts as long as it was promised to."""
    with writing(closed.engine) as connection:
        values = {"number": 1, "hash": "0" * 64, "effective": 0, "document": b"nonsense"}
        connection.execute(insert(host_edition).values(values))
    assert closed.host.current().policy is None
    purge(closed, clock.now)
    assert (kept(closed), tables(closed)) == ([MONDAY, TUESDAY], [MONDAY, TUESDAY])


def test_a_preview_says_what_the_next_run_purges(closed: Services, clock: Clock) -> None:
    """Before it is saved, the editor shows what it would purge; no more goes."""
    clock.now += 3 * DAY
    tight = host_policy(closes="day", retention_days=4, keep_rows_days=4)
    seen = preview(closed, tight)
    assert seen.purges == (Purge("shop", "", "statistics", 1, False),)
    assert preview(closed, host_policy()).purges == ()
    assert (kept(closed), tables(closed)) == ([MONDAY, TUESDAY], [MONDAY, TUESDAY])
    put(closed, tight, 1)
    purge(closed, clock.now)
    assert (kept(closed), tables(closed)) == ([TUESDAY], [TUESDAY])
    assert preview(closed, tight).purges == ()


def test_a_preview_speaks_of_rows_by_terms_alone(closed: Services, clock: Clock) -> None:
    """M27: a count of rows, asked before and after an erasure, would tell how many one had."""
    closed.registry.publish(policy("full"))
    shorter = host_policy(keep_rows_days=4)
    seen = preview(closed, shorter)
    assert seen.purges == (Purge("shop", "", "statistics", 0, True),)
    for key in closed.events.periods():
        closed.events.drop(key)
    assert preview(closed, shorter) == seen
