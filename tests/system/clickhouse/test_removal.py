"""What is taken out is in no file of ClickHouse any more, and nothing else goes with it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from askfirst_collector.store.clickhouse.events import ClickHouseEvents
from askfirst_collector.store.clickhouse.values import fields_of
from askfirst_collector.store.events import StoreUnavailable
from askfirst_collector.store.facts import Shared
from askfirst_collector.store.leaving import leaving
from askfirst_collector.store.periods import DAY, IN_UTC
from tests.system.clickhouse.engines import Face, database_of
from tests.unit.store.rows import ROW, append, batch, nobody

PATIENCE = 100.0  # seconds: it looks for old parts twice a minute


@pytest.fixture
def store(tmp_path: Path, url: str) -> Iterator[ClickHouseEvents]:
    with closing(ClickHouseEvents(tmp_path / "events.db", url, ended=nobody)) as opened:
        yield opened


def _files_with(folder: Path, content: bytes) -> list[Path]:
    """Files of the engine that have these bytes, or their hexadecimal digits, in them."""
    found = []
    for path in folder.rglob("*"):
        try:
            data = path.read_bytes() if path.is_file() else b""
        except FileNotFoundError:
            continue  # it was removed meanwhile
        if content in data or content.hex().encode() in data.lower():
            found.append(path)
    return found


def _gone(folder: Path, content: bytes) -> None:
    until = time.monotonic() + PATIENCE
    while found := _files_with(folder, content):
        assert time.monotonic() < until, found
        time.sleep(0.2)


@pytest.mark.timeout(240)
def test_an_erased_visitor_is_in_no_file(store: ClickHouseEvents, face: Face, url: str) -> None:
    """Rows, and what the engine notes of their removal; those of others stay.

    Old parts stay for eight minutes, after which a power cut takes nothing: here for a second.
    """
    names = [os.urandom(32) for _ in range(500)]
    append(store, batch("one", *(replace(ROW, pseudonym=name) for name in names)))
    store.drain()
    face.ask("ALTER TABLE event MODIFY SETTING old_parts_lifetime = 1", database_of(url))
    assert _files_with(face.folder, names[7])
    assert len(store.of_pseudonyms(names[:10])) == 10
    assert store.erase([names[7]]) == 1
    assert store.of_pseudonyms([names[7]]) == []
    _gone(face.folder, names[7])
    assert _files_with(face.folder, names[8])
    assert store.counts(ROW.key).rows == 499
    assert store.erase([names[7]]) == 0


def test_a_dropped_period_goes_and_others_of_its_day_stay(
    store: ClickHouseEvents,
) -> None:
    """The last one of a day goes as a whole."""
    other = replace(ROW, purpose="marketing")
    append(store, batch("one", ROW, ROW, other))
    store.seal(ROW.key)
    store.drop(ROW.key)
    assert store.of_pseudonyms([ROW.pseudonym or b""]) == [other]
    assert store.file.server.count("SELECT count() FROM event") == 3
    store.file.tidy()
    assert store.file.server.count("SELECT count() FROM event") == 1
    assert store.periods() == [other.key]
    assert list(store.rows(ROW.key)) == []
    assert list(store.rows(other.key)) == [other]
    store.drop(other.key)
    store.drop(other.key)
    assert store.pseudonyms() == set()
    assert store.file.server.parts() == set()


def test_a_day_that_is_closed_is_in_no_file(store: ClickHouseEvents, face: Face) -> None:
    """At once, where no period of that day is open."""
    name = os.urandom(32)
    append(store, batch("one", replace(ROW, pseudonym=name)))
    store.seal(ROW.key)
    assert _files_with(face.folder, name)
    store.drop(ROW.key)
    assert _files_with(face.folder, name) == []


def test_what_could_not_be_removed_is_removed_later(
    store: ClickHouseEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server was away: nobody sees the rows any more, and the job takes them out."""
    append(store, batch("one", ROW, replace(ROW, purpose="marketing")))
    store.drain()

    def away(*_: object) -> None:
        raise StoreUnavailable("away")

    with monkeypatch.context() as patched:
        patched.setattr(store.file.server, "remove_periods", away)
        store.drop(ROW.key)
        with pytest.raises(StoreUnavailable, match="away"):
            store.move(0)
    assert [key.purpose for key in store.periods()] == ["marketing"]
    assert [row.purpose for row in store.of_pseudonyms([ROW.pseudonym or b""])] == ["marketing"]
    assert store.rows_on(ROW.site, ROW.period) == 1
    assert store.file.server.count("SELECT count() FROM event") == 2
    store.move(1_000)
    assert store.file.server.count("SELECT count() FROM event") == 1
    with store.file.index.read() as connection:
        assert leaving(connection) == []


def test_what_was_asked_about_is_forgotten(store: ClickHouseEvents) -> None:
    """Also where whoever asked has ended in between: after an hour, by the job."""
    store.drain()
    server = store.file.server
    server.run("INSERT INTO asked VALUES ('old', 'a', now() - 3700), ('new', 'b', now())")
    append(store, batch("one", ROW))
    assert store.of_pseudonyms([ROW.pseudonym or b""]) == [ROW]
    store.move(0)
    assert [draw for (draw,) in server.rows("SELECT draw FROM asked")] == ["new"]


