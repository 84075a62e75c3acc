"""A visitor reads who received what, and when, and what waits (M29, M51)."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from askfirst_collector.ledger.check import check_folder
from askfirst_collector.services import Services
from askfirst_collector.usecases.retention import purge
from askfirst_collector.usecases.visitor_rights import me
from tests.unit.jobs.listener import Listener

from .house import (
    CHARTS,
    Clock,
    answer,
    deliver_to,
    entries,
    handle_of,
    left,
    named,
    run,
    shop,
    visit,
)

DAY = 86_400


def deliveries(parts: Services, visitor: int) -> list[dict[str, Any]]:
    """What is said to a visitor."""
    return list(me(parts, "shop", handle_of(visitor))["deliveries"])


def test_a_visitor_reads_what_was_delivered_since_they_agreed(
    parts: Services, clock: Clock, listener: Listener
) -> None:
    """M51: recipient, purpose, kind and hour; who came later reads nothing."""
    deliver_to(parts, listener)
    answer(parts, 1)
    visit(parts, 1)
    run(parts, listener)
    clock.now += 3_600
    answer(parts, 2)
    (entry,) = entries(parts)
    assert deliveries(parts, 1) == [
        {
            "hour": "2026-11-16T13:00:00Z",
            "message": entry["message"],
            "purpose": "statistics",
            "recipient": CHARTS,
            "what": "events",
        }
    ]
    assert deliveries(parts, 2) == deliveries(parts, 3) == []


def test_what_waits_without_a_pseudonym_is_shown_while_it_does(
    tmp_path: Path, clock: Clock, listener: Listener
) -> None:
    """M29: it is linked to the receipt for as long, and is shown once, however many get it."""
    document = named().document["purposes"]["statistics"]
    levels = {**document["levels"], "visitor": 0}
    with shop(tmp_path / "data", clock, named(levels=levels)) as parts:
        deliver_to(parts, listener)
        answer(parts, 1)
        visit(parts, 1, pseudonym=False)
        parts.events.drain()
        assert len(me(parts, "shop", handle_of(1))["rows"]) == 1
        run(parts, listener)
        assert me(parts, "shop", handle_of(1))["rows"] == []


def test_an_entry_of_a_delivery_is_whole_and_is_emptied_in_time(
    parts: Services, clock: Clock, listener: Listener
) -> None:
    """M28: its counts last no longer than figures may; the leaf stays, and the ledger verifies."""
    deliver_to(parts, listener)
    answer(parts, 1)
    visit(parts, 1)
    run(parts, listener)
    assert [one.problems for one in check_folder(parts.folder) if one.problems] == []
    purge(parts, clock.now + 364 * DAY)
    assert len(entries(parts)) == 1
    purge(parts, clock.now + 366 * DAY)
    assert entries(parts) == []
    assert [one.problems for one in check_folder(parts.folder) if one.problems] == []


def test_a_damaged_row_that_waits_hides_nothing_else(parts: Services, listener: Listener) -> None:
    """M29: what is kept is shown, and can be erased; such a row is never sent."""
    deliver_to(parts, listener)
    answer(parts, 1)
    visit(parts, 1, {"screen": ("tablet",)}, pseudonym=False)
    visit(parts, 1, pseudonym=False)
    parts.events.drain()
    with closing(sqlite3.connect(parts.folder.transfers, isolation_level=None)) as file:
        file.execute("UPDATE waiting SET row = x'00' WHERE instr(row, 'tablet')")
    (row,) = me(parts, "shop", handle_of(1))["rows"]
    assert row["values"]["screen"] == ["desktop"]
    assert run(parts, listener) == 0
    assert handle_of(1).encode() not in left(parts)
