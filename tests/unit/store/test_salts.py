"""Salts are elected once, die on time, and leave nothing behind."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askfirst.errors import CollectorUnavailable
from askfirst_collector.config import Folder
from askfirst_collector.store.periods import IN_UTC, Calendar
from askfirst_collector.store.salts import Salts, pseudonym
from askfirst_collector.store.salts_file import SaltFile
from askfirst_collector.store.salts_server import SaltServer
from tests.support.collectors import NOON, Clock
from tests.support.postgresql import Cluster

Names = tuple[str, str, str, str]
names = st.text(st.characters(codec="utf-8"), max_size=8)
fields = st.tuples(names, names, names, names)


opened: list[Salts] = []


@pytest.fixture(autouse=True)
def closing() -> Iterator[None]:
    yield
    while opened:
        opened.pop().close()


@pytest.fixture(params=["file", pytest.param("server", marks=pytest.mark.long)])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder whose salts are in a file, and one whose salts are on a server."""
    if request.param == "server":
        server: Cluster = request.getfixturevalue("salts_server")
        Folder(tmp_path).place_salts(server.url(server.new()))
    return tmp_path


def open_salts(path: Path, clock: Callable[[], float]) -> Salts:
    url = Folder(path).salts_url
    if url:
        server = SaltServer(url, now=clock, urandom=os.urandom)
        server.belong_to("0a" * 16)
        opened.append(server)
    else:
        opened.append(SaltFile(path / "salts.db", now=clock, urandom=os.urandom))
    return opened[-1]


def is_on_disk(secret: bytes, path: Path) -> bool:
    """Whether any file has it: of the folder, or of the server."""
    server = Folder(path).salts_url.partition("?host=")[2]
    files = (file for file in Path(server or path).rglob("*") if file.is_file())
    content = b"".join(file.read_bytes() for file in files)
    return secret in content or secret.hex().encode() in content


END = IN_UTC.end_of("day", "2026-11-22")


def in_utc(_: str) -> Calendar:
    return IN_UTC


def elect(path: Path) -> tuple[bytes, bytes]:
    salts = open_salts(path, lambda: NOON)
    return salts.period("shop", "day", "2026-11-22", END), salts.batch_key("2026-11-22")


@given(fields, fields)
def test_no_two_names_are_confused(
    a: tuple[str, str, str, str], b: tuple[str, str, str, str]
) -> None:
    """Framing is unambiguous: pseudonyms are equal exactly when all four names are."""
    assert (pseudonym(b"s" * 32, *a) == pseudonym(b"s" * 32, *b)) == (a == b)


def test_a_boundary_that_moves_is_another_name() -> None:
    """Joined the names are the same, framed they are not."""
    moved = [("ab", "c", "", "h"), ("a", "bc", "", "h"), ("a", "b", "c", "h"), ("", "abc", "", "h")]
    assert len({pseudonym(b"s" * 32, *each) for each in moved}) == len(moved)


def test_what_is_begun_once_makes_the_same_pseudonyms(folder: Path) -> None:
    """M27: by the salt alone, whoever came before; and with its salt it is gone (M48)."""
    clock = Clock()
    salts = open_salts(folder, clock)
    key = ("shop", "day", "2026-11-22")
    salt = salts.period(*key, END)
    named = [(purpose, collector, h) for purpose in "ab" for collector in ("", "c") for h in "hi"]
    for _ in range(2):
        for purpose, collector, handle in named:
            own = salts.pseudonym(key, END, purpose, collector, handle)
            assert own == pseudonym(salt, "shop", purpose, collector, handle)
    salts.forget_site("shop", [])
    assert salts.period(*key, END) != salt
    own = salts.pseudonym(key, END, "a", "", "h")
    assert own == pseudonym(salts.period(*key, END), "shop", "a", "", "h")
    clock.now = END + 7200
    with pytest.raises(CollectorUnavailable):
        salts.pseudonym(key, END, "a", "", "h")


def test_every_process_reads_the_salt_that_was_drawn_first(folder: Path) -> None:
    """M27: a period has one salt however many workers ask for it at once."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(2) as pool:
        found = pool.map(elect, [folder] * 8, chunksize=1)
    assert len(set(found)) == 1
    assert elect(folder) == found[0]


def test_salts_of_other_periods_and_sites_differ(folder: Path) -> None:
    """M27: nothing is shared between periods, kinds of periods, or sites."""
    salts = open_salts(folder, Clock())
    asked = [
        ("shop", "day", "2026-11-22"),
        ("shop", "week", "2026-11-16"),
        ("shop", "month", "2026-11-01"),
        ("blog", "day", "2026-11-22"),
    ]
    assert len({salts.period(*each, END) for each in asked}) == len(asked)


def test_a_salt_dies_two_hours_after_its_period(folder: Path) -> None:
    """M48: then no byte of it is in any file, and no second one is drawn."""
    clock = Clock()
    salts = open_salts(folder, clock)
    salt = salts.period("shop", "day", "2026-11-22", END)
    assert is_on_disk(salt, folder)
    end = END
    assert salts.destroy_due(end + 7199, in_utc) == 0
    clock.now = end + 7199
    assert [each.salt for each in salts.open_periods("shop")] == [salt]
    clock.now = end + 7200
    assert salts.open_periods("shop") == []
    with pytest.raises(CollectorUnavailable):
        salts.period("shop", "day", "2026-11-22", END)
    assert salts.destroy_due(clock.now, in_utc) == 1
    assert not is_on_disk(salt, folder)


def test_batch_keys_outlive_every_retry(folder: Path) -> None:
    """A batch of the last second of a day may be sent again for 48 hours."""
    clock = Clock()
    salts = open_salts(folder, clock)
    key = salts.batch_key("2026-11-22")
    clock.now = END + 48 * 3600
    salts.destroy_due(clock.now, in_utc)
    assert open_salts(folder, clock).batch_key("2026-11-22") == key
    clock.now += 7200
    assert salts.destroy_due(clock.now, in_utc) == 1


def test_the_key_of_a_grant_ends_in_every_worker(folder: Path) -> None:
    """The end of a key is seen by who read it before, and no byte of it is left."""
    one, two = open_salts(folder, Clock()), open_salts(folder, Clock())
    key = one.new_grant_key("h", due=int(NOON) + 9999)
    assert two.new_grant_key("h", due=int(NOON) + 99_999) == key == two.grant_key("h")
    one.end_grant("h")
    one.end_grant("h")
    assert two.grant_key("h") is None
    one.destroy_due(NOON, in_utc)
    assert not is_on_disk(key, folder)


def test_the_key_of_a_grant_ends_with_the_grant(folder: Path) -> None:
    """A key is not given out once its grant has run out, destroyed yet or not."""
    clock = Clock()
    salts = open_salts(folder, clock)
    salts.new_grant_key("h", due=int(clock.now) + 10)
    clock.now += 10
    assert salts.grant_key("h") is None
    assert salts.destroy_due(clock.now, in_utc) == 1


def test_an_unreadable_file_is_away(tmp_path: Path) -> None:
    """A file that is no database is a fault, not a crash."""
    (tmp_path / "salts.db").write_bytes(b"not a database" * 100)
    with pytest.raises(CollectorUnavailable):
        open_salts(tmp_path, Clock())
