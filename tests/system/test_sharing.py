"""Several collectors of one folder in one process, forks, and files replaced under a collector."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from askfirst.client import PendingEntry
from askfirst.errors import CollectorUnavailable
from askfirst_collector.embedded import EmbeddedCollector
from tests.support.collectors import OTHER, Clock, decision, policy
from tests.system.serving import unlocked

POLICY = policy()
PARTS = {"ledger", "events", "salts", "revocations", "spool", "host-policy", "disk", "clock"}


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[EmbeddedCollector]:
    """A collector with a site, over the folder `data`."""
    collector = EmbeddedCollector(tmp_path / "data", jobs=False)
    asyncio.run(collector.editions(POLICY))
    yield collector
    collector.close()


def ready(collector: EmbeddedCollector) -> tuple[int, dict[str, Any]]:
    """Status and body of /readyz."""

    async def ask() -> tuple[int, dict[str, Any]]:
        transport = httpx.ASGITransport(app=collector.app)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://host") as client:
            response = await client.get("/readyz")
            return response.status_code, response.json()

    return asyncio.run(ask())


def until_well(collector: EmbeddedCollector) -> None:
    """A look at the files is at most a second away."""
    deadline = time.monotonic() + 20
    while ready(collector)[0] != 200:
        assert time.monotonic() < deadline, ready(collector)
        time.sleep(0.02)


def test_collectors_of_one_folder_share_its_parts(
    collector: EmbeddedCollector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However its path is written; the last one closes them."""
    (tmp_path / "link").symlink_to(tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    others = [EmbeddedCollector(path, jobs=False) for path in (tmp_path / "link", "data")]
    parts = collector.parts()
    assert all(other.parts() is parts for other in others)
    for each in (collector, *others):
        assert not parts.watch.is_closed
        each.close()
    assert parts.watch.is_closed
    assert not (tmp_path / "data/ledger.db-wal").exists()


def test_another_clock_over_the_same_folder_is_refused(
    collector: EmbeddedCollector, tmp_path: Path
) -> None:
    """What cannot be shared is not opened twice either."""
    other = EmbeddedCollector(tmp_path / "data", now=Clock(), jobs=False)
    with pytest.raises(CollectorUnavailable, match=r"E104: .* other options"):
        other.parts()
    assert ready(collector)[0] == 200


@pytest.mark.skipif(sys.platform != "linux", reason="locks are read from /proc")
def test_a_forked_process_has_locks_of_its_own(
    collector: EmbeddedCollector, tmp_path: Path
) -> None:
    """Locks do not pass to a child, and SQLite in the child would not notice that it has none."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        missing = "failed"
        try:
            asyncio.run(collector.record(decision(POLICY, handle=OTHER)))
            missing = " ".join(unlocked(os.getpid(), tmp_path / "data"))
        finally:
            os.write(writing, missing.encode() + b".")
            os._exit(0)
    asyncio.run(collector.record(decision(POLICY)))
    os.waitpid(child, 0)
    assert os.read(reading, 100) == b"."
    assert unlocked(os.getpid(), tmp_path / "data") == []
    os.close(reading)
    os.close(writing)


def test_a_collector_goes_on_once_its_journals_are_whole_again(
    collector: EmbeddedCollector, tmp_path: Path
) -> None:
    """M12: removed under it, nothing is acknowledged; then it opens anew, and nothing is lost."""
    asyncio.run(collector.record(decision(POLICY)))
    for name in ("ledger.db", "salts.db"):
        for suffix in ("-wal", "-shm"):
            (tmp_path / "data" / f"{name}{suffix}").unlink()
    status, body = ready(collector)
    assert (status, body["status"]) == (503, "away")
    assert "journal was removed" in body["reason"]
    until_well(collector)
    standing = collector.parts().ledger.consent_status("shop", decision(POLICY).handle)
    assert standing is not None
    assert standing.alive


def test_a_backup_put_in_place_brings_back_no_withdrawn_grant(
    collector: EmbeddedCollector, tmp_path: Path
) -> None:
    """M48: under a collector that runs, as at a start."""
    folder = tmp_path / "data"
    asyncio.run(collector.record(decision(POLICY)))
    collector.close()
    shutil.copy(folder / "ledger.db", tmp_path / "backup.db")
    collector = EmbeddedCollector(folder, jobs=False)
    asyncio.run(collector.record(decision(POLICY, "withdraw")))
    for suffix in ("-wal", "-shm"):
        (folder / f"ledger.db{suffix}").unlink()
    (tmp_path / "backup.db").replace(folder / "ledger.db")
    assert ready(collector)[0] == 503
    until_well(collector)
    standing = collector.parts().ledger.consent_status("shop", decision(POLICY).handle)
    assert standing is not None
    assert standing.ended
    collector.close()


def test_a_ledger_that_is_gone_is_not_made_anew(
    collector: EmbeddedCollector, tmp_path: Path
) -> None:
    """It may come back; an empty one in its place would have forgotten every withdrawal."""
    ledger = tmp_path / "data/ledger.db"
    ledger.rename(tmp_path / "aside.db")
    for _ in range(3):
        assert ready(collector)[0] == 503
    assert not ledger.exists()
    (tmp_path / "aside.db").rename(ledger)
    until_well(collector)


def test_health_names_its_parts_whatever_the_fault(
    collector: EmbeddedCollector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 with a reason, never 500, also where something of ours fails."""
    parts = collector.parts()

    def fail() -> None:
        raise ZeroDivisionError

    for target, part in ((parts.salts, "salts"), (parts.events, "events")):
        with monkeypatch.context() as patched:
            patched.setattr(target, "check", fail)
            status, body = ready(collector)
        assert (status, set(body["parts"])) == (503, PARTS)
        assert body["parts"][part] == "away"
        assert part in body["reason"]
    with monkeypatch.context() as patched:
        patched.setattr(type(parts.registry), "governed", property(lambda _: fail()))
        assert ready(collector)[1]["parts"]["host-policy"] == "not-readable"
    # Nowhere for withdrawals to wait; and what waits there is nobody's business.
    spool = parts.spool.folder
    parts.spool.add(PendingEntry("shop", OTHER, "erase"))
    parts.spool.path_of(OTHER).unlink()
    spool.rename(spool.with_name("elsewhere"))
    spool.write_text("no folder")
    status, body = ready(collector)
    assert (status, body["parts"]["spool"]) == (503, "away")
    assert "spool: " in body["reason"]
    assert OTHER not in str(body)
    spool.unlink()
    assert ready(collector) == (
        200,
        {"status": "ok", "parts": dict.fromkeys(PARTS, "ok"), "reason": ""},
    )


def test_health_of_a_collector_that_cannot_be_opened_names_its_parts(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """And why; that it cannot be opened is logged once."""
    (tmp_path / "ledger.db").write_bytes(b"this is no database" * 500)
    broken = EmbeddedCollector(tmp_path, jobs=False)
    for _ in range(3):
        body = asyncio.run(broken.health())
        assert body["status"] == "away"
        assert set(body["parts"]) == PARTS  # type: ignore[call-overload]
        assert "askfirst ledger check" in str(body["reason"])
        assert ready(broken)[0] == 503
    ours = [record for record in caplog.records if record.name.startswith("askfirst")]
    assert [record.getMessage()[:13] for record in ours] == ["askfirst.E100"]
    broken.close()
