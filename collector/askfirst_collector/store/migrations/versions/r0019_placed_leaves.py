"""A leaf is found by its hash once it has its position: grants write one page less."""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """The same index, of what a checkpoint was signed of alone."""
    placed = text("position IS NOT NULL")
    op.drop_index("entry_by_leaf", "entry")
    op.create_index(
        "entry_by_leaf", "entry", ["leaf"], sqlite_where=placed, postgresql_where=placed
    )
