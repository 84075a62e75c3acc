"""Addresses of ClickHouse, and databases that cannot be used: what is wrong, and what to do."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from askfirst_collector.config import Folder, SettingError
from askfirst_collector.runtime.health import health
from askfirst_collector.store.clickhouse.address import Address, read_address
from askfirst_collector.store.clickhouse.events import ClickHouseEvents
from askfirst_collector.store.clickhouse.schema import DURABLE, event_table
from askfirst_collector.store.sqlite import SqliteEvents
from tests.conftest import ROOT
from tests.support.collectors import opened
from tests.system.clickhouse.engines import Face, database_of
from tests.unit.store.rows import ROW, append, batch, nobody

BAD = [
    "",
    "events",
    "localhost:8123/askfirst",
    "ftp://db.example/askfirst",
    "http:///askfirst",
    "http://db.example",
    "http://db.example/",
    "http://db.example/two/parts",
    "http://db.example/a-b",
    "http://db.example/x;DROP",
    "http://db.example/askfirst?async_insert=1",
    "http://db.example:port/askfirst",
    "http://user:geheim@db.example:99999/askfirst",
    "https://user:geheim@[::1/askfirst",
    "chdb:///",
    "chdb://relative/path",
    "chdb:///path?x=1",
]


@pytest.mark.parametrize("url", BAD)
def test_a_bad_address_is_refused_without_its_password(url: str) -> None:
    """It says what to write, and nothing that signs in."""
    with pytest.raises(SettingError) as refused:
        read_address(url)
    assert refused.value.code == "askfirst.E141"
    assert "8123/DATABASE" in str(refused.value)
    assert "geheim" not in str(refused.value)


def test_an_address_is_read_part_by_part() -> None:
    """Ports by the scheme, signs in a password as they are escaped; none of it in what is shown."""
    own = read_address("https://me:p%40ss@db.example/askfirst")
    assert own == Address("https", "db.example", 8443, "me", "p@ss", "askfirst")
    assert own.shown == "https://db.example:8443/askfirst"
    assert read_address("http://[::1]:9/a").shown == "http://[::1]:9/a"
    assert read_address("chdb:///var/lib/rows").path == "/var/lib/rows"


def test_a_folder_remembers_where_its_rows_are(data: Path, url: str) -> None:
    """Every command finds it, by a file that nobody else reads; who is away is waited for."""
    with opened(data, events=url) as parts:
        assert isinstance(parts.events, ClickHouseEvents)
    noted = data / "events.url"
    assert noted.read_text() == f"{url}\n"
    assert noted.stat().st_mode & 0o777 == 0o600
    with opened(data) as parts:
        assert isinstance(parts.events, ClickHouseEvents)
    away = "http://127.0.0.1:9/askfirst"
    with opened(data.with_name("other"), events=away) as parts:
        answer = health(parts)
        assert answer["status"] == "ok", answer
        assert answer["parts"]["rows"] == "away"  # type: ignore[index]


def test_rows_are_not_left_behind(data: Path, face: Face, url: str) -> None:
    """From `events.db`, or to a database without them, it is refused; another name is none."""
    with opened(data):
        pass
    with closing(SqliteEvents(data / "events.db", ended=nobody)) as store:
        append(store, batch("one", ROW))
        store.drain()
    with pytest.raises(SettingError, match=r"E143.*nobody would count"), opened(data, events=url):
        pass
    assert Folder(data).events_url == ""
    other = data.with_name("other")
    with opened(other, events=url):
        pass
    with closing(ClickHouseEvents(other / "events.db", url, ended=nobody)) as elsewhere:
        append(elsewhere, batch("one", ROW))
        elsewhere.drain()
    elsewhere_url = face.new_database()
    _refused(other, elsewhere_url, r"E143.*are not there")
    renamed = url.replace("127.0.0.1", "localhost")
    with opened(other, events=renamed) as parts:
        assert parts.events.counts(ROW.key).rows == 1
    assert Folder(other).events_url == renamed


def _refused(data: Path, url: str, message: str) -> None:
    with pytest.raises(SettingError, match=message), opened(data, events=url):
        pass


def test_a_database_of_somebody_else_is_refused(data: Path, face: Face, url: str) -> None:
    """A table that is none of ours, and rows of another folder, which nobody here would know."""
    with opened(data, events=url):
        pass
    _refused(data.with_name("other"), url, "E142.*another data folder")
    foreign = face.new_database()
    face.ask("CREATE TABLE event (a String) ENGINE = MergeTree ORDER BY a", database_of(foreign))
    _refused(data.with_name("third"), foreign, "E142.*none of askfirst")


def test_a_table_that_a_power_cut_would_empty_is_refused(data: Path, face: Face, url: str) -> None:
    """One that an administrator made, without what makes an answer mean 'on disk'."""
    with opened(data):
        pass
    with closing(ClickHouseEvents(data / "events.db", url, ended=nobody)) as store:
        owner = store.file.owner()
    statement = event_table(owner)
    for name in DURABLE:
        lacking = statement.replace(f"{name} = {DURABLE[name]}", f"{name} = 0")
        face.ask("DROP TABLE IF EXISTS event", database_of(url))
        face.ask(lacking, database_of(url))
        _refused(data, url, f"E142.*a power cut would lose events: set {name} on")
    face.ask("DROP TABLE event", database_of(url))
    face.ask(
        statement.replace("`page`", "`side`").replace("page Low", "side Low"), database_of(url)
    )
    _refused(data, url, r"E142.*not as expected \(page, side\)")


def test_an_engine_is_of_one_process(tmp_path: Path) -> None:
    """Whoever comes second is told what to do."""
    address = f"chdb://{tmp_path / 'engine'}"
    program = (
        "import pathlib, sys\n"
        "from askfirst_collector.store.clickhouse.events import ClickHouseEvents\n"
        "from tests.unit.store.rows import nobody\n"
        f"path = pathlib.Path({str(tmp_path)!r}) / sys.argv[1] / 'events.db'\n"
        "path.parent.mkdir()\n"
        f"store = ClickHouseEvents(path, {address!r}, ended=nobody)\n"
        "try:\n    store.file.server.connect()\n    print('open', flush=True)\n"
        "except Exception as error:\n    print(error, flush=True)\n"
        "sys.stdin.read()\nstore.close()\n"
    )
    command = [sys.executable, "-c", program]
    pipes = {"cwd": ROOT, "stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([*command, "a"], **pipes) as first:  # type: ignore[call-overload]
        assert first.stdout.readline().strip() == "open"
        with subprocess.Popen([*command, "b"], **pipes) as second:  # type: ignore[call-overload]
            message, _ = second.communicate("", timeout=60)
        assert "askfirst.E143" in message
        assert "end the other one" in message
        first.communicate("", timeout=60)
