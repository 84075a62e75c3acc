"""The tables of 0.1. Folders made before there were migrations have them already."""

from __future__ import annotations

from alembic import op
from sqlalchemy import (
    CheckConstraint,
    Column,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
)

revision = "0001"
down_revision = None

_NEVER_DELETED = (
    "CREATE TRIGGER IF NOT EXISTS entry_is_never_deleted BEFORE DELETE ON entry "
    "BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END"
)
_ONLY_ERASED = (
    "CREATE TRIGGER IF NOT EXISTS entry_is_only_erased BEFORE UPDATE ON entry "
    "WHEN NEW.idx IS NOT OLD.idx OR NEW.leaf IS NOT OLD.leaf OR NEW.body IS NOT NULL "
    "OR NEW.site IS NOT NULL OR NEW.handle IS NOT NULL OR NEW.kind IS NOT NULL "
    "OR NEW.hour IS NOT NULL OR NEW.until IS NOT NULL "
    "BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END"
)


def upgrade() -> None:
    """Make what is missing."""
    _registry()
    _ledger()
    _closing()
    _jobs()
    if op.get_context().dialect.name == "sqlite":
        op.execute(_NEVER_DELETED)
        op.execute(_ONLY_ERASED)


def _registry() -> None:
    op.create_table(
        "edition",
        Column("site", String, nullable=False),
        Column("number", Integer, autoincrement=False, nullable=False),
        Column("hash", String, nullable=False),
        Column("effective", Integer, nullable=False),
        Column("document", LargeBinary, nullable=False),
        PrimaryKeyConstraint("site", "number"),
        if_not_exists=True,
    )
    op.create_table(
        "notice",
        Column("hash", String, nullable=False),
        Column("words", LargeBinary, nullable=False),
        PrimaryKeyConstraint("hash"),
        if_not_exists=True,
    )
    op.create_table(
        "revision",
        Column("number", Integer, nullable=False),
        PrimaryKeyConstraint("number"),
        if_not_exists=True,
    )
    op.create_table(
        "site_key",
        Column("hash", LargeBinary, nullable=False),
        Column("site", String, nullable=False),
        PrimaryKeyConstraint("hash"),
        if_not_exists=True,
    )
    op.create_table(
        "members",
        Column("name", String(length=80), nullable=False),
        Column("role", String(length=20), nullable=False),
        Column("password", String(length=200), nullable=False),
        PrimaryKeyConstraint("name"),
        if_not_exists=True,
    )
    op.create_table(
        "sessions",
        Column("hash", LargeBinary(length=32), nullable=False),
        Column("member", String(length=80), nullable=False),
        Column("expires", Integer, nullable=False),
        PrimaryKeyConstraint("hash"),
        if_not_exists=True,
    )
    op.create_index("ix_sessions_member", "sessions", ["member"], if_not_exists=True)
    op.create_table(
        "setup_links",
        Column("hash", LargeBinary(length=32), nullable=False),
        Column("made", Integer, nullable=False),
        PrimaryKeyConstraint("hash"),
        if_not_exists=True,
    )


def _ledger() -> None:
    op.create_table(
        "entry",
        Column("idx", Integer, autoincrement=False, nullable=False),
        Column("leaf", LargeBinary, nullable=False),
        Column("salt", LargeBinary),
        Column("body", LargeBinary),
        Column("site", String),
        Column("handle", String),
        Column("kind", String),
        Column("hour", Integer),
        Column("until", Integer),
        CheckConstraint("(body IS NULL) = (salt IS NULL)"),
        PrimaryKeyConstraint("idx"),
        if_not_exists=True,
    )
    op.create_index("entry_by_handle", "entry", ["site", "handle", "idx"], if_not_exists=True)
    op.create_index("entry_by_hour", "entry", ["site", "hour"], if_not_exists=True)
    op.create_table(
        "dead",
        Column("mark", LargeBinary, nullable=False),
        PrimaryKeyConstraint("mark"),
        if_not_exists=True,
    )
    op.create_table(
        "pair",
        Column("name", LargeBinary, nullable=False),
        PrimaryKeyConstraint("name"),
        if_not_exists=True,
    )
    op.create_table(
        "refusal",
        Column("site", String, nullable=False),
        Column("edition", Integer, nullable=False),
        Column("day", String, nullable=False),
        Column("count", Integer, nullable=False),
        PrimaryKeyConstraint("site", "edition", "day"),
        if_not_exists=True,
    )


def _closing() -> None:
    op.create_table(
        "closing",
        Column("id", Integer, nullable=False),
        Column("site", String, nullable=False),
        Column("collector", String, nullable=False),
        Column("purpose", String, nullable=False),
        Column("closes", String, nullable=False),
        Column("period", String, nullable=False),
        Column("min_cell_size", Integer, nullable=False),
        Column("visitors", Integer),
        Column("views", Integer),
        Column("expires", Integer, nullable=False),
        Column("settled", Integer, nullable=False),
        PrimaryKeyConstraint("id"),
        if_not_exists=True,
    )
    op.create_index(
        "closing_by_period",
        "closing",
        ["site", "collector", "purpose", "closes", "period"],
        unique=True,
        if_not_exists=True,
    )
    op.create_table(
        "cell",
        Column("subject", Integer, nullable=False),
        Column("table", String, nullable=False),
        Column("path", String, nullable=False),
        Column("kind", String, nullable=False),
        Column("closing", Integer, nullable=False),
        Column("visitors", Integer, nullable=False),
        Column("views", Integer, nullable=False),
        PrimaryKeyConstraint("subject", "table", "path", "kind", "closing"),
        sqlite_with_rowid=False,
        if_not_exists=True,
    )
    op.create_index("cell_by_closing", "cell", ["closing"], if_not_exists=True)
    op.create_table(
        "subject",
        Column("id", Integer, nullable=False),
        Column("site", String, nullable=False),
        Column("collector", String, nullable=False),
        Column("purpose", String, nullable=False),
        PrimaryKeyConstraint("id"),
        if_not_exists=True,
    )
    op.create_index(
        "subject_by_name",
        "subject",
        ["site", "collector", "purpose"],
        unique=True,
        if_not_exists=True,
    )
    op.create_table(
        "rounding_key",
        Column("site", String, nullable=False),
        Column("closes", String, nullable=False),
        Column("period", String, nullable=False),
        Column("key", LargeBinary, nullable=False),
        Column("due", Integer, nullable=False),
        PrimaryKeyConstraint("site", "closes", "period"),
        if_not_exists=True,
    )
    op.create_table(
        "snapshot",
        Column("site", String, nullable=False),
        Column("closes", String, nullable=False),
        Column("period", String, nullable=False),
        Column("made", Integer, nullable=False),
        Column("visitors", Integer, nullable=False),
        Column("views", Integer, nullable=False),
        PrimaryKeyConstraint("site"),
        if_not_exists=True,
    )


def _jobs() -> None:
    op.create_table(
        "job",
        Column("name", String, nullable=False),
        Column("last", Integer, nullable=False),
        PrimaryKeyConstraint("name"),
        if_not_exists=True,
    )
    op.create_table(
        "lease",
        Column("name", String, nullable=False),
        Column("holder", String, nullable=False),
        Column("until", Integer, nullable=False),
        PrimaryKeyConstraint("name"),
        if_not_exists=True,
    )
