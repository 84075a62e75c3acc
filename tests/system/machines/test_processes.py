"""Three collectors on disks of their own: ended, cut off, and another PostgreSQL under them."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from askfirst.errors import CollectorUnavailable
from askfirst_collector.config import Folder
from askfirst_collector.runtime.open import close_services, open_services
from askfirst_collector.services import Services
from askfirst_collector.store.clickhouse.events import ClickHouseEvents
from tests.support.postgresql import Cluster, cluster
from tests.system.clickhouse.engines import Face, database_of
from tests.system.frameworks.visitor import Visitor
from tests.system.machines.proxy import Proxy
from tests.system.visits import AGENT, NO_GRANT, Processes, accept, answer, holds, processes, tell

pytestmark = pytest.mark.long
SITE = "tests.system.site"
NAMES = ("one", "two", "three")
STORED = {"stored": 1, "dropped": []}


@pytest.fixture
def primary() -> Iterator[Cluster]:
    """A server of this test alone."""
    with cluster() as server:
        yield server


def machine(data: Path, ledger: str, events: str, salts: str) -> Path:
    """The folder of a machine that joins at its first start."""
    data.mkdir(mode=0o700)
    folder = Folder(data)
    folder.place_ledger(ledger)
    folder.place_events(events)
    folder.place_salts(salts)
    return data


def started(sites: Processes, *folders: Path) -> list[Visitor]:
    """A visitor of each machine, all of which answer."""
    visitors = []
    for folder in folders:
        _, visitor = sites.start(SITE, folder)
        visitor.get("/")
        accept(Visitor(visitor.port, also=visitor.also))
        visitors.append(visitor)
    return visitors


def at(there: Visitor, visitor: Visitor) -> Visitor:
    """The same browser, which the load balancer sends to another machine."""
    return Visitor(there.port, also=there.also, jar=dict(visitor.jar))


def fresh(there: Visitor) -> Visitor:
    """A browser that was never here."""
    visitor = Visitor(there.port, also=[("User-Agent", AGENT)])
    visitor.get("/")
    return visitor


def stored(folder: Path, face: Face, database: str) -> list[str]:
    """The pages of all rows, once every machine that runs has moved what it accepted."""
    parts = open_services(folder, host_policy=None, now=time.time, urandom=os.urandom)
    try:
        holds(lambda: _is_gathered(parts))
    finally:
        close_services(parts)
    text = face.ask("SELECT page FROM event WHERE type = 0 AND site != '' ORDER BY page", database)
    return [line.partition("\x1f")[0] for line in text.splitlines()]


def come_in(answered: list[str], least: int) -> None:
    """So many events were answered."""
    holds(lambda: len(answered) >= least)


def opens(there: Visitor, place: int) -> None:
    """One event, told until it is stored."""
    holds(lambda: bool(tell(there, f"/9{place}-0", f"9{place}x0").json == STORED))


def _is_gathered(parts: Services) -> bool:
    assert isinstance(parts.events, ClickHouseEvents)
    try:
        parts.events.gather()
    except CollectorUnavailable:
        return False
    return True


def test_a_standby_takes_over(tmp_path: Path, primary: Cluster, face: Face, salts: str) -> None:
    """M48, M50: grants, withdrawals and rows of before stand, and no address is changed."""
    events, name = face.new_database(), primary.migrated()
    standby = primary.standby()
    hosts = f"127.0.0.1:{primary.port},127.0.0.1:{standby.port}"
    ledger = f"postgresql://askfirst@{hosts}/{name}?machines=many"
    folders = [machine(tmp_path / one, ledger, events, salts) for one in NAMES]
    try:
        with processes() as sites:
            one, two, three = started(sites, *folders)
            staying, leaving = fresh(one), fresh(two)
            accept(staying)
            accept(leaving)
            before = at(three, leaving)
            assert tell(at(two, staying), "/before-2", "a").json == STORED
            assert tell(before, "/before-3", "b").json == STORED
            assert answer(leaving, "withdraw").json["decision"] == "withdrawn"
            assert tell(before, "/never", "c").json == NO_GRANT
            primary.stop(at_once=False)
            assert tell(at(one, staying), "/never", "d").status == 503
            assert answer(fresh(one), "accept_all").status == 503
            standby.promote()
            for there in (one, two, three):
                accept(fresh(there))
                assert tell(at(there, before), "/never", f"e{there.port}").json == NO_GRANT
                page = f"/after-{(one, two, three).index(there) + 1}"
                assert tell(at(there, staying), page, f"f{there.port}").json == STORED
            # An answer that was lost is asked for again, at another machine, after the failover.
            assert tell(at(one, staying), "/before-2", "a").json == STORED
            pages = stored(folders[0], face, database_of(events))
            sites.kill()
        assert pages == ["/after-1", "/after-2", "/after-3", "/before-2", "/before-3"]
    finally:
        standby.stop()
        shutil.rmtree(standby.folder, ignore_errors=True)


def test_a_standby_that_nobody_promoted_is_away(
    tmp_path: Path, primary: Cluster, face: Face, salts: str
) -> None:
    """M50: a server that only reads takes nothing, and every machine says so."""
    events, name = face.new_database(), primary.migrated()
    standby = primary.standby()
    hosts = f"127.0.0.1:{primary.port},127.0.0.1:{standby.port}"
    data = machine(
        tmp_path / "one", f"postgresql://askfirst@{hosts}/{name}?machines=many", events, salts
    )
    try:
        with processes() as sites:
            (one,) = started(sites, data)
            visitor = fresh(one)
            accept(visitor)
            primary.stop(at_once=False)
            for number in range(5):
                assert tell(visitor, "/never", f"a{number}").status == 503
                assert answer(fresh(one), "accept_all").status == 503
                # On this disk alone nobody else would know of it.
                assert answer(at(one, visitor), "withdraw").status == 503
            sites.kill()
    finally:
        standby.stop()
        shutil.rmtree(standby.folder, ignore_errors=True)


def test_each_is_killed_and_begun_anew(
    tmp_path: Path, primary: Cluster, face: Face, salts: str
) -> None:
    """M50: kill -9 of one after the other, while all accept: nothing lost, nothing doubled."""
    events, name = face.new_database(), primary.migrated()
    ledger = f"postgresql://askfirst@127.0.0.1:{primary.port}/{name}?machines=many"
    folders = [machine(tmp_path / one, ledger, events, salts) for one in NAMES]
    answered: list[str] = []
    with processes() as sites:
        visitors = started(sites, *folders)
        visitor = fresh(visitors[0])
        accept(visitor)
        ports = [there.port for there in visitors]

        def send(place: int) -> None:
            for number in range(120):
                page = f"/{place}-{number}"
                # As its script does: again, and the next time to whichever machine is there.
                for attempt in range(200):
                    there = Visitor(
                        ports[(place + attempt) % 3],
                        also=[("User-Agent", AGENT)],
                        jar=dict(visitor.jar),
                    )
                    try:
                        if tell(there, page, page[1:].replace("-", "x")).json == STORED:
                            answered.append(page)
                            break
                    except OSError:
                        pass
                    time.sleep(0.05)

        threads = [threading.Thread(target=send, args=(place,)) for place in range(3)]
        for thread in threads:
            thread.start()
        for place, folder in enumerate(folders):
            come_in(answered, 30 + 90 * place)  # of 360: they go on while it is killed
            sites.running[place].kill()
            sites.running[place].communicate()
            process, again = sites.start(SITE, folder)
            sites.running[place] = sites.running.pop()
            ports[place] = again.port
            assert process.poll() is None
            # A site's process opens its folder with its first request, and all others may be over.
            opens(Visitor(again.port, also=[("User-Agent", AGENT)], jar=dict(visitor.jar)), place)
            answered.append(f"/9{place}-0")
        for thread in threads:
            thread.join()
        pages = stored(folders[0], face, database_of(events))
        sites.kill()
    assert pages == sorted(answered)
    assert len(answered) == 363


@pytest.mark.parametrize("server", ["PostgreSQL", "ClickHouse", "salts"])
def test_each_is_cut_off_and_comes_back(
    tmp_path: Path,
    primary: Cluster,
    face: Face,
    salts_server: Cluster,
    server: str,
) -> None:
    """M50: one after the other, by a network that drops what is sent, and the others go on.

    Without the ledger or the salts a machine takes nothing, and no withdrawal that another would
    not know of, or whose keys it cannot destroy.
    """
    events, name, own = face.new_database(), primary.migrated(), salts_server.new()
    ports = {"PostgreSQL": primary.port, "ClickHouse": face.port, "salts": salts_server.port}
    expected, ways = [], []
    with ExitStack() as stack, processes() as sites:
        folders = []
        for one in NAMES:
            way = stack.enter_context(Proxy(ports[server]))
            ways.append(way)
            at_port = {**ports, server: way.port}
            folders.append(
                machine(
                    tmp_path / one,
                    f"postgresql://askfirst@127.0.0.1:{at_port['PostgreSQL']}/{name}?machines=many",
                    f"http://127.0.0.1:{at_port['ClickHouse']}/{database_of(events)}",
                    f"postgresql://askfirst@127.0.0.1:{at_port['salts']}/{own}",
                )
            )
        machines = started(sites, *folders)
        visitor, leaving = fresh(machines[0]), fresh(machines[1])
        accept(visitor)
        accept(leaving)
        for place, way in enumerate(ways):
            cut, beside = machines[place], machines[place - 1]
            withdrawn = fresh(beside)
            accept(withdrawn)
            way.cut()
            got = tell(at(cut, visitor), f"/cut-{'xyz'[place]}", f"a{place}")
            if server == "ClickHouse":
                assert got.json == STORED
                expected.append(f"/cut-{'xyz'[place]}")
            else:
                assert got.status == 503
            if place == 0:  # each look for a server that is silent takes its time
                gone = answer(at(cut, leaving), "withdraw")
                assert gone.status == (200 if server == "ClickHouse" else 503)
            assert tell(at(beside, visitor), f"/beside-{'xyz'[place]}", f"b{place}").json == STORED
            known = at(cut, withdrawn)
            assert answer(withdrawn, "withdraw").json["decision"] == "withdrawn"
            way.mend()
            after = f"/after-{'xyz'[place]}"
            holds(lambda: tell(at(cut, visitor), after, f"c{place}").json == STORED)  # noqa: B023
            assert tell(known, "/never", f"d{place}").json == NO_GRANT
            expected += [f"/beside-{'xyz'[place]}", after]
        pages = stored(folders[0], face, database_of(events))
        sites.kill()
    assert pages == sorted(expected)


@pytest.mark.parametrize("off", [-60, 16])
def test_a_machine_whose_clock_is_a_minute_off_takes_nothing(
    tmp_path: Path, primary: Cluster, face: Face, salts: str, off: int
) -> None:
    """Its days would be others': what is wrong is said, and the others go on."""
    events, name = face.new_database(), primary.migrated()
    ledger = f"postgresql://askfirst@127.0.0.1:{primary.port}/{name}?machines=many"
    right, wrong = (machine(tmp_path / one, ledger, events, salts) for one in NAMES[:2])
    with processes() as sites:
        (one,) = started(sites, right)
        _, other = sites.start("tests.system.machines.wrong_clock", wrong, off)
        visitor = fresh(one)
        accept(visitor)
        holds(lambda: tell(at(other, visitor), "/never", "a").status == 503)
        assert answer(fresh(other), "accept_all").status == 503
        assert tell(visitor, "/here", "b").json == STORED
        sites.kill()


def test_rows_wait_where_clickhouse_is_away(
    tmp_path: Path, primary: Cluster, face: Face, salts: str
) -> None:
    """M50: each machine accepts into its spools, and all is there once the server is back."""
    events, name = face.new_database(), primary.migrated()
    ledger = f"postgresql://askfirst@127.0.0.1:{primary.port}/{name}?machines=many"
    folders = [machine(tmp_path / one, ledger, events, salts) for one in NAMES]
    with processes() as sites:
        visitors = started(sites, *folders)
        visitor = fresh(visitors[0])
        accept(visitor)
        face.kill()
        for number, there in enumerate(visitors):
            assert tell(at(there, visitor), f"/page-{'xyz'[number]}", f"a{number}").json == STORED
            assert tell(at(there, visitor), f"/page-{'xyz'[number]}", f"a{number}").json == STORED
        face.start()
        pages = stored(folders[0], face, database_of(events))
        sites.kill()
    assert pages == ["/page-x", "/page-y", "/page-z"]
