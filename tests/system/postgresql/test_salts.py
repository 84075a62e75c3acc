"""Salts on a server of their own: the whole of a collector, and what it does without them."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from askfirst.errors import CollectorUnavailable
from askfirst_collector.cli import main
from askfirst_collector.config import Folder, SettingError
from askfirst_collector.runtime.open import close_services, open_services
from askfirst_collector.store.salts_server import SaltServer
from askfirst_collector.usecases.record_consent import record_now
from tests.support.collectors import Clock, decision, policy
from tests.support.postgresql import OF_SALTS, Cluster, cluster
from tests.system.frameworks.visitor import Visitor
from tests.system.postgresql.test_processes import also_at
from tests.system.visits import accept, answer, holds, pages, processes, tell
from tests.unit.closing.house import crowd, noon, opened, store

pytestmark = pytest.mark.long
SITE = "tests.system.site"
STORED = {"stored": 1, "dropped": []}


@pytest.fixture(scope="module")
def failing() -> Iterator[Cluster]:
    """A server for salts that tests end and begin anew; each leaves it as it was."""
    with cluster(**OF_SALTS) as server:
        yield server


def folder_with_salts_in(server: Cluster, tmp_path: Path) -> tuple[Path, str]:
    """A new data folder, and the name of the database that has its salts."""
    name = server.new()
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    Folder(data).place_salts(server.url(name))
    return data, name


def pseudonyms(data: Path) -> int:
    """How many there are in the rows."""
    parts = open_services(data, host_policy=None, now=time.time, urandom=os.urandom)
    try:
        return len(parts.events.pseudonyms())
    finally:
        close_services(parts)


def open_with(data: Path, clock: Clock, **addresses: str) -> None:
    close_services(
        open_services(data, host_policy=None, now=clock, urandom=os.urandom, **addresses)
    )


def test_one_salt_for_all_processes(tmp_path: Path, salts_server: Cluster) -> None:
    """M27: two processes count one visitor once, and `salts.db` stays empty."""
    folder, name = folder_with_salts_in(salts_server, tmp_path)
    with processes() as sites:
        (_, first), (_, second) = sites.start(SITE, folder), sites.start(SITE, folder)
        first.get("/")
        second.get("/")
        accept(first)
        assert tell(first, "/one", "a").json == STORED
        assert tell(also_at(second, first), "/two", "b").json == STORED
        sites.kill()
    assert pages(folder) == ["/one", "/two"]
    assert (folder / "salts.db").stat().st_size == 0
    assert (folder / "salts.url").stat().st_mode & 0o77 == 0
    assert salts_server.run("SELECT count(*) FROM grant_key", name) == [[1]]
    assert pseudonyms(folder) == 1


def test_a_server_that_is_away_counts_nothing_wrong(tmp_path: Path, failing: Cluster) -> None:
    """M20: 503 for events and grants; what is taken back holds; then all goes on as before."""
    folder, _ = folder_with_salts_in(failing, tmp_path)
    with processes() as sites:
        _, visitor = sites.start(SITE, folder)
        visitor.get("/")
        accept(visitor)
        leaving = Visitor(visitor.port, also=visitor.also)
        leaving.get("/")
        accept(leaving)
        before = also_at(leaving, leaving)
        assert tell(visitor, "/before", "a").json == STORED
        assert tell(leaving, "/leaving", "b").json == STORED
        failing.stop(at_once=False)
        holds(lambda: tell(visitor, "/away", "c").status == 503)
        fresh = Visitor(visitor.port, also=visitor.also)
        assert answer(fresh, "accept_all").status == 503
        assert answer(leaving, "withdraw").json["decision"] == "withdrawn"
        assert tell(visitor, "/away", "c").status == 503
        # Who left is known to have left, wherever the salts are.
        assert tell(before, "/away", "d").json["stored"] == 0
        failing.start(**OF_SALTS)
        holds(lambda: tell(visitor, "/again", "e").status == 202)
        assert tell(before, "/again", "f").json["stored"] == 0
        sites.kill()
    assert pages(folder) == ["/again", "/before", "/leaving"]
    assert pseudonyms(folder) == 2  # nobody has a second one


def test_new_salts_make_former_rows_go(
    tmp_path: Path, salts_server: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    """M48: where the database is lost, rows that nobody could ask for any more go; grants stay."""
    folder, name = folder_with_salts_in(salts_server, tmp_path)
    clock = Clock(noon())
    with opened(folder, clock, policy()) as parts:
        record_now(parts, decision(policy(), handle="5e" * 32))
        store(parts, crowd(parts, 3, page=("/a",)))
        assert parts.events.pseudonyms()
    salts_server.replace(name, salts_server.new())
    with caplog.at_level(logging.WARNING), opened(folder, clock, policy()) as parts:
        assert not parts.events.pseudonyms()
    assert "askfirst.W153" in caplog.text


def test_where_salts_would_be_left_behind_or_shared(
    tmp_path: Path, salts_server: Cluster, postgresql: Cluster
) -> None:
    """M48: a folder with salts of its own, another folder's database, a server of the ledger."""
    clock, name = Clock(noon()), salts_server.new()
    url = salts_server.url(name)
    open_with(tmp_path / "filed", clock)
    with pytest.raises(SettingError, match=r"E163: .*salts\.db: .*askfirst move"):
        open_with(tmp_path / "filed", clock, salts=url)
    assert Folder(tmp_path / "filed").salts_url == ""
    open_with(tmp_path / "one", clock, salts=url)
    with pytest.raises(SettingError, match=r"E163: .*another ledger"):
        open_with(tmp_path / "two", clock, salts=url)
    with pytest.raises(SettingError, match=r"E163: .*that this folder noted"):
        open_with(tmp_path / "one", clock, salts=salts_server.url(salts_server.new()))
    assert Folder(tmp_path / "one").salts_url == url
    ledger = salts_server.url(salts_server.migrated())
    with pytest.raises(SettingError, match=r"E163: .*server of the ledger"):
        open_with(tmp_path / "three", clock, salts=url, ledger=ledger)
    with pytest.raises(SettingError, match=r"E163: .*wal_level is replica"):
        open_with(tmp_path / "four", clock, salts=postgresql.url(postgresql.new()))


def test_what_is_looked_through(tmp_path: Path, failing: Cluster) -> None:
    """`ledger check` says how many salts there are, and what to do where it cannot."""
    folder, name = folder_with_salts_in(failing, tmp_path)
    with opened(folder, Clock(noon())) as parts:
        store(parts, crowd(parts, 3, page=("/a",)))
    words = ["ledger", "check", "--data", str(folder), "--json"]
    reports = json.loads(CliRunner().invoke(main, words).stdout)
    (salts,) = [report for report in reports if report["name"] == "salts"]
    assert (salts["rows"], salts["problems"]) == (1, [])
    failing.run(f"DROP DATABASE {name} WITH (FORCE)")
    result = CliRunner().invoke(main, words)
    (salts,) = [report for report in json.loads(result.stdout) if report["name"] == "salts"]
    assert (result.exit_code, "empty one" in salts["advice"]) == (1, True)


def test_nobody_draws_a_second_salt_meanwhile(tmp_path: Path, failing: Cluster) -> None:
    """M27: a server that went between two questions is not replaced by whatever comes first."""
    folder, name = folder_with_salts_in(failing, tmp_path)
    with opened(folder, Clock(noon())) as parts:
        store(parts, crowd(parts, 3, page=("/a",)))
        failing.replace(name, failing.new())
        with pytest.raises(CollectorUnavailable):
            parts.watch.check()
        assert isinstance(parts.salts, SaltServer)
