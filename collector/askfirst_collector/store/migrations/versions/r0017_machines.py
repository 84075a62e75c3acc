"""What several machines of one host share beside the ledger."""

from __future__ import annotations

from alembic import op

revision = "0017"
down_revision = "0016"

_TABLES = """
CREATE SCHEMA IF NOT EXISTS machines;
CREATE TABLE IF NOT EXISTS machines.machine (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    seen TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    moved BIGINT NOT NULL DEFAULT 0,
    lost TIMESTAMPTZ
);
CREATE TABLE IF NOT EXISTS machines.call (number BIGINT NOT NULL);
INSERT INTO machines.call SELECT 0 WHERE NOT EXISTS (SELECT FROM machines.call);
CREATE TABLE IF NOT EXISTS machines.key_file (name TEXT PRIMARY KEY, content TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS machines.period (
    id BIGINT PRIMARY KEY,
    site TEXT NOT NULL,
    collector TEXT NOT NULL,
    purpose TEXT NOT NULL,
    closes TEXT NOT NULL,
    period TEXT NOT NULL,
    state BIGINT NOT NULL,
    UNIQUE (site, collector, purpose, closes, period)
);
CREATE TABLE IF NOT EXISTS machines.answer (
    day BIGINT NOT NULL, key BYTEA NOT NULL, answer BYTEA NOT NULL, PRIMARY KEY (day, key)
);
CREATE TABLE IF NOT EXISTS machines.moved (
    spool TEXT PRIMARY KEY,
    upto BIGINT NOT NULL,
    sending BIGINT NOT NULL DEFAULT 0,
    machine TEXT NOT NULL DEFAULT current_setting('askfirst.machine')
);
CREATE TABLE IF NOT EXISTS machines.leaving (
    site TEXT NOT NULL,
    collector TEXT NOT NULL,
    purpose TEXT NOT NULL,
    closes TEXT NOT NULL,
    period TEXT NOT NULL,
    kept BIGINT NOT NULL,
    PRIMARY KEY (site, collector, purpose, closes, period, kept)
);
CREATE TABLE IF NOT EXISTS machines.generation (number BIGINT NOT NULL);
INSERT INTO machines.generation SELECT 0 WHERE NOT EXISTS (SELECT FROM machines.generation);
"""


def upgrade() -> None:
    """A schema of its own; a ledger in a file belongs to one machine, and needs none."""
    if op.get_context().dialect.name == "postgresql":
        for statement in _TABLES.strip().removesuffix(";").split(";\n"):
            op.execute(statement)
