"""Three visitors of one network count towards sizes, and every one in figures."""

from __future__ import annotations

import base64
import os
import pickle
import subprocess
import sys
from contextlib import closing
from datetime import date
from pathlib import Path

import httpx
import pytest
from msgspec.structs import replace

from askfirst.client import Caller
from askfirst.observe import network_sizes
from askfirst.observe.address import Address, read_address
from askfirst.observe.network_sizes import NetworkSizes
from askfirst.observe.network_slots import CAN_SHARE
from askfirst_collector.closing.calendar import HOUR
from askfirst_collector.closing.close import close_due
from askfirst_collector.closing.rule import Rule
from askfirst_collector.closing.so_far import count_days
from askfirst_collector.closing.today import add_newcomers, read_today
from askfirst_collector.embedded import EmbeddedCollector
from askfirst_collector.ingest.events import open_events
from askfirst_collector.ledger.entries import mark_of
from askfirst_collector.reports.ranges import report, series
from askfirst_collector.store.disclosed_ranges import Range
from askfirst_collector.store.events import PeriodKey
from askfirst_collector.store.periods import IN_UTC
from tests.support.collectors import Clock, policy
from tests.support.site_keys import new_site_key

from .test_time_zone import SIZE, zoned
from .world import NOW, SAME_ORIGIN, World

KEY = PeriodKey("shop", "", "statistics", "day", "2026-11-22")
DAY = 86_400
ABUSED = "/coffee"


def address(text: str) -> Address:
    read = read_address(text)
    assert read is not None
    return read


def sized(sizes: NetworkSizes, *places: str, key: PeriodKey = KEY, start: int = 0) -> list[bool]:
    """A visitor from each place, one after the other."""
    return [
        sizes.is_sized(replace(key, period=""), key.period, number, address(place))
        for number, place in enumerate(places, start)
    ]


def test_three_of_a_network_are_sized() -> None:
    """M27: of a /24 and of a /48; each in a period and a purpose of its own."""
    sizes = NetworkSizes(urandom=os.urandom)
    assert sized(sizes, *(f"81.2.69.{host}" for host in range(5))) == [True] * 3 + [False] * 2
    # Who is sized stays so, and who is not; another network begins anew.
    assert sized(sizes, *["81.2.69.9"] * 5) == [True] * 3 + [False] * 2
    assert sized(sizes, "81.2.70.1", start=9) == [True]
    assert sized(sizes, *(f"2a00:1450:4001:{n}::1" for n in range(1, 5))) == [True] * 3 + [False]
    assert sized(sizes, "2a00:1450:4002::1", start=20) == [True]
    for other in (
        PeriodKey("shop", "", "marketing", "day", "2026-11-22"),
        PeriodKey("shop", "pulse", "statistics", "day", "2026-11-22"),
        PeriodKey("shop", "", "statistics", "day", "2026-11-23"),
    ):
        assert sized(sizes, *["81.2.69.9"] * 4, key=other, start=50) == [True] * 3 + [False]


@pytest.mark.parametrize("count", range(1, 8))
def test_three_of_a_network_are_sized_by_all_machines_together(count: int) -> None:
    """M27: however many there are, and wherever each visitor comes; every one of three has one."""
    ranks = range(count)
    machines = [
        NetworkSizes(urandom=os.urandom, among=lambda rank=rank: (rank, count)) for rank in ranks
    ]
    for network in range(1, 40):
        per = [sum(sized(sizes, *[f"81.2.{network}.9"] * 9)) for sizes in machines]
        assert sum(per) == 3
        assert max(per) - min(per) <= 1


def test_a_machine_that_knows_of_no_others_sizes_nobody() -> None:
    """M27: what cannot be told narrows; a visitor who was sized stays so."""
    known = [(0, 1)]
    sizes = NetworkSizes(urandom=os.urandom, among=lambda: known[0])
    assert sized(sizes, "81.2.69.1") == [True]
    known[0] = (0, 0)
    assert sized(sizes, "81.2.69.1", "81.2.69.2", "81.2.70.1") == [True, False, False]
    assert sized(NetworkSizes(urandom=os.urandom, most=0, among=lambda: (0, 0)), "81.2.69.1") == [
        True
    ]


