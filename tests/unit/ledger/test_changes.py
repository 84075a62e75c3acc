"""What members changed: in the ledger with before and after, and out of every count of visitors."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select

from askfirst_collector.ledger.changes import Change, changes, record_change
from askfirst_collector.ledger.tables import refusal
from askfirst_collector.services import Services
from askfirst_collector.store.database import writing
from askfirst_collector.usecases.record_consent import record_now
from askfirst_collector.usecases.retention import purge
from tests.support.collectors import HANDLE, NOON, Clock, decision, opened, policy

POLICY = policy()
DAY = 86_400


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def parts(tmp_path: Path, clock: Clock) -> Iterator[Services]:
    with opened(tmp_path, clock) as found:
        yield found


def record(parts: Services, target: str = "bob", **told: Any) -> None:
    with writing(parts.engine) as connection:
        record_in(connection, parts, target, **told)


def record_in(connection: Connection, parts: Services, target: str = "bob", **told: Any) -> None:
    values: dict[str, Any] = {"before": {"role": "reader"}, "after": {"role": "site-owner"}, **told}
    record_change(
        connection,
        actor="ada",
        action="member.change",
        target=target,
        now=parts.now(),
        urandom=parts.urandom,
        **values,
    )


def test_a_change_is_read_back_with_before_and_after(parts: Services) -> None:
    """Every change by a member is a ledger entry with before and after."""
    record(parts, site="shop")
    assert changes(parts.engine, 10) == (
        Change(
            index=0,
            actor="ada",
            action="member.change",
            target="bob",
            site="shop",
            before={"role": "reader"},
            after={"role": "site-owner"},
            hour=int(NOON),
        ),
    )
    assert len(parts.ledger.leaves()) == 1


def test_the_change_and_its_entry_are_on_disk_together_or_not_at_all(parts: Services) -> None:
    row = {"site": "shop", "edition": 1, "day": "2026-11-22", "count": 1}

    def half() -> None:
        with writing(parts.engine) as connection:
            connection.execute(insert(refusal).values(row))
            record_in(connection, parts)
            raise RuntimeError("the power goes")

    with pytest.raises(RuntimeError):
        half()
    assert changes(parts.engine, 10) == ()
    with parts.engine.connect() as connection:
        assert connection.execute(select(refusal)).all() == []


def test_pages_of_changes_go_back_in_time_and_leave_nothing_out(parts: Services) -> None:
    for at in range(10):
        record(parts, str(at), site="shop" if at % 3 else "club")
    found: list[Change] = []
    while page := changes(parts.engine, 3, found[-1].index if found else None):
        found += page
    assert [each.index for each in found] == [*range(10)][::-1]
    of_club = changes(parts.engine, 99, sites={"club"})
    assert [each.target for each in of_club] == ["9", "6", "3", "0"]
    assert changes(parts.engine, 99, sites=()) == ()


def test_no_place_tells_how_many_answered_between(parts: Services) -> None:
    """M27: what a site's owner reads is the same, whoever answered meanwhile, here or elsewhere."""
    parts.registry.publish(POLICY)
    record(parts, "first", site="shop")
    for number in range(7):
        record_now(parts, decision(POLICY, handle=f"{number:064x}"))
        record(parts, "elsewhere", site="club")
    record(parts, "last", site="shop")
    of_shop = changes(parts.engine, 9, sites={"shop"})
    assert [(each.target, each.index) for each in of_shop] == [
        ("last", 2),
        ("first", 1),
        ("shop", 0),
    ]
    assert [each.target for each in changes(parts.engine, 9, 2, sites={"shop"})] == [
        "first",
        "shop",
    ]


@pytest.mark.parametrize("name", ["password", "token", "secret", "link"])
def test_no_secret_gets_into_the_ledger(parts: Services, name: str) -> None:
    """What is in the ledger stays there: passwords and tokens are never in it."""
    for told in ({"before": {name: "x"}}, {"after": [{"deep": {name: "x"}}]}):
        with pytest.raises(ValueError, match="without its secrets"):
            record(parts, **told)
    assert changes(parts.engine, 10) == ()


def test_changes_survive_what_visitors_entries_do_not(parts: Services, clock: Clock) -> None:
    """Neither an erasure nor the end of `evidence_days` reaches them, and retention leaves them."""
    parts.registry.publish(POLICY)
    record_now(parts, decision(POLICY))
    record(parts, site="shop")
    parts.ledger.erase("shop", HANDLE, generation=0)
    clock.now += (POLICY.evidence_days + POLICY.consent_days + 40) * DAY
    purge(parts, clock.now)
    assert [each.target for each in changes(parts.engine, 10)] == ["bob", "shop"]


def test_no_closing_counts_a_change(parts: Services, clock: Clock) -> None:
    """The consent table counts answers of visitors, and nothing else."""
    parts.registry.publish(POLICY)
    record_now(parts, decision(POLICY))
    answers = list(parts.ledger.between("shop", 0, int(clock.now) + DAY))
    record(parts, site="shop")
    assert list(parts.ledger.between("shop", 0, int(clock.now) + DAY)) == answers


def test_a_change_makes_no_worker_forget_how_visitors_stand(parts: Services) -> None:
    parts.registry.publish(POLICY)
    record_now(parts, decision(POLICY))
    before = parts.ledger.consent_status("shop", HANDLE)
    record(parts)
    assert parts.ledger.consent_status("shop", HANDLE) is before
    parts.ledger.erase("shop", HANDLE, generation=0)
    assert parts.ledger.consent_status("shop", HANDLE) is None


def _record_many(folder: Path, actor: str) -> None:
    with opened(folder) as parts:
        for at in range(20):
            record(parts, f"{actor}-{at}")


def test_two_processes_record_in_one_order(tmp_path: Path) -> None:
    with opened(tmp_path) as parts:
        spawn = multiprocessing.get_context("spawn")
        both = [spawn.Process(target=_record_many, args=(tmp_path, name)) for name in ("a", "b")]
        for each in both:
            each.start()
        for each in both:
            each.join()
        assert [each.exitcode for each in both] == [0, 0]
        found = changes(parts.engine, 99)
        assert [each.index for each in found] == list(range(40))[::-1]
        assert len({each.target for each in found}) == 40
