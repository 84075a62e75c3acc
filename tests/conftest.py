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
from askfirst_collector.store.dialect import is_sqlite
from askfirst_collector.store.faults import FAULTS
from askfirst_collector.store.migrate import migrate
from tests.support.collectors import Clock
from tests.support.postgresql import OF_SALTS, Cluster, cluster
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
        if not is_sqlite(engine):
            migrate(engine)
            return
        path = Path(str(engine.url.database))
        if path.exists() and path.stat().st_size:
            migrate(engine)
            return
        with closing(sqlite3.connect(made)) as source, closing(sqlite3.connect(path)) as target:
            source.backup(target)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(database, "migrate", copied)
        yield


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Cluster]:
    """A real PostgreSQL, for all tests of this process."""
    with cluster() as server:
        yield server


@pytest.fixture(scope="session")
def salts_server() -> Iterator[Cluster]:
    """A real PostgreSQL for salts alone, for all tests of this process."""
    with cluster(**OF_SALTS) as server:
        yield server


# What looks at `ledger.db` as a file is left out by hand, with its reason.
ON_BOTH_ENGINES = ("api", "catalogue", "closing", "dashboard", "ledger", "members", "usecases")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests of what stands in the ledger run on a file, and in long runs on PostgreSQL as well."""
    path = metafunc.definition.path.relative_to(ROOT / "tests")
    if path.parts[:1] != ("unit",) or path.parts[1] not in ON_BOTH_ENGINES:
        return
    if next(metafunc.definition.iter_markers("file"), None) is None:
        engines = ["sqlite", pytest.param("postgresql", marks=pytest.mark.long)]
        metafunc.parametrize("ledger_engine", engines, indirect=True)


@pytest.fixture(autouse=True)
def ledger_engine(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Have ledger and salts of every folder that a test opens where the engine is it runs on."""
    if getattr(request, "param", "sqlite") == "sqlite":
        yield
        return
    server: Cluster = request.getfixturevalue("postgresql")
    own: Cluster = request.getfixturevalue("salts_server")
    with server.for_every_folder(monkeypatch), own.for_every_folder(monkeypatch, "salts"):
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
