"""M25, M26: canaries and a hostile owner's 64 bits a visitor are in nothing that is left."""

from __future__ import annotations

import base64
import json
import logging
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from askfirst.terms.attributes import ATTRIBUTES
from askfirst.terms.policy import Policy, shipped
from tests.support.ledger import entries_in
from tests.support.spools import lots_in
from tests.support.whole import Visitor, view
from tests.system.adversary.watcher import Watcher
from tests.system.adversary.world import MIDNIGHT, World, site_policy

pytestmark = pytest.mark.anyio

VISITORS = 12
LETTERS = "abcdefghijklmnop"
NIBBLES = range(16)
CANARY = "canary-7f3e@mailbox.example"
SECRET = "tok_canary_c0ffee"
ADDRESS = "203.0.113.177"
CANARIES = (b"canary", b"c0ffee", b"mailbox.example", ADDRESS.encode(), b"CanaryBrowser", b"x-can")


def hostile(keep: int) -> Policy:
    """Everything listed that carries bits: 16 nibbles as parameters and properties, 64 cookies."""
    names = {f"p{n:02}": [f"{n:02}{letter}" for letter in LETTERS] for n in NIBBLES}
    finest = {name: each.finest for name, each in ATTRIBUTES.items() if name != "user_id"}
    levels = shipped("full").document["purposes"]["statistics"]["levels"]
    return site_policy(
        "full",
        levels={**(levels if keep else finest), "cookies": 2, "visitor": 2 if keep else 1},
        keep_rows_days=keep,
        query_parameters=names,
        actions={"sig": names, **{f"bit{n}": {} for n in range(64)}},
        cookies=[f"c{n:02}" for n in range(64)],
        tables={
            "pairs": [["page", "referrer"], ["page", "action"], ["browser", "screen"]],
            "goals": ["sig", "bit1"],
            "funnels": {"one": ["action:bit1", "action:bit2"], "two": ["page:/u", "action:sig"]},
        },
    )


def host_policy(folder: Path) -> Path:
    """A host who allows all of it, where no rows are kept."""
    document = json.loads(json.dumps(shipped("host-default").document))
    purpose = document["purposes"]["analytics"]
    purpose["levels"] = {name: each.finest for name, each in ATTRIBUTES.items()}
    purpose["keep_rows_days"] = 0
    path = folder / "host.json"
    path.write_text(json.dumps(document))
    return path


class Marked:
    """A visitor whose 64 bits the owner of the site writes wherever anything can be written."""

    def __init__(self, number: int) -> None:
        bits = random.Random(number).getrandbits(64)
        self.hex = f"{bits:016x}"
        self.digits = str(bits)
        self.letters = "".join(LETTERS[int(each, 16)] for each in self.hex)
        self.text = base64.urlsafe_b64encode(bits.to_bytes(8, "big")).decode().rstrip("=")
        self.listed = {f"p{n:02}": f"{n:02}{self.letters[n]}" for n in NIBBLES}
        self.query = "&".join(f"{name}={value}" for name, value in self.listed.items())
        self.cookies = [f"c{n:02}" for n in range(64) if bits >> n & 1]
        self.actions = [f"bit{n}" for n in range(64) if bits >> n & 1]
        self.raw = bits.to_bytes(8, "big")
        self.width = 100 + bits % 19_000
        head, tail = self.digits[:4], self.digits[4:8]
        agent = f"Mozilla/5.0 (Linux; Android {head}.{tail}) Firefox/{self.digits[8:12]}.{tail}"
        self.version = f"{self.digits[8:12]}.{tail}"
        self.browser = Visitor(
            f"81.2.{64 + number}.69",
            agent.encode(),
            [
                (b"accept-language", f"{self.letters[:3]}-{self.letters[3:7]}-DE".encode()),
                (b"referer", f"https://shop.example/{self.letters}".encode()),
                (b"sec-ch-ua", self.hex.encode()),
                (b"x-id", self.hex.encode()),
            ],
        )

    @property
    def forms(self) -> list[bytes]:
        """Everything by which the bits would be found again."""
        texts = (
            self.hex,
            self.digits,
            self.letters,
            self.text,
            self.query,
            " ".join(self.cookies),
            self.version,
            f"{self.width}x1",
            f"{self.letters[3:7].title()}-DE",
        )
        return [*(text.encode() for text in texts), self.raw, self.raw[::-1]]

    def events(self) -> Iterator[list[dict[str, Any]]]:
        """Batches that say it in every field."""
        told: dict[str, Any] = {
            "screen": [self.width, 1000 + self.width % 97],
            "cookies": {"enabled": True, "names": [*self.cookies, self.hex]},
        }
        origin = f"https://{self.letters}.example"
        # Of words, so that no rule for identifiers takes them out.
        name = "-".join(("tide", "moon", "reed", "gull")[int(each, 16) % 4] for each in self.hex)
        campaign = f"utm_source={name[:29]}&utm_medium={name[29:58]}&utm_campaign={self.letters}"
        pages = (
            f"/u/{self.hex}",
            f"/{self.letters}?{self.query}",
            f"/u?uid={self.hex}",
            f"/u?{campaign}",
            f"/u?ref={self.text}",
        )
        yield [view(page, referrer=origin, **told) for page in pages]
        yield [
            {"type": "action", "purpose": "statistics", "page": "/u", "action": action, **told}
            for action in (
                {"name": self.hex, "properties": {self.hex: self.hex}},
                {"name": "sig", "properties": {**self.listed, "uid": self.hex}},
                *({"name": name} for name in self.actions),
            )
        ]


