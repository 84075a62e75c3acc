"""M48: whatever is put back, nothing that was taken back, restricted or given out comes with it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from askfirst import ConsentMiddleware
from askfirst.adapters.asgi_scope import consent_from
from askfirst.client import Receive, Scope, Send
from askfirst.terms.policy import Policy, read_policy
from tests.support.whole import FIREFOX, Visitor, view
from tests.system.adversary.test_m48 import BACKED_UP, handle
from tests.system.adversary.world import World, site_policy

pytestmark = pytest.mark.anyio

LOG = "data.revocations.log"
WHOLE = ("the folder",)


class Site:
    """A site that is copied while it stands still, and put back."""

    def __init__(self, base: Path, policy: Policy) -> None:
        self.base = base
        self.folder = base / "data"
        self.policy = policy
        self.world = World(self.folder, policy)

    async def start(self) -> None:
        """A new process, a minute later; it draws randomness of its own."""
        clock = self.world.clock
        drawn = self.world.drawn(8)
        self.world = World(self.folder, self.policy)
        self.world.clock.now = clock.now + 60
        self.world.drawn._random.seed(drawn)
        await self.world.collector.editions(self.policy)

    async def copy(self) -> None:
        """Stop, copy, start."""
        await self.world.aclose()
        shutil.copytree(self.folder, self.base / "copy")
        await self.start()

    async def restore(self, names: tuple[str, ...]) -> None:
        """Stop, put these files, or the whole folder, back, start."""
        await self.world.aclose()
        if names == WHOLE:
            shutil.rmtree(self.folder)
            shutil.copytree(self.base / "copy", self.folder)
        else:
            for name in names:
                for journal in self.folder.glob(f"{name}-*"):
                    journal.unlink()
                shutil.copy(self.base / "copy" / name, self.folder / name)
        await self.start()

    async def restart(self) -> None:
        """Stop and start."""
        await self.world.aclose()
        await self.start()

    def status(self, visitor: Visitor) -> Any:
        """How the ledger has a visitor now."""
        return self.world.collector.parts().ledger.consent_status("shop", handle(visitor))

    async def stores(self, visitor: Visitor, purpose: str) -> bool:
        """Whether an event of this purpose is stored now; the browser keeps its cookies."""
        copy = Visitor(visitor.address, visitor.agent, jar=dict(visitor.jar))
        return bool((await self.world.send(copy, view("/again", purpose)))["stored"])

    def bytes_of_databases(self) -> dict[str, bytes]:
        return {name: (self.folder / name).read_bytes() for name in BACKED_UP}


def lines(log: Path) -> list[dict[str, Any]]:
    """The records of a log, read by what its docstring says."""
    return [json.loads(line.partition(" ")[2]) for line in log.read_text("utf-8").splitlines()]


@pytest.mark.parametrize("names", [BACKED_UP, ("ledger.db",), WHOLE])
async def test_what_was_taken_back_in_part_stays_so(tmp_path: Path, names: tuple[str, ...]) -> None:
    """M48, M50: a purpose that was taken back, a lower detail and a restriction outlive a restore.

    Entries say that they were made again; of the rest nothing changes.
    """
    site = Site(tmp_path, site_policy("standard"))
    await site.world.open()
    people = [Visitor(f"81.2.{64 + number}.69", FIREFOX) for number in range(5)]
    stays, narrows, reduces, restricts, withdraws = people
    for visitor in people:
        await site.world.answer(visitor, {"statistics": 2, "marketing": 2})
        await site.world.send(visitor, view("/a"), view("/b", "marketing"))
    await site.copy()
    await site.world.answer(narrows, {"statistics": 2, "marketing": 0})
    await site.world.answer(reduces, {"statistics": 1, "marketing": 1})
    assert (await site.world.post(restricts, "/askfirst/rights/restrict", {})).status < 300
    left = Visitor(jar=dict(withdraws.jar))
    await site.world.answer(left, {}, "withdraw")

    await site.restore(names)
    details = {
        visitor.address: {name: c.detail for name, c in site.status(visitor).choices.items()}
        for visitor in (stays, narrows, reduces)
    }
    assert details == {
        stays.address: {"statistics": 2, "marketing": 2, "preferences": 0},
        narrows.address: {"statistics": 2, "marketing": 0, "preferences": 0},
        reduces.address: {"statistics": 1, "marketing": 1, "preferences": 0},
    }
    assert site.status(restricts).restricted
    assert site.status(withdraws).ended
    assert await site.stores(stays, "marketing")
    assert await site.stores(narrows, "statistics")
    assert not await site.stores(narrows, "marketing")
    assert not await site.stores(restricts, "statistics")
    assert not await site.stores(withdraws, "statistics")
    ledger = site.world.collector.parts().ledger
    for visitor in (narrows, reduces, restricts, withdraws):
        assert ledger.history("shop", handle(visitor))[-1].body["method"] == "restore"
    assert len(ledger.history("shop", handle(stays))) == 1

    # Narrowed once: another start finds nothing to do, and what was agreed to anew holds.
    await site.world.answer(narrows, {"statistics": 2, "marketing": 2})
    await site.world.aclose()
    before = site.bytes_of_databases()
    size = (tmp_path / LOG).stat().st_size
    await site.start()
    assert site.status(narrows).choices["marketing"].detail == 2
    await site.world.aclose()
    assert site.bytes_of_databases() == before
    assert (tmp_path / LOG).stat().st_size == size


async def test_the_log_knows_no_more_than_it_needs(tmp_path: Path) -> None:
    """M48: hashes of handles in the ledger's own form, lower details, numbers; nothing else."""
    site = Site(tmp_path, site_policy("standard"))
    await site.world.open()
    visitor, refuser = Visitor(), Visitor("81.2.69.9")
    await site.world.answer(refuser, {}, "reject_all")
    await site.world.answer(visitor, {"statistics": 2, "marketing": 2})
    text = (tmp_path / LOG).read_bytes()
    assert [record["do"] for record in lines(tmp_path / LOG)] == ["ledger", "done", "edition"]
    await site.world.answer(visitor, {"statistics": 1, "marketing": 1})
    mark = handle(visitor)
    gone = Visitor(jar=dict(visitor.jar))
    await site.world.answer(gone, {}, "withdraw")
    more = lines(tmp_path / LOG)[3:]
    assert [(record["do"], record.get("choices")) for record in more] == [
        ("change", {"marketing": 1, "preferences": 0, "statistics": 1}),
        ("end", None),
    ]
    assert {key for record in more for key in record} == {"do", "idx", "leaf", "mark", "choices"}
    assert mark.encode() not in (tmp_path / LOG).read_bytes()
    assert (tmp_path / LOG).read_bytes().startswith(text)
    assert (tmp_path / LOG).stat().st_mode & 0o777 == 0o600
    await site.world.aclose()


