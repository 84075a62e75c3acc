"""What every test may ask for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from askfirst_collector.parts import Parts
from tests.closing.house import Clock, noon, opened

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real inputs; the test is skipped, and says so, where it is not present."""
    folder = Path(os.environ.get("ASKFIRST_CORPUS") or ROOT / "../shared/data").resolve()
    if not folder.is_dir():
        pytest.skip(f"the corpus is not at {folder}; set ASKFIRST_CORPUS to its folder")
    return folder


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def clock() -> Clock:
    """A clock that stands at noon until it is moved."""
    return Clock(noon())


@pytest.fixture
def parts(tmp_path: Path, clock: Clock) -> Iterator[Parts]:
    """A collector's real parts in a folder of their own."""
    with opened(tmp_path / "data", clock) as parts:
        yield parts
