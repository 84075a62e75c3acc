"""Migrations: run at start, rehearsed on a copy, adopted by older folders, and never backwards."""

from __future__ import annotations

import importlib
import json
import pkgutil
import sqlite3
import subprocess
import warnings
from contextlib import closing
from io import StringIO
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from click.testing import CliRunner
from sqlalchemy import create_engine

import askfirst_collector
from askfirst_collector.cli import main
from askfirst_collector.config import SettingError
from askfirst_collector.store.database import metadata, open_ledger
from askfirst_collector.store.migrate import HEAD, VERSIONS, migrate, rehearse
from tests.support.programs import python

STEPS = [f"{number:04}" for number in range(1, 20)]

BEFORE = Path(__file__).parent / "before-migrations.sql"
OPEN = (
    "import sys; from pathlib import Path;"
    "from askfirst_collector.store.database import open_ledger;"
    "sys.stdin.read(); open_ledger(Path(sys.argv[1])).dispose();"
    "print('alembic' in sys.modules)"
)


def whole_metadata() -> None:
    """Every module that may declare a table is imported."""
    for module in pkgutil.walk_packages(askfirst_collector.__path__, "askfirst_collector."):
        if ".migrations." not in module.name:
            with warnings.catch_warnings():
                # Where something was, it says so; it holds no table.
                warnings.filterwarnings("ignore", "askfirst_collector.* has moved")
                importlib.import_module(module.name)


def objects(path: Path) -> dict[tuple[str, str], str]:
    """Tables, indices and triggers of a database; what SQL says of triggers and tables' options."""
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("SELECT type, name, sql FROM sqlite_master WHERE sql <> ''")
        return {
            (kind, name): sql if kind == "trigger" else str("WITHOUT ROWID" in sql)
            for kind, name, sql in found
            if name != "alembic_version"
        }


def checks(path: Path) -> list[str]:
    """The CHECK constraints, which Alembic does not compare."""
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("SELECT sql FROM sqlite_master WHERE sql LIKE '%CHECK%'")
        return sorted(
            line.strip(" ,\t") for (sql,) in found for line in sql.splitlines() if "CHECK" in line
        )