def test_an_erasure_that_is_not_answered_can_still_be_done(
    store: ClickHouseEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it is about stays where the server looks for it, until the job takes it out."""
    append(store, batch("one", ROW))
    store.drain()
    server, run = store.file.server, store.file.server.run

    def unanswered(statement: str, *names: Any) -> None:
        if "DELETE" in statement:
            raise StoreUnavailable("no answer")
        run(statement, *names)

    with monkeypatch.context() as patched:
        patched.setattr(server, "run", unanswered)
        with pytest.raises(StoreUnavailable, match="no answer"):
            store.erase([ROW.pseudonym or b""])
    assert server.count("SELECT count() FROM asked") == 1
    assert store.erase([ROW.pseudonym or b""]) == 1
    assert server.count("SELECT count() FROM asked") == 1


def test_many_periods_of_a_day_go_by_few_statements(
    store: ClickHouseEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sites whose day has closed, more than one statement names, beside one whose day has not."""
    monkeypatch.setattr("askfirst_collector.store.clickhouse.rows.PERIODS", 20)
    names = [f"site-{number}" for number in range(50)]
    append(store, batch("one", ROW, *(replace(ROW, site=name) for name in names)))
    store.drain()
    for name in names:
        store.drop(replace(ROW, site=name).key)
    store.file.tidy()
    assert store.file.server.count("SELECT count() FROM event") == 1
    assert store.periods() == [ROW.key]


def test_keeping_that_was_cut_off_is_done_again(
    store: ClickHouseEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its rows are there once, whoever tidies meanwhile; and go when their days are over."""
    lowered = replace(ROW, pseudonym=None, keep_rows_days=30, values={"page": ("/coffee",)})
    append(store, batch("one", ROW, ROW, ROW))
    store.seal(ROW.key)

    def cut_off(*_: object, **__: object) -> None:
        raise StoreUnavailable("cut off")

    with monkeypatch.context() as patched:
        patched.setattr("askfirst_collector.store.close_period.note_kept", cut_off)
        with pytest.raises(StoreUnavailable, match="cut off"):
            store.keep(ROW.key, [lowered, lowered])
    assert not store.kept(ROW.key)
    assert list(store.rows(ROW.key)) == [ROW] * 3
    store.file.tidy()
    assert store.file.server.count("SELECT count() FROM event WHERE kept = 1") == 2
    store.keep(ROW.key, [lowered, lowered])
    assert store.kept(ROW.key)
    assert list(store.rows(ROW.key)) == [lowered] * 2
    assert store.file.server.count("SELECT count() FROM event") == 2
    end = 1_795_392_000.0  # 2026-11-23T00:00:00Z
    assert store.expire_kept(end + 29 * DAY, {}, lambda _: IN_UTC) == 0
    assert store.expire_kept(end + 31 * DAY, {}, lambda _: IN_UTC) == 2
    assert store.periods() == []
    assert store.file.server.count("SELECT count() FROM event") == 0


def test_a_host_that_allows_fewer_days_has_them(store: ClickHouseEvents) -> None:
    """M33: kept rows go by the smaller of both, a row's own days or those allowed now."""
    own = [replace(ROW, keep_rows_days=days, pseudonym=None) for days in (10, 20, 30)]
    append(store, batch("one", ROW))
    store.seal(ROW.key)
    store.keep(ROW.key, own)
    end = 1_795_392_000.0
    assert store.expire_kept(end + 15 * DAY, {}, lambda _: IN_UTC) == 1
    assert [row.keep_rows_days for row in store.rows(ROW.key)] == [20, 30]
    allowed = {(ROW.site, ROW.collector, ROW.purpose): 16}
    assert store.expire_kept(end + 16 * DAY, allowed, lambda _: IN_UTC) == 2
    assert store.periods() == []


def test_an_erasure_between_two_questions_is_noticed(store: ClickHouseEvents) -> None:
    """Visitors are numbered anew then: it fails, and is asked again, rather than count others."""
    rows = [replace(ROW, pseudonym=bytes([n]) * 32) for n in range(1, 30)]
    append(store, batch("one", *rows))
    page, time = ("/coffee", "/coffee/beans"), ("2026-11-22", "14")
    with store.reading(ROW.key) as period:
        facts = period.facts(["page", "time"], [])
        frequent = {"page": {page: facts.total}, "time": {time: facts.total}}
        asked = [("page", "time")]
        answer = {("page", "time"): {(page, time): Shared(29, 0)}}
        assert period.pairs(facts, asked, frequent, 5) == answer
        store.erase([bytes([3]) * 32])
        with pytest.raises(StoreUnavailable, match="rows were removed meanwhile"):
            period.pairs(facts, asked, frequent, 5)


def test_a_part_of_nobody_goes(store: ClickHouseEvents) -> None:
    """Rows whose period is not known, as after a lost `events.db`, are nobody's to count."""
    append(store, batch("one", ROW))
    store.drain()
    stray = replace(ROW, period="2026-11-20", pseudonym=b"x" * 32)
    store.file.server.insert([fields_of(stray, is_kept=False)], token="stray")
    assert len(store.pseudonyms()) == 2
    store.move(0)
    assert store.pseudonyms() == {ROW.pseudonym}
