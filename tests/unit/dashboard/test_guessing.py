"""Guessing at somebody's password gets slow, and shuts nobody out who is known here."""

from __future__ import annotations

import re

import httpx
import pytest
from starlette.types import ASGIApp

from askfirst_collector.dashboard.auth import sign_in as entry
from askfirst_collector.members.login_attempts import FREE_TRIES, LONGEST_LINE
from askfirst_collector.services import Services

from .conftest import Clock, client_of, set_up, sign_in

pytestmark = pytest.mark.anyio
SESSION, KNOWN = "__Host-askfirst-host", "__Host-askfirst-known"
NETWORKS = 30


@pytest.fixture
def holds(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """For how long tries were held back; nobody waits here, so that many may at once."""
    found: list[float] = []

    async def noted(seconds: float) -> None:
        found.append(seconds)

    monkeypatch.setattr(entry, "sleep", noted)
    return found


async def guess(dashboard: ASGIApp, network: int, name: str = "ada") -> int:
    """One wrong password from a network of the one who guesses; the status."""
    async with client_of(dashboard, address=f"198.51.{network}.9") as guesser:
        return (await sign_in(guesser, name=name, password="not the password")).status_code


async def attack(dashboard: ASGIApp) -> None:
    """Five wrong passwords from each of 30 networks."""
    for at in range(NETWORKS * FREE_TRIES):
        assert await guess(dashboard, at % NETWORKS) in (401, 429)


def sign_out(client: httpx.AsyncClient) -> None:
    """The session ends with its cookie; that the browser is known stays."""
    client.cookies.delete(SESSION, domain="shop.example")


async def test_a_known_browser_gets_through_while_others_guess(
    dashboard: ASGIApp, client: httpx.AsyncClient, parts: Services, holds: list[float]
) -> None:
    """From another network than before, with a worker that knows none."""
    await set_up(client, parts)
    sign_out(client)
    await attack(dashboard)
    holds.clear()
    async with client_of(dashboard, address="192.0.2.1") as elsewhere:
        elsewhere.cookies = client.cookies
        assert (await sign_in(elsewhere)).status_code == 303
    assert holds == []


async def test_an_unknown_browser_is_slow_and_not_shut_out(
    dashboard: ASGIApp,
    client: httpx.AsyncClient,
    parts: Services,
    clock: Clock,
    holds: list[float],
) -> None:
    """Then one try a second: nobody got in, with the right password neither."""
    await set_up(client, parts)
    await attack(dashboard)
    guesses = 0
    for second in range(40):
        clock.now += 1
        guesses += await guess(dashboard, second % NETWORKS) == 401
    holds.clear()
    async with client_of(dashboard, address="192.0.2.1") as stranger:
        assert (await sign_in(stranger)).status_code == 303
    assert all(0 < hold <= LONGEST_LINE for hold in holds)
    assert guesses <= 40


async def test_the_network_of_who_came_in_a_moment_ago_stands_in_no_line(
    dashboard: ASGIApp, client: httpx.AsyncClient, parts: Services, holds: list[float]
) -> None:
    await set_up(client, parts)
    async with client_of(dashboard, address="192.0.2.1") as admin:
        assert (await sign_in(admin)).status_code == 303
    await attack(dashboard)
    holds.clear()
    async with client_of(dashboard, address="192.0.2.2") as another:
        assert (await sign_in(another)).status_code == 303
    assert holds == []


async def test_the_line_has_an_end_which_says_when_to_come_again(
    dashboard: ASGIApp, client: httpx.AsyncClient, parts: Services, holds: list[float]
) -> None:
    """However many networks guess, one account is tried once a second at most."""
    await set_up(client, parts)
    codes = [await guess(dashboard, at) for at in range(FREE_TRIES + LONGEST_LINE + 5)]
    assert codes == [401] * (FREE_TRIES + LONGEST_LINE) + [429] * 5
    assert holds == sorted(holds)
    async with client_of(dashboard, address="192.0.2.1") as stranger:
        answer = await sign_in(stranger)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) >= 1


async def test_a_known_browser_that_guesses_is_slowed_by_itself(
    dashboard: ASGIApp, client: httpx.AsyncClient, parts: Services, holds: list[float]
) -> None:
    await set_up(client, parts)
    sign_out(client)
    codes = [(await sign_in(client, password="wrong")).status_code for _ in range(FREE_TRIES + 2)]
    assert codes == [401] * FREE_TRIES + [429] * 2
    async with client_of(dashboard, address="192.0.2.1") as stranger:
        assert (await sign_in(stranger)).status_code == 303
    assert holds == []


async def test_being_known_opens_nothing_and_names_nobody(
    dashboard: ASGIApp, client: httpx.AsyncClient, parts: Services, holds: list[float]
) -> None:
    """Only for the one who was signed in there; not by another cookie, nor a changed one."""
    answer = await set_up(client, parts)
    (cookie,) = [each for each in answer.headers.get_list("set-cookie") if KNOWN in each]
    for attribute in ("HttpOnly", "Secure", "SameSite=strict", "Path=/"):
        assert attribute in cookie
    age = re.search(r"Max-Age=(\d+)", cookie)
    assert age
    assert int(age[1]) <= 400 * 86_400
    assert "ada" not in cookie
    known = client.cookies[KNOWN]
    sign_out(client)
    assert (await client.get("/account")).status_code == 303
    await attack(dashboard)
    for at in range(LONGEST_LINE + FREE_TRIES):
        await guess(dashboard, at + NETWORKS)
        await guess(dashboard, at + NETWORKS, name="bob")
    for name, value in (
        ("ada", f"x{known}"),
        ("ada", client.cookies.get(SESSION) or "x"),
        ("ada", "." * 200),
        ("bob", known),
    ):
        async with client_of(dashboard, address="192.0.2.1") as forger:
            forger.cookies.set(KNOWN, value, domain="shop.example")
            assert (await sign_in(forger, name=name)).status_code == 429


async def test_a_member_changes_their_password_while_others_guess(
    dashboard: ASGIApp, client: httpx.AsyncClient, parts: Services, holds: list[float]
) -> None:
    await set_up(client, parts)
    await attack(dashboard)
    csrf = re.search(r'name="csrf" value="([0-9a-f]+)"', (await client.get("/account")).text)
    assert csrf
    new = "five quiet herons wade"
    fields = {"csrf": csrf[1], "present": "four quiet herons wade", "password": new, "again": new}
    assert (await client.post("/account", data=fields)).status_code == 303