def canary() -> Visitor:
    """A visitor whose every header is a canary."""
    return Visitor(
        ADDRESS,
        b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 CanaryBrowser/7.7",
        [
            (b"accept-language", b"x-canary"),
            (b"referer", f"https://mailbox.example/?m={CANARY}".encode()),
            (b"forwarded", b"for=" + ADDRESS.encode()),
            (b"x-real-ip", ADDRESS.encode()),
            (b"from", CANARY.encode()),
            (b"cookie", b"session=tok_canary_c0ffee; canary=1"),
        ],
    )


CANARY_EVENT: dict[str, Any] = {
    "screen": "desktop",
    "referrer": f"https://mailbox.example/inbox?m={CANARY}",
    "cookies": {"enabled": True, "names": ["canary"]},
}


def left(folder: Path) -> bytes:
    """Every byte of every file, journals and shared memory too."""
    files = (file for file in sorted(folder.rglob("*")) if file.is_file())
    return b"".join([*(file.read_bytes() for file in files), entries_in(folder), lots_in(folder)])


@pytest.mark.parametrize("keep", [0, 30])
async def test_nothing_of_it_is_left(
    tmp_path: Path, keep: int, caplog: pytest.LogCaptureFixture
) -> None:
    """M25: neither canaries nor the owner's bits are in files, logs, reports or exports.

    Once with everything at its finest and no rows kept, once with as much as `full` may have and
    rows kept. Before closing the owner's words are in the rows: the search would find them.
    """
    caplog.set_level(logging.DEBUG)
    host = None if keep else host_policy(tmp_path)
    world = World(tmp_path / "data", hostile(keep), host_policy=host)
    await world.open()
    everybody = [Marked(number) for number in range(VISITORS)]
    for each in everybody:
        await _consent(world, each.browser, f"en-{each.letters[:8]}")
        for batch in each.events():
            await world.send(each.browser, *batch, batch=f"{each.hex}AAAAAA"[:22])
    spy = canary()
    await _consent(world, spy, "en-canary")
    for page in (f"/a?{SECRET}={SECRET}", f"/m/{CANARY}", f"/#{SECRET}", f"//{CANARY}/x"):
        await world.send(spy, view(page, **CANARY_EVENT))
    spooled = left(world.folder)
    assert [t for t in CANARIES if t in spooled and t != b"mailbox.example"] == []
    world.move()
    found = left(world.folder)
    for form in ("letters", "query"):
        assert all(getattr(each, form).encode() in found for each in everybody)
    assert all(" ".join(each.cookies).encode() in found for each in everybody)
    assert [trace for trace in CANARIES if trace in found and trace != b"mailbox.example"] == []

    world.clock.now = MIDNIGHT + 600
    assert "close" in world.run_jobs()
    watcher = Watcher(world)
    await watcher.begin()
    shown = b"".join(each.body for each in await watcher.look(1))
    parts = world.collector.parts()
    kept = [key for key in parts.events.periods() if key.period == "2026-11-23"]
    assert bool(kept) == bool(keep)
    for where in (shown, caplog.text.encode(), left(world.folder)):
        assert [trace for trace in CANARIES if trace in where] == []
        for each in everybody:
            assert [form for form in each.forms if form in where] == []
    await world.aclose()
    assert not any(form in left(world.folder) for each in everybody for form in each.forms)
    assert b"/u" in shown


async def _consent(world: World, visitor: Visitor, language: str) -> None:
    """A language that is none of the policy's is refused; then as everybody."""
    value = {"v": 2, "edition": world.policy.hash, "method": "save", "choices": {"statistics": 2}}
    refused = await world.post(visitor, "/askfirst/consent", {**value, "lang": language})
    assert refused.status == 422
    await world.answer(visitor, {"statistics": 2})
