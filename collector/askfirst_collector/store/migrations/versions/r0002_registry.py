"""The registry: host policies, whom they suspend, placed collectors, members, their changes."""

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
    inspect,
)

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make what is missing. Whoever is signed in has to sign in again."""
    _host()
    _sites()
    _members()


def _host() -> None:
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


def _sites() -> None:
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
    op.create_table(
        "milestone",
        Column("site", String, nullable=False),
        Column("granted", Boolean, nullable=False),
        Column("counted", Boolean, nullable=False),
        PrimaryKeyConstraint("site"),
        if_not_exists=True,
    )
    # A folder from before there were migrations may have been made with them.
    offline = op.get_context().as_sql
    columns = [] if offline else inspect(op.get_bind()).get_columns("site_key")
    known = {entry["name"] for entry in columns}
    for column in (Column("made", Integer), Column("expires", Integer)):
        if column.name not in known:
            op.add_column("site_key", column)


def _members() -> None:
    op.create_table(
        "member_site",
        Column("member", String(80), nullable=False),
        Column("site", String(40), nullable=False),
        PrimaryKeyConstraint("member", "site"),
        if_not_exists=True,
    )
    op.create_table(
        "invitation",
        Column("id", String(16), nullable=False),
        Column("hash", LargeBinary(32), nullable=False),
        Column("role", String(20), nullable=False),
        Column("sites", String, nullable=False),
        Column("email", String(254), nullable=False),
        Column("expires", Integer, nullable=False),
        PrimaryKeyConstraint("id"),
        UniqueConstraint("hash"),
        if_not_exists=True,
    )
    op.create_table(
        "session",
        Column("id", String(16), nullable=False),
        Column("hash", LargeBinary(32), nullable=False),
        Column("member", String(80), nullable=False),
        Column("browser", LargeBinary(32), nullable=False),
        Column("begun", String(10), nullable=False),
        Column("expires", Integer, nullable=False),
        PrimaryKeyConstraint("id"),
        UniqueConstraint("hash"),
        if_not_exists=True,
    )
    op.create_index("ix_session_member", "session", ["member"], if_not_exists=True)
    op.create_table(
        "api_token",
        Column("id", String(16), nullable=False),
        Column("hash", LargeBinary(32), nullable=False),
        Column("member", String(80), nullable=False),
        Column("name", String(80), nullable=False),
        Column("scopes", String, nullable=False),
        Column("begun", String(10), nullable=False),
        Column("expires", Integer, nullable=False),
        PrimaryKeyConstraint("id"),
        UniqueConstraint("hash"),
        if_not_exists=True,
    )
    op.create_index("ix_api_token_member", "api_token", ["member"], if_not_exists=True)
    op.create_table(
        "identity",
        Column("issuer", String, nullable=False),
        Column("subject", String, nullable=False),
        Column("member", String(80), nullable=False),
        PrimaryKeyConstraint("issuer", "subject"),
        if_not_exists=True,
    )
    op.create_index("ix_identity_member", "identity", ["member"], if_not_exists=True)
    op.create_table(
        "sign_in_try",
        Column("mark", LargeBinary(32), nullable=False),
        Column("count", Integer, nullable=False),
        Column("last", Integer, nullable=False),
        PrimaryKeyConstraint("mark"),
        if_not_exists=True,
    )
    op.execute("DROP TABLE IF EXISTS sessions")
