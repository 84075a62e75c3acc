"""An event store on a file, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from askfirst_collector.store.sqlite import SqliteEvents

from .rows import nobody


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteEvents]:
    with closing(SqliteEvents(tmp_path / "events.db", ended=nobody, busy_timeout=100)) as opened:
        yield opened
