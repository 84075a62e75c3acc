"""What was destroyed as its time was over; reviews of purposes; who restricted, found at once."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Boolean, Column, Integer, PrimaryKeyConstraint, String, false, text

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """One column more, one table and one index."""
    op.add_column("change", Column("ended", Boolean, nullable=False, server_default=false()))
    op.create_table(
        "review",
        *(Column(name, String, nullable=False) for name in ("site", "purpose")),
        Column("reviewed", Integer, nullable=False),
        PrimaryKeyConstraint("site", "purpose"),
        if_not_exists=True,
    )
    restricts = text("kind = 'restrict'")
    op.create_index(
        "entry_restricts",
        "entry",
        ["site", "handle"],
        if_not_exists=True,
        sqlite_where=restricts,
        postgresql_where=restricts,
    )
