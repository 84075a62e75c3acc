"""Print what a new revision of ledger.db has to do: what code declares and no revision makes."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext
from alembic.operations.ops import UpgradeOps
from sqlalchemy import create_engine

import askfirst_collector
from askfirst_collector.store.database import metadata
from askfirst_collector.store.migrate import migrate


def declared() -> Iterator[str]:
    """Import every module that may declare a table; their names."""
    for module in pkgutil.walk_packages(askfirst_collector.__path__, "askfirst_collector."):
        if ".migrations." not in module.name:
            yield importlib.import_module(module.name).__name__


def missing() -> str:
    """The body of `upgrade()`."""
    engine = create_engine("sqlite://")
    list(declared())
    migrate(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found = produce_migrations(context, metadata).upgrade_ops
    assert isinstance(found, UpgradeOps)
    return render_python_code(found)


if __name__ == "__main__":
    print(missing())
