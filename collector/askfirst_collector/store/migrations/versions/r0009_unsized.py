"""Who answered on a day and counts towards no size of it."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, LargeBinary, String

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """A table, empty: whoever answered before counts towards sizes."""
    op.create_table(
        "unsized",
        Column("site", String, primary_key=True),
        Column("day", String, primary_key=True),
        Column("mark", LargeBinary, primary_key=True),
        if_not_exists=True,
    )
