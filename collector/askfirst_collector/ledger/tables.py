"""The ledger's tables in `ledger.db`.

entry     one a decision; `idx` is the order. Erasing empties everything but `idx`, `leaf` and the
          place of the leaf: its tree, and its position there, which is drawn when a checkpoint is
          signed and is NULL until then. A blank leaf looks like an erased one
dead      a mark of each handle whose end is settled; it outlives the entries and names nobody
pair      its id, which it shares with one `revocations.log`
refusal   how many refused, by site, edition and day, where the policy counts them
unsized   who answered on a day and counts towards no size of it: a mark, as in `dead`
"""

from __future__ import annotations

from sqlalchemy import (
    DDL,
    CheckConstraint,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    delete,
    event,
)

from askfirst_collector.store.database import metadata

HOST = "@host"  # the tree of what is of no site
BEFORE = "@before"  # the sealed one of all that was there before each site had its own

entry = Table(
    "entry",
    metadata,
    Column("idx", Integer, primary_key=True, autoincrement=False),
    Column("leaf", LargeBinary, nullable=False),
    Column("salt", LargeBinary),
    Column("body", LargeBinary),  # canonical JSON, packed
    Column("site", String),
    Column("handle", String),  # also empty in the entry of an erasure
    Column("kind", String),
    Column("hour", Integer),  # unix seconds
    Column("until", Integer),  # unix seconds
    Column("tree", String),  # the name of a site, HOST or BEFORE
    Column("position", Integer),
    CheckConstraint("(body IS NULL) = (salt IS NULL)"),
)
Index("entry_by_handle", entry.c.site, entry.c.handle, entry.c.idx)
Index("entry_by_hour", entry.c.site, entry.c.hour)
Index("entry_by_tree", entry.c.tree, entry.c.position, unique=True)
# A leaf is asked for once it has its position. Each lies at random in its index: of many that are
# placed together some share a page, of a grant that is alone none does.
_PLACED = entry.c.position.is_not(None)
Index("entry_by_leaf", entry.c.leaf, sqlite_where=_PLACED, postgresql_where=_PLACED)
_RESTRICTS = entry.c.kind == "restrict"
Index(
    "entry_restricts",
    entry.c.site,
    entry.c.handle,
    sqlite_where=_RESTRICTS,
    postgresql_where=_RESTRICTS,
)

dead = Table("dead", metadata, Column("mark", LargeBinary, primary_key=True))

pair = Table("pair", metadata, Column("name", LargeBinary, primary_key=True))

refusal = Table(
    "refusal",
    metadata,
    Column("site", String, primary_key=True),
    Column("edition", Integer, primary_key=True),
    Column("day", String, primary_key=True),
    Column("count", Integer, nullable=False),
)

unsized = Table(
    "unsized",
    metadata,
    Column("site", String, primary_key=True),
    Column("day", String, primary_key=True),
    Column("mark", LargeBinary, primary_key=True),
)

# Nothing is overwritten, whatever a later version of this program tries.
_NEVER_DELETED = DDL(  # type: ignore[no-untyped-call]
    "CREATE TRIGGER entry_is_never_deleted BEFORE DELETE ON entry "
    "BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END"
)
_ONLY_ERASED = DDL(  # type: ignore[no-untyped-call]
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
for _trigger in (_NEVER_DELETED, _ONLY_ERASED):
    event.listen(entry, "after_create", _trigger.execute_if(dialect="sqlite"))
for _statement in _ON_POSTGRESQL:
    _trigger_of = DDL(_statement)  # type: ignore[no-untyped-call]
    event.listen(entry, "after_create", _trigger_of.execute_if(dialect="postgresql"))


def forget_days(connection: Connection, before: str) -> None:
    """Remove what is noted of answers by day, of the days (ISO 8601) before this one."""
    for table in (refusal, unsized):
        connection.execute(delete(table).where(table.c.day < before))
