"""A statement that is made once and asked with every grant.

A file is asked by its own driver: SQLAlchemy's way there and back takes several times as long as
the answer. A server is asked as everywhere; there the way over the line is what takes long.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.dialects.sqlite import dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import Insert
from sqlalchemy.sql.selectable import Select

from askfirst_collector.store.dialect import is_sqlite


class Prepared:
    """A SELECT of whole numbers, texts and bytes; its lists are `bindparam(…, expanding=True)`."""

    def __init__(self, statement: Select[Any]) -> None:
        self._statement = statement

    def rows(self, connection: Connection, values: Mapping[str, Any] | None = None) -> list[Any]:
        """The rows, as tuples. A file raises sqlite3.Error, a server SQLAlchemy's errors."""
        if not is_sqlite(connection):
            return list(connection.execute(self._statement, values or {}))
        query = self._compiled.construct_expanded_state(values or {})
        cursor = _driver(connection).execute(query.statement, query.positional_parameters)
        rows: list[Any] = cursor.fetchall()
        return rows

    @cached_property
    def _compiled(self) -> SQLCompiler:
        return _compile(self._statement)


class PreparedInsert:
    """An INSERT of these columns."""

    def __init__(self, statement: Insert, columns: Sequence[str]) -> None:
        self._statement = statement
        self._columns = columns

    def write(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows with just these columns, in order. Raises as `Prepared.rows`."""
        if not is_sqlite(connection):
            connection.execute(self._statement, rows)
            return
        text, names = self._compiled
        _driver(connection).executemany(text, [[row[name] for name in names] for row in rows])

    @cached_property
    def _compiled(self) -> tuple[str, Sequence[str]]:
        compiled = _compile(self._statement, self._columns)
        return str(compiled), compiled.positiontup or ()


def _compile(statement: Any, columns: Sequence[str] | None = None) -> SQLCompiler:
    compiled: SQLCompiler = statement.compile(
        dialect=dialect(paramstyle="qmark"), column_keys=columns
    )
    return compiled


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection
