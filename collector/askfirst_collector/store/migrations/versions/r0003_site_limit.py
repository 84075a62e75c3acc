"""How many rows a day a host lets a site store."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Integer, PrimaryKeyConstraint, String

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make what is missing; a site without a row has the default."""
    op.create_table(
        "site_limit",
        Column("site", String, nullable=False),
        Column("rows_a_day", Integer, nullable=False),
        PrimaryKeyConstraint("site"),
        if_not_exists=True,
    )