def made_before(path: Path) -> None:
    """A database as every one was made before there were migrations."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(BEFORE.read_text("utf-8"))


def test_the_revisions_make_the_tables_that_the_code_declares(tmp_path: Path) -> None:
    """A table that is declared, and in no revision, is found here."""
    whole_metadata()
    engine = create_engine(f"sqlite:///{tmp_path / 'ledger.db'}")
    migrate(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()
    declared = create_engine(f"sqlite:///{tmp_path / 'declared.db'}")
    metadata.create_all(declared)
    declared.dispose()
    assert objects(tmp_path / "ledger.db") == objects(tmp_path / "declared.db")
    assert checks(tmp_path / "ledger.db") == checks(tmp_path / "declared.db") != []


def test_the_newest_revision_is_the_one_that_a_start_looks_for() -> None:
    """A start that finds HEAD imports nothing of Alembic, so HEAD has to be right."""
    script = ScriptDirectory(str(VERSIONS))
    assert script.get_heads() == [HEAD]
    assert all(each.doc for each in script.walk_revisions())


def test_every_revision_is_something_that_postgresql_can_do() -> None:
    """SQLite now; nothing in it that PostgreSQL cannot do."""
    script, written = ScriptDirectory(str(VERSIONS)), StringIO()

    def forward(revision: str, _context: object) -> object:
        return script._upgrade_revs(HEAD, revision)

    options = {"as_sql": True, "fn": forward, "starting_rev": None, "destination_rev": HEAD}
    with EnvironmentContext(Config(), script, **options) as environment:
        environment.configure(dialect_name="postgresql", output_buffer=written)
        environment.run_migrations()
    assert "CREATE TABLE IF NOT EXISTS host_edition" in written.getvalue()
    assert written.getvalue().count("CREATE TRIGGER") == 3
    assert "RAISE(" not in written.getvalue()
    assert "ROWID" not in written.getvalue()


def test_a_folder_from_before_migrations_is_adopted(tmp_path: Path) -> None:
    """What it holds stays; a table that it lacks is made; a second start has nothing to do."""
    ledger = tmp_path / "ledger.db"
    made_before(ledger)
    with closing(sqlite3.connect(ledger)) as connection:
        connection.execute("INSERT INTO job VALUES ('salts', 7)")
        connection.execute("DROP TABLE lease")
        connection.commit()
    assert [step.revision for step in rehearse(ledger)] == STEPS
    open_ledger(ledger).dispose()
    with closing(sqlite3.connect(ledger)) as connection:
        assert connection.execute("SELECT * FROM job").fetchall() == [("salts", 7)]
        for table in ("host_edition", "lease", "today"):
            found = connection.execute(f"SELECT COUNT(*) FROM {table}")
            assert found.fetchone() == (0,)
        assert connection.execute("SELECT * FROM alembic_version").fetchall() == [(HEAD,)]
    assert rehearse(ledger) == ()


def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    """An older program does not write what it does not understand, and says which one does."""
    ledger = tmp_path / "ledger.db"
    open_ledger(ledger).dispose()
    with closing(sqlite3.connect(ledger)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    before = ledger.read_bytes()
    for attempt in (open_ledger, rehearse):
        with pytest.raises(SettingError, match=r"E102: revision 9999: .*newer askfirst"):
            attempt(ledger)
    assert ledger.read_bytes() == before


def test_a_rehearsal_leaves_the_file_alone(tmp_path: Path) -> None:
    """`migrate --check`: what would run is run on a copy; no byte and no file is added."""
    ledger = tmp_path / "ledger.db"
    made_before(ledger)
    before = {
        each.name: (each.read_bytes(), each.stat().st_mtime_ns) for each in tmp_path.iterdir()
    }
    assert [step.revision for step in rehearse(ledger)] == STEPS
    after = {each.name: (each.read_bytes(), each.stat().st_mtime_ns) for each in tmp_path.iterdir()}
    assert after == before


def test_a_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    """All that is pending is one transaction."""
    ledger = tmp_path / "ledger.db"
    with closing(sqlite3.connect(ledger)) as connection:
        # Of another shape: an index of the first revision cannot be made on it.
        connection.execute("CREATE TABLE entry (idx INTEGER PRIMARY KEY)")
    before = objects(ledger)
    for attempt in (rehearse, open_ledger):
        with pytest.raises(Exception, match="no such column"):
            attempt(ledger)
    assert objects(ledger) == before


def test_workers_that_start_at_once_do_not_collide(tmp_path: Path) -> None:
    """Real processes on one new file at the same moment; later starts need no Alembic at all."""
    ledger = tmp_path / "ledger.db"
    for expected in ({"True", "False"}, {"False"}):
        running = [
            python(
                *("-c", OPEN, ledger),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(4)
        ]
        for process in running:
            assert process.stdin is not None
            process.stdin.close()
        answers = set()
        for process in running:
            assert process.stdout is not None
            answers.add(process.stdout.read().strip())
            process.stdout.close()
            assert process.wait() == 0
        assert answers <= expected
        assert "False" in answers or expected != {"False"}


def test_askfirst_migrate_says_what_it_would_do_and_does_it(tmp_path: Path) -> None:
    """`askfirst migrate --check` rehearses, `askfirst migrate` does it."""
    ledger, run = tmp_path / "ledger.db", CliRunner()
    made_before(ledger)
    told = run.invoke(main, ["migrate", "--data", str(tmp_path), "--check", "--json"])
    assert told.exit_code == 0, told.output
    assert [step["revision"] for step in json.loads(told.output)["would_run"]] == STEPS
    done = run.invoke(main, ["migrate", "--data", str(tmp_path)])
    assert (done.exit_code, done.output.splitlines()[-1]) == (0, "Done.")
    again = run.invoke(main, ["migrate", "--data", str(tmp_path), "--check"])
    assert (again.exit_code, again.output[:14]) == (0, "Nothing to do:")


def test_askfirst_migrate_check_ends_with_1_where_it_would_not_work(tmp_path: Path) -> None:
    """And names the fault by its type: the text of a database error may hold what is stored."""
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as connection:
        connection.execute("CREATE TABLE entry (idx INTEGER PRIMARY KEY)")
    told = CliRunner().invoke(main, ["migrate", "--data", str(tmp_path), "--check"])
    assert told.exit_code == 1
    assert "does not work on a copy (SQLITE_ERROR)" in told.output
    assert CliRunner().invoke(main, ["migrate", "--data", str(tmp_path / "no")]).exit_code == 2
