"""Coming in: the link that works once, and everything that tries to come in without it."""

from __future__ import annotations

import re

import httpx
import pytest
from starlette.types import ASGIApp

from askfirst.observe.proxies import Proxies
from askfirst_collector.dashboard.app import host_app
from askfirst_collector.members.login_attempts import FREE_TRIES
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.members.sessions import LARGEST_SESSION_COUNT, SESSION_SECONDS
from askfirst_collector.services import Services
from askfirst_collector.usecases.links import create_set_up_link
from tests.unit.dashboard.conftest import BASE, ORIGIN, PASSWORD, Clock, client_of, set_up, sign_in

pytestmark = pytest.mark.anyio
COOKIE = "__Host-askfirst-host"


async def test_the_link_makes_the_first_account_and_signs_in(
    client: httpx.AsyncClient, parts: Services
) -> None:
    answer = await set_up(client, parts)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{BASE}/")
    assert (await client.get("/account")).status_code == 200
    assert parts.members.any()


async def test_looking_at_the_link_does_not_use_it_up(
    client: httpx.AsyncClient, parts: Services
) -> None:
    """A mail scanner or a prefetching browser must not lock the admin out."""
    token = create_set_up_link(parts, ON_THE_MACHINE)
    for _ in range(3):
        assert (await client.get("/setup", params={"token": token})).status_code == 200
    assert parts.members.link_works(token)


async def test_a_used_link_makes_no_second_account(
    dashboard: ASGIApp, client: httpx.AsyncClient, parts: Services
) -> None:
    token = create_set_up_link(parts, ON_THE_MACHINE)
    fields = {"token": token, "name": "ada", "password": PASSWORD, "again": PASSWORD}
    assert (await client.post("/setup", data=fields)).status_code == 303
    async with client_of(dashboard) as other:
        answer = await other.post("/setup", data={**fields, "name": "mallory"})
        assert answer.status_code == 410
        assert COOKIE not in other.cookies
        assert (await sign_in(other, name="mallory")).status_code == 401


async def test_a_newer_link_ends_the_older(client: httpx.AsyncClient, parts: Services) -> None:
    old = create_set_up_link(parts, ON_THE_MACHINE)
    create_set_up_link(parts, ON_THE_MACHINE)
    assert (await client.get("/setup", params={"token": old})).status_code == 410


async def test_a_link_resets_a_known_account_and_ends_its_sessions(
    dashboard: ASGIApp, client: httpx.AsyncClient, parts: Services
) -> None:
    """Whoever has the machine takes the account back, also from a thief who is signed in."""
    await set_up(client, parts)
    async with client_of(dashboard) as owner:
        fields = {"token": create_set_up_link(parts, ON_THE_MACHINE), "name": "ada"}
        words = "another set of herons"
        answer = await owner.post("/setup", data={**fields, "password": words, "again": words})
        assert answer.status_code == 303
    assert (await client.get("/account")).status_code == 303
    assert (await sign_in(client)).status_code == 401


@pytest.mark.parametrize(
    ("password", "again"),
    [
        ("short", "short"),
        ("aaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaa"),
        ("adaadaadaadaada", "adaadaadaadaada"),
        ("x" * 200 + "yzabc" * 20, "x" * 200 + "yzabc" * 20),
        (PASSWORD, PASSWORD + "!"),
    ],
)
async def test_a_weak_password_is_refused_and_leaves_the_link(
    client: httpx.AsyncClient, parts: Services, password: str, again: str
) -> None:
    token = create_set_up_link(parts, ON_THE_MACHINE)
    fields = {"token": token, "name": "ada", "password": password, "again": again}
    assert (await client.post("/setup", data=fields)).status_code == 422
    assert parts.members.link_works(token)
    assert not parts.members.any()


@pytest.mark.parametrize(
    "path",
    ["/", "/account", "/sites/shop", "/sites/shop/policy", "/sites/shop/editions", "/sites/x.csv"],
)
async def test_nobody_sees_a_page_without_signing_in(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    after = "" if path == "/" else f"?to={path}"
    assert (answer.status_code, answer.headers["location"]) == (303, f"{BASE}/sign-in{after}")


async def test_the_session_cookie_is_bound_to_the_host_and_out_of_reach(
    client: httpx.AsyncClient, parts: Services
) -> None:
    cookie = (await set_up(client, parts)).headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert {"path=/", "secure", "httponly", "samesite=strict"} <= attributes
    assert not any(part.startswith("domain") for part in attributes)


async def test_a_form_of_another_origin_is_refused(
    client: httpx.AsyncClient, parts: Services
) -> None:
    await set_up(client, parts)
    token = create_set_up_link(parts, ON_THE_MACHINE)
    fields = {"token": token, "name": "ada", "password": PASSWORD, "again": PASSWORD}
    fields["csrf"] = await _csrf(client)
    foreign = [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"sec-fetch-site": "cross-site", "origin": ORIGIN},
        {"sec-fetch-site": "", "origin": "https://evil.example"},
        {"sec-fetch-site": "", "origin": "null"},
    ]
    for headers in foreign:
        for path in ("/setup", "/sign-in", "/sign-out", "/account"):
            answer = await client.post(path, data=fields, headers=headers)
            assert answer.status_code == 403, (headers, path)
    assert parts.members.link_works(token)
    assert (await client.get("/account")).status_code == 200


