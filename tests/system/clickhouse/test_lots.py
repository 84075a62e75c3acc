"""M50: what was accepted is in ClickHouse once, wherever a process, or the server, ends."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from askfirst_collector.store.clickhouse.events import ClickHouseEvents
from askfirst_collector.store.clickhouse.values import fields_of
from askfirst_collector.store.events import Authorized, StoreUnavailable
from tests.conftest import ROOT
from tests.system.clickhouse.engines import Face, database_of
from tests.unit.store.rows import JUDGED, ROW, append, batch, nobody

KILLS = 5
PER_PROCESS = 300  # rows that a process may accept before it is ended
MANY_KILLS = 25
COMMENT = "SELECT comment FROM system.tables WHERE database = currentDatabase() AND name = 'event'"


def _mover(folder: Path, url: str, rows: int, *stop: int) -> subprocess.Popen[str]:
    module = "tests.system.clickhouse.mover"
    command = [sys.executable, "-m", module, str(folder), url, str(rows), *map(str, stop)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def _pages(store: ClickHouseEvents) -> list[str]:
    store.drain()
    return sorted(row.values["page"][1] for row in store.rows(ROW.key))


def test_a_lot_that_was_put_there_and_is_not_noted_is_there_once(tmp_path: Path, url: str) -> None:
    """Ended between the two, at the second lot; more is accepted before anybody moves it again."""
    with _mover(tmp_path, url, 400, 2) as process:
        answered, _ = process.communicate(timeout=60)
        assert process.returncode == -9
    with closing(ClickHouseEvents(tmp_path / "events.db", url, ended=nobody)) as store:
        append(store, batch("later", replace(ROW, values={"page": ("/", "later")})))
        pages = _pages(store)
        assert len(pages) == len(set(pages))
        # One more may have been accepted, and not answered yet.
        assert len({*pages} - {*answered.split(), "later"}) <= 1
        assert {*answered.split(), "later"} <= {*pages}


def _kill_often(folder: Path, url: str, kills: int, seed: int) -> None:
    draw = random.Random(seed)
    answered: list[str] = []
    for _ in range(kills):
        with _mover(folder, url, PER_PROCESS) as process:
            assert process.stdout is not None
            wanted = draw.randrange(1, PER_PROCESS - 1)
            answered += [process.stdout.readline().strip() for _ in range(wanted)]
            process.kill()
            answered += process.stdout.read().split()
    with closing(ClickHouseEvents(folder / "events.db", url, ended=nobody)) as store:
        pages = _pages(store)
    assert len(pages) == len(set(pages))
    assert {*answered} <= {*pages}
    assert len(pages) <= len(answered) + kills


def test_kills_lose_and_double_nothing(tmp_path: Path, url: str) -> None:
    """`kill -9` at drawn moments: each row that was answered is there, and each is there once."""
    _kill_often(tmp_path, url, KILLS, seed=1)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_many_kills_lose_and_double_nothing(tmp_path: Path, url: str) -> None:
    """The same, more often."""
    _kill_often(tmp_path, url, MANY_KILLS, seed=2)


def test_a_lot_that_comes_late_is_not_stored_again(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An insert is not answered in time; its visitors are erased; then it arrives after all."""
    gone: set[Authorized] = set()
    path = tmp_path / "events.db"
    sent: list[tuple[Sequence[Sequence[object]], str]] = []

    def unanswered(rows: Sequence[Sequence[object]], *, token: str) -> None:
        sent.append((rows, token))
        raise StoreUnavailable("no answer")

    with closing(ClickHouseEvents(path, url, ended=nobody, gone=lambda j: gone & set(j))) as store:
        append(store, batch("one", ROW))
        with monkeypatch.context() as patched:
            patched.setattr(store.file.server, "insert", unanswered)
            with pytest.raises(StoreUnavailable, match="no answer"):
                store.drain()
        gone.add(JUDGED)
        assert store.erase([ROW.pseudonym or b""]) == 0
        ((rows, token),) = sent
        assert [*rows] == [fields_of(ROW, is_kept=False)]
        store.file.server.insert(rows, token=token)
        assert store.counts(ROW.key).rows == 0
        assert store.of_pseudonyms([ROW.pseudonym or b""]) == []
        # Without what the lot is known by it is stored: the test above can fail.
        store.file.server.insert(rows, token="another")
        assert store.counts(ROW.key).rows == 1


def test_what_comes_while_the_server_is_away_waits(tmp_path: Path, tmp_path_factory: Any) -> None:
    """S19: accepted up to a bound, then 503; moved once it is back; what reads says it is away."""
    with Face(tmp_path_factory.mktemp("away")) as face:
        url = face.new_database()
        with closing(ClickHouseEvents(tmp_path / "events.db", url, ended=nobody)) as store:
            assert append(store, batch("before", ROW)) == [b"answer to before"]
            store.move(0)
            face.kill()
            store.spool._most = 2_000
            answers = [append(store, batch(f"during {n}", ROW))[0] for n in range(20)]
            accepted = [answer for answer in answers if isinstance(answer, bytes)]
            assert 1 < len(accepted) < 20
            assert all(isinstance(answer, StoreUnavailable) for answer in answers[len(accepted) :])
            with pytest.raises(StoreUnavailable, match="too much waits"):
                store.check()
            with pytest.raises(StoreUnavailable, match=r"ClickHouse at http://127.0.0.1:\d+/"):
                store.move(1_000)
            assert "is away" in store.fault
            with pytest.raises(StoreUnavailable):
                store.counts(ROW.key)
            face.start()
            store.move(2_000)
            assert store.fault == ""
            assert store.counts(ROW.key).rows == 1 + len(accepted)
            assert append(store, batch("after", ROW)) == [b"answer to after"]


def test_a_retry_is_recognised_where_rows_are_elsewhere(tmp_path: Path, url: str) -> None:
    """The first answer, before the batch is moved and after; nothing is added."""
    with closing(ClickHouseEvents(tmp_path / "events.db", url, ended=nobody)) as store:
        first = append(store, batch("one", ROW))
        assert append(store, batch("one", ROW, ROW)) == first
        store.drain()
        assert append(store, batch("one", ROW, ROW)) == first
        assert store.counts(ROW.key).rows == 1


def test_a_database_of_before_is_said(tmp_path: Path, face: Face, url: str) -> None:
    """A server that comes back from an older copy: what comes waits, and the log says why."""
    with closing(ClickHouseEvents(tmp_path / "events.db", url, ended=nobody)) as store:
        append(store, batch("one", ROW))
        store.drain()
        database = database_of(url)
        comment = face.ask(COMMENT, database)
        older = comment.replace("events 1 ", "events 0 ")
        face.ask("DROP TABLE event", database)
        face.ask(f"CREATE TABLE event (a String) ORDER BY a COMMENT '{older}'", database)
        append(store, batch("two", ROW))
        with pytest.raises(StoreUnavailable):
            store.drain()
        with pytest.raises(StoreUnavailable, match=r"E142.*version 0, and this program knows 1"):
            store.drain()
        assert isinstance(append(store, batch("three", ROW))[0], bytes)
        face.ask("DROP TABLE event", database)
        assert _pages(store) == ["/coffee/beans"] * 2
