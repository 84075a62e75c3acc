"""Letters by e-mail: who gets them, and which are on their way."""

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

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Two tables more."""
    op.create_table(
        "subscription",
        *(Column(name, String, nullable=False) for name in ("id", "site", "member", "email")),
        Column("every", String, nullable=False),
        Column("alerts", Boolean, nullable=False),
        Column("word", String, nullable=False),
        Column("confirm", LargeBinary),
        Column("since", Integer, nullable=False),
        PrimaryKeyConstraint("id"),
        UniqueConstraint("word"),
        UniqueConstraint("site", "member"),
        if_not_exists=True,
    )
    names = ("id", "site", "member", "subscription", "kind", "key", "word", "state")
    op.create_table(
        "mail",
        *(Column(name, String, nullable=False) for name in names),
        *(Column(name, Integer, nullable=False) for name in ("made", "due", "attempts")),
        Column("fault", String, nullable=False),
        PrimaryKeyConstraint("id"),
        UniqueConstraint("subscription", "kind", "key"),
        if_not_exists=True,
    )
