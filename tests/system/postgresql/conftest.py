"""Data folders whose ledger is in a database of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from askfirst_collector.config import Folder
from tests.support.postgresql import Cluster, cluster


@pytest.fixture(scope="package")
def failing() -> Iterator[Cluster]:
    """A server that tests end and begin anew; each leaves it as it was."""
    with cluster() as server:
        yield server


def folder_in(server: Cluster, tmp_path: Path) -> tuple[Path, str]:
    """A new data folder, and the name of the database that has its ledger."""
    name = server.migrated()
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    Folder(data).place_ledger(server.url(name))
    return data, name
