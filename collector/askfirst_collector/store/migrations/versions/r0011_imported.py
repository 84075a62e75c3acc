"""Figures that another tool counted before."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Integer, PrimaryKeyConstraint, String

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """One table more."""
    key = ("site", "source", "day", "table", "value")
    op.create_table(
        "imported",
        *(Column(name, String, nullable=False) for name in key),
        *(Column(name, Integer) for name in ("visitors", "views")),
        PrimaryKeyConstraint(*key),
        if_not_exists=True,
    )
