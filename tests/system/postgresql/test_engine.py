"""What a PostgreSQL does as SQLite does: one writer, nothing overwritten, faults by their code."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, insert, select, text
from sqlalchemy.exc import DataError, IntegrityError

from askfirst.errors import CollectorUnavailable
from askfirst_collector.cli import main
from askfirst_collector.config import Folder, SettingError
from askfirst_collector.ledger.tables import dead, entry
from askfirst_collector.services import Services
from askfirst_collector.store import faults
from askfirst_collector.store.database import changing, open_ledger, reading, writing
from askfirst_collector.store.faults import StoreFault
from askfirst_collector.store.watch import Watch
from tests.support.collectors import Clock, opened
from tests.support.postgresql import USER, Cluster
from tests.system.postgresql.conftest import folder_in

pytestmark = pytest.mark.long
HERE = Path("unused")
ENTRY = {"idx": 0, "leaf": b"l", "salt": b"s", "body": b"b", "site": "shop", "hour": 2**33}


@pytest.fixture
def url(postgresql: Cluster) -> str:
    return postgresql.url(postgresql.migrated())


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    engine = open_ledger(HERE, url)
    yield engine
    engine.dispose()


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM entry",
        "TRUNCATE entry",
        "UPDATE entry SET leaf = 'x'",
        "UPDATE entry SET idx = 7",
        "UPDATE entry SET site = 'tides'",
        "UPDATE entry SET body = NULL, salt = NULL",
        "UPDATE entry SET position = 4, site = 'tides'",
        "UPDATE entry SET tree = 'tides'",
    ],
)
def test_nothing_is_overwritten(engine: Engine, statement: str) -> None:
    """The ledger only grows, whatever a later version of this program tries."""
    with writing(engine) as connection:
        connection.execute(insert(entry).values(ENTRY))
    with pytest.raises(IntegrityError), writing(engine) as connection:
        connection.execute(text(statement))
    with reading(engine) as connection:
        assert connection.execute(select(entry.c.leaf, entry.c.hour)).all() == [(b"l", 2**33)]


def test_an_entry_is_erased_and_placed_once(engine: Engine) -> None:
    """What the ledger does is let through: a position is drawn, an entry is emptied."""
    nothing = "salt = NULL, body = NULL, site = NULL, handle = NULL, kind = NULL, hour = NULL"
    with writing(engine) as connection:
        connection.execute(insert(entry).values(ENTRY))
        connection.execute(text("UPDATE entry SET position = 3"))
        connection.execute(text(f"UPDATE entry SET {nothing}, until = NULL"))
    with pytest.raises(IntegrityError), writing(engine) as connection:
        connection.execute(text("UPDATE entry SET position = 4"))


def test_who_writes_reads_what_nobody_else_changes(engine: Engine, url: str) -> None:
    """Two engines count on, one after the other: no number is drawn twice, and none is lost."""
    others = [engine, open_ledger(HERE, url)]

    def count(own: Engine) -> None:
        for _ in range(40):
            with writing(own) as connection:
                top = connection.execute(text("SELECT COALESCE(MAX(idx), -1) FROM entry")).scalar()
                connection.execute(insert(entry).values({**ENTRY, "idx": (top or 0) + 1}))

    threads = [threading.Thread(target=count, args=(own,)) for own in others for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    others[1].dispose()
    with reading(engine) as connection:
        places = list(connection.execute(select(entry.c.idx).order_by(entry.c.idx)).scalars())
    assert len(places) == len(set(places)) == 160


def test_a_lock_that_is_held_too_long_is_away(engine: Engine) -> None:
    """503 after two seconds, by PostgreSQL's own name; it goes on once the lock is free."""
    start = time.monotonic()
    away = pytest.raises(StoreFault, match="lock_not_available")
    with writing(engine), away, changing(engine):
        raise AssertionError("it was let in")
    assert 1.5 < time.monotonic() - start < 10
    assert any(faults.error_name(error).startswith(faults.BUSY) for error in [_Named()])
    with changing(engine) as connection:
        connection.execute(insert(dead).values(mark=b"m"))


class _Named(Exception):
    reason = "lock_not_available 55P03"


