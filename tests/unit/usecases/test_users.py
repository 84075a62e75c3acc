"""Signed-in users: a random number stands for one, and the site can show it, and end it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from askfirst.client import Caller
from askfirst.errors import Reason, Refused
from askfirst.gate.user_token import user_tokens
from askfirst.observe.location import Locator
from askfirst.observe.proxies import Proxies
from askfirst.terms.policy import Policy, shipped
from askfirst_collector.app import collector_app
from askfirst_collector.cli import main
from askfirst_collector.embedded import EmbeddedCollector
from askfirst_collector.ingest.events import open_events
from tests.support.collectors import (
    HANDLE,
    OTHER,
    Clock,
    bytes_of,
    decision,
    policy,
    purposes,
    read_beside,
)
from tests.support.site_keys import new_site_key

pytestmark = pytest.mark.anyio
MIRA, NOAH = "mira@shop.example", "noah@shop.example"


def linked(level: int = 1) -> Policy:
    """A policy whose statistics link visits to an account."""
    levels = {**shipped("full").document["purposes"]["statistics"]["levels"], "user_id": level}
    return policy(purposes=purposes("full", statistics={"levels": levels}))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def collector(tmp_path: Path, clock: Clock) -> AsyncIterator[EmbeddedCollector]:
    opened = EmbeddedCollector(tmp_path / "data", now=clock, jobs=False)
    await opened.editions(linked())
    yield opened
    await opened.aclose()


async def see(
    collector: EmbeddedCollector, user_id: str | None, handle: str = HANDLE, batch: str = "A"
) -> None:
    """A page view that the site's server saw of a user."""
    tokens = user_tokens(await collector.keys("shop"), "shop", user_id)
    caller = Caller("shop", handle, gpc=False, dnt=False, user=tokens[-1] if tokens else "")
    event = {"purpose": "statistics", "type": "page_view", "page": "/coffee/beans"}
    payload = {"v": 1, "batch": batch * 22, "events": [event]}
    await collector.submit(caller, payload, headers=[], peer="81.2.69.142")


async def numbers(collector: EmbeddedCollector, handle: str = HANDLE) -> list[Any]:
    """The numbers of users in the rows of a visitor."""
    rows: Any = (await collector.me("shop", handle))["rows"]
    return [row["values"].get("user_id") for row in rows]


async def count(collector: EmbeddedCollector, user_id: str) -> int:
    """How many rows are linked to a user."""
    rows: Any = (await collector.export_user("shop", user_id))["rows"]
    return len(rows)


async def test_what_a_user_does_has_one_number_wherever_they_do_it(
    collector: EmbeddedCollector,
) -> None:
    """From two browsers the same; another user has another, nobody has none."""
    for handle in (HANDLE, OTHER):
        await collector.record(decision(linked(), handle=handle))
    await see(collector, MIRA)
    await see(collector, MIRA, OTHER, "B")
    await see(collector, NOAH, OTHER, "C")
    await see(collector, None, OTHER, "D")
    (mira,) = await numbers(collector)
    others = await numbers(collector, OTHER)
    assert mira in others
    assert None in others
    assert len({tuple(number) for number in others if number}) == 2
    assert (await count(collector, MIRA), await count(collector, NOAH)) == (2, 1)


async def test_a_site_that_is_none_is_said_to_be_none(
    collector: EmbeddedCollector, tmp_path: Path
) -> None:
    """A wrong name is no answer that nothing is kept; no key is drawn for it."""
    for ask in (collector.export_user, collector.erase_user):
        with pytest.raises(Refused, match="no site 'shp' here") as error:
            await ask("shp", MIRA)
        assert error.value.reason == Reason.NO_SUCH_SITE
    assert not [file for file in (tmp_path / "data").rglob("*") if "shp" in file.name]


async def test_the_id_is_nowhere(collector: EmbeddedCollector, tmp_path: Path) -> None:
    """M18, M25: not in a file, nor what it was made into on its way."""
    await collector.record(decision(linked()))
    await see(collector, MIRA)
    token = user_tokens(await collector.keys("shop"), "shop", MIRA)[-1]
    written = bytes_of(tmp_path / "data")
    for secret in (MIRA.encode(), token.encode(), bytes.fromhex(token[5:])):
        assert secret not in written
    assert hashlib.sha256(MIRA.encode()).digest() not in written


async def test_who_agreed_to_less_or_to_nothing_is_not_linked(tmp_path: Path, clock: Clock) -> None:
    """M14, M20: no number is drawn for a refuser, for less detail, or where nobody asks for it."""
    collector = EmbeddedCollector(tmp_path / "data", now=clock, jobs=False)
    await collector.editions(linked())
    await see(collector, MIRA)
    await collector.record(decision(linked(), "save", {"statistics": 1}))
    await see(collector, MIRA, batch="B")
    await collector.editions(linked(0))
    await collector.record(decision(linked(0), handle=OTHER))
    await see(collector, NOAH, OTHER, "C")
    assert await numbers(collector) == await numbers(collector, OTHER) == [None]
    salts = collector.parts().salts
    for id in (MIRA, NOAH):
        token = user_tokens(await collector.keys("shop"), "shop", id)[-1]
        assert salts.find_user("shop", token) is None
    await collector.aclose()


