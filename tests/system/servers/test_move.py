"""`askfirst move`: from files to servers, all or nothing, and the same before and after."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from askfirst_collector.cli import main
from askfirst_collector.closing.close import close_due
from askfirst_collector.config import Folder, SettingError
from askfirst_collector.runtime.open import close_services, open_services
from askfirst_collector.services import Services
from askfirst_collector.store.database import metadata, reading
from askfirst_collector.usecases.record_consent import record_now
from tests.support.collectors import Clock, decision, policy
from tests.support.postgresql import Cluster
from tests.support.programs import python
from tests.system.clickhouse.engines import Face
from tests.system.servers.conftest import HANDLES, TUESDAY, Servers, new_servers
from tests.unit.closing.house import after, noon, opened

pytestmark = pytest.mark.long

# Ends itself by `kill -9` before or after the Nth of the steps that matter: those in `STEPS`.
KILLED = """
import os, sys
from askfirst_collector.cli import main
left = int(sys.argv.pop(1))
def moment():
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), 9)
def killed(owner, name):
    inner = getattr(owner, name)
    def work(*arguments, **named):
        moment()
        answer = inner(*arguments, **named)
        moment()
        return answer
    setattr(owner, name, work)
for owner, name in STEPS:
    killed(owner, name)
main(sys.argv[1:])
"""
STEPS = """
import sys
from askfirst_collector.config import Folder
from askfirst_collector.runtime import move
from askfirst_collector.store.clickhouse.server import Server
from askfirst_collector.store.salts_server import SaltServer
STEPS = (
    ((move, "_move_ledger"), (Server, "insert"), (Server, "drop_part"), (move, "write_index"),
     (SaltServer, "belong_to"), (SaltServer, "new_grant_key"))
    if sys.argv.pop(2) == "on the way" else
    ((Folder, "place_ledger"), (Folder, "place_events"), (Folder, "place_salts"),
     (move, "create_file"), (move, "destroy"), (move, "_replace"), (move.Path, "replace"),
     (move.Path, "hardlink_to"))
)
"""


def run(data: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["move", "--data", str(data), *words])


def everything(data: Path) -> dict[str, Any]:
    """All that a folder has and says, wherever it lies."""
    clock = Clock(noon(TUESDAY))
    with opened(data, clock, policy()) as parts:
        said = {
            "tables": _tables(parts),
            "rows": {key: _rows(parts, key) for key in parts.events.periods()},
            "salts": sorted((p.closes, p.period, p.salt) for p in parts.salts.open_periods("shop")),
            "keys": {handle: parts.salts.grant_key(handle) for handle in parts.salts.grants()},
            "user": parts.salts.find_user("shop", "user:ada"),
            "batch": parts.salts.batch_key(TUESDAY),
            "history": [parts.ledger.history("shop", handle) for handle in HANDLES],
        }
        clock.now = after(TUESDAY)
        close_due(parts, clock.now)
        said["figures"] = _tables(parts, "cell", "closing", "total")
    return said


def _tables(parts: Services, *only: str) -> dict[str, list[Any]]:
    with reading(parts.engine) as connection:
        return {
            table.name: sorted(map(repr, connection.execute(select(table))))
            for table in metadata.sorted_tables
            if (not only or table.name in only) and table.name != "lease"
        }


def _rows(parts: Services, key: Any) -> list[str]:
    return sorted(
        repr((r.type, sorted(r.values.items()), r.pseudonym, r.min_cell_size))
        for r in parts.events.rows(key)
    )


@pytest.fixture
def before(data: Path) -> dict[str, Any]:
    """What a copy of the folder has and says."""
    copy = data.parent.with_name("copy")
    shutil.copytree(data.parent, copy)
    return everything(copy / "data")


def test_everything_goes(data: Path, before: dict[str, Any], servers: Servers) -> None:
    """M20, M25, M48: rows, figures, entries, salts are the same; the files of before are apart."""
    rehearsed = run(data, *servers.words, "--dry-run", "--json")
    assert rehearsed.exit_code == 0, rehearsed.output
    portions = json.loads(rehearsed.stdout)["would_move"]
    assert {p["table"]: p["rows"] for p in portions if p["seconds"] is None}["entry"] > 40
    assert {p["part"] for p in portions if p["seconds"] is not None} == {"ledger", "events"}
    assert Folder(data).ledger_url == ""
    result = run(data, *servers.words)
    assert result.exit_code == 0, result.output
    assert "row by row the same" in result.output
    folder = Folder(data)
    assert (folder.ledger_url, folder.events_url) == (servers.ledger, servers.events)
    assert folder.ledger.stat().st_size == folder.salts.stat().st_size == 0
    (aside,) = data.glob("replaced-*")
    assert sorted(file.name for file in aside.iterdir()) == ["events.db", "ledger.db"]
    assert aside.stat().st_mode & 0o77 == 0
    with closing(sqlite3.connect(folder.events)) as index:
        assert index.execute("SELECT COUNT(*) FROM event").fetchone() == (0,)
    secrets = [salt for *_, salt in before["salts"]] + list(before["keys"].values())
    everywhere = b"".join(file.read_bytes() for file in data.rglob("*") if file.is_file())
    assert secrets
    assert not any(secret in everywhere for secret in secrets)
    assert everything(data) == before
    again = run(data, *servers.words)
    assert again.exit_code == 1 or "row by row" in again.output


def test_each_by_itself(data: Path, before: dict[str, Any], servers: Servers) -> None:
    """Rows first, then the ledger, then the salts, a start in between."""
    for option, url in (
        ("--events", servers.events),
        ("--ledger", servers.ledger),
        ("--salts", servers.salts),
    ):
        result = run(data, option, url)
        assert result.exit_code == 0, result.output
        _open(data)
    assert everything(data) == before


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("phase", "start", "step", "least"),
    [
        ("on the way", 0, 8, 20),
        *(("at its end", start, 3, 20) for start in range(3)),
    ],
)
def test_ended_at_any_moment(
    data: Path,
    before: dict[str, Any],
    tmp_path: Path,
    postgresql: Cluster,
    face: Face,
    salts_server: Cluster,
    phase: str,
    start: int,
    step: int,
    least: int,
) -> None:
    """M50: `kill -9` loses nothing: it opens, or is refused until the same is run again."""
    for number in itertools.count(start, step):
        own = tmp_path / f"at-{number}"
        shutil.copytree(data.parent, own)
        servers = new_servers(postgresql, face, salts_server)
        words = ["move", "--data", str(own / "data"), *servers.words]
        process = python("-c", STEPS + KILLED, number, phase, *words)
        process.communicate()
        if process.returncode == 0:
            break
        assert process.returncode == -9
        # Whoever opens it meanwhile has all, or nothing: what was drawn then is not asked for.
        is_opened = not is_refused(own / "data")
        assert is_opened or phase == "at its end"
        finish = run(own / "data", *servers.words)
        assert finish.exit_code == 0, (number, finish.output)
        assert everything(own / "data") == before, number
        shutil.rmtree(own)
    assert number >= least


def is_refused(data: Path) -> bool:
    """Whether no process opens it, as a move was cut off."""
    try:
        _open(data)
    except SettingError as error:
        if error.code != "askfirst.E165":
            raise
        return True
    return False


def _open(data: Path, **addresses: str) -> None:
    close_services(
        open_services(
            data, host_policy=None, now=Clock(noon(TUESDAY)), urandom=os.urandom, **addresses
        )
    )


def test_what_is_refused(
    data: Path, servers: Servers, postgresql: Cluster, face: Face, tmp_path: Path
) -> None:
    """Nothing is changed: a target that has something, a folder in use, an older file."""
    url = postgresql.url(postgresql.new())
    other = tmp_path / "other" / "data"
    _open(other, ledger=url)
    _refused(data, ["--ledger", url], "E164")
    taken = face.new_database()
    _open(tmp_path / "b" / "data", events=taken)
    _refused(data, ["--events", taken], "E142")
    parts = open_services(
        data, host_policy=None, now=Clock(noon(TUESDAY)), urandom=lambda n: b"3" * n
    )
    _refused(data, servers.words, "E165")
    rehearsed = run(data, *servers.words, "--dry-run")
    assert rehearsed.exit_code == 0, rehearsed.output
    close_services(parts)
    _refused(data, [], "at least one")
    _refused(data, ["--salts", url], "E163")  # it could be followed
    _refused(data, ["--salts", url, "--dry-run"], "E163")
    _refused(data, ["--ledger", "mysql://a@b/c"], "E160")
    with closing(sqlite3.connect(data / "ledger.db")) as ledger:
        ledger.execute("UPDATE alembic_version SET version_num = '0003'")
        ledger.commit()
    _refused(data, servers.words, "askfirst migrate")


@pytest.mark.parametrize("name", ["ledger.db", "events.db"])
def test_a_broken_source_is_left_alone(data: Path, servers: Servers, name: str) -> None:
    """Overwritten in the middle: it is said, nothing is put anywhere, the file is as it was."""
    content = bytearray((data / name).read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 4096] = b"\xaa" * 4096
    (data / name).write_bytes(content)
    result = run(data, *servers.words)
    assert result.exit_code == 1
    assert "ledger check" in result.output
    assert (data / name).read_bytes() == content
    assert Folder(data).ledger_url == ""


def test_a_leaf_that_does_not_fit_is_said(data: Path, servers: Servers) -> None:
    """What a hand did to the ledger is not carried on as if nothing were."""
    with closing(sqlite3.connect(data / "ledger.db")) as ledger:
        ledger.execute("DROP TRIGGER entry_is_only_erased")
        ledger.execute("UPDATE entry SET leaf = zeroblob(32) WHERE idx = 2")
        ledger.commit()
    _refused(data, servers.words, "E164")


def test_a_target_that_changed_sinceis_refused(data: Path, servers: Servers) -> None:
    """Ended before the folder noted it, and then other visitors came: it does not fit any more."""
    words = ["move", "--data", str(data), "--ledger", servers.ledger]
    process = python("-c", STEPS + KILLED, 0, "at its end", *words)
    process.communicate()
    assert process.returncode == -9
    with opened(data, Clock(noon(TUESDAY)), policy()) as parts:
        record_now(parts, decision(policy(), handle="ab" * 32))
    _refused(data, ["--ledger", servers.ledger], "E164")


def _refused(data: Path, words: list[str], message: str) -> None:
    before = _content(data)
    result = run(data, *words)
    assert result.exit_code != 0
    assert message in result.output, result.output
    assert "Traceback" not in result.output
    assert _content(data) == before


def _content(data: Path) -> dict[str, str]:
    """What the files say; how SQLite keeps its journal may change."""
    content = {file.name: file.read_text() for file in data.glob("*.url")}
    for file in data.glob("*.db"):
        with closing(sqlite3.connect(file)) as connection:
            content[file.name] = "\n".join(connection.iterdump())
    return content