def test_what_failed_is_not_committed_though_somebody_passes_over_it(engine: Engine) -> None:
    """PostgreSQL undoes all of it, and answers COMMIT as if it had worked."""
    with writing(engine) as connection:
        connection.execute(insert(dead).values(mark=b"m"))

    def pass_over() -> None:
        with writing(engine) as connection:
            connection.execute(insert(dead).values(mark=b"n"))
            with suppress(IntegrityError):
                connection.execute(insert(dead).values(mark=b"m"))

    with pytest.raises(RuntimeError, match="nothing of it is written"):
        pass_over()
    with reading(engine) as connection:
        assert connection.execute(select(dead.c.mark)).all() == [(b"m",)]


def test_no_error_holds_what_was_written(engine: Engine) -> None:
    """PostgreSQL's own text has the row in it; what is raised has a code."""
    with writing(engine) as connection:
        connection.execute(text("INSERT INTO refusal VALUES ('canary', 1, 'day', 1)"))
    with pytest.raises(IntegrityError) as caught, writing(engine) as connection:
        connection.execute(text("INSERT INTO refusal VALUES ('canary', 1, 'day', 1)"))
    shown: BaseException | None = caught.value
    while shown is not None:
        assert "Key (" not in str(shown)
        shown = shown.__cause__
    with pytest.raises(DataError), writing(engine) as connection:
        connection.execute(text("INSERT INTO refusal VALUES (:site, 1, 'd', 1)"), {"site": "a\0b"})


def test_every_commit_of_others_moves_the_version(engine: Engine, url: str) -> None:
    """Whatever commits, by whichever program, and before it is answered; looking moves nothing."""
    other = open_ledger(HERE, url)
    watch = Watch(engine, HERE)
    try:
        version = watch.version()
        for number in range(50):
            with writing(other) as connection:
                connection.execute(insert(dead).values(mark=b"%d" % number))
            assert watch.version() != version
            version = watch.version()
    finally:
        watch.close()
        other.dispose()
    with pytest.raises(StoreFault):
        engine.connect()


def test_a_session_that_ends_is_opened_anew(postgresql: Cluster, engine: Engine) -> None:
    """One of the pool is replaced; the one that watches means that all is opened anew."""
    watch = Watch(engine, HERE)
    with reading(engine) as connection:
        name, own = connection.execute(text("SELECT current_database(), pg_backend_pid()")).one()
    postgresql.run(f"SELECT pg_terminate_backend({own}, 5000)")
    with pytest.raises(CollectorUnavailable), reading(engine) as connection:
        connection.execute(select(dead.c.mark)).all()
    with reading(engine) as connection:
        assert connection.execute(select(dead.c.mark)).all() == []
    watch.version()
    pids = f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'"
    postgresql.run(pids)
    with pytest.raises(StoreFault):
        watch.version()
    assert not watch.is_whole
    for _ in range(2):  # a session that had ended, and one that is not opened
        with pytest.raises(CollectorUnavailable), reading(engine) as connection:
            connection.execute(select(dead.c.mark)).all()
    watch.close()


def test_a_dump_put_into_it_is_another_ledger(postgresql: Cluster) -> None:
    """M48: the database stays, yet what was taken back may be granted there: all is opened anew."""
    name = postgresql.migrated()
    engine = open_ledger(HERE, postgresql.url(name))
    watch = Watch(engine, HERE)
    try:
        postgresql.put_back(name, postgresql.dump(name))
        with pytest.raises(StoreFault, match="put back"):
            watch.version()
        assert not watch.is_whole
    finally:
        watch.close()


def test_a_search_path_that_leads_elsewhere_is_another_ledger(postgresql: Cluster) -> None:
    """M48: no session reads other tables than those that were held against the log."""
    name = postgresql.migrated()
    engine = open_ledger(HERE, postgresql.url(name))
    watch = Watch(engine, HERE)
    try:
        postgresql.run("CREATE SCHEMA copy; CREATE TABLE copy.dead (mark bytea, at bigint)", name)
        postgresql.run(f"ALTER DATABASE {name} SET search_path = copy, public")
        with (
            pytest.raises(CollectorUnavailable),
            reading(engine) as one,
            reading(engine) as other,
        ):
            assert [c.execute(select(dead.c.mark)).all() for c in (one, other)] == [[], []]
        assert not watch.is_whole
    finally:
        watch.close()


