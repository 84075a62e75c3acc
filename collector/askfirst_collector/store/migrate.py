"""Bringing the tables of `ledger.db` up to this program, at start, or on a copy to see it work.

Everything pending runs in one transaction that holds the write lock: of several workers that start
at once one migrates, and the others find it done. A cut-off leaves what was there before.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, StaticPool, create_engine, inspect, text

from askfirst_collector.config import SettingError
from askfirst_collector.store.dialect import begin, commit, patience
from askfirst_collector.store.present import connect

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory

# The newest revision under `migrations/versions`; a test holds it there.
HEAD = "0019"
VERSIONS = Path(__file__).parent / "migrations"
WAIT = 60_000  # milliseconds that a start waits for another one's migration


@dataclass(frozen=True)
class Step:
    """One revision that is to run, and what it is about."""

    revision: str
    about: str


def migrate(engine: Engine) -> None:
    """Run what is pending. SettingError `askfirst.E102` for a database newer than the program."""
    with engine.connect() as connection:
        # Looked at before anything of Alembic is imported: at nearly every start this is all.
        if _version(connection) == HEAD:
            return
        with patience(connection, WAIT):
            try:
                begin(connection)
                upgrade(connection)
                commit(connection)
            except BaseException:
                connection.rollback()
                raise


def pending(connection: Connection) -> tuple[Step, ...]:
    """What would run, in order. SettingError `askfirst.E102` where the database is newer."""
    version = _version(connection)
    if version == HEAD:
        return ()
    script = _script()
    if version is not None and version not in {
        revision.revision for revision in script.walk_revisions()
    }:
        advice = f"a newer askfirst made this database, and this one knows {HEAD}: start that one"
        raise SettingError("askfirst.E102", f"revision {version}", advice)
    revisions = list(script.iterate_revisions(HEAD, version or "base"))
    return tuple(
        Step(revision.revision, (revision.doc or "").strip()) for revision in reversed(revisions)
    )


def upgrade(connection: Connection) -> Sequence[Step]:
    """Run what is pending, in the transaction that the caller has begun; which it was."""
    steps = pending(connection)
    if not steps:
        return steps
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext

    script = _script()

    def forward(revision: Any, _context: object) -> Any:
        return script._upgrade_revs(HEAD, revision)

    with EnvironmentContext(Config(), script, fn=forward) as environment:
        environment.configure(connection=connection)
        environment.run_migrations()
    return steps


def rehearse(ledger: Path) -> tuple[Step, ...]:
    """Run what is pending on a copy that no other program can open and that goes with this one.

    The file itself is only read. Raises what the migration would, and sqlite3.Error.
    """
    # The empty name is SQLite's own temporary file: on disk, and unlinked from the beginning.
    with closing(sqlite3.connect("", isolation_level=None)) as copy:
        with closing(connect(ledger, timeout=WAIT / 1_000, read_only=True)) as real:
            real.backup(copy)
        engine = create_engine("sqlite://", creator=lambda: copy, poolclass=StaticPool)
        with engine.connect() as connection:
            begin(connection)
            steps = upgrade(connection)
            connection.commit()
        return tuple(steps)


def rehearse_undone(engine: Engine) -> tuple[Step, ...]:
    """Run what is pending on a server, in a transaction that is undone; which it was."""
    with engine.connect() as connection:
        begin(connection)
        try:
            return tuple(upgrade(connection))
        finally:
            connection.rollback()


def _version(connection: Connection) -> str | None:
    """The revision that a database is at; None for an empty one, or one from before migrations."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.execute(
        text("SELECT version_num FROM alembic_version")
    ).scalar()
    return version


def _script() -> ScriptDirectory:
    from alembic.script import ScriptDirectory

    return ScriptDirectory(str(VERSIONS))
