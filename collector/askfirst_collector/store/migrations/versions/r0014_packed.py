"""Entries of the ledger stand packed in their rows."""

from __future__ import annotations

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Nothing is rewritten: an older program is kept from what it could not read."""
