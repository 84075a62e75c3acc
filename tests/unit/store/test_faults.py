"""A part that fails is logged once, with its id, and once more when it answers again."""

from __future__ import annotations

import sqlite3

import pytest

from askfirst_collector.store import faults
from askfirst_collector.store.faults import (
    QUIET,
    QUIET_REFUSALS,
    Faults,
    Refusals,
    StoreFault,
    unavailable,
)
from tests.support.collectors import Clock


def fail(name: str = "database is locked") -> None:
    with pytest.raises(StoreFault), unavailable("ledger"):
        raise sqlite3.OperationalError(name)


def work() -> None:
    with unavailable("ledger"):
        pass


def test_a_fault_is_logged_once_and_its_recovery_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Not for each request: a store that is away for an hour fills no log."""
    clock = Clock()
    monkeypatch.setattr(faults, "FAULTS", Faults(clock))
    for _ in range(50):
        fail()
        work()  # what only reads still goes well, and is no recovery
    assert caplog.messages == ["askfirst.E110 ledger is away: OperationalError"]
    clock.now += QUIET
    for _ in range(3):
        work()
    assert caplog.messages[1:] == ["askfirst.W110 ledger answers again"]
    fail()
    assert len(caplog.messages) == 3


def test_what_is_refused_is_said_at_once_and_then_once_a_minute(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Ten thousand requests a second that are refused fill no log, and none is left out."""
    clock = Clock()
    refusals = Refusals("%d were refused", clock)
    for _ in range(50):
        refusals.add()
    assert caplog.messages == ["1 were refused"]
    clock.now += QUIET_REFUSALS
    refusals.add()
    refusals.add()
    assert caplog.messages[1:] == ["50 were refused"]


def test_what_is_logged_says_nothing_of_what_is_stored(caplog: pytest.LogCaptureFixture) -> None:
    """M5: the text of a database error may hold a handle."""
    fail(f"near {'5e' * 32}")
    assert "5e5e" not in caplog.text
