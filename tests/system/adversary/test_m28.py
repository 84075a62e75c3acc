"""M28: past its time nothing is left, in any table, journal or file."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from askfirst.gate.receipt import handle_of
from askfirst.terms.policy import Policy, read_policy
from tests.support.ledger import entries_in
from tests.support.spools import lots_in
from tests.support.whole import FIREFOX, Visitor, view
from tests.system.adversary.world import DAY, MORNING, World, site_policy

pytestmark = pytest.mark.anyio

PEOPLE = 12
FIRST = "2026-11-23"
RETENTION, KEEP = 30, 10  # days
# What a site is, who may look at it, and what runs: nothing of it is about a visitor.
HOUSE = {
    *("review", "edition", "notice", "site_key", "revision", "placed", "scheduled", "retired_site"),
    *("host_edition", "suspension", "webhook", "milestone", "change", "alembic_version"),
    *("members", "member_site", "invitation", "session", "api_token", "identity", "setup_links"),
    *(
        "lease",
        "job",
        "subject",
        "generation",
        "pair",
        "witness",
        "moved",
        "sqlite_sequence",
        "store",
    ),
}
# Names nobody, says no time: the leaves of the ledger and the hashes over them, and the marks that
# keep the dead dead.
REMAINS = {"entry", "tree_node", "checkpoint", "dead", "ended"}
# Of the last days, on which nobody came.
OPEN = {"closing", "today"}


def rows(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table of every database."""
    found: dict[str, list[tuple[object, ...]]] = {}
    for path in sorted(folder.rglob("*.db")):
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            names = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
            for (name,) in names.fetchall():
                found[name] = connection.execute(f'SELECT * FROM "{name}"').fetchall()
    return found


def entries_that_say_something(folder: Path) -> set[int]:
    """The entries of the ledger of which more is left than a leaf, and where it stands."""
    columns = ("salt", "body", "site", "handle", "kind", "hour", "until")
    query = f"SELECT idx FROM entry WHERE coalesce({', '.join(columns)}) IS NOT NULL"
    with closing(sqlite3.connect(f"file:{folder / 'ledger.db'}?mode=ro", uri=True)) as connection:
        return {index for (index,) in connection.execute(query)}


def holding(folder: Path, *wanted: bytes) -> dict[str, list[bytes]]:
    """The files that hold any of these, journals too."""
    files = {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    files["entries"] = entries_in(folder)
    files["lots"] = lots_in(folder)
    found = {name: [each for each in wanted if each in data] for name, data in files.items()}
    return {name: each for name, each in found.items() if each}


async def run_hourly(world: World, until: float) -> None:
    """The jobs, now and then, up to a moment: nobody visits any more."""
    while world.clock.now < until:
        world.clock.now = min(until, world.clock.now + DAY)
        world.run_jobs()


def short() -> Policy:
    """Rows for ten days, tables for thirty."""
    policy = site_policy("full")
    days = {"retention_days": RETENTION, "keep_rows_days": KEEP}
    purposes = {name: {**each, **days} for name, each in policy.document["purposes"].items()}
    return read_policy({**policy.document, "purposes": purposes})


async def test_nothing_outlives_its_time(tmp_path: Path) -> None:
    """M28: rows past their days, tables past retention, evidence past its days: gone to the byte.

    Nobody comes back after the first day, so that nothing is removed on the way of a request.
    """
    folder = tmp_path / "data"
    world = World(folder, short())
    await world.open()
    handles = []
    for number in range(PEOPLE):
        visitor = Visitor(f"81.2.{64 + number}.69", FIREFOX)
        await world.answer(visitor, {"statistics": 2})
        await world.send(visitor, view("/shop/tea"), view("/shop/tea"))
        handles.append(handle_of(visitor.secret).encode())  # type: ignore[union-attr]
    refuser = Visitor("81.2.69.99")
    await world.answer(refuser, {}, "reject_all")
    path = b"/shop/tea"
    world.clock.now += 3600
    world.run_jobs()
    assert {"events.db", "ledger.db", "salts.db"} <= {
        name.removesuffix("-wal") for name in holding(folder, path, *handles)
    }

    await run_hourly(world, MORNING + 4 * DAY)
    found = rows(folder)
    assert found["event"]
    assert found["cell"]
    # No salt of a period, no answer to a batch, no key of either is needed any more.
    for name in ("period_salt", "batch_key", "answer", "run", "lot"):
        assert [row for row in found[name] if FIRST in row or len(row) == 3] == [], name

    await run_hourly(world, MORNING + (KEEP + 2) * DAY)
    found = rows(folder)
    assert found["event"] == found["value"] == found["period"] == []
    assert "events.db" not in {name.removesuffix("-wal") for name in holding(folder, path)}

    await run_hourly(world, MORNING + (RETENTION + 2) * DAY)
    assert [row for row in rows(folder)["closing"] if {FIRST, "statistics"} <= {*row}] == []
    # The policy names the path as a step of its funnel; the figures' own form of it is gone.
    assert holding(folder, b'["/shop","/shop/tea"]') == {}

    # A grant lasts a year at most, and its evidence three more.
    world.clock.now = MORNING + (366 + 1095) * DAY
    for _ in range(2):
        world.run_jobs()
        world.clock.now += DAY
    left = rows(folder)
    told = {
        name: kept for name, kept in left.items() if kept and name not in HOUSE | REMAINS | OPEN
    }
    assert told == {}
    # Entries about members stay; of visitors only the leaves do.
    members = {row[0] for row in left["change"]}
    of_visitors = {row[0] for row in left["entry"]} - members
    assert len(of_visitors) >= PEOPLE
    assert entries_that_say_something(folder) & of_visitors == set()
    assert holding(folder, *handles) == {}
    await world.aclose()
    assert holding(folder, *handles) == {}
