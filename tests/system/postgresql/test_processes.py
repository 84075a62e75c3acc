"""Several processes, one PostgreSQL: what one of them acknowledged holds in all, whoever ends."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from askfirst.gate.receipt import handle_of
from askfirst_collector.cli import main
from tests.support.postgresql import Cluster
from tests.system.frameworks.visitor import Visitor
from tests.system.postgresql.conftest import folder_in
from tests.system.visits import (
    AGENT,
    NO_GRANT,
    RECEIPT,
    accept,
    answer,
    history,
    holds,
    owed,
    pages,
    processes,
    tell,
)

pytestmark = pytest.mark.long
SITE = "tests.system.site"
STORED = {"stored": 1, "dropped": []}


def also_at(there: Visitor, visitor: Visitor) -> Visitor:
    """The same browser, at another process."""
    return Visitor(there.port, also=there.also, jar=dict(visitor.jar))


def test_a_withdrawal_holds_in_every_process_at_once(tmp_path: Path, postgresql: Cluster) -> None:
    """M20: nobody waits for anything between the answer of one and the event at the other."""
    folder, _ = folder_in(postgresql, tmp_path)
    with processes() as sites:
        (_, first), (_, second) = sites.start(SITE, folder), sites.start(SITE, folder)
        second.get("/")
        for number in range(5):
            visitor = Visitor(first.port, also=first.also)
            visitor.get("/")
            handle = accept(visitor)
            before = also_at(second, visitor)
            assert tell(before, f"/before-{number}", f"a{number}").json == STORED
            assert answer(visitor, "withdraw").json["decision"] == "withdrawn"
            assert tell(before, f"/after-{number}", f"b{number}").json == NO_GRANT
            assert tell(also_at(first, before), f"/at-{number}", f"c{number}").json == NO_GRANT
            assert history(folder, handle) == [("grant", "accept_all"), ("withdraw", "withdraw")]
        sites.kill()
    assert pages(folder) == [f"/before-{number}" for number in range(5)]


def test_killed_in_a_group_of_grants(tmp_path: Path, postgresql: Cluster) -> None:
    """M50: `kill -9` loses nothing that was answered, and what was not is there once or not."""
    folder, name = folder_in(postgresql, tmp_path)
    acknowledged: list[str] = []
    with processes() as sites:
        (process, first), (_, second) = sites.start(SITE, folder), sites.start(SITE, folder)
        first.get("/")
        second.get("/")

        def visit(port: int) -> None:
            while True:
                visitor = Visitor(port, also=[("User-Agent", AGENT)])
                try:
                    visitor.get("/")
                    if answer(visitor, "accept_all").status == 200:
                        acknowledged.append(handle_of(visitor.jar[RECEIPT].encode()) or "")
                except OSError:
                    return  # it was killed

        ports = [first.port] * 6 + [second.port] * 2
        threads = [threading.Thread(target=visit, args=(port,)) for port in ports]
        for thread in threads:
            thread.start()
        holds(lambda: len(acknowledged) > 60)
        process.kill()
        seen = len(acknowledged)
        holds(lambda: len(acknowledged) > seen + 20)  # the other one goes on
        sites.kill()
        for thread in threads:
            thread.join()
    rows = postgresql.run("SELECT handle, idx FROM entry WHERE kind = 'grant'", name)
    counted = Counter(handle for handle, _ in rows)
    assert set(acknowledged) <= set(counted)
    assert set(counted.values()) == {1}
    places = [idx for (idx,) in postgresql.run("SELECT idx FROM entry ORDER BY idx", name)]
    assert places == list(range(len(places)))
    result = CliRunner().invoke(main, ["ledger", "check", "--data", str(folder)])
    assert result.exit_code == 0, result.output


def test_a_server_that_is_away_widens_nothing(tmp_path: Path, failing: Cluster) -> None:
    """M50: 503; what is taken back meanwhile waits in the folder, and holds before and after."""
    folder, _ = folder_in(failing, tmp_path)
    with processes() as sites:
        (_, first), (_, second) = sites.start(SITE, folder), sites.start(SITE, folder)
        first.get("/")
        second.get("/")
        staying = Visitor(second.port, also=second.also)
        staying.get("/")
        handle = accept(first)
        accept(staying)
        before = also_at(second, first)
        assert tell(before, "/before", "a").json == STORED
        failing.stop()
        assert tell(staying, "/away", "b").status == 503
        assert answer(Visitor(second.port, also=second.also), "accept_all").status == 503
        assert answer(first, "withdraw").json["decision"] == "withdrawn"
        assert owed(folder / "spool") == [handle]
        assert tell(before, "/away", "c").status == 503
        failing.start()
        holds(lambda: tell(staying, "/again", "d").status == 202)
        assert tell(before, "/again", "e").json == NO_GRANT
        holds(lambda: not owed(folder / "spool"))
        sites.kill()
    assert history(folder, handle) == [("grant", "accept_all"), ("withdraw", "withdraw")]
    assert pages(folder) == ["/again", "/before"]


def test_a_server_that_only_reads_is_away(tmp_path: Path, failing: Cluster) -> None:
    """After a failover to a standby that nobody promoted: 503, and its name for that in the log."""
    folder, _ = folder_in(failing, tmp_path)
    standby = failing.folder / "data" / "standby.signal"
    with processes() as sites:
        _, visitor = sites.start(SITE, folder)
        visitor.get("/")
        accept(visitor)
        assert tell(visitor, "/before", "a").json == STORED
        failing.stop()
        standby.touch()
        failing.own(standby)
        failing.start()
        try:
            for number in range(5):
                assert tell(visitor, "/standby", f"b{number}").status == 503
                fresh = Visitor(visitor.port, also=visitor.also)
                assert answer(fresh, "accept_all").status == 503
        finally:
            failing.stop()
            standby.unlink()
            failing.start()
        holds(lambda: tell(visitor, "/after", "c").status == 202)
        failing.run("ALTER SYSTEM SET default_transaction_read_only = on")
        failing.run("SELECT pg_reload_conf()")
        try:
            fresh = Visitor(visitor.port, also=visitor.also)
            holds(lambda: answer(fresh, "accept_all").status == 503)
        finally:
            failing.undo("default_transaction_read_only")
        holds(lambda: answer(Visitor(visitor.port, also=visitor.also), "accept_all").status == 200)
        sites.kill()
    assert pages(folder) == ["/after", "/before"]


@pytest.mark.parametrize("beside", [False, True], ids=["while it is stopped", "beside it"])
def test_no_restore_undoes_a_withdrawal(tmp_path: Path, failing: Cluster, beside: bool) -> None:
    """M48: a copy of before takes the place of the database, also under running processes."""
    folder, name = folder_in(failing, tmp_path)
    with processes() as sites:
        _, visitor = sites.start(SITE, folder)
        visitor.get("/")
        handle = accept(visitor)
        staying = Visitor(visitor.port, also=visitor.also)
        staying.get("/")
        accept(staying)
        before = also_at(visitor, visitor)
        failing.copy(name, f"{name}_copy")
        holds(lambda: tell(before, "/before", "a").status == 202)
        assert answer(visitor, "withdraw").json["decision"] == "withdrawn"
        if not beside:
            sites.kill()
        failing.replace(name, f"{name}_copy")
        if not beside:
            _, visitor = sites.start(SITE, folder)
            before, staying = also_at(visitor, before), also_at(visitor, staying)
            visitor.get("/")
        holds(lambda: tell(staying, "/after", "b").status == 202)
        assert tell(before, "/after", "c").json == NO_GRANT
        sites.kill()
    assert history(folder, handle)[-1] == ("withdraw", "restore")
