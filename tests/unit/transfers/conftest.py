"""A listener, a clock at noon of a Monday, and the parts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from askfirst_collector.services import Services
from tests.unit.jobs.listener import Listener, listening

from .house import Clock, noon, shop


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[Listener]:
    with listening(tmp_path) as came:
        yield came


@pytest.fixture
def clock() -> Clock:
    return Clock(noon())


@pytest.fixture
def parts(tmp_path: Path, clock: Clock) -> Iterator[Services]:
    with shop(tmp_path / "data", clock) as opened:
        yield opened
