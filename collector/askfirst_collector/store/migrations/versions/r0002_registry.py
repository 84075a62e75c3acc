"""The host and its members: ceilings, whom they suspend, whom a webhook tells, who changed what."""

from __future__ import annotations

from alembic import op
from sqlalchemy import (
    Column,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    UniqueConstraint,
)

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make what is missing."""
    op.create_table(
        "host_edition",
        Column("number", Integer, autoincrement=False, nullable=False),
        Column("hash", String, nullable=False),
        Column("effective", Integer, nullable=False),
        Column("document", LargeBinary, nullable=False),
        PrimaryKeyConstraint("number"),
        if_not_exists=True,
    )
    op.create_table(
        "change",
        Column("idx", Integer, autoincrement=False, nullable=False),
        Column("site", String),
        PrimaryKeyConstraint("idx"),
        if_not_exists=True,
    )
    op.create_index("ix_change_site", "change", ["site"], if_not_exists=True)
    op.create_table(
        "suspension",
        Column("site", String, nullable=False),
        Column("since", Integer, nullable=False),
        Column("reason", LargeBinary, nullable=False),
        PrimaryKeyConstraint("site"),
        if_not_exists=True,
    )
    op.create_table(
        "webhook",
        Column("site", String, nullable=False),
        Column("collector", String, nullable=False),
        Column("url", String, nullable=False),
        Column("secret", LargeBinary, nullable=False),
        PrimaryKeyConstraint("site", "collector"),
        if_not_exists=True,
    )
    op.create_table(
        "delivery",
        Column("id", String, nullable=False),
        Column("site", String, nullable=False),
        Column("collector", String, nullable=False),
        Column("body", LargeBinary, nullable=False),
        Column("made", Integer, nullable=False),
        Column("due", Integer, nullable=False),
        Column("attempts", Integer, nullable=False),
        PrimaryKeyConstraint("id"),
        if_not_exists=True,
    )
    op.create_table(
        "placed",
        Column("site", String, nullable=False),
        Column("name", String, nullable=False),
        Column("owner", String, nullable=False),
        Column("state", String, nullable=False),
        Column("document", LargeBinary, nullable=False),
        Column("write_key", String, nullable=False),
        Column("version", Integer, nullable=False),
        Column("reason", LargeBinary),
        PrimaryKeyConstraint("site", "name"),
        UniqueConstraint("write_key"),
        if_not_exists=True,
    )
    op.create_table(
        "retired_site",
        Column("site", String, nullable=False),
        Column("since", Integer, nullable=False),
        PrimaryKeyConstraint("site"),
        if_not_exists=True,
    )
    op.create_table(
        "scheduled",
        Column("site", String, nullable=False),
        Column("effective", Integer, nullable=False),
        Column("document", LargeBinary, nullable=False),
        Column("actor", String),
        Column("refused", LargeBinary),
        PrimaryKeyConstraint("site"),
        if_not_exists=True,
    )
