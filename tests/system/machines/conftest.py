"""Several machines of one host: a PostgreSQL, ClickHouse's engine, and a folder for each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.collectors import Clock
from tests.support.postgresql import Cluster
from tests.system.clickhouse.engines import Face, need_clickhouse
from tests.system.machines.host import Host


@pytest.fixture(scope="session", autouse=True)
def _needed() -> None:
    need_clickhouse()


@pytest.fixture(scope="module")
def face(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Face]:
    """An engine behind its HTTP interface, with databases of one's own."""
    with Face(tmp_path_factory.mktemp("clickhouse")) as running:
        yield running


@pytest.fixture
def salts(salts_server: Cluster) -> str:
    """The address of a database for the salts of all machines, on a server of its own."""
    return salts_server.url(salts_server.new())


@pytest.fixture
def host(tmp_path: Path, postgresql: Cluster, face: Face, salts: str, clock: Clock) -> Host:
    """A host that no machine has joined yet, at noon of a Monday."""
    events = face.new_database()
    return Host(tmp_path, postgresql, postgresql.migrated(), events, salts, clock)
