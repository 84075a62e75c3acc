"""Whose rows several machines have, and where each machine is at work."""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0017"

_TABLES = """
CREATE TABLE IF NOT EXISTS machines.store (id TEXT NOT NULL);
ALTER TABLE machines.machine ADD COLUMN IF NOT EXISTS place TEXT NOT NULL DEFAULT '';
"""


def upgrade() -> None:
    """In the schema that they share; a ledger in a file belongs to one machine, and needs none."""
    if op.get_context().dialect.name == "postgresql":
        for statement in _TABLES.strip().removesuffix(";").split(";\n"):
            op.execute(statement)