async def test_a_number_is_given_out_once(tmp_path: Path) -> None:
    """M48, M16, M46: a cookie of an edition that was lost allows nothing under another text."""

    def asking(description: str) -> Policy:
        document = dict(site_policy("standard").document)
        purposes = {name: dict(entry) for name, entry in document["purposes"].items()}
        marketing = purposes.pop("marketing")
        if description:
            words = {"en": {**marketing["text"]["en"], "description": description}}
            purposes["marketing"] = {**marketing, "text": words}
        return read_policy({**document, "purposes": purposes, "languages": ["en"]})

    site = Site(tmp_path, asking(""))
    await site.world.open()
    await site.copy()
    await site.world.aclose()
    site.policy = asking("Shows you our own offers.")
    await site.start()
    visitor = Visitor()
    await site.world.answer(visitor, {"statistics": 2, "marketing": 2})
    assert await site.stores(visitor, "marketing")
    await site.world.aclose()

    site.policy = asking("Sells what you look at.")
    await site.restore(WHOLE)
    editions = await site.world.collector.editions(site.policy)
    assert [edition.number for edition in editions] == [1, 3]
    consents: list[Any] = []

    async def page(scope: Scope, receive: Receive, send: Send) -> None:
        consents.append(consent_from(scope))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    site.world.app = ConsentMiddleware(
        page, policy=site.policy, collector=site.world.collector, now=site.world.clock
    )
    await site.world.ask(visitor, "GET", "/")
    (consent,) = consents
    assert consent.detail("marketing") == 2  # so the cookie says
    assert not consent.allows("marketing")
    assert "marketing" in [question.purpose for question in consent.asks]
    assert not await site.stores(visitor, "marketing")
    # And once more: the log alone knows of 3.
    await site.world.aclose()
    site.policy = asking("Something else.")
    await site.restore(("ledger.db",))
    editions = await site.world.collector.editions(site.policy)
    assert [edition.number for edition in editions] == [1, 4]
    await site.world.aclose()


