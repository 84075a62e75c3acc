"""M48: no pseudonym is computed again, and no backup brings back what was withdrawn or erased."""

from __future__ import annotations

import hmac
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from askfirst.errors import AskfirstError
from askfirst.gate.receipt import handle_of
from askfirst_collector.ledger.changes import changes
from askfirst_collector.runtime.open import open_services
from askfirst_collector.store.salts import pseudonym
from tests.support.whole import FIREFOX, Visitor, view
from tests.system.adversary.world import MIDNIGHT, World, site_policy

pytestmark = pytest.mark.anyio

BACKED_UP = ("ledger.db", "events.db")
PEOPLE = 7


def handle(visitor: Visitor) -> str:
    """The handle of its receipt."""
    found = handle_of(visitor.secret)
    assert found is not None
    return found


def back_up(source: Path, target: Path) -> None:
    """A copy as SQLite makes it, of a database that is in use."""
    with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as other:
        one.backup(other)


def stored(world: World) -> set[bytes]:
    """Every pseudonym there is."""
    store = world.collector.parts().events
    return {row.pseudonym for key in store.periods() for row in store.rows(key) if row.pseudonym}


def recomputed(folder: Path, of: str, wanted: set[bytes]) -> set[bytes]:
    """The pseudonyms that any 32 bytes of any file make, tried as a salt at every place."""
    # The framing is written anew here: what `salts.py` hashes, from what its docstring says.
    framed = b"".join(
        len(field).to_bytes(4, "big") + field
        for field in (b"shop", b"statistics", b"", of.encode())
    )
    message = b"askfirst pseudonym 1\0" + framed
    return {
        mac
        for path in folder.rglob("*")
        if path.is_file()
        for window in windows(path.read_bytes())
        if (mac := hmac.digest(window, message, "sha256")) in wanted
    }


def windows(data: bytes) -> Iterator[bytes]:
    """Every run of 32 bytes that could be random."""
    for at in range(len(data) - 31):
        window = data[at : at + 32]
        if data[at] and window.count(0) < 8:
            yield window


async def test_no_pseudonym_of_a_closed_period_is_computed_again(tmp_path: Path) -> None:
    """M48: from every file there is after the destruction, keys and journals included.

    The same search finds the salt while its period is open.
    """
    folder = tmp_path / "data"
    world = World(folder, site_policy())
    await world.open()
    people = [Visitor(f"81.2.{64 + number}.69", FIREFOX) for number in range(PEOPLE)]
    for each in people:
        await world.answer(each, {"statistics": 2})
        await world.send(each, view("/shop/tea"))
    handles = [handle(each) for each in people]
    salt = world.collector.parts().salts.open_periods("shop")[0].salt
    wanted = {pseudonym(salt, "shop", "statistics", "", each) for each in handles}
    assert stored(world) == wanted
    for name in BACKED_UP:
        back_up(folder / name, tmp_path / name)
    assert len(recomputed(folder, handles[0], wanted)) == 1

    # Never destroyed too early, whatever runs: two hours after the period.
    for now in (MIDNIGHT + 600, MIDNIGHT + 2 * 3600 + 60):
        world.clock.now = now
        world.run_jobs()
    assert recomputed(tmp_path, handles[0], wanted) == set()
    await world.aclose()
    assert recomputed(tmp_path, handles[0], wanted) == set()


class Backup:
    """A day on which some stay, one withdraws and one erases after the backup was made."""

    def __init__(self, base: Path, name: str) -> None:
        self.policy = site_policy(name)
        self.folder = base / "data"
        self.copies = base / "backup"
        self.copies.mkdir()
        self.world = World(self.folder, self.policy)
        self.stays, self.withdraws, self.erases = (
            Visitor(f"81.2.{64 + number}.69", FIREFOX) for number in range(3)
        )

    async def make(self) -> None:
        """Visits, the backup, and what happens after it."""
        await self.world.open()
        for each in (self.stays, self.withdraws, self.erases):
            await self.world.answer(each, {"statistics": 2, "marketing": 2})
            await self.world.send(each, view("/shop/tea"), view("/a", "marketing"))
        self.world.move()
        for name in BACKED_UP:
            back_up(self.folder / name, self.copies / name)
        await self.world.aclose()
        self._again()
        withdrawing = Visitor(jar=dict(self.withdraws.jar))
        await self.world.answer(withdrawing, {}, "withdraw")
        erasing = Visitor(jar=dict(self.erases.jar))
        assert (await self.world.post(erasing, "/askfirst/rights/erase", {})).status < 300
        await self.world.aclose()

    def restore(self, *names: str) -> None:
        """Put these files of the backup back, and start."""
        for name in names:
            for journal in self.folder.glob(f"{name}-*"):
                journal.unlink()
            shutil.copy(self.copies / name, self.folder / name)
        self._again()

    def _again(self) -> None:
        clock, drawn = self.world.clock, self.world.drawn
        self.world = World(self.folder, self.policy)
        self.world.clock.now = clock.now + 60
        drawn(1)  # another process draws other randomness
        self.world.drawn._random.seed(drawn(8))

    async def stores(self, visitor: Visitor) -> bool:
        """Whether an event of this visitor is stored now."""
        copy = Visitor(visitor.address, visitor.agent, jar=dict(visitor.jar))
        return bool((await self.world.send(copy, view("/again")))["stored"])

    async def rows_of(self, visitor: Visitor) -> int:
        """How many rows the visitor is shown as their own."""
        got = await self.world.collector.me("shop", handle(visitor))
        return len(got["rows"])  # type: ignore[arg-type]