def test_a_database_that_orders_texts_otherwise_is_refused(postgresql: Cluster) -> None:
    """Days and paths are compared as bytes are; it says how to make one."""
    name = postgresql.new()
    postgresql.run(f"CREATE DATABASE {name}_latin TEMPLATE template0 ENCODING 'LATIN1'")
    with pytest.raises(SettingError, match=r"askfirst\.E161.*CREATE DATABASE"):
        open_ledger(HERE, postgresql.url(f"{name}_latin"))


def test_a_server_that_loses_answers_is_refused(failing: Cluster) -> None:
    """An acknowledgement means on disk; a session that would not wait for it waits."""
    name = failing.migrated()
    failing.run(f"ALTER DATABASE {name} SET synchronous_commit = off")
    engine = open_ledger(HERE, failing.url(name, over_network=True))
    with reading(engine) as connection:
        assert connection.execute(text("SHOW synchronous_commit")).scalar() == "on"
    engine.dispose()
    failing.stop()
    failing.start(fsync="off")
    try:
        with pytest.raises(SettingError, match=r"askfirst\.E161.*fsync"):
            open_ledger(HERE, failing.url(name))
    finally:
        failing.stop()
        failing.start()


def test_a_database_belongs_to_one_folder(tmp_path: Path, postgresql: Cluster) -> None:
    """Another folder would find no log of what was taken back, and end every grant."""
    data, name = folder_in(postgresql, tmp_path)
    with opened(data):
        pass
    other = tmp_path / "other"
    with (
        pytest.raises(SettingError, match=r"askfirst\.E162"),
        opened(other, ledger=postgresql.url(name)),
    ):
        raise AssertionError("it was taken over")
    assert Folder(other).ledger_url == ""
    moved = postgresql.url(name, over_network=True)
    with opened(data, ledger=moved):
        assert Folder(data).ledger_url == moved
    with (
        pytest.raises(SettingError, match=r"askfirst\.E162"),
        opened(data, ledger=postgresql.url(postgresql.new())),
    ):
        raise AssertionError("its ledger was left behind")


def test_a_ledger_in_a_file_is_not_left_behind(tmp_path: Path, url: str) -> None:
    """What `ledger.db` proves would be looked at by nobody."""
    with opened(tmp_path / "data"):
        pass
    with (
        pytest.raises(SettingError, match=r"askfirst\.E162"),
        opened(tmp_path / "data", ledger=url),
    ):
        raise AssertionError("it was left behind")
    with closing(sqlite3.connect(tmp_path / "data/ledger.db")) as file:
        assert file.execute("SELECT COUNT(*) FROM pair").fetchone() == (1,)


@pytest.fixture
def parts(tmp_path: Path, postgresql: Cluster, clock: Clock) -> Iterator[Services]:
    data, _ = folder_in(postgresql, tmp_path)
    with opened(data, clock) as parts:
        yield parts


def test_commands_look_at_it(parts: Services, postgresql: Cluster) -> None:
    """Check, verify, migrate and backup: what a hand changed is named; a backup is pg_dump's."""

    def run(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(main, [*words, "--data", str(parts.folder.path)])
        return result.exit_code, result.output

    with changing(parts.engine) as connection:
        database = connection.execute(text("SELECT current_database()")).scalar_one()
    assert run("ledger", "check")[0] == run("ledger", "verify")[0] == 0
    assert run("migrate", "--check") == (
        0,
        "Nothing to do: the tables are those of this program.\n",
    )
    code, output = run("backup", str(parts.folder.path.with_name("b")), "--recipient", _AGE)
    assert code == 1
    assert "pg_dump" in output
    parts.ledger.append("shop", "5e" * 32, lambda past: _BODY)
    postgresql.run("ALTER TABLE entry DISABLE TRIGGER USER", database)
    postgresql.run("UPDATE entry SET until = until + 9", database)
    postgresql.run("UPDATE alembic_version SET version_num = '9'", database)
    code, output = run("ledger", "check")
    assert code == 1
    assert "the columns of entry" in output
    assert "it has revision 9" in output
    assert USER not in output
    code, output = run("migrate")
    assert code == 1
    assert "askfirst.E102" in output


_AGE = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
_BODY = {
    "v": 1,
    "kind": "grant",
    "site": "shop",
    "handle": "5e" * 32,
    "hour": "2026-11-22T12:00:00Z",
    "until": "2027-05-22T12:00:00Z",
    "edition": "0" * 64,
    "lang": "en",
    "method": "accept_all",
    "status": "granted",
    "choices": {},
}
