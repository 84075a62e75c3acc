"""A folder with something of everything, and servers that it can be taken to."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from msgspec.structs import replace

from askfirst_collector.closing.close import close_due
from askfirst_collector.store.dictionary import time_value
from askfirst_collector.usecases import visitor_rights as rights
from askfirst_collector.usecases.record_consent import record_now
from tests.support.collectors import Clock, decision, policy
from tests.support.postgresql import Cluster
from tests.system.clickhouse.engines import Face, need_clickhouse
from tests.unit.closing.house import after, crowd, key_of, noon, opened, row, store

TUESDAY = "2026-11-17"
EVENING = int(noon(TUESDAY)) + 6 * 3600
HANDLES = tuple(f"{number:064x}" for number in range(1, 40))


@pytest.fixture(scope="session")
def face(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Face]:
    """An engine of ClickHouse behind its HTTP interface, with databases of one's own."""
    need_clickhouse()
    with Face(tmp_path_factory.mktemp("clickhouse")) as running:
        yield running


@dataclass(frozen=True)
class Servers:
    """Three databases that nobody has used yet."""

    ledger: str
    events: str
    salts: str

    @property
    def words(self) -> list[str]:
        """As `askfirst move` takes them."""
        return ["--ledger", self.ledger, "--events", self.events, "--salts", self.salts]


def new_servers(ledger: Cluster, events: Face, salts: Cluster) -> Servers:
    """A database of one's own on each."""
    return Servers(ledger.url(ledger.new()), events.new_database(), salts.url(salts.new()))


@pytest.fixture
def servers(postgresql: Cluster, face: Face, salts_server: Cluster) -> Servers:
    return new_servers(postgresql, face, salts_server)


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The parent of a data folder: grants, one erased, a closed day, rows kept and open."""
    parent = tmp_path_factory.mktemp("whole")
    clock = Clock(noon())
    with opened(parent / "data", clock, policy()) as parts:
        for handle in HANDLES:
            record_now(parts, decision(policy(), handle=handle))
        rights.erase(parts, "shop", HANDLES[3])
        rights.restrict(parts, "shop", HANDLES[4])
        store(parts, crowd(parts, 30, page=("/a", "/a/\x1f\\b"), browser=("Firefox",)))
        kept = [row(parts, n, {"page": ("/kept",)}, keep=30, lasting=n % 2 == 0) for n in range(20)]
        store(parts, kept)
        clock.now = after()
        close_due(parts, clock.now)
        clock.now = noon(TUESDAY)
        tuesday = key_of(TUESDAY)
        store(
            parts,
            [
                *(row(parts, n, {"page": ("/a",)}, tuesday) for n in range(25)),
                *(
                    replace(
                        row(
                            parts, n, {"page": ("/b",), "time": time_value(EVENING, level)}, tuesday
                        ),
                        is_sized=n % 3 == 0,
                    )
                    for n, level in enumerate((1, 2, 3, 4) * 5)
                ),
                *(row(parts, n, {"page": ("/ü\t\n",)}, tuesday, type="action") for n in range(9)),
                *(row(parts, None, {}, tuesday, type="drop") for _ in range(3)),
            ],
        )
        parts.salts.user_number("shop", "user:ada")
        parts.salts.batch_key(TUESDAY)
        parts.events.drain()
    return parent


@pytest.fixture
def data(whole: Path, tmp_path: Path) -> Path:
    """A copy of it, of one's own."""
    shutil.copytree(whole, tmp_path / "host")
    return tmp_path / "host" / "data"
