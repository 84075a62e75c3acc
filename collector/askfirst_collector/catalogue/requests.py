"""Requests of visitors that come by mail: what was asked, until when, and how it ended.

request   one request. `contact`, `note` and `answer` are what people wrote; they go twelve months
          after it was closed. Whose receipt it was is in no column: what is written beside an
          address would say whose visits these are. A number is never given out twice
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Engine,
    Integer,
    Row,
    String,
    Table,
    delete,
    insert,
    select,
    update,
)

from askfirst_collector.store.database import metadata, reading

Kind = Literal[
    "access", "portability", "correction", "erasure", "restriction", "objection", "withdrawal",
    "complaint",
]  # fmt: skip
Outcome = Literal["fulfilled", "partly", "refused", "not-identified", "taken-back"]
KINDS: tuple[Kind, ...] = (
    *("access", "portability", "correction", "erasure", "restriction"),
    *("objection", "withdrawal", "complaint"),
)
OUTCOMES: tuple[Outcome, ...] = ("fulfilled", "partly", "refused", "not-identified", "taken-back")
KEPT = 365 * 86_400  # seconds after it was closed
MONTHS, MORE_MONTHS = 1, 2  # GDPR, article 12(3)

request = Table(
    "request",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("site", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("received", String, nullable=False),  # the day, ISO 8601
    Column("due", String, nullable=False),  # the last day for an answer
    Column("extended", Boolean, nullable=False),
    Column("contact", String, nullable=False),
    Column("note", String, nullable=False),
    Column("identified", Boolean, nullable=False),
    Column("closed", Integer),  # unix seconds
    Column("outcome", String, nullable=False),  # "" while it is open
    Column("answer", String, nullable=False),
    sqlite_autoincrement=True,
)


@dataclass(frozen=True)
class VisitorRequest:
    """One request; `received` and `due` are days, `closed` unix seconds."""

    number: int
    site: str
    kind: Kind
    received: date
    due: date
    is_extended: bool
    contact: str
    note: str
    is_identified: bool
    closed: int | None
    outcome: str
    answer: str


def due_after(received: date, months: int) -> date:
    """The same day so many months later, else that month's last (Reg. 1182/71, article 3)."""
    year, month = divmod(received.year * 12 + received.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(received.day, last))


def today(now: float) -> date:
    """The day of a moment (unix seconds), in UTC."""
    return datetime.fromtimestamp(now, UTC).date()


def requests_of(engine: Engine) -> tuple[VisitorRequest, ...]:
    """Every request: the open ones by the day they are due, then the closed."""
    query = select(request).order_by(request.c.closed.is_not(None), request.c.due, request.c.number)
    with reading(engine) as connection:
        return tuple(map(_read, connection.execute(query)))


def find_request(engine: Engine, number: int) -> VisitorRequest | None:
    """One request; None where there is none, or none any more."""
    with reading(engine) as connection:
        return read_request(connection, number)


def read_request(connection: Connection, number: int) -> VisitorRequest | None:
    """The same, within a transaction."""
    row = connection.execute(select(request).where(request.c.number == number)).first()
    return None if row is None else _read(row)


def add_request(
    connection: Connection, site: str, kind: str, received: date, contact: str, note: str
) -> VisitorRequest:
    """Keep a new request; its number is one that was never given."""
    values = {
        "site": site,
        "kind": kind,
        "received": received.isoformat(),
        "due": due_after(received, MONTHS).isoformat(),
        "extended": False,
        "contact": contact,
        "note": note,
        "identified": False,
        "outcome": "",
        "answer": "",
    }
    added = connection.execute(insert(request).values(values).returning(request)).one()
    return _read(added)


def extend(connection: Connection, number: int, due: date) -> None:
    """Give a request more time."""
    _change(connection, number, extended=True, due=due.isoformat())


def note_identified(connection: Connection, number: int) -> None:
    """Note that somebody showed who they are."""
    _change(connection, number, identified=True)


def close(connection: Connection, number: int, outcome: str, answer: str, now: float) -> None:
    """End a request."""
    _change(connection, number, outcome=outcome, answer=answer, closed=int(now))


def purge_requests(connection: Connection, now: float) -> int:
    """Forget what was closed long enough ago; how many."""
    over = request.c.closed <= int(now) - KEPT
    return connection.execute(delete(request).where(over)).rowcount


def _change(connection: Connection, number: int, **values: object) -> None:
    connection.execute(update(request).where(request.c.number == number).values(values))


def _read(row: Row[Any]) -> VisitorRequest:
    return VisitorRequest(
        row.number,
        row.site,
        row.kind,
        date.fromisoformat(row.received),
        date.fromisoformat(row.due),
        bool(row.extended),
        row.contact,
        row.note,
        bool(row.identified),
        row.closed,
        row.outcome,
        row.answer,
    )
