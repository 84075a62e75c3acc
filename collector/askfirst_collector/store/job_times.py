"""When each job last ran, in whichever process, and other times that jobs go by."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import Column, Engine, Integer, String, Table, delete, insert, select, update

from .database import changing, metadata, reading

job = Table(
    "job",
    metadata,
    Column("name", String, primary_key=True),
    Column("last", Integer, nullable=False),  # unix seconds
)


def read_times(engine: Engine, names: Collection[str]) -> dict[str, int]:
    """The times (unix seconds) under these names; what has none is left out."""
    query = select(job.c.name, job.c.last).where(job.c.name.in_(names))
    with reading(engine) as connection:
        return {row.name: row.last for row in connection.execute(query)}


def note_times(engine: Engine, times: Mapping[str, float], forget: Collection[str] = ()) -> None:
    """Keep these times (unix seconds), and forget others, at once."""
    with changing(engine) as connection:
        for name, moment in times.items():
            values = {"last": int(moment)}
            own = job.c.name == name
            if not connection.execute(update(job).where(own).values(values)).rowcount:
                connection.execute(insert(job).values(name=name, **values))
        connection.execute(delete(job).where(job.c.name.in_(forget)))
