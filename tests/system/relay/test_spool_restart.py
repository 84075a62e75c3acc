"""The spool over real restarts: sites and collectors that are killed."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from askfirst.client import Decision
from askfirst.errors import Unusable, WrongSetting
from askfirst_collector.runtime.open import close_services, open_services
from askfirst_collector.usecases.record_consent import record_now
from tests.conftest import ROOT
from tests.support.programs import python
from tests.system.frameworks.visitor import Visitor
from tests.system.relay.world import World, eventually, handle_in

pytestmark = pytest.mark.anyio

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0 CANARY"
Start = Callable[[], subprocess.Popen[str]]


@pytest.fixture
def start(world: World) -> Iterator[Start]:
    """Starts the site; every one of them is killed in the end."""
    running: list[subprocess.Popen[str]] = []

    def run() -> subprocess.Popen[str]:
        words = ("-m", "tests.system.relay.site", world.wire.url, world.key, world.own)
        process = python(*words, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        running.append(process)
        return process

    yield run
    for process in running:
        process.kill()
        process.communicate()


def visitor(process: subprocess.Popen[str]) -> Visitor:
    assert process.stdout is not None
    found = Visitor(int(process.stdout.readline()), also=[("User-Agent", AGENT)])
    assert found.get("/").status == 200
    return found


def accept(who: Visitor, world: World) -> str:
    """Agree to everything, again while the machine is too slow for it; the handle."""
    body = {"v": 2, "edition": world.policy.hash, "lang": "en", "method": "accept_all"}
    deadline = time.monotonic() + 60
    while True:
        got = who.post_json("/askfirst/consent", {**body, "choices": {}, "adult": True})
        if got.status == 200:
            return handle_in(got.json["receipt"])
        assert time.monotonic() < deadline, got.body


def refuse(who: Visitor, world: World) -> None:
    body = {"v": 2, "edition": world.policy.hash, "lang": "en", "method": "withdraw", "choices": {}}
    assert who.post_json("/askfirst/consent", body).json["decision"] == "withdrawn"


def spooled(world: World) -> list[dict[str, object]]:
    file = world.own / "spool" / "events"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def owed(world: World) -> list[Path]:
    return list((world.own / "spool").glob("*.owed"))


def pages(world: World) -> list[str]:
    return [row.values["page"][0] for row in world.rows() if row.purpose == "statistics"]


async def test_a_withdrawal_outlives_the_site(world: World, start: Start) -> None:
    """Kill -9 of collector and site: it is acknowledged after both came back, unasked for."""
    site = start()
    who = visitor(site)
    handle, secret = accept(who, world), who.jar["__Host-askfirst-receipt"]
    world.server.kill()
    refuse(who, world)
    assert "__Host-askfirst-receipt" not in who.jar
    # On disk before the visitor was answered, for nobody else, and without the secret.
    (file,) = owed(world)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    text = file.read_text()
    assert handle in text
    assert secret not in text
    assert "CANARY" not in text
    site.kill()
    site.wait()
    assert world.consent_status(handle) == "granted"
    start()  # nobody visits it
    world.server.start()
    await eventually(lambda: world.consent_status(handle) == "withdrawn", seconds=40)
    await eventually(lambda: owed(world) == [])


async def test_events_outlive_the_site_and_are_judged_again(world: World, start: Start) -> None:
    """Page views are sent by the next process; one without a grant by then is not stored."""
    site = start()
    stays, leaves = visitor(site), Visitor(0)
    leaves.port, leaves.also = stays.port, stays.also
    leaves.get("/")
    accept(stays, world)
    gone = accept(leaves, world)
    world.server.kill()
    for who in (stays, leaves):
        who.get("/kept?u=CANARY", ("Referer", "https://search.example/?q=CANARY"))
    await eventually(lambda: len(spooled(world)) == 2)
    site.kill()
    site.wait()
    assert b"CANARY" not in (world.own / "spool/events").read_bytes()
    refused_meanwhile(world, gone)
    start()
    world.server.start()
    await eventually(lambda: spooled(world) == [], seconds=40)
    assert pages(world) == ["/kept"]


def refused_meanwhile(world: World, handle: str) -> None:
    """The grant ends by another way while the collector's server is down."""
    parts = open_services(world.folder, host_policy=None, now=time.time, urandom=os.urandom)
    record_now(
        parts,
        Decision("shop", handle, world.policy.hash, "en", "withdraw", {}, adult=False, gpc=False),
    )
    close_services(parts)


async def test_a_withdrawal_takes_its_events_out_of_the_file(world: World, start: Start) -> None:
    """GDPR 7(3): what waits of a visitor who leaves does not wait any more."""
    who = visitor(start())
    handle = accept(who, world)
    world.server.kill()
    who.get("/kept")
    await eventually(lambda: len(spooled(world)) == 1)
    refuse(who, world)
    assert spooled(world) == []
    assert [file.stem for file in owed(world)] == [handle]
    world.server.start()
    await eventually(lambda: world.consent_status(handle) == "withdrawn", seconds=40)
    assert pages(world) == []


async def test_a_clean_end_leaves_what_waits_to_the_next(world: World, start: Start) -> None:
    """SIGTERM flushes; what cannot be sent is in the file before the process ends."""
    site = start()
    who = visitor(site)
    accept(who, world)
    world.server.kill()
    who.get("/kept")
    site.send_signal(signal.SIGTERM)
    site.wait(timeout=20)
    assert len(spooled(world)) == 1
    world.server.start()
    start()
    await eventually(lambda: pages(world) == ["/kept"], seconds=40)


def test_the_spool_is_where_it_can_be_made(world: World, tmp_path: Path) -> None:
    """Found at start, with what to write instead; without a file of keys a folder is named."""
    with pytest.raises(Unusable, match="name another with spool="):
        world.client(spool=tmp_path / "missing" / "spool")
    with pytest.raises(WrongSetting, match=r"askfirst\.E038: spool=None: name a folder"):
        world.client(cookie_keys=(bytes(32),))
    world.client()
    assert (world.own / "cookie.keys.spool").is_dir()
