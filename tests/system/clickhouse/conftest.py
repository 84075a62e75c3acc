"""ClickHouse for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.clickhouse.engines import Face, need_clickhouse


@pytest.fixture(scope="session", autouse=True)
def _needed() -> None:
    need_clickhouse()


@pytest.fixture(scope="module")
def face(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Face]:
    """An engine behind its HTTP interface, with databases of one's own."""
    with Face(tmp_path_factory.mktemp("clickhouse")) as running:
        yield running


@pytest.fixture
def url(face: Face) -> str:
    """The address of a database that nobody has used yet."""
    return face.new_database()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Where a collector's folder is to be."""
    return tmp_path / "data"
