"""Requests of visitors that come by mail; evidence that two members open."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Boolean, Column, Integer, PrimaryKeyConstraint, String

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Two tables more."""
    words = ("site", "kind", "received", "due", "contact", "note", "outcome", "answer")
    op.create_table(
        "request",
        Column("number", Integer, primary_key=True),
        *(Column(name, String, nullable=False) for name in words),
        *(Column(name, Boolean, nullable=False) for name in ("extended", "identified")),
        Column("closed", Integer),
        sqlite_autoincrement=True,
        if_not_exists=True,
    )
    op.create_table(
        "evidence_lock",
        *(Column(name, String, nullable=False) for name in ("id", "leaf", "asked_by", "opened_by")),
        Column("expires", Integer, nullable=False),
        PrimaryKeyConstraint("id"),
        if_not_exists=True,
    )