async def test_what_a_receipt_cannot_find_is_linked_to_nobody(tmp_path: Path, clock: Clock) -> None:
    """M29: without a pseudonym a visitor's own erasure would leave the row, and whose it is."""
    levels = {**shipped("full").document["purposes"]["statistics"]["levels"], "user_id": 1}
    of_nobody = policy(purposes=purposes("full", statistics={"levels": {**levels, "visitor": 0}}))
    collector = EmbeddedCollector(tmp_path / "data", now=clock, jobs=False)
    await collector.editions(of_nobody)
    await collector.record(decision(of_nobody))
    await see(collector, MIRA)
    parts = collector.parts()
    assert sum(parts.events.counts(key).rows for key in parts.events.periods()) == 1
    assert await count(collector, MIRA) == 0
    await collector.aclose()


async def test_erasing_ends_the_link_for_good(collector: EmbeddedCollector, clock: Clock) -> None:
    """M48: no number of before is found by the id again; twice does no harm."""
    await collector.record(decision(linked()))
    await see(collector, MIRA)
    (before,) = await numbers(collector)
    for _ in range(2):
        await collector.erase_user("shop", MIRA)
    assert await count(collector, MIRA) == 0
    await see(collector, MIRA, batch="B")
    assert await count(collector, MIRA) == 1
    assert before in await numbers(collector)
    assert len({tuple(number) for number in await numbers(collector)}) == 2
    number = bytes.fromhex(before[0])
    assert number not in read_beside(*collector.parts().folder.path.glob("salts.db*"))


async def test_a_number_ends_after_a_year(collector: EmbeddedCollector, clock: Clock) -> None:
    """M28: whatever is kept then is linked to nobody; and nothing draws a new one by looking."""
    await collector.record(decision(linked()))
    await see(collector, MIRA)
    parts = collector.parts()
    token = user_tokens(await collector.keys("shop"), "shop", MIRA)[-1]
    clock.now += 365 * 86_400 - 1
    assert parts.salts.find_user("shop", token) is not None
    clock.now += 1
    assert parts.salts.find_user("shop", token) is None
    parts.salts.destroy_due(clock.now, parts.registry.calendar)
    clock.now -= 10
    assert parts.salts.find_user("shop", token) is None


async def test_a_key_that_came_later_changes_who_is_found_not_what(
    collector: EmbeddedCollector,
) -> None:
    """Each key of the site is tried: an erasure finds what was linked under the one before."""
    await collector.record(decision(linked()))
    await see(collector, MIRA)
    parts = collector.parts()
    parts.keys.rotate("site-shop")
    await see(collector, MIRA, batch="B")
    assert await count(collector, MIRA) == 2
    await collector.erase_user("shop", MIRA)
    assert await count(collector, MIRA) == 0


async def test_a_relay_asks_under_the_key_of_its_site(collector: EmbeddedCollector) -> None:
    """Another site's key finds nobody, and no key, or no token, is refused."""
    await collector.record(decision(linked()))
    await see(collector, MIRA)
    parts = collector.parts()
    parts.registry.publish(policy(site="club", origins=["https://club.example"]))
    events = open_events(parts, place=Locator.open(None), proxies=Proxies.of(()))
    own, club = (
        new_site_key(parts.engine, site, urandom=parts.urandom) for site in ("shop", "club")
    )
    token = user_tokens(await collector.keys("shop"), "shop", MIRA)[-1]
    transport = httpx.ASGITransport(collector_app(parts, events))
    async with httpx.AsyncClient(transport=transport, base_url="https://collector.example") as to:

        async def ask(key: str, user: str | None, method: str = "GET", path: str = "") -> Any:
            headers = {"authorization": f"Bearer {key}"} if key else {}
            headers |= {} if user is None else {"askfirst-user": user}
            answer = await to.request(method, f"/v1/users{path}", headers=headers)
            return answer.status_code, answer.json()

        assert len((await ask(own, token))[1]["rows"]) == 1
        assert len((await ask(own, f"user:{'0' * 64}, {token}"))[1]["rows"]) == 1
        assert await ask(club, token) == (200, {"rows": []})
        assert (await ask("wrong", token))[0] == (await ask("", token))[0] == 401
        for user in (None, "", "mira", f"{token},", ",".join([token] * 21)):
            assert (await ask(own, user))[0] == 422
        assert await ask(club, token, "POST", "/erase") == (200, {"done": True})
        assert await count(collector, MIRA) == 1
        assert await ask(own, token, "POST", "/erase") == (200, {"done": True})
    assert await count(collector, MIRA) == 0


async def test_the_command_shows_and_ends_it(collector: EmbeddedCollector, tmp_path: Path) -> None:
    """By the id itself, beside a running collector; of a site elsewhere by the file of its keys."""
    await collector.record(decision(linked()))
    await see(collector, MIRA)
    data = str(tmp_path / "data")
    # The folder's clock is the machine's for a command: the number has not ended by it.
    words = ("shop", MIRA, "--data", data)

    def run(*arguments: str) -> Any:
        return CliRunner().invoke(main, ["user", *arguments])

    shown = run("export", *words)
    assert shown.exit_code == 0, shown.output
    assert len(json.loads(shown.stdout)["rows"]) == 1
    assert run("export", "nowhere", MIRA, "--data", data).exit_code == 1
    missing = run("export", *words, "--cookie-keys", str(tmp_path / "none"))
    assert "is not there" in missing.output
    other = tmp_path / "other.keys"
    other.write_text("A" * 43 + "=\n")
    assert json.loads(run("export", *words, "--cookie-keys", str(other)).stdout)["rows"] == []
    assert "Nothing is linked" in run("erase", *words).output
    assert "Nothing was linked" in run("erase", *words).output
    assert await count(collector, MIRA) == 0