@pytest.mark.parametrize("policy", ["standard", "full"])
@pytest.mark.parametrize("names", [BACKED_UP, ("ledger.db",), ("events.db",)])
async def test_a_backup_brings_nothing_back(
    tmp_path: Path, policy: str, names: tuple[str, ...]
) -> None:
    """M48: whichever files are restored, the withdrawn stays withdrawn and the erased erased.

    With pseudonyms of a period, and with those that live as long as the grant (`full`).
    """
    backup = Backup(tmp_path, policy)
    await backup.make()
    backup.restore(*names)
    await backup.world.collector.editions(backup.policy)
    parts = backup.world.collector.parts()
    assert not parts.ledger.has_ended("shop", handle(backup.stays))
    assert parts.ledger.has_ended("shop", handle(backup.withdraws))
    assert parts.ledger.has_ended("shop", handle(backup.erases))
    assert parts.ledger.history("shop", handle(backup.erases)) == ()
    # Two rows of each who did not erase; those of a receipt whose key is gone are gone with it.
    left = len(stored(backup.world))
    assert left == (2 if policy == "full" else 4)
    assert await backup.rows_of(backup.stays) == 2
    assert await backup.rows_of(backup.erases) == 0
    for visitor, alive in ((backup.stays, True), (backup.withdraws, False), (backup.erases, False)):
        assert await backup.stores(visitor) == alive
    # Narrowed once: another start finds nothing to do.
    await backup.world.aclose()
    before = {name: (backup.folder / name).read_bytes() for name in BACKED_UP}
    backup.restore()
    assert len(stored(backup.world)) == left
    await backup.world.aclose()
    assert {name: (backup.folder / name).read_bytes() for name in BACKED_UP} == before


async def test_where_the_salts_are_lost_their_rows_go(tmp_path: Path) -> None:
    """M48, M29: nobody could find their rows any more; the grants go on, under new pseudonyms."""
    backup = Backup(tmp_path, "full")
    await backup.make()
    for path in backup.folder.glob("salts.db*"):
        path.unlink()
    backup.restore(*BACKED_UP)
    await backup.world.collector.editions(backup.policy)
    assert stored(backup.world) == set()
    for visitor, alive in ((backup.stays, True), (backup.withdraws, False), (backup.erases, False)):
        assert await backup.stores(visitor) == alive
    assert await backup.rows_of(backup.stays) == 1
    await backup.world.aclose()


async def test_without_the_log_everybody_is_asked_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """M48: nothing tells who withdrew: every grant ends, and log and audit say it."""
    backup = Backup(tmp_path, "standard")
    await backup.make()
    (tmp_path / "data.revocations.log").unlink()
    backup.restore(*BACKED_UP)
    with pytest.raises(AskfirstError, match=r"E105: .*data\.revocations\.log: it is not there"):
        open_services(
            backup.folder,
            host_policy=None,
            now=backup.world.clock,
            urandom=backup.world.drawn,
            may_end=False,  # as a command beside a collector
        )
    await backup.world.collector.editions(backup.policy)
    assert "askfirst.E150 revocations.log is lost" in caplog.text
    parts = backup.world.collector.parts()
    assert [change.action for change in changes(parts.engine, 1)] == ["ledger.end"]
    for visitor in (backup.stays, backup.withdraws, backup.erases):
        assert not await backup.stores(visitor)
        assert parts.ledger.has_ended("shop", handle(visitor))
    again = Visitor(backup.stays.address, FIREFOX)
    await backup.world.answer(again, {"statistics": 2})
    assert await backup.stores(again)
    await backup.world.aclose()
