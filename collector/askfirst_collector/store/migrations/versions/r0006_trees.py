"""Merkle trees: what there is becomes one, and each site has one of its own from now on."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, PrimaryKeyConstraint, String

revision = "0006"
down_revision = "0005"

_BEFORE = "@before"
_ONLY_ERASED = (
    "CREATE TRIGGER entry_is_only_erased BEFORE UPDATE ON entry "
    "WHEN NEW.idx IS NOT OLD.idx OR NEW.leaf IS NOT OLD.leaf OR NEW.tree IS NOT OLD.tree "
    "OR (OLD.position IS NOT NULL AND NEW.position IS NOT OLD.position) "
    "OR (COALESCE(NEW.body, NEW.site, NEW.handle, NEW.kind, NEW.hour, NEW.until) IS NOT NULL "
    "AND NOT (OLD.position IS NULL AND NEW.position IS NOT NULL AND "
    "(NEW.salt, NEW.body, NEW.site, NEW.handle, NEW.kind, NEW.hour, NEW.until) IS "
    "(OLD.salt, OLD.body, OLD.site, OLD.handle, OLD.kind, OLD.hour, OLD.until))) "
    "BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END"
)

_ON_POSTGRESQL = (
    "CREATE FUNCTION entry_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    "RAISE EXCEPTION 'the ledger only grows' USING ERRCODE = 'integrity_constraint_violation'; "
    "END $$",
    "CREATE TRIGGER entry_is_never_deleted BEFORE DELETE ON entry "
    "FOR EACH ROW EXECUTE FUNCTION entry_only_grows()",
    "CREATE TRIGGER entry_is_never_truncated BEFORE TRUNCATE ON entry "
    "FOR EACH STATEMENT EXECUTE FUNCTION entry_only_grows()",
    "CREATE TRIGGER entry_is_only_erased BEFORE UPDATE ON entry FOR EACH ROW "
    "WHEN (NEW.idx <> OLD.idx OR NEW.leaf <> OLD.leaf OR NEW.tree IS DISTINCT FROM OLD.tree "
    "OR (OLD.position IS NOT NULL AND NEW.position IS DISTINCT FROM OLD.position) "
    "OR (num_nonnulls(NEW.body, NEW.site, NEW.handle, NEW.kind, NEW.hour, NEW.until) > 0 "
    "AND NOT (OLD.position IS NULL AND NEW.position IS NOT NULL AND "
    "(NEW.salt, NEW.body, NEW.site, NEW.handle, NEW.kind, NEW.hour, NEW.until) "
    "IS NOT DISTINCT FROM "
    "(OLD.salt, OLD.body, OLD.site, OLD.handle, OLD.kind, OLD.hour, OLD.until)))) "
    "EXECUTE FUNCTION entry_only_grows()",
)


def upgrade() -> None:
    """Two columns, which every entry of before fills by its index, and two tables."""
    is_sqlite = op.get_context().dialect.name == "sqlite"
    if is_sqlite:
        op.execute("DROP TRIGGER IF EXISTS entry_is_only_erased")
    op.add_column("entry", Column("tree", String))
    op.add_column("entry", Column("position", Integer))
    op.execute(f"UPDATE entry SET tree = '{_BEFORE}', position = idx")  # noqa: S608
    for statement in (_ONLY_ERASED,) if is_sqlite else _ON_POSTGRESQL:
        op.execute(statement)
    op.create_index("entry_by_tree", "entry", ["tree", "position"], unique=True)
    op.create_index("entry_by_leaf", "entry", ["leaf"])
    op.create_table(
        "tree_node",
        Column("tree", String, nullable=False),
        Column("number", BigInteger, nullable=False),
        Column("hash", LargeBinary, nullable=False),
        PrimaryKeyConstraint("tree", "number"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "checkpoint",
        Column("tree", String, nullable=False),
        Column("size", Integer, nullable=False),
        Column("origin", String, nullable=False),
        Column("root", LargeBinary, nullable=False),
        Column("note", String, nullable=False),
        PrimaryKeyConstraint("tree", "size"),
    )
