"""A withdrawal is on disk before it is answered, whoever holds the ledger, whoever is killed."""

from __future__ import annotations

from pathlib import Path

from tests.system.frameworks.visitor import Visitor
from tests.system.visits import (
    NO_GRANT,
    RECEIPT,
    STATE,
    accept,
    answer,
    history,
    holds,
    locked,
    owed,
    pages,
    processes,
    tell,
)

SITE = "tests.system.site"


def also_at(there: Visitor, visitor: Visitor) -> Visitor:
    """The same browser, at another process."""
    there.jar = dict(visitor.jar)
    return there


def test_it_outlives_a_kill_while_another_program_holds_the_ledger(tmp_path: Path) -> None:
    """M20, M50: 200, kill -9, start: no worker takes an event, and then the ledger says so."""
    folder, spool = tmp_path / "data", tmp_path / "data/spool"
    with processes() as sites:
        (site, visitor), (_, worker) = sites.start(SITE, folder), sites.start(SITE, folder)
        visitor.get("/")
        worker.get("/")
        handle = accept(visitor)
        before = also_at(worker, visitor)
        holds(lambda: tell(visitor, "/before", "a").status == 202)
        assert not owed(spool)
        with locked(folder / "ledger.db"):
            got = answer(visitor, "withdraw")
            assert (got.status, got.json["decision"]) == (200, "withdrawn")
            assert RECEIPT not in visitor.jar
            assert owed(spool) == [handle]
            assert tell(also_at(worker, before), "/beside", "b").json == NO_GRANT
            site.kill()
            site.wait()
            _, again = sites.start(SITE, folder)
            again.get("/")
            holds(lambda: tell(also_at(again, before), "/after", "c").status == 202)
            assert tell(also_at(again, before), "/after", "d").json == NO_GRANT
            assert owed(spool) == [handle]
        holds(lambda: not owed(spool))
        assert tell(also_at(again, before), "/over", "e").json == NO_GRANT
        assert tell(also_at(worker, before), "/over", "f").json == NO_GRANT
        sites.kill()
    assert history(folder, handle) == [("grant", "accept_all"), ("withdraw", "withdraw")]
    assert pages(folder) == ["/before"]


def test_rights_are_kept_for_a_ledger_that_is_held(tmp_path: Path) -> None:
    """M29, M50: erasing and restricting as well; what was stored is gone once they are told."""
    folder, spool = tmp_path / "data", tmp_path / "data/spool"
    with processes() as sites:
        site, visitor = sites.start(SITE, folder)
        restricted = Visitor(visitor.port, also=visitor.also)
        visitor.get("/")
        handles = [accept(visitor), accept(restricted)]
        holds(lambda: tell(visitor, "/erased", "a").json == {"stored": 1, "dropped": []})
        holds(lambda: tell(restricted, "/kept", "b").json == {"stored": 1, "dropped": []})
        with locked(folder / "ledger.db"):
            assert visitor.post_json("/askfirst/rights/erase", {}).json == {"done": "erased"}
            got = restricted.post_json("/askfirst/rights/restrict", {})
            assert got.json == {"done": "restricted"}
            assert owed(spool) == sorted(handles)
            for each in (visitor, restricted):
                assert tell(each, "/later", "c").json == NO_GRANT
            site.kill()
            site.wait()
        sites.start(SITE, folder)
        holds(lambda: not owed(spool))
        sites.kill()
    assert history(folder, handles[0]) == []
    assert [kind for kind, _ in history(folder, handles[1])] == ["grant", "restrict"]
    assert pages(folder) == ["/kept"]


def test_where_nothing_can_be_written_the_visitor_can_try_again(tmp_path: Path) -> None:
    """M50: 503, the browser refuses all the same, and its receipt is there for the next attempt."""
    folder, spool = tmp_path / "data", tmp_path / "data/spool"
    with processes() as sites:
        _, visitor = sites.start(SITE, folder)
        visitor.get("/")
        handle = accept(visitor)
        secret, granted = visitor.jar[RECEIPT], visitor.jar[STATE]
        holds(lambda: not owed(spool))
        spool.rename(tmp_path / "moved")
        spool.write_text("no folder")
        with locked(folder / "ledger.db"):
            got = answer(visitor, "withdraw")
            assert (got.status, got.json["reason"]) == (503, "collector-away")
            assert "try again" in got.json["detail"]
            assert visitor.jar[RECEIPT] == secret
            assert visitor.jar[STATE] != granted
            assert visitor.post_json("/askfirst/rights/erase", {}).status == 503
            assert visitor.post_json("/askfirst/rights/restrict", {}).status == 503
            assert tell(visitor, "/page", "a").status == 503, "nobody can tell what is owed"
        spool.unlink()
        (tmp_path / "moved").rename(spool)
        holds(lambda: answer(visitor, "withdraw").status == 200)
        assert RECEIPT not in visitor.jar
        holds(lambda: not owed(spool))
        sites.kill()
    assert history(folder, handle)[-1] == ("withdraw", "withdraw")


def test_invented_receipts_take_no_room_while_the_ledger_can_be_read(tmp_path: Path) -> None:
    """An unknown handle is written down only where the ledger cannot be asked about it."""
    folder, spool = tmp_path / "data", tmp_path / "data/spool"
    with processes() as sites:
        _, visitor = sites.start(SITE, folder)
        accept(visitor)
        with locked(folder / "ledger.db"):
            visitor.jar[RECEIPT] = "A" * 22
            got = answer(visitor, "withdraw")
            assert (got.status, got.json["decision"]) == (200, "refused")
            assert RECEIPT not in visitor.jar
            visitor.jar[RECEIPT] = "A" * 22
            assert visitor.post_json("/askfirst/rights/erase", {}).status == 200
            assert owed(spool) == []
