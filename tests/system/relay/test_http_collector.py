"""`HttpCollector` against a real collector in another process."""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from askfirst import HttpCollector
from askfirst.errors import CollectorUnavailable, PolicyError, Unusable, WrongSetting
from askfirst.observe.network_slots import CAN_SHARE
from askfirst_collector.closing.close import close_due
from askfirst_collector.runtime.open import close_services, open_services
from askfirst_collector.services import Services
from askfirst_collector.store.sqlite import SqliteEvents
from tests.support.collectors import HANDLE, bytes_of, decision, policy, purposes
from tests.system.relay.world import World, eventually, shop
from tests.unit.gate.browser import Browser

pytestmark = pytest.mark.anyio
VISIT = {"purpose": "statistics", "type": "page_view", "page": "/coffee/8812?sort=price"}


def _bytes(world: World) -> list[bytes]:
    """The files of collector and site."""
    return [bytes_of(folder) for folder in (world.folder, world.own)]


@contextmanager
def closing_parts(world: World) -> Iterator[Services]:
    """The collector's folder, opened beside it."""
    parts = open_services(world.folder, host_policy=None, now=time.time, urandom=os.urandom)
    try:
        yield parts
    finally:
        close_services(parts)


async def test_a_visit_through_a_relay(world: World) -> None:
    """Asked, agreed, counted, shown, withdrawn: the same as with a collector of one's own."""
    site = world.site()
    assert (await site.browser.get("/")).status == 200
    handle = await site.accept()
    assert world.consent_status(handle) == "granted"
    told = (await site.send(VISIT)).json
    assert told == {"stored": 1, "dropped": []}
    assert [row.values["page"] for row in world.rows()][:1] == [
        ("/coffee", "/coffee/:id", "sort=price")
    ]
    kept = await site.browser.get("/askfirst/rights/me", [(b"accept", b"application/json")])
    assert kept.json["record"]["handle"] == handle
    assert (await site.browser.consent("withdraw", world.policy.hash)).json["decision"] == (
        "withdrawn"
    )
    assert world.consent_status(handle) == "withdrawn"
    await site.app.aclose()


async def test_a_retry_is_the_same_batch(world: World) -> None:
    """M50: the page's own name for its batch goes along, so nothing is doubled."""
    site = world.site()
    await site.browser.get("/")
    await site.accept()
    first = (await site.send(VISIT)).json
    assert (await site.send(VISIT)).json == first
    assert len([row for row in world.rows() if row.purpose == "statistics"]) == 1
    await site.app.aclose()


async def test_three_visitors_of_a_network_count_towards_sizes(world: World) -> None:
    """M27: the relay counts, as it alone knows where they are; of whom is more, it says just that.

    A collector that does not ask for it, of an earlier version, is told nothing.
    """
    client = world.client()
    site = world.site(client)
    visits = []
    for number, peer in enumerate(["81.2.69.7"] * 5 + ["81.2.70.7", "10.0.0.7"]):
        site.browser = Browser(site.app, peer=peer)
        await site.browser.get("/")
        await site.accept()
        sent = await site.send(VISIT, VISIT, batch=f"{number:_>22}")
        assert sent.json == {"stored": 2, "dropped": []}
        visits += [number] * 2
    rows = [row for row in world.rows() if row.purpose == "statistics"]
    assert len(rows) == len(visits)
    with (
        closing(SqliteEvents(world.folder / "events.db", ended=lambda _: frozenset())) as store,
        store.reading(rows[0].key) as period,
    ):
        assert len(period.unsized()) == 2
    assert all(b"81.2.69" not in chunk for chunk in (bytes(world.wire.sent), *_bytes(world)))
    if CAN_SHARE:  # with every other process of the relay
        assert [*client._spool.folder.glob("networks/????-??-??")]
    with closing(sqlite3.connect(world.folder / "ledger.db")) as ledger:
        assert ledger.execute("SELECT COUNT(*) FROM unsized").fetchone() == (2,)
    assert bytes(world.wire.sent).count(b'"sized":false') == 6
    client._terms.sized = 0
    client._terms.sizes_answers = False
    client._terms._asked = time.time()
    site.browser = Browser(site.app, peer="81.2.69.7")
    await site.browser.get("/")
    await site.accept()
    assert (await site.send(VISIT)).json["stored"] == 1
    assert bytes(world.wire.sent).count(b'"sized":false') == 6
    await site.app.aclose()


