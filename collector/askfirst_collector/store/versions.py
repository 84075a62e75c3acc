"""The versions of `events.db` and `salts.db`: their schema, step by step, by `PRAGMA user_version`.

Step n brings a file from version n to n + 1. All that is pending is one transaction that holds the
write lock: of several workers that start at once one migrates, and a cut-off changes nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence

from askfirst_collector.config import SettingError
from askfirst_collector.store.faults import fault

Step = Callable[[sqlite3.Connection], object]

WAIT = 60_000  # milliseconds that a start waits for another one's migration


def bring_up(connection: sqlite3.Connection, steps: Sequence[Step], name: str) -> None:
    """Run what is pending; what the file holds stays. `name` is that of the file.

    Raises SettingError `askfirst.E102` for a file newer than the program, and sqlite3.Error.
    """
    if version_of(connection) == len(steps):
        return
    patience = connection.execute("PRAGMA busy_timeout").fetchone()[0]
    connection.execute(f"PRAGMA busy_timeout={WAIT}")
    try:
        connection.execute("BEGIN IMMEDIATE")
        try:
            version = version_of(connection)
            if version > len(steps):
                raise too_new(name, version, len(steps))
            for step in steps[version:]:
                step(connection)
            connection.execute(f"PRAGMA user_version={len(steps)}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
    finally:
        connection.execute(f"PRAGMA busy_timeout={patience}")


def version_of(connection: sqlite3.Connection) -> int:
    """The version of a file; 0 for one that is empty, or from before versions."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version


def check_version(connection: sqlite3.Connection, steps: Sequence[Step], part: str) -> None:
    """StoreFault where a newer program has migrated the file since it was opened."""
    if version_of(connection) != len(steps):
        raise fault(part, "a newer askfirst migrated it: start that one")


def too_new(name: str, version: object, known: object) -> SettingError:
    """The refusal of a file that a newer program made."""
    advice = f"a newer askfirst made this {name}, and this one knows {known}: start that one"
    return SettingError("askfirst.E102", f"version {version}", advice)


def run_script(script: str) -> Step:
    """A step of several statements; `executescript` would commit before it began."""

    def step(connection: sqlite3.Connection) -> None:
        statement = ""
        for line in script.splitlines(keepends=True):
            statement += line
            if sqlite3.complete_statement(statement):
                connection.execute(statement)
                statement = ""

    return step
