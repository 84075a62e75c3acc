"""Visits beside page views, today by purpose; the keys of rounding and the snapshot go."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Integer, PrimaryKeyConstraint, String

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """What closed before says nothing of visits."""
    op.add_column("closing", Column("visits", Integer))
    op.drop_table("rounding_key", if_exists=True)
    op.drop_table("snapshot", if_exists=True)
    op.create_table(
        "today",
        Column("site", String, nullable=False),
        Column("purpose", String, nullable=False),
        Column("until", Integer, nullable=False),
        Column("sum", Integer, nullable=False),
        Column("shown", Integer, nullable=False),
        PrimaryKeyConstraint("site", "purpose"),
        if_not_exists=True,
    )
