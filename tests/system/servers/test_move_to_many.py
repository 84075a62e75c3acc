"""`askfirst move` to a ledger that several machines share: from files, and from one machine's."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from askfirst_collector.config import Folder, SettingError
from askfirst_collector.runtime.open import close_services, open_services
from askfirst_collector.services import Services
from askfirst_collector.store.events import Authorized, Batch
from tests.support.collectors import Clock
from tests.support.postgresql import Cluster
from tests.support.programs import python
from tests.system.clickhouse.engines import Face
from tests.system.servers.conftest import HANDLES, TUESDAY, Servers, new_servers
from tests.system.servers.test_move import KILLED, before, everything, is_refused, run
from tests.unit.closing.house import DAY, key_of, noon, row

pytestmark = pytest.mark.long
__all__ = ["before"]

STEPS = """
from askfirst_collector.config import Folder
from askfirst_collector.runtime import move, move_to_many
STEPS = (
    (move, "become_one_of_several"), (move_to_many, "move_index"), (Folder, "place_machine"),
    (Folder, "place_ledger"), (move_to_many, "create_file"), (move_to_many, "_empty"),
)
"""


@pytest.fixture
def single(data: Path, servers: Servers) -> Path:
    """The folder, once its ledger, rows and salts are on servers, for itself."""
    result = run(data, *servers.words)
    assert result.exit_code == 0, result.output
    _open(data)
    return data


def many(url: str) -> str:
    """The same address for several machines."""
    return f"{url}&machines=many"


def words_of(servers: Servers) -> list[str]:
    """As `askfirst move` takes them, for several machines."""
    return ["--ledger", many(servers.ledger), *servers.words[2:]]


def _open(data: Path, **addresses: str) -> None:
    close_services(_parts(data, **addresses))


def _parts(data: Path, **addresses: str) -> Services:
    return open_services(
        data, host_policy=None, now=Clock(noon(TUESDAY)), urandom=os.urandom, **addresses
    )


def _join(folder: Path, servers: Servers) -> Services:
    return _parts(folder, ledger=many(servers.ledger), events=servers.events, salts=servers.salts)


def test_a_host_goes_from_its_files_to_several_machines(
    data: Path, before: dict[str, Any], servers: Servers, tmp_path: Path
) -> None:
    """M20, M25, M48, M50: all is the same, also for the next machine, and its keys are."""
    rehearsed = run(data, *words_of(servers), "--dry-run", "--json")
    assert rehearsed.exit_code == 0, rehearsed.output
    portions = json.loads(rehearsed.stdout)["would_move"]
    rows = {p["table"]: p["rows"] for p in portions if p["part"] == "machines"}
    assert rows["period"] > 1
    assert rows["store"] == 1
    assert Folder(data).ledger_url == ""
    result = run(data, *words_of(servers))
    assert result.exit_code == 0, result.output
    folder = Folder(data)
    assert folder.ledger_url == many(servers.ledger)
    assert folder.events.stat().st_size == folder.ledger.stat().st_size == 0
    (aside,) = data.glob("replaced-*")
    assert sorted(file.name for file in aside.iterdir()) == ["events.db", "ledger.db"]
    # Nobody joins before the first one was there: its log knows who withdrew.
    with pytest.raises(SettingError, match=r"askfirst\.E174.*start"):
        _join(tmp_path / "early" / "data", servers)
    keys = {file.name: file.read_bytes() for file in folder.keys.glob("*.keys")}
    _open(data)
    parts = _join(tmp_path / "second" / "data", servers)
    assert parts.machines is not None
    assert len(parts.machines.all()) == 2
    for name in keys:
        parts.keys._read(name)
        assert (parts.folder.keys / name).read_bytes() == keys[name]
    rows_there = {key: len(list(parts.events.rows(key))) for key in parts.events.periods()}
    assert rows_there == {key: len(rows) for key, rows in before["rows"].items()}
    close_services(parts)
    assert everything(data) == before
    assert run(data, *words_of(servers)).exit_code == 0


def test_a_host_of_one_machine_shares_its_ledger(
    single: Path, before: dict[str, Any], servers: Servers
) -> None:
    """M50: what waits in its spool is moved once, and a retry of before is known."""
    parts = _parts(single)
    rows = (row(parts, 1, {"page": ("/", "/waits")}, key_of(TUESDAY)),)
    latest = parts.ledger.latest("shop", HANDLES[0])
    assert latest is not None
    judged = Authorized("shop", HANDLES[0], latest.index)
    batches = [
        Batch(judged, int(parts.now()) // DAY, bytes([n]) * 16, rows, b"{%d}" % n) for n in range(2)
    ]
    _wait(parts.events.append(batches[0]))
    parts.events.drain()
    _wait(parts.events.append(batches[1]))
    _abandon(parts)
    result = run(single, "--ledger", many(servers.ledger))
    assert result.exit_code == 0, result.output
    assert not list(single.glob("replaced-*/events.db.*"))
    parts = _parts(single)
    assert _wait(parts.events.append(batches[0])) == b"{0}"
    assert _wait(parts.events.append(batches[1])) == b"{1}"
    waiting = [r for r in parts.events.rows(key_of(TUESDAY)) if "/waits" in repr(r.values)]
    assert len(waiting) == 2
    close_services(parts)


def _wait(answer: Any) -> bytes:
    async def wait() -> bytes:
        return bytes(await answer)

    return asyncio.run(wait())


def _abandon(parts: Services) -> None:
    """Close all but the spool, which stays with what is in it, as after `kill -9`."""
    parts.events.spool.close()  # type: ignore[attr-defined]
    lock = parts.events.spool.lock  # type: ignore[attr-defined]
    lock.close()
    parts.events.file.close()  # type: ignore[attr-defined]
    parts.ledger.close()
    parts.salts.close()
    parts.watch.close()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("origin", ["files", "one machine"])
def test_ended_at_any_moment(
    data: Path,
    before: dict[str, Any],
    tmp_path: Path,
    postgresql: Cluster,
    face: Face,
    salts_server: Cluster,
    origin: str,
) -> None:
    """M50: it opens as it was, or is refused until the same is run again, which finishes it."""
    refused = 0
    for number in itertools.count():
        own = tmp_path / f"at-{number}"
        shutil.copytree(data.parent, own)
        servers = new_servers(postgresql, face, salts_server)
        if origin == "one machine":
            assert run(own / "data", *servers.words).exit_code == 0
        words = ["move", "--data", str(own / "data"), *words_of(servers)]
        process = python("-c", STEPS + KILLED, number, *words)
        process.communicate()
        if process.returncode == 0:
            break
        assert process.returncode == -9
        if number % 2:
            refused += is_refused(own / "data")
        for url in (servers.ledger, many(servers.ledger)):
            # Whatever the environment says: nobody takes it for a machine that is whole.
            if Folder(own / "data").machine and Folder(own / "data").events.stat().st_size:
                with pytest.raises(SettingError, match=r"askfirst\.E165"):
                    _open(own / "data", ledger=url)
        finish = run(own / "data", *words_of(servers))
        assert finish.exit_code == 0, (number, finish.output)
        assert everything(own / "data") == before, number
        shutil.rmtree(own)
    assert number >= 10
    assert refused >= 2


def test_what_is_refused(
    single: Path, servers: Servers, postgresql: Cluster, tmp_path: Path
) -> None:
    """Nothing is changed: rows or salts of its own, another ledger, one that others share."""
    shared = many(servers.ledger)
    files = tmp_path / "files" / "data"
    _open(files)
    _refused(files, ["--ledger", shared], "E174")
    _refused(files, ["--ledger", shared, "--events", "chdb:///tmp/rows"], "one process")
    _refused(files, ["--ledger", shared, "--events", servers.events], "--salts")
    other = postgresql.url(postgresql.new())
    _open(tmp_path / "other" / "data", ledger=other)
    for more in ([], ["--dry-run"]):
        _refused(single, ["--ledger", many(other), *more], "not the ledger of this folder")
    parts = _parts(single)
    _refused(single, ["--ledger", shared], "E165")
    assert run(single, "--ledger", shared, "--dry-run").exit_code == 0
    close_services(parts)
    copy = tmp_path / "copy"
    shutil.copytree(single.parent, copy)
    # A folder for itself is told what to do where it is named as one of several.
    with pytest.raises(SettingError, match=r"askfirst\.E174.*askfirst move"):
        _open(single, ledger=shared)
    index = (single / "events.db").read_bytes()
    (single / "events.db").write_bytes(b"")
    for more in ([], ["--dry-run"]):
        _refused(single, ["--ledger", shared, *more], "start the collector once")
    (single / "events.db").write_bytes(index)
    assert run(single, "--ledger", shared).exit_code == 0
    # Done is not done with another one.
    for more in ([], ["--dry-run"]):
        _refused(single, ["--ledger", many(other), *more], "one of several machines already")
    _open(single)
    # Put back from before: the ledger has gone on.
    with pytest.raises(SettingError, match=r"askfirst\.E165"):
        _open(copy / "data")
    _refused(copy / "data", ["--ledger", shared], "several machines share it already")


def test_deliveries_of_events_are_ended_first(data: Path, servers: Servers) -> None:
    """M51: what waits for them would lie with one machine."""
    with closing(sqlite3.connect(data / "ledger.db")) as ledger:
        columns = [name for _, name, *_ in ledger.execute("PRAGMA table_info(transfer)")]
        values = ["events" if name == "what" else "0" for name in columns]
        marks = ", ".join("?" * len(values))
        ledger.execute(f"INSERT INTO transfer VALUES ({marks})", values)
        ledger.commit()
    for more in ([], ["--dry-run"]):
        _refused(data, [*words_of(servers), *more], "transfer remove")


def _refused(data: Path, words: list[str], message: str) -> None:
    files = ("ledger.db", "events.db", "salts.db", "ledger.url", "machine.id")
    content = {name: (data / name).read_bytes() for name in files if (data / name).exists()}
    result = run(data, *words)
    assert result.exit_code != 0
    assert message in result.output, result.output
    assert "Traceback" not in result.output
    assert set(content) == {name for name in files if (data / name).exists()}
    assert {name: (data / name).read_bytes() for name in content if name.endswith(".url")} == {
        name: text for name, text in content.items() if name.endswith(".url")
    }


def test_a_copy_of_events_from_before_is_told_what_to_do(single: Path, servers: Servers) -> None:
    """M20: put back into a folder whose rows are in ClickHouse, it is gone on with."""
    (aside,) = single.glob("replaced-*")
    shutil.copy(aside / "events.db", single / "events.db")
    with pytest.raises(SettingError, match=r"askfirst\.E165.*put back.*the same once more"):
        _open(single)
    assert run(single, *servers.words).exit_code == 0
    _open(single)
