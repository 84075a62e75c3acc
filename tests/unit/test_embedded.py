"""The embedded collector, whole: what a gate asks of it, on real files."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import socket
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
import uvicorn

from askfirst.client import Caller, CollectorClient
from askfirst.errors import CollectorUnavailable, Refused
from askfirst.observe.network_limit import MOST_GRANTS
from askfirst_collector.embedded import EmbeddedCollector
from askfirst_collector.ledger.changes import THE_SITE, changes
from askfirst_collector.store.periods import IN_UTC
from tests.support.collectors import (
    HANDLE,
    OTHER,
    Clock,
    bytes_of,
    decision,
    opened,
    policy,
    purposes,
)

pytestmark = pytest.mark.anyio

POLICY = policy()
FIREFOX = b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
HEADERS = [
    (b"user-agent", FIREFOX),
    (b"accept-language", b"de-CH"),
    (b"sec-fetch-site", b"same-origin"),
]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def collector(tmp_path: Path, clock: Clock) -> AsyncIterator[EmbeddedCollector]:
    found = EmbeddedCollector(tmp_path, now=clock, jobs=False)
    await found.editions(POLICY)
    yield found
    await found.aclose()


def page_view(batch: str = "A", purpose: str = "statistics") -> dict[str, Any]:
    event = {"purpose": purpose, "type": "page_view", "page": "/coffee/beans"}
    return {"v": 1, "batch": batch * 22, "events": [event]}


async def see(collector: EmbeddedCollector, handle: str | None = HANDLE, **event: str) -> None:
    caller = Caller("shop", handle, gpc=False, dnt=False)
    await collector.submit(caller, page_view(**event), headers=HEADERS, peer="81.2.69.142")


async def rows(collector: EmbeddedCollector, handle: str = HANDLE) -> list[Mapping[str, Any]]:
    return cast("list[Mapping[str, Any]]", (await collector.me("shop", handle))["rows"])


async def post(collector: EmbeddedCollector, body: bytes, handle: str | None) -> tuple[int, Any]:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/askfirst/events",
        "headers": [*HEADERS, (b"content-type", b"application/json")],
        "client": ("127.0.0.1", 1),
        "askfirst.caller": Caller("shop", handle, gpc=False, dnt=False),
    }
    await collector.events(scope, receive, send)
    return sent[0]["status"], json.loads(sent[1]["body"])


def test_it_is_what_a_gate_expects(tmp_path: Path) -> None:
    """Every method of `CollectorClient` is there, with its signature (checked by mypy here)."""
    client: CollectorClient = EmbeddedCollector(tmp_path)
    assert not list(tmp_path.iterdir())
    assert client is not None


async def test_what_is_kept_is_shown(collector: EmbeddedCollector) -> None:
    """M29: record, receipt, history and the rows of the open period; and what is not linkable."""
    recorded = await collector.record(decision(POLICY))
    await see(collector)
    found = await collector.me("shop", HANDLE)
    assert found["receipt"] == recorded.receipt
    assert [entry["kind"] for entry in cast("list[Any]", found["history"])] == ["grant"]
    (row,) = await rows(collector)
    assert (row["purpose"], row["period"], row["type"]) == (
        "statistics",
        "2026-11-22",
        "page_view",
    )
    assert row["values"]["page"][0] == "/coffee"
    reasons = {each["what"] for each in cast("list[Any]", found["not_linkable"])}
    assert reasons == {"closed-periods", "no-pseudonym"}


async def test_the_ledger_decides_and_no_cookie(
    collector: EmbeddedCollector, tmp_path: Path
) -> None:
    """M46: whatever a page claims, what is stored is bounded by the entry of its handle."""
    await collector.record(decision(POLICY, "save", {"statistics": 1, "marketing": 0}))
    headers = [*HEADERS, (b"cookie", b"__Host-askfirst=wide.and.forged")]
    caller = Caller("shop", HANDLE, gpc=False, dnt=False)
    for purpose in ("statistics", "marketing", "preferences"):
        body = page_view(purpose[0], purpose)
        await collector.submit(caller, body, headers=headers, peer="81.2.69.142")
    collector.parts().events.drain()
    with closing(sqlite3.connect(tmp_path / "events.db")) as other:
        assert other.execute("SELECT COUNT(*) FROM event").fetchone() == (1,)
    stored = bytes_of(tmp_path)
    assert b"/coffee/beans" not in stored
    assert b"/coffee" in stored


async def test_a_refuser_leaves_nothing(collector: EmbeddedCollector, tmp_path: Path) -> None:
    """M20: no handle, an unknown one, a dead one: 202 with no-grant, and not a byte moves."""
    await collector.record(decision(POLICY, handle=OTHER))
    await collector.record(decision(POLICY, "withdraw", handle=OTHER))
    before = bytes_of(tmp_path)
    for handle in (None, HANDLE, OTHER):
        status, body = await post(collector, json.dumps(page_view()).encode(), handle)
        assert (status, body["stored"]) == (202, 0)
        assert [drop["reason"] for drop in body["dropped"]] == ["no-grant"]
    assert bytes_of(tmp_path) == before


async def test_a_withdrawal_stops_every_worker(
    collector: EmbeddedCollector, tmp_path: Path, clock: Clock
) -> None:
    """Acknowledged in one process, it holds for the next event in the other."""
    other = EmbeddedCollector(tmp_path, now=clock, jobs=False)
    await collector.record(decision(POLICY))
    await see(other, batch="A")
    assert len(await rows(collector)) == 1
    await collector.record(decision(POLICY, "withdraw"))
    await see(other, batch="B")
    with closing(sqlite3.connect(tmp_path / "events.db")) as connection:
        assert connection.execute("SELECT COUNT(*) FROM event").fetchone() == (1,)
    await other.aclose()


async def test_a_restriction_stores_nothing_and_ends_nothing(collector: EmbeddedCollector) -> None:
    """M29, GDPR 18: what is there stays, nothing is added; a new grant lifts it."""
    await collector.record(decision(POLICY))
    await see(collector, batch="A")
    await collector.restrict("shop", HANDLE)
    await collector.restrict("shop", HANDLE)
    await see(collector, batch="B")
    assert len(await rows(collector)) == 1
    record = cast("dict[str, Any]", (await collector.me("shop", HANDLE))["record"])
    assert record["status"] == "restricted"
    await collector.record(decision(POLICY))
    await see(collector, batch="C")
    assert len(await rows(collector)) == 2


@pytest.mark.parametrize("withdrawn", [False, True])
async def test_an_erasure_leaves_the_leaf_alone(
    collector: EmbeddedCollector, tmp_path: Path, withdrawn: bool
) -> None:
    """M29: rows of open periods, key and entries go, of a live handle and of one that ended."""
    daily = policy(purposes=purposes(statistics={"levels": {"time": 1, "page": 2, "visitor": 1}}))
    await collector.editions(daily)
    await collector.record(decision(daily))
    await collector.record(decision(daily, handle=OTHER))
    await see(collector, purpose="statistics")
    await see(collector, purpose="marketing", batch="B")
    await see(collector, handle=OTHER)
    parts = collector.parts()
    if withdrawn:
        await collector.record(decision(daily, "withdraw"))
    leaves = parts.ledger.leaves()
    for _ in range(2):
        await collector.erase("shop", HANDLE)
    nothing = await collector.me("shop", "00" * 32)
    assert await collector.me("shop", HANDLE) == nothing
    assert len(await rows(collector, OTHER)) == 1
    assert parts.ledger.leaves()[: len(leaves)] == leaves
    parts.events.barrier()
    assert HANDLE.encode() not in bytes_of(tmp_path)
    with pytest.raises(Refused, match="handle-ended"):
        await collector.record(decision(daily))


async def test_rows_of_a_destroyed_salt_are_not_shown(
    collector: EmbeddedCollector, clock: Clock
) -> None:
    """M29, M48: when the salt is gone nobody can tell whose rows they were."""
    daily = policy(purposes=purposes(statistics={"levels": {"page": 1, "visitor": 1}}))
    await collector.editions(daily)
    await collector.record(decision(daily))
    await see(collector)
    assert len(await rows(collector)) == 1
    clock.now = IN_UTC.end_of("day", "2026-11-22") + 7200
    collector.parts().salts.destroy_due(clock.now, lambda _: IN_UTC)
    assert await rows(collector) == []


async def test_a_policy_that_was_replaced_is_not_put_back(
    collector: EmbeddedCollector, tmp_path: Path, clock: Clock
) -> None:
    """A worker of the old version, asking on beside a new one, does not undo its edition."""
    newer = EmbeddedCollector(tmp_path, now=clock, jobs=False)
    assert (await newer.editions(policy("standard"))).current.number == 2
    for _ in range(3):
        assert (await collector.editions(POLICY)).current.hash == policy("standard").hash
    await newer.aclose()


async def test_keys_belong_to_sites(
    collector: EmbeddedCollector, tmp_path: Path, clock: Clock
) -> None:
    """Every worker has the same; a site that published nothing has none."""
    other = EmbeddedCollector(tmp_path, now=clock, jobs=False)
    assert await collector.keys("shop") == await other.keys("shop")
    with pytest.raises(Refused, match="no-such-site"):
        await collector.keys("other")
    await other.aclose()


async def test_refusals_are_counted_only_where_the_policy_says_so(
    collector: EmbeddedCollector, tmp_path: Path
) -> None:
    """`count_refusals` is off by default, and then not a byte is written."""
    before = bytes_of(tmp_path)
    await collector.tally_refusal("shop")
    await collector.tally_refusal("nowhere")
    assert bytes_of(tmp_path) == before
    await collector.editions(policy(count_refusals=True))
    await collector.tally_refusal("shop")
    assert collector.parts().ledger.refusals("shop", "2026-11-22", "2026-11-23") == {2: 1}


async def test_a_folder_that_cannot_be_opened_is_away(tmp_path: Path) -> None:
    """Nothing raises but CollectorUnavailable; events are answered 503; health says so."""
    (tmp_path / "ledger.db").write_bytes(b"this is no database" * 500)
    broken = EmbeddedCollector(tmp_path, jobs=False)
    with pytest.raises(CollectorUnavailable):
        await broken.editions(POLICY)
    assert (await post(broken, b"{}", None))[0] == 503
    await see(broken)
    assert (await broken.health())["status"] == "away"
    await broken.aclose()


async def test_health_says_what_is_away(collector: EmbeddedCollector, tmp_path: Path) -> None:
    """A ledger that was replaced is named; what is well is well."""
    assert (await collector.health())["status"] == "ok"
    (tmp_path / "ledger.db").rename(tmp_path / "gone.db")
    found = await collector.health()
    assert found["status"] == "away"
    assert cast("dict[str, str]", found["parts"])["ledger"] == "away"


async def test_grants_are_limited_by_network(collector: EmbeddedCollector) -> None:
    """S19: one network's grants are bounded, and another's are not touched by it."""
    for _ in range(MOST_GRANTS):
        assert await collector.admits(HEADERS, "81.2.69.142")
    assert not await collector.admits(HEADERS, "81.2.69.7")
    assert await collector.admits(HEADERS, "81.2.70.7")


async def test_a_grant_is_counted_where_it_arrives(
    collector: EmbeddedCollector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The way to another thread and back costs as much as half of a grant."""
    assert await collector.admits(HEADERS, "81.2.69.142")
    monkeypatch.setattr(asyncio, "to_thread", None)
    assert await collector.admits(HEADERS, "81.2.69.142")
    monkeypatch.undo()


