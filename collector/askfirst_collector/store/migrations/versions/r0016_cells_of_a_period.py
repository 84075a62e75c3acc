"""The cells of a period are read from their index alone."""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """The index by period gets the columns that a range adds."""
    op.drop_index("cell_by_closing", "cell", if_exists=True)
    op.create_index("cell_by_closing", "cell", ["closing", "table", "visitors"])
