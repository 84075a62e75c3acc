"""Days, and figures so far, of periods that are longer than a day."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Integer, PrimaryKeyConstraint, String

revision = "0005"
down_revision = "0004"

_OF_PERIOD = ("site", "collector", "purpose", "closes", "period")


def upgrade() -> None:
    """Two tables more."""
    op.create_table(
        "daily_total",
        *(Column(name, String, nullable=False) for name in (*_OF_PERIOD, "day")),
        *(Column(name, Integer) for name in ("visitors", "views", "visits")),
        Column("expires", Integer, nullable=False),
        PrimaryKeyConstraint(*_OF_PERIOD, "day"),
        if_not_exists=True,
    )
    op.create_table(
        "so_far",
        *(Column(name, String, nullable=False) for name in (*_OF_PERIOD, "table", "path", "until")),
        Column("visitors", Integer, nullable=False),
        PrimaryKeyConstraint(*_OF_PERIOD, "table", "path"),
        if_not_exists=True,
    )
