"""Links that show figures."""

from __future__ import annotations

from alembic import op
from sqlalchemy import (
    Boolean,
    Column,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    UniqueConstraint,
)

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """One table more."""
    op.create_table(
        "share",
        Column("id", String, nullable=False),
        Column("hash", LargeBinary, nullable=False),
        *(Column(name, String, nullable=False) for name in ("site", "purpose", "cards", "days")),
        *(Column(name, Boolean, nullable=False) for name in ("public", "embeds")),
        Column("expires", Integer, nullable=False),
        PrimaryKeyConstraint("id"),
        UniqueConstraint("hash"),
        if_not_exists=True,
    )
