"""What every test may ask for."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from hypothesis import settings
from sqlalchemy import Engine

from askfirst.http.mount import mount_at
from askfirst_collector.members import passwords
from askfirst_collector.services import Services
from askfirst_collector.store import database
from askfirst_collector.store.faults import FAULTS
from askfirst_collector.store.migrate import migrate
from tests.support.collectors import Clock
from tests.unit.closing.house import noon, opened

ROOT = Path(__file__).resolve().parent.parent

# The same cases in every run, on a machine however busy: what is drawn anew is for long runs.
settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("anew", max_examples=2_000, deadline=None)
settings.load_profile(os.environ.get("ASKFIRST_HYPOTHESIS", "same"))


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real inputs; the test is skipped, and says so, where it is not present."""
    folder = Path(os.environ.get("ASKFIRST_CORPUS") or ROOT / "../shared/data").resolve()
    if not folder.is_dir():
        pytest.skip(f"the corpus is not at {folder}; set ASKFIRST_CORPUS to its folder")
    return folder


@pytest.fixture(autouse=True)
def no_root() -> None:
    """A request says in its thread where its site begins: nothing of it is left to another test."""
    mount_at("")


@pytest.fixture(scope="session", autouse=True)
def migrated_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """New ledgers of this process are copies of one that every revision has made.

    Running them takes 70 ms, and nearly every test has a folder of its own.
    """
    made = tmp_path_factory.mktemp("migrated") / "ledger.db"
    database.open_ledger(made).dispose()

    def copied(engine: Engine) -> None:
        path = Path(str(engine.url.database))
        if path.exists() and path.stat().st_size:
            migrate(engine)
            return
        with closing(sqlite3.connect(made)) as source, closing(sqlite3.connect(path)) as target:
            source.backup(target)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(database, "migrate", copied)
        yield


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Argon2 at its least cost: what it costs is a setting, and what it does is the same."""
    cheap = partial(PasswordHasher, time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(passwords, "PasswordHasher", cheap)
        yield


@pytest.fixture(autouse=True)
def nothing_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What another test broke on purpose is no fault of this one's store."""
    monkeypatch.setattr(FAULTS, "_failures", {})


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def clock() -> Clock:
    """A clock that stands at noon until it is moved."""
    return Clock(noon())


@pytest.fixture
def parts(tmp_path: Path, clock: Clock) -> Iterator[Services]:
    """A collector's real parts in a folder of their own."""
    with opened(tmp_path / "data", clock) as parts:
        yield parts