async def test_without_a_receipt_nothing_is_asked_of_the_collector(world: World) -> None:
    """M20, M43: `no-grant` is known here, and not a byte leaves."""
    site = world.site()
    await site.browser.get("/")
    before = bytes(world.wire.sent)
    told = (await site.send(VISIT, {"purpose": "x", "type": "x"})).json
    assert told == {
        "stored": 0,
        "dropped": [{"index": 0, "reason": "no-grant"}, {"index": 1, "reason": "no-grant"}],
    }
    assert bytes(world.wire.sent) == before
    await site.app.aclose()


async def test_reasons_keep_their_place(world: World) -> None:
    """What is dropped here and what is dropped there are told by the page's own numbers."""
    site = world.site()
    await site.browser.get("/")
    await site.accept()
    programme = [(b"user-agent", b"Googlebot/2.1 (+http://www.google.com/bot.html)")]
    told = (await site.send({"purpose": 1}, VISIT, {**VISIT, "screen": "CANARY"})).json
    assert told == {
        "stored": 1,
        "dropped": [{"index": 0, "reason": "bad-event"}, {"index": 2, "reason": "bad-event"}],
    }
    told = (await site.send(VISIT, batch="c" * 22, headers=programme)).json
    assert told["dropped"] == [{"index": 0, "reason": "bot"}]
    under = (await site.send({**VISIT, "purpose": "marketing"}, batch="d" * 22, gpc=True)).json
    assert under["dropped"] == [{"index": 0, "reason": "opt-out-signal"}]
    denied = (await site.send(VISIT, batch="f" * 22, headers=[(b"adpc", b"withdraw=*")])).json
    assert denied["dropped"] == [{"index": 0, "reason": "opt-out-signal"}]
    with closing_parts(world) as parts:
        close_due(parts, time.time() + 2 * 86_400)  # also where midnight comes in between
    for _ in range(2):
        late = (await site.send(VISIT, batch="e" * 22)).json
        assert late == {"stored": 0, "dropped": [{"index": 0, "reason": "period-closed"}]}
    await site.app.aclose()


async def test_a_dead_receipt_has_one_reason(world: World) -> None:
    """M20, M43: a state cookie alone, whatever else is wrong, is `no-grant`, and is taken back."""
    site = world.site()
    await site.browser.get("/")
    await site.accept()
    jar = dict(site.browser.jar)
    await site.browser.consent("withdraw", world.policy.hash)
    site.browser.jar = jar
    before = len(world.rows())
    got = await site.send(VISIT, {"purpose": 1})
    assert {each["reason"] for each in got.json["dropped"]} == {"no-grant"}
    assert b"__Host-askfirst" not in site.browser.jar
    assert len(world.rows()) == before
    await site.app.aclose()


async def test_what_the_cookie_does_not_grant_takes_nothing_back(world: World) -> None:
    """M08: an event of one purpose that was refused does not end the others, nor ask again."""
    site = world.site()
    await site.browser.get("/")
    await site.answer("save", choices={"statistics": 2, "marketing": 0})
    got = await site.send({**VISIT, "purpose": "marketing"})
    assert got.json["dropped"] == [{"index": 0, "reason": "no-grant"}]
    assert b"__Host-askfirst" in site.browser.jar
    assert (await site.send(VISIT, batch="c" * 22)).json["stored"] == 1
    await site.app.aclose()


async def test_a_receipt_that_is_gone_takes_the_cookie_back(world: World) -> None:
    """M46: a state cookie alone grants nothing, and the browser is told so."""
    site = world.site()
    await site.browser.get("/")
    await site.accept()
    del site.browser.jar[b"__Host-askfirst-receipt"]
    assert (await site.send(VISIT)).json["stored"] == 0
    assert b"__Host-askfirst" not in site.browser.jar
    await site.app.aclose()


async def test_pages_and_actions_of_the_server(world: World) -> None:
    """Page views, and `track` from application code; unlisted properties stay here."""
    site = world.site()
    await site.browser.get("/")
    await site.accept()
    got = await site.browser.get("/signup?sort=price&u=CANARY")
    assert not got.all(b"vary")
    await eventually(lambda: any(row.type == "action" for row in world.rows()))
    (row,) = [row for row in world.rows() if row.type == "action"]
    assert row.purpose == "statistics"
    assert row.values["action"] == ("signup", "plan=pro&seats=10-49")
    await eventually(lambda: any(row.type == "page_view" for row in world.rows()))
    assert b"CANARY" not in world.wire.sent
    await site.app.aclose()


async def test_it_goes_on_after_the_collector_was_killed(world: World) -> None:
    """kill -9: page views wait and are sent once it is back, over new connections."""
    site = world.site()
    await site.browser.get("/")
    await site.accept()
    world.server.kill()
    assert (await site.browser.get("/one")).status == 200
    await site.browser.get("/two")
    assert (await site.send(VISIT)).json["stored"] == 1, "in the spool"
    world.server.start()
    await eventually(lambda: {"/one", "/two", "/coffee"} <= _pages(world))
    assert sorted(row.values["page"][0] for row in world.rows() if row.purpose == "statistics") == [
        "/coffee",
        "/one",
        "/two",
    ]
    assert (await site.send(VISIT, batch="c" * 22)).json["stored"] == 1
    await site.app.aclose()