async def test_an_old_browser_is_told_by_its_origin(
    dashboard: ASGIApp, client: httpx.AsyncClient, parts: Services
) -> None:
    await set_up(client, parts)
    async with client_of(dashboard) as old:
        del old.headers["sec-fetch-site"]
        fields = {"name": "ada", "password": PASSWORD}
        assert (await old.post("/sign-in", data=fields)).status_code == 403
        answer = await old.post("/sign-in", data=fields, headers={"origin": ORIGIN})
        assert answer.status_code == 303


async def test_a_form_needs_the_token_of_its_own_session(
    dashboard: ASGIApp, client: httpx.AsyncClient, parts: Services
) -> None:
    await set_up(client, parts)
    async with client_of(dashboard) as other:
        await sign_in(other)
        page = (await other.get("/account")).text
    foreign = re.search(r'name="csrf" value="([0-9a-f]{64})"', page)
    assert foreign is not None
    for csrf in ({}, {"csrf": ""}, {"csrf": "0" * 64}, {"csrf": foreign[1]}, {"csrf": "ü"}):
        assert (await client.post("/sign-out", data=csrf)).status_code == 403
    assert (await client.get("/account")).status_code == 200


async def test_signing_in_never_takes_over_a_cookie_that_was_there(
    dashboard: ASGIApp, client: httpx.AsyncClient, parts: Services
) -> None:
    """Session fixation: what an attacker planted does not become a session."""
    await set_up(client, parts)
    async with client_of(dashboard) as attacker:
        await sign_in(attacker)
        planted = attacker.cookies[COOKIE]
    async with client_of(dashboard) as victim:
        victim.cookies.set(COOKIE, planted, domain="shop.example")
        answer = await sign_in(victim)
        assert planted not in answer.headers["set-cookie"]


@pytest.mark.parametrize("forged", ["", "x", "a.b.c", "é", "0" * 5000])
async def test_a_made_up_cookie_is_nobody(
    client: httpx.AsyncClient, parts: Services, forged: str
) -> None:
    await set_up(client, parts)
    real = client.cookies[COOKIE]
    client.cookies.clear()
    for value in (forged, real[:-1], real + "A", f"{real.split('.')[0]}.{forged}"):
        answer = await client.get("/account", headers={b"cookie": f"{COOKIE}={value}".encode()})
        assert answer.status_code == 303


async def test_signing_out_ends_the_session_on_the_server(
    client: httpx.AsyncClient, parts: Services
) -> None:
    await set_up(client, parts)
    kept = client.cookies[COOKIE]
    csrf = await _csrf(client)
    assert (await client.post("/sign-out", data={"csrf": csrf})).status_code == 303
    client.cookies.set(COOKIE, kept, domain="shop.example")
    assert (await client.get("/account")).status_code == 303


async def test_signing_out_everywhere_ends_the_others(
    dashboard: ASGIApp, client: httpx.AsyncClient, parts: Services
) -> None:
    await set_up(client, parts)
    async with client_of(dashboard) as other:
        await sign_in(other)
        await client.post("/sign-out", data={"csrf": await _csrf(client), "everywhere": "1"})
        assert (await other.get("/account")).status_code == 303


async def test_a_session_ends_by_itself(
    client: httpx.AsyncClient, parts: Services, clock: Clock
) -> None:
    await set_up(client, parts)
    clock.now += SESSION_SECONDS - 1
    assert (await client.get("/account")).status_code == 200
    clock.now += 2
    assert (await client.get("/account")).status_code == 303


async def test_a_member_has_a_bounded_number_of_sessions(
    dashboard: ASGIApp, client: httpx.AsyncClient, parts: Services, clock: Clock
) -> None:
    await set_up(client, parts)
    for _ in range(LARGEST_SESSION_COUNT):
        clock.now += 1
        async with client_of(dashboard) as other:
            assert (await sign_in(other)).status_code == 303
    assert (await client.get("/account")).status_code == 303


