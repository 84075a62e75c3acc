"""Faults of a database or a disk, as the one error that callers answer with 503."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DatabaseError, DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from askfirst.errors import CollectorAway

log = logging.getLogger("askfirst.collector")

_OURS = (IntegrityError, ProgrammingError, sqlite3.IntegrityError, sqlite3.ProgrammingError)
_FAULTS = (DBAPIError, DatabaseError, PoolTimeout, sqlite3.Error, OSError)


@contextmanager
def away(part: str) -> Iterator[None]:
    """Turn a full disk, a lock held too long or an unreadable file into CollectorAway.

    A mistake of ours (a constraint, a wrong statement) is not a fault and goes on as it is.
    """
    try:
        yield
    except _FAULTS as error:
        if isinstance(error, _OURS):
            raise
        # The text of a database error holds the values of the statement: only its type is said.
        origin = getattr(error, "orig", None) or error
        name = getattr(origin, "sqlite_errorname", None) or type(origin).__name__
        log.error("askfirst.E110 %s is away: %s", part, name)
        raise CollectorAway(f"{part} is away") from None