def _pages(world: World) -> set[str]:
    return {row.values["page"][0] for row in world.rows() if row.purpose == "statistics"}


async def test_a_policy_beyond_the_hosts_is_told_line_by_line(world: World) -> None:
    """M31: with its pointer."""
    own = purposes("full")
    own["statistics"] |= {"keep_rows_days": 700, "retention_days": 700}
    client = world.client()
    with pytest.raises(PolicyError, match="keep_rows_days"):
        await client.editions(policy(purposes=own))
    await client.aclose()


async def test_terms_are_asked_for_again(world: World) -> None:
    """M16: a new edition, from whichever process, is known by its number."""
    client = world.client()
    first = await client.editions(world.policy)
    other = world.client()
    await other.editions(shop(consent_days=300))
    again = await client.editions(world.policy)
    assert (len(first), len(again)) == (1, 2)
    assert b" 304 " not in world.wire.received
    assert await client.editions(world.policy) is again
    assert b" 304 " in world.wire.received
    await client.aclose()
    await other.aclose()


async def test_a_wrong_key_is_a_collector_that_is_away(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """A setting of the site, not a fault of its visitors: said in the log, without the key."""
    client = HttpCollector(
        world.wire.url, "askfirst_wrong", cookie_keys=(bytes(32),), spool=world.own / "spool"
    )
    with pytest.raises(CollectorUnavailable):
        await client.editions(world.policy)
    with pytest.raises(CollectorUnavailable):
        await client.record(decision(world.policy, handle=HANDLE))
    assert "askfirst.E031" in caplog.text
    assert "askfirst_wrong" not in caplog.text
    await client.aclose()


async def test_health(world: World) -> None:
    """As the collector says; away where it does not, or where nothing can be written down here."""
    client = world.client()
    health = await client.health()
    assert health["status"] == "ok"
    assert {"ledger": "ok", "spool": "ok", "site-spool": "ok"}.items() <= dict(
        health["parts"]  # type: ignore[call-overload]
    ).items()
    spool = world.own / "cookie.keys.spool"
    spool.rename(world.own / "elsewhere")
    spool.write_text("no folder")
    health = await client.health()
    assert (health["status"], health["parts"]["site-spool"]) == ("away", "away")  # type: ignore[index]
    world.wire.hang_up()
    assert (await client.health())["status"] == "away"
    await client.aclose()


@pytest.mark.parametrize(
    ("url", "more", "code"),
    [
        ("http://collector.example", {}, "E030"),
        ("ftp://collector.example", {}, "E030"),
        ("https://", {}, "E030"),
        ("https://me@collector.example", {}, "E030"),
        ("https://collector.example/?a=1", {}, "E030"),
        ("https://collector.example:x", {}, "E030"),
        ("https://collector.example", {"key": ""}, "E031"),
        ("https://collector.example", {"key": "a\r\nb"}, "E031"),
        ("https://collector.example", {"cookie_keys": ()}, "E032"),
        ("https://collector.example", {"cookie_keys": (b"short",)}, "E032"),
    ],
)
def test_wrong_settings_are_found_at_start(url: str, more: dict[str, Any], code: str) -> None:
    """With a stable id, and never the key itself."""
    options = {"key": "askfirst_x", "cookie_keys": (bytes(32),), **more}
    with pytest.raises(WrongSetting) as error:
        HttpCollector(url, options.pop("key"), **options)
    assert error.value.code == f"askfirst.{code}"
    assert "a\r\nb" not in str(error.value)


def test_cookie_keys_are_the_sites_own(tmp_path: Path) -> None:
    """A file that is made once, for nobody else; one that others may read is refused."""
    file = tmp_path / "cookie.keys"
    url = "https://collector.example"
    HttpCollector(url, "k", cookie_keys=file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    first = file.read_bytes()
    HttpCollector(url, "k", cookie_keys=file)
    assert file.read_bytes() == first
    file.chmod(0o644)
    with pytest.raises(Unusable, match="chmod 600"):
        HttpCollector(url, "k", cookie_keys=file)
    file.chmod(0o600)
    file.write_text("AAAA\n")
    with pytest.raises(Unusable, match="32 bytes"):
        HttpCollector(url, "k", cookie_keys=file)
    with pytest.raises(Unusable):
        HttpCollector(url, "k", cookie_keys=tmp_path / "missing" / "cookie.keys")