async def test_what_waits_in_the_spool_stays_taken_back(tmp_path: Path) -> None:
    """M48, M50: a withdrawal that the ledger is owed outlives a copy with another spool."""
    site = Site(tmp_path, site_policy("standard"))
    await site.world.open()
    visitor, restricts = Visitor(), Visitor("81.2.69.8")
    for person in (visitor, restricts):
        await site.world.answer(person, {"statistics": 2, "marketing": 2})
    await site.copy()
    parts = site.world.collector.parts()
    with parts.engine.connect() as holder:
        holder.execute(text("BEGIN IMMEDIATE"))
        gone = Visitor(jar=dict(visitor.jar))
        await site.world.answer(gone, {}, "withdraw")
        assert (await site.world.post(restricts, "/askfirst/rights/restrict", {})).status < 300
        holder.rollback()
    assert parts.spool.owes(handle(visitor))
    await site.restore(WHOLE)
    assert site.status(visitor).ended
    assert site.status(restricts).restricted
    await site.world.aclose()


async def test_a_log_that_was_restored_is_told_the_rest(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """M48: an older log beside a whole ledger learns what it missed, before that is lost too."""
    site = Site(tmp_path, site_policy("standard"))
    await site.world.open()
    people = [Visitor(f"81.2.{64 + number}.69", FIREFOX) for number in range(3)]
    stays, withdraws, erases = people
    for visitor in people:
        await site.world.answer(visitor, {"statistics": 2, "marketing": 2})
    await site.copy()
    shutil.copy(tmp_path / LOG, tmp_path / "older")
    gone = Visitor(jar=dict(withdraws.jar))
    await site.world.answer(gone, {}, "withdraw")
    forgotten = Visitor(jar=dict(erases.jar))
    assert (await site.world.post(forgotten, "/askfirst/rights/erase", {})).status < 300
    await site.world.aclose()
    shutil.copy(tmp_path / "older", tmp_path / LOG)
    await site.start()
    assert "askfirst.W152" in caplog.text
    caplog.clear()
    await site.restart()
    assert "askfirst.W15" not in caplog.text
    assert not site.status(stays).ended

    await site.restore(("ledger.db",))
    assert "askfirst.W151" in caplog.text
    assert site.status(withdraws).ended
    assert site.status(erases) is None
    assert not site.status(stays).ended
    await site.world.aclose()


@pytest.mark.parametrize("others_came", [False, True])
async def test_a_change_on_its_way_costs_nobody_a_row(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, others_came: bool
) -> None:
    """M50: where the ledger ends right before the log does, a power cut came between the two.

    Rows of who withdrew earlier have a pseudonym that nobody can compute any more; where grants are
    missing too a copy was put back, and nobody can tell these rows from those of nobody.
    """
    site = Site(tmp_path, site_policy("full"))
    await site.world.open()
    early, late = Visitor("81.2.69.1", FIREFOX), Visitor("81.2.69.2", FIREFOX)
    for visitor in (early, late):
        await site.world.answer(visitor, {"statistics": 2, "marketing": 2})
        assert (await site.world.send(visitor, view("/a"), view("/b", "marketing")))["stored"] == 2
    await site.world.answer(Visitor(jar=dict(early.jar)), {}, "withdraw")
    await site.copy()
    if others_came:
        await site.world.answer(Visitor("81.2.69.3", FIREFOX), {"statistics": 2, "marketing": 2})
    before = rows(site)
    assert len(before) == 4
    await site.world.answer(Visitor(jar=dict(late.jar)), {}, "withdraw")

    await site.restore(("ledger.db",))
    assert ("askfirst.W151" in caplog.text, "askfirst.W154" in caplog.text) == (
        others_came,
        not others_came,
    )
    assert site.status(late).ended
    assert (rows(site) == before) is not others_came
    caplog.clear()
    await site.restart()
    assert "askfirst.W15" not in caplog.text
    await site.world.aclose()


def rows(site: Site) -> list[bytes]:
    """The pseudonyms of all rows."""
    store = site.world.collector.parts().events
    return sorted((row.pseudonym or b"") for key in store.periods() for row in store.rows(key))


async def test_a_ledger_that_begins_anew_goes_on_with_the_numbers(tmp_path: Path) -> None:
    """M48: a folder that is made anew beside its log gives out no number twice either."""
    site = Site(tmp_path, site_policy("standard"))
    await site.world.open()
    await site.world.aclose()
    shutil.rmtree(site.folder)
    await site.start()
    editions = await site.world.collector.editions(site.policy)
    assert [edition.number for edition in editions] == [2]
    await site.world.aclose()
