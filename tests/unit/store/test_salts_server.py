"""Salts on a PostgreSQL of their own: which one takes them, and what it does while it is away."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator

import pytest

from askfirst.errors import CollectorUnavailable
from askfirst_collector.config import SettingError
from askfirst_collector.store.faults import StoreFault
from askfirst_collector.store.periods import IN_UTC, Calendar
from askfirst_collector.store.salts_server import SaltServer
from tests.support.collectors import NOON, Clock
from tests.support.postgresql import OF_SALTS, Cluster, cluster

pytestmark = pytest.mark.long
END = IN_UTC.end_of("day", "2026-11-22")
OWN, OTHER = "0a" * 16, "0b" * 16

opened: list[SaltServer] = []


@pytest.fixture(autouse=True)
def closing() -> Iterator[None]:
    yield
    while opened:
        opened.pop().close()


@pytest.fixture(scope="module")
def failing() -> Iterator[Cluster]:
    """A server that tests end and begin anew; each leaves it as it was."""
    with cluster(**OF_SALTS) as server:
        yield server


def open_at(url: str, owner: str = OWN, clock: Clock | None = None) -> SaltServer:
    salts = SaltServer(url, now=clock or Clock(), urandom=os.urandom)
    opened.append(salts)
    salts.belong_to(owner)
    return salts


def day(salts: SaltServer, site: str = "shop") -> bytes:
    return salts.period(site, "day", "2026-11-22", END)


def test_a_server_that_can_be_followed_is_refused(failing: Cluster) -> None:
    """M48: whatever wal_level but minimal; it says what has copies, and what to set."""
    url = failing.url(failing.new())
    failing.stop()
    failing.start(wal_level="replica", archive_mode="on", archive_command="true")
    try:
        failing.run("SELECT pg_create_physical_replication_slot('of_somebody')")
        with pytest.raises(SettingError, match=r"E163.*archive_mode is on, slots 1.*minimal"):
            open_at(url)
        assert failing.run("SELECT to_regclass('listed')", url.split("/")[3].split("?")[0]) == [
            [None]
        ]
        failing.run("SELECT pg_drop_replication_slot('of_somebody')")
    finally:
        failing.stop()
        failing.start(**OF_SALTS)
    assert day(open_at(url))


def test_the_salts_of_another_ledger_are_refused(salts_server: Cluster) -> None:
    """Two ledgers over one database would share salts, and destroy each other's."""
    url = salts_server.url(salts_server.new())
    salt = day(open_at(url))
    with pytest.raises(SettingError, match="E163"):
        open_at(url, OTHER)
    assert day(open_at(url)) == salt


def test_a_newer_program_has_been_there(salts_server: Cluster) -> None:
    """It is not opened, and whoever has it open notices."""
    name = salts_server.new()
    salts = open_at(salts_server.url(name))
    salts_server.run("UPDATE ledger SET version = 2", name)
    with pytest.raises(StoreFault, match="newer"):
        salts.check()
    with pytest.raises(SettingError, match="E102"):
        open_at(salts_server.url(name))


def test_a_server_that_ended_is_away(failing: Cluster) -> None:
    """M20: nobody draws a second salt; begun anew it is opened anew, and has the first one."""
    url = failing.url(failing.new())
    salts = open_at(url)
    salt = day(salts)
    key = salts.new_grant_key("5e" * 32)
    failing.stop(at_once=False)
    try:
        for ask in (
            salts.check,
            lambda: day(salts, "blog"),
            lambda: salts.grant_key("5e" * 32),
            lambda: salts.end_grant("5e" * 32),
            lambda: salts.destroy_due(NOON, lambda _: IN_UTC),
            lambda: open_at(url),
        ):
            with pytest.raises(CollectorUnavailable):
                ask()
    finally:
        failing.start(**OF_SALTS)
    with pytest.raises(CollectorUnavailable):
        salts.check()  # until it is opened anew
    anew = open_at(url)
    assert (day(anew), anew.grant_key("5e" * 32)) == (salt, key)


def test_another_database_at_the_address_is_noticed(salts_server: Cluster) -> None:
    """M48: one that was put there meanwhile would give everybody a second pseudonym."""
    name, copy = salts_server.new(), salts_server.new()
    salts = open_at(salts_server.url(name))
    open_at(salts_server.url(copy)).close()
    day(salts)
    salts_server.replace(name, copy)
    with pytest.raises(StoreFault):
        salts.check()
    with pytest.raises(StoreFault):
        day(salts, "blog")