async def test_changing_the_password_ends_every_other_session(
    dashboard: ASGIApp, client: httpx.AsyncClient, parts: Services
) -> None:
    await set_up(client, parts)
    async with client_of(dashboard) as other:
        await sign_in(other)
        words = "a new row of words"
        fields = {"csrf": await _csrf(client), "password": words, "again": words}
        wrong = await client.post("/account", data={**fields, "present": "not this one, no"})
        assert wrong.status_code == 422
        right = await client.post("/account", data={**fields, "present": PASSWORD})
        assert right.status_code == 303
        assert (await client.get("/account")).status_code == 200
        assert (await other.get("/account")).status_code == 303


async def test_guessing_gets_slow_for_the_network_on_any_account(
    dashboard: ASGIApp, client: httpx.AsyncClient, parts: Services
) -> None:
    await set_up(client, parts)
    codes = []
    for at in range(FREE_TRIES + 1):
        async with client_of(dashboard, address=f"198.51.100.{at}") as guesser:
            codes.append((await sign_in(guesser, name=f"name-{at}")).status_code)
    assert codes == [401] * FREE_TRIES + [429]


async def test_an_unknown_name_is_told_nothing_else_than_a_wrong_password(
    client: httpx.AsyncClient, parts: Services
) -> None:
    await set_up(client, parts)
    client.cookies.clear()
    wrong = await sign_in(client, password="not the password")
    unknown = await sign_in(client, name="bob")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.text.replace('value="ada"', "") == unknown.text.replace('value="bob"', "")


async def test_the_site_s_own_scripts_do_not_read_the_dashboard(
    client: httpx.AsyncClient, parts: Services
) -> None:
    """Trust: it has the site's origin, so a script there would see figures and tokens of forms."""
    await set_up(client, parts)
    for path in ("/", "/account", "/sites/shop", "/sign-in"):
        for mode in ("cors", "no-cors", "same-origin"):
            answer = await client.get(path, headers={"sec-fetch-mode": mode})
            assert answer.status_code == 403
            assert "csrf" not in answer.text
    opened = await client.get("/account", headers={"sec-fetch-mode": "navigate"})
    assert opened.status_code == 200
    style = await client.get("/static/host.css", headers={"sec-fetch-mode": "no-cors"})
    assert style.status_code == 200


async def test_a_network_is_the_visitor_s_behind_a_proxy(
    parts: Services, client: httpx.AsyncClient
) -> None:
    """Whoever guesses behind the same proxy slows down themselves, and nobody else there."""
    await set_up(client, parts)
    app = host_app(parts, Proxies.of(["10.0.0.1"]))
    async with client_of(app, address="10.0.0.1") as guesser:
        guesser.headers["x-forwarded-for"] = "198.51.100.9"
        for number in range(FREE_TRIES):
            assert (await sign_in(guesser, name=f"nobody{number}")).status_code == 401
        assert (await sign_in(guesser, name="another")).status_code == 429
    async with client_of(app, address="10.0.0.1") as admin:
        admin.headers["x-forwarded-for"] = "192.0.2.44"
        assert (await sign_in(admin)).status_code == 303


async def test_names_are_escaped(client: httpx.AsyncClient, parts: Services) -> None:
    await set_up(client, parts)
    client.cookies.clear()
    answer = await sign_in(client, name='"><b>x</b>')
    assert "<b>x</b>" not in answer.text


async def test_every_answer_has_the_headers_of_a_careful_site(
    client: httpx.AsyncClient, parts: Services
) -> None:
    await set_up(client, parts)
    for path in ("/sign-in", "/account", "/nope", "/static/host.css", "/static/nope"):
        headers = (await client.get(path)).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        expected = "max-age=3600" if path.startswith("/static/") else "no-store"
        assert headers["cache-control"] == expected


@pytest.mark.file
async def test_nothing_secret_is_stored_as_it_is(
    client: httpx.AsyncClient, parts: Services
) -> None:
    token = create_set_up_link(parts, ON_THE_MACHINE)
    fields = {"token": token, "name": "ada", "password": PASSWORD, "again": PASSWORD}
    await client.post("/setup", data=fields)
    session = client.cookies[COOKIE].split(".")[0]
    kept = b"".join(path.read_bytes() for path in parts.folder.path.glob("ledger.db*"))
    for secret in (token, PASSWORD, session):
        assert secret.encode() not in kept


async def _csrf(client: httpx.AsyncClient) -> str:
    found = re.search(r'name="csrf" value="([0-9a-f]{64})"', (await client.get("/account")).text)
    assert found is not None
    return found[1]
