"""How many agreed and refused on each day of a longer period."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Integer

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Two columns, empty for the days that were counted before."""
    op.add_column("daily_total", Column("granted", Integer))
    op.add_column("daily_total", Column("refused", Integer))