def test_tables_that_were_put_back_are_noticed(salts_server: Cluster) -> None:
    """A dump that went into the database is another one, as far as anybody can tell."""
    name = salts_server.new()
    salts = open_at(salts_server.url(name))
    salts_server.put_back(name, salts_server.dump(name))
    with pytest.raises(StoreFault, match="not those that were opened"):
        salts.check()


def test_a_lock_that_is_held_is_no_end(salts_server: Cluster) -> None:
    """Whoever holds the lock too long keeps a salt from being drawn, and nothing else."""
    name = salts_server.new()
    salts = open_at(salts_server.url(name))
    session = salts_server.session(name)
    session.execute_simple(f"SELECT pg_advisory_lock({0x61736B6669727374})")
    with pytest.raises(StoreFault, match="lock_not_available"):
        day(salts)
    session.close()
    assert day(salts)


def test_a_thousand_salts_go_at_once(salts_server: Cluster) -> None:
    """Each is a table, of which a transaction locks no more than a server has locks for."""
    name = salts_server.new()
    salts = open_at(salts_server.url(name))
    drawn = {day(salts, f"site{number}") for number in range(1_100)}
    assert len(drawn) == 1_100
    tables = "SELECT count(*) FROM pg_class WHERE relname ~ '^salt_[0-9]+$'"
    assert salts_server.run(tables, name) == [[1_100]]
    assert len(salts.due_periods(END + 7200)) == 1_100
    assert salts.destroy_due(END + 7200, lambda _: IN_UTC) == 1_100
    assert salts_server.run(tables, name) == [[0]]


def test_destroying_holds_nothing_while_calendars_are_asked_for(salts_server: Cluster) -> None:
    """M27: the registry, which has them, looks now and then whether the salts are there."""
    salts = open_at(salts_server.url(salts_server.new()))
    day(salts)

    def calendar(_: str) -> Calendar:
        salts.check()
        return IN_UTC

    gone: list[int] = []
    thread = threading.Thread(
        target=lambda: gone.append(salts.destroy_due(END + 7200, calendar)), daemon=True
    )
    thread.start()
    thread.join(10)
    if thread.is_alive():
        opened.clear()  # closing it would wait, too
    assert gone == [1]


def test_drawing_beside_destroying(salts_server: Cluster) -> None:
    """No reader meets a table that is gone, whoever drops it."""
    url = salts_server.url(salts_server.new())
    one, two = open_at(url), open_at(url)
    ended = threading.Event()
    errors: list[Exception] = []

    def read() -> None:
        while not ended.is_set():
            try:
                two.open_periods("shop")
                two.due_periods(END + 7200)
            except Exception as error:
                errors.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    try:
        for _ in range(40):
            day(one)
            one.forget_site("shop", [])
    finally:
        ended.set()
        thread.join()
    assert errors == []


def test_no_secret_is_in_a_log_of_statements(failing: Cluster) -> None:
    """M48: a server that logs whatever it is asked logs no salt, no key and no number."""
    failing.stop()
    failing.start(**OF_SALTS, log_statement="all", log_min_duration_statement="0")
    try:
        salts = open_at(failing.url(failing.new()))
        secrets = [
            day(salts),
            salts.batch_key("2026-11-22"),
            salts.new_grant_key("5e" * 32),
            salts.user_number("shop", "user:ada"),
        ]
        assert salts.new_grant_key("5e" * 32, due=5) == secrets[2]
        assert salts.end_user("shop", "user:ada")
        salts.destroy_due(END + 60 * 86_400, lambda _: IN_UTC)
        log = (failing.folder / "log").read_text("utf-8")
        assert "listed" in log
        assert not any(secret.hex() in log for secret in secrets)
    finally:
        failing.stop()
        failing.start(**OF_SALTS)


def test_what_keeps_former_content_is_said(
    salts_server: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    """A user without rights of its own is told which; the one of the tests has all."""
    name = salts_server.new()
    assert open_at(salts_server.url(name)).left_behind() == []
    salts_server.run("CREATE ROLE plain LOGIN")
    plain = salts_server.new()
    salts_server.run(f"ALTER DATABASE {plain} OWNER TO plain")
    with caplog.at_level(logging.WARNING):
        salts = open_at(salts_server.url(plain).replace("//askfirst@", "//plain@"))
        day(salts)
        salts.new_grant_key("5e" * 32, due=1)
        assert salts.destroy_due(END + 7200, lambda _: IN_UTC) == 2
    cures = " ".join(salts.left_behind())
    assert "pg_switch_wal" in cures
    assert "pg_checkpoint" in cures
