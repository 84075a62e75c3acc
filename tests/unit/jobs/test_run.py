"""Jobs: each at its time, in the one process that holds the lease."""

from __future__ import annotations

import sqlite3
import ssl
import threading
from collections.abc import Collection
from contextlib import closing

import pytest
from sqlalchemy import Engine

from askfirst.errors import CollectorUnavailable
from askfirst_collector.closing.today import read_today
from askfirst_collector.jobs import table
from askfirst_collector.jobs.run import JobsThread, run_jobs
from askfirst_collector.jobs.table import JOBS, Job
from askfirst_collector.services import Services
from askfirst_collector.store.lease import take
from askfirst_collector.store.periods import IN_UTC
from askfirst_collector.store.sqlite import SqliteEvents

from ..closing.house import MONDAY, Clock, after, crowd, key_of, row, store
from ..closing.test_close import closings


def test_a_round_of_jobs_does_all_that_is_due(parts: Services, clock: Clock) -> None:
    """M28, M48: closed, its salt destroyed, today counted; the tables go after retention."""
    store(parts, crowd(parts, 20, page=("/a",), time=(MONDAY, "09")))
    assert run_jobs(parts, clock.now) == [each.name for each in JOBS]
    today = read_today(parts.engine, "shop", "statistics", 5, IN_UTC, clock.now)
    assert today is not None
    assert today.visitors == 20
    clock.now = after() + 3 * 3600
    run_jobs(parts, clock.now)
    assert closings(parts)["statistics", MONDAY] == 20
    assert MONDAY not in [each.period for each in parts.salts.open_periods("shop")]
    clock.now = after(days=366)
    run_jobs(parts, clock.now)
    assert ("statistics", MONDAY) not in closings(parts)


def test_jobs_run_at_their_times(parts: Services, clock: Clock) -> None:
    """Not before their period is over, in whichever process; and again after it."""
    ran = []
    job = Job("test", 60, lambda _, now: ran.append(now))
    for seconds in (0, 59, 60, 61, 120):
        run_jobs(parts, clock.now + seconds, jobs=[job])
    assert [moment - clock.now for moment in ran] == [0, 60, 120]


def test_a_job_that_fails_is_tried_again_and_stops_no_other(
    parts: Services, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """What failed is due at the next look; the log has a type, and no word of what was stored."""

    def away(_: Services, __: float) -> None:
        raise CollectorUnavailable("canary-1")

    def broken(_: Services, __: float) -> None:
        raise ValueError("canary-2")

    jobs = [Job("away", 60, away), Job("broken", 60, broken), Job("fine", 60, lambda *_: None)]
    assert run_jobs(parts, clock.now, jobs=jobs) == ["fine"]
    assert run_jobs(parts, clock.now + 1, jobs=jobs) == []
    assert caplog.text.count("E140 the job broken failed: ValueError") == 2
    assert "canary" not in caplog.text


def test_what_runs_at_every_look_runs_where_nobody_can_say_when_others_ran(
    parts: Services, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest wait, and run when it can be said again."""
    asked: list[object] = []

    def away(engine: object, names: object) -> dict[str, int]:
        asked.append(names)
        raise CollectorUnavailable("away")

    jobs = [Job("a", 60, lambda *_: None), Job("always", 0, lambda *_: None), Job("b", 60, _fine)]
    with monkeypatch.context() as patch:
        patch.setattr(table, "read_times", away)
        assert run_jobs(parts, clock.now, jobs=jobs) == ["always"]
    assert asked == [["a", "b"]] * 2
    assert run_jobs(parts, clock.now, jobs=jobs) == ["a", "always", "b"]


def _fine(_: Services, __: float) -> None:
    """Nothing to do."""


def test_a_round_with_nothing_to_do_costs_little(
    parts: Services, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When jobs ran is one question, and no certificate is read where nothing is sent."""
    monkeypatch.setattr(ssl, "create_default_context", lambda: pytest.fail("read certificates"))
    asked: list[object] = []
    read_times = table.read_times

    def counted(engine: Engine, names: Collection[str]) -> dict[str, int]:
        asked.append(names)
        return read_times(engine, names)

    monkeypatch.setattr(table, "read_times", counted)
    for seconds in (0, 2, 62):
        run_jobs(parts, clock.now + seconds)
    assert len(asked) == 3


def test_only_the_holder_runs_jobs(parts: Services, clock: Clock) -> None:
    """Two threads on one folder, as two workers: one runs; the other takes over when it stops."""
    rounds = threading.Semaphore(0)
    second_ran = threading.Event()
    first = JobsThread(parts, jobs=[Job("test-a", 0, lambda *_: rounds.release())], seconds=0.01)
    second = JobsThread(parts, jobs=[Job("test-b", 0, lambda *_: second_ran.set())], seconds=0.01)
    first.start()
    assert rounds.acquire(timeout=20)
    second.start()
    for _ in range(20):
        assert rounds.acquire(timeout=20)
    assert not second.holds
    assert not second_ran.is_set()
    first.stop()
    assert second_ran.wait(20)
    second.stop()
    assert take(parts.engine, "c", clock.now)


def test_jobs_stop_before_they_ever_held_the_lease(parts: Services, clock: Clock) -> None:
    """A worker that never got the lease stops like any other, and runs nothing."""
    assert take(parts.engine, "somebody", clock.now)
    ran: list[float] = []
    waiting = JobsThread(
        parts, jobs=[Job("test", 60, lambda _, now: ran.append(now))], seconds=0.01
    )
    waiting.start()
    waiting.stop()
    assert ran == []
    assert not take(parts.engine, "c", clock.now)


def test_a_spool_does_not_outlive_the_salt_of_its_period(
    parts: Services, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """M28: it is moved before; where it cannot be, what waits of that period goes with the salt."""
    salts = [job for job in JOBS if job.name == "salts"]
    assert isinstance(parts.events, SqliteEvents)
    parts.events.file._busy_timeout = 50
    store(parts, crowd(parts, 2, page=("/moved",), time=(MONDAY, "09")))
    clock.now = after() + 3 * 3600
    run_jobs(parts, clock.now, jobs=salts)
    assert parts.events.file.counts(key_of()).rows == 2
    tuesday = key_of("2026-11-17")
    store(parts, [row(parts, n, {"page": ("/left",)}, tuesday) for n in range(3)])
    clock.now = after(tuesday.period) + 3 * 3600
    with closing(sqlite3.connect(parts.folder.events, isolation_level=None)) as program:
        program.execute("BEGIN IMMEDIATE")
        run_jobs(parts, clock.now + 60, jobs=salts)
        program.execute("ROLLBACK")
    assert parts.salts.open_periods("shop") == []
    assert "askfirst.E115 3 events" in caplog.text
    assert parts.events.counts(tuesday).rows == 0
