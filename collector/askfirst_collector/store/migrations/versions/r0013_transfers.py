"""Deliveries to third parties: where they go, and which of them are in the ledger."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Integer, LargeBinary, PrimaryKeyConstraint, String, UniqueConstraint

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Two tables more."""
    names = ("id", "site", "purpose", "recipient", "what", "way", "url", "key_id", "region")
    op.create_table(
        "transfer",
        *(Column(name, String, nullable=False) for name in names),
        Column("secret", LargeBinary, nullable=False),
        *(Column(name, Integer, nullable=False) for name in ("upto", "attempts", "due")),
        Column("fault", String, nullable=False),
        PrimaryKeyConstraint("id"),
        UniqueConstraint("site", "purpose", "recipient", "what"),
        if_not_exists=True,
    )
    op.create_table(
        "transferred",
        Column("idx", Integer, nullable=False, autoincrement=False),
        Column("message", String, nullable=False),
        Column("site", String, nullable=False),
        Column("hour", Integer, nullable=False),
        PrimaryKeyConstraint("idx"),
        UniqueConstraint("message"),
        if_not_exists=True,
    )
    op.create_index(
        "ix_transferred_site", "transferred", ["site"], unique=False, if_not_exists=True
    )
