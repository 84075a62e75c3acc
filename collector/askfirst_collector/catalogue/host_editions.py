"""Host policies as they are archived: each that governed here, in one line of history."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    insert,
    select,
)

from askfirst.errors import PolicyError
from askfirst.terms.policy import Policy, read_policy
from askfirst_collector.store.database import changing, metadata, open_ledger, reading

host_edition = Table(
    "host_edition",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("hash", String, nullable=False),
    Column("effective", Integer, nullable=False),  # unix seconds
    Column("document", LargeBinary, nullable=False),  # canonical JSON
)


@dataclass(frozen=True)
class HostEdition:
    """A host policy as it was published; None where the archive cannot be read any more."""

    number: int
    hash: str
    effective: int  # unix seconds
    policy: Policy | None


def newest(connection: Connection) -> HostEdition | None:
    """The host policy that was published last; None where none ever was."""
    query = select(host_edition).order_by(host_edition.c.number.desc()).limit(1)
    row = connection.execute(query).first()
    return None if row is None else _read(row)


def newest_edition(engine: Engine) -> HostEdition | None:
    """The same, for whoever changes nothing."""
    with reading(engine) as connection:
        return newest(connection)


def find(engine: Engine, number: int) -> HostEdition | None:
    """The host policy with this number."""
    query = select(host_edition).where(host_edition.c.number == number)
    with reading(engine) as connection:
        row = connection.execute(query).first()
    return None if row is None else _read(row)


def _read(row: Row[Any]) -> HostEdition:
    try:
        policy = read_policy(row.document, kind="host", archived=True)
    except PolicyError:
        return HostEdition(row.number, row.hash, row.effective, None)
    # What does not have the hash it was archived under is not what was published.
    return HostEdition(
        row.number, row.hash, row.effective, policy if policy.hash == row.hash else None
    )


def add(connection: Connection, policy: Policy, number: int, now: float) -> None:
    """Archive a host policy under this number."""
    connection.execute(
        insert(host_edition).values(
            number=number,
            hash=policy.hash,
            effective=int(now),
            document=policy.canonical(),
        )
    )


def add_first(ledger: Path, policy: Policy, now: float) -> None:
    """Archive a host policy in a file that nobody has open, where it has none yet."""
    engine = open_ledger(ledger)
    with changing(engine) as connection:
        if newest(connection) is None:
            add(connection, policy, 1, now)
    engine.dispose()


def history(engine: Engine) -> list[tuple[int, str, int]]:
    """Number, hash and time of every host policy, newest first."""
    columns = (host_edition.c.number, host_edition.c.hash, host_edition.c.effective)
    with reading(engine) as connection:
        rows = connection.execute(select(*columns).order_by(host_edition.c.number.desc()))
        return [(row[0], row[1], row[2]) for row in rows]