async def test_closing_twice_is_harmless(tmp_path: Path) -> None:
    """And a closed collector is away, not broken."""
    collector = EmbeddedCollector(tmp_path)
    await collector.editions(POLICY)
    await collector.aclose()
    collector.close()
    with pytest.raises(CollectorUnavailable):
        await collector.editions(POLICY)


def test_it_survives_a_fork(tmp_path: Path) -> None:
    """A server may load the site, use the collector, and fork: each process opens its own files."""
    import asyncio

    collector = EmbeddedCollector(tmp_path, jobs=False)
    asyncio.run(collector.editions(POLICY))
    asyncio.run(collector.record(decision(POLICY)))
    child = os.fork()
    if child == 0:
        status = 1
        try:
            recorded = asyncio.run(collector.record(decision(POLICY, handle=OTHER)))
            status = 0 if recorded.status == "granted" else 2
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    asyncio.run(collector.record(decision(POLICY, "save", {"marketing": 0})))
    collector.close()
    with opened(tmp_path) as parts:
        assert parts.ledger.newest() == 3  # the policy, and three answers
        assert parts.ledger.consent_status("shop", OTHER) is not None


async def test_a_server_recognises_the_app(collector: EmbeddedCollector) -> None:
    """uvicorn tells ASGI 3 from 2 by the callable, and serves the collector over a real socket."""
    config = uvicorn.Config(
        collector.app, port=0, lifespan="off", access_log=False, log_level="critical"
    )
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(config)
        running = asyncio.create_task(server.serve(sockets=[listening]))
        host, port = listening.getsockname()
        async with httpx.AsyncClient(base_url=f"http://{host}:{port}") as client:
            got = await client.get("/healthz")
            sent = await client.post("/v1/events", json={})
        server.should_exit = True
        await running
    assert (got.status_code, sent.status_code) == (200, 422)


async def test_workers_of_two_versions_do_not_publish_in_turn(tmp_path: Path, clock: Clock) -> None:
    """M17: each says its policy once, however often it asks; a tree has no edition beside that."""
    newer = policy("minimal")
    workers = [EmbeddedCollector(tmp_path, now=clock, jobs=False) for _ in range(4)]
    for _ in range(20):
        asked = zip(workers, (POLICY, newer) * 2, strict=True)
        await asyncio.gather(*(worker.editions(own) for worker, own in asked))
    for worker in workers:
        await worker.aclose()
    with opened(tmp_path) as parts:
        published = changes(parts.engine, 99, sites={"shop"})
        assert {one.actor for one in published} == {THE_SITE}
        # Each of the four at most once, as they start; never again.
        assert 2 <= len(published) <= 4
        hashes = [one.after["hash"] for one in published]
        assert all(one != other for one, other in itertools.pairwise(hashes))
        assert parts.ledger.newest() == len(published) - 1