def test_private_and_unknown_addresses_are_no_networks() -> None:
    """A proxy that nobody configured makes no network of all visitors; 0 switches it off."""
    sizes = NetworkSizes(urandom=os.urandom)
    assert all(sized(sizes, *["127.0.0.1", "10.0.0.7", "fd00::1", "203.0.113.7"] * 4))
    assert all(sizes.is_sized("shop", KEY.period, n, None) for n in range(9))
    assert all(sized(NetworkSizes(urandom=os.urandom, most=0), *["81.2.69.9"] * 9))


def test_no_address_is_remembered_and_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """M25: keyed hashes alone, whose key goes with the period; a full memory narrows."""
    monkeypatch.setattr(network_sizes, "REMEMBERED", 2)
    sizes = NetworkSizes(urandom=lambda length: b"k" * length)
    assert sized(sizes, "81.2.69.1", "81.2.70.1", "81.2.71.1") == [True, True, False]
    first = pickle.dumps(sizes._periods)
    assert bytes([81, 2, 69]) not in first
    following = PeriodKey("shop", "", "statistics", "day", "2026-11-23")
    assert sized(sizes, "81.2.71.1", key=following, start=9) == [True]
    assert len(sizes._periods) == 1


@pytest.fixture
def exact(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every draw of a figure is 0."""
    monkeypatch.setattr(Rule, "_below", lambda self, base: 1)


def come(world: World, *places: str) -> None:
    for place in places:
        body = world.body({"purpose": "statistics", "type": "page_view", "page": ABUSED})
        caller = {"askfirst.caller": world_caller(world)}
        answer = world.send(body, SAME_ORIGIN, caller, client=(place, 1))
        assert answer.body["stored"] == 1


def world_caller(world: World) -> Caller:
    return Caller("example", world.grant(), gpc=False, dnt=False)


@pytest.mark.usefixtures("exact")
@pytest.mark.parametrize("closes", ["day", "week"])
def test_whom_one_network_sends_shows_nothing_and_counts_in_what_is_shown(
    tmp_path: Path, closes: str
) -> None:
    """M27: in today, in figures so far and at closing; a restart keeps who was not sized."""
    wanted = Range("example", "statistics", date(2026, 11, 16), date(2026, 11, 23))
    crowd = [f"81.2.69.{host}" for host in range(30)]
    with closing(World(tmp_path / "data", zoned("UTC", closes))) as world:
        parts = world.parts
        come(world, *crowd, "81.2.70.1")
        add_newcomers(parts, NOW + HOUR)
        today = read_today(parts.engine, "example", "statistics", SIZE, IN_UTC, NOW + HOUR)
        assert today is None
        # Begun anew, three more of the network are sized; that makes seven of eight.
        parts.network_slots.close()
        world.events = open_events(parts, limit=world.limit)
        come(world, *crowd[:3])
        world.now = NOW + DAY
        count_days(parts, world.now)
        close_due(parts, world.now)
        assert all(period.visitors is None for period in series(parts, wanted))
    with closing(World(tmp_path / "more", zoned("UTC", closes))) as world:
        parts = world.parts
        come(world, *crowd, *(f"81.2.{n}.1" for n in range(70, 75)))
        world.now = NOW + DAY
        count_days(parts, world.now)
        close_due(parts, world.now)
        rows = {row.path: row.visitors for row in report(parts, wanted, "page").rows}
        assert rows[ABUSED,] == 35


@pytest.mark.skipif(not CAN_SHARE, reason="each process counts for itself here")
def test_another_process_on_the_folder_counts_on(tmp_path: Path) -> None:
    """M27: three of a network have come here, so that a fourth is sized nowhere else."""
    asking = (
        "import os, sys; from pathlib import Path\n"
        "from askfirst.observe.address import read_address\n"
        "from askfirst.observe.network_sizes import NetworkSizes\n"
        "from askfirst.observe.network_slots import NetworkSlots\n"
        "slots = NetworkSlots(Path(sys.argv[1]), urandom=os.urandom)\n"
        "sizes = NetworkSizes(urandom=os.urandom, slots=slots)\n"
        "counted = 'example', '', 'statistics', 'day'\n"
        "places = map(read_address, ('81.2.69.99', '81.2.70.99'))\n"
        "print([sizes.is_sized(counted, sys.argv[2], 'v', place) for place in places])\n"
    )
    with closing(World(tmp_path / "data", zoned("UTC"))) as world:
        come(world, *(f"81.2.69.{host}" for host in range(3)))
        folder, day = world.parts.folder.spool / "networks", KEY.period
        command = [sys.executable, "-c", asking, str(folder), day]
        answer = subprocess.run(command, capture_output=True, text=True, check=True)
    assert answer.stdout == "[False, True]\n"


@pytest.mark.usefixtures("exact")
def test_what_is_dropped_and_whoever_answers_are_other_visitors(tmp_path: Path) -> None:
    """M27: a crowd of one network that is dropped shows no reason either."""
    wanted = Range("example", "statistics", date(2026, 11, 16), date(2026, 11, 23))
    with closing(World(tmp_path / "data", zoned("UTC"))) as world:
        come(world, *(f"81.2.{n}.1" for n in range(9)))
        agent = ((b"user-agent", b"Googlebot/2.1"),)
        for host in range(20):
            caller = {"askfirst.caller": world_caller(world)}
            client = (f"82.2.69.{host}", 1)
            answer = world.send(world.body(), (*SAME_ORIGIN, *agent), caller, client=client)
            assert answer.reasons == ["bot"]
        close_due(world.parts, NOW + DAY)
        assert report(world.parts, wanted, "drops").rows == ()
        (total,) = [p.visitors for p in series(world.parts, wanted) if p.visitors]
        assert total == 9
        granted = {row.path[0]: row.visitors for row in report(world.parts, wanted, "consent").rows}
        assert granted == {"granted": 29}


@pytest.mark.anyio
async def test_of_a_network_three_answers_count_towards_sizes(tmp_path: Path) -> None:
    """M27: of scripts they are counted here; a relay says of whom it knows that more answered."""
    collector = EmbeddedCollector(tmp_path, now=Clock(), jobs=False)
    shop = policy()
    await collector.editions(shop)
    parts = collector.parts()
    key = {"authorization": f"Bearer {new_site_key(parts.engine, 'shop', urandom=parts.urandom)}"}

    async def answer(whose: dict[str, object], headers: dict[str, str], host: int = 0) -> int:
        body = {"v": 2, "site": "shop", "edition": shop.hash, "method": "accept_all", **whose}
        transport = httpx.ASGITransport(collector.app, client=(f"81.2.69.{host}", 1))
        async with httpx.AsyncClient(transport=transport, base_url="https://c.example") as client:
            return (await client.post("/v1/consents", json=body, headers=headers)).status_code

    def unsized() -> set[bytes]:
        return parts.ledger.unsized("shop", "0001-01-01", "9999-12-31")

    for host in range(5):
        secret = base64.urlsafe_b64encode(bytes([host]) * 16).rstrip(b"=").decode()
        origin = {"origin": "https://shop.example"}
        assert await answer({"secret": secret, "lang": "en"}, origin, host) == 200
        assert len(unsized()) == max(0, host - 2)
    for handle, more in (("a" * 64, {}), ("b" * 64, {"sized": True}), ("c" * 64, {"sized": False})):
        assert await answer({"handle": handle, **more}, key) == 200
    assert mark_of("shop", "c" * 64) in unsized()
    assert len(unsized()) == 3
    assert await answer({"handle": "d" * 64, "sized": 0}, key) == 422
    await collector.aclose()
