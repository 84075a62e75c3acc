"""What a site gathered whose editions cannot be read: it waits, and is not kept too long (M28)."""

from __future__ import annotations

from pathlib import Path

import pytest

from askfirst_collector.catalogue.activate import move_revision
from askfirst_collector.closing.close import close_due
from askfirst_collector.services import Services
from askfirst_collector.store.database import writing
from askfirst_collector.store.events import PeriodKey
from tests.unit.closing.house import DAY, MONDAY, Clock, after, noon, opened, policy, row, store

pytestmark = pytest.mark.file

KEY = PeriodKey("shop", "", "statistics", "day", MONDAY)
SITE = policy()


def write(parts: Services, document: bytes) -> None:
    with writing(parts.engine) as connection:
        connection.exec_driver_sql("UPDATE edition SET document = ?", (document,))
        move_revision(connection)


def test_its_rows_wait_for_their_questions_as_long_as_their_terms_allow(tmp_path: Path) -> None:
    """Closed once, never recomputed; so not under questions that nobody can read."""
    clock = Clock(noon())
    with opened(tmp_path, clock, SITE) as parts:
        store(parts, [row(parts, number, {}, KEY) for number in range(6)])
        write(parts, b"damaged")
        clock.now = after()
        close_due(parts, clock())
        assert KEY in parts.events.periods()
        write(parts, SITE.canonical())
        assert KEY in close_due(parts, clock())
        assert KEY not in parts.events.periods()


def test_its_rows_go_when_they_are_too_old_all_the_same(tmp_path: Path) -> None:
    """M28: damage keeps nothing longer."""
    clock = Clock(noon())
    with opened(tmp_path, clock, SITE) as parts:
        store(parts, [row(parts, number, {}, KEY) for number in range(6)])
        write(parts, b"damaged")
        clock.now = noon() + 800 * DAY
        close_due(parts, clock())
        assert KEY not in parts.events.periods()
