"""Signing in with an OIDC provider: who gets in, and everything that is not believed."""

from __future__ import annotations

import html
import logging
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from joserfc.jwk import ECKey, OctKey

from askfirst_collector.config import SettingError
from askfirst_collector.dashboard.app import host_app
from askfirst_collector.dashboard.auth.oidc import SECONDS
from askfirst_collector.dashboard.auth.oidc_client import Provider, provider_of
from askfirst_collector.ledger.changes import changes
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.services import Services
from askfirst_collector.usecases.invitations import invite_member
from askfirst_collector.usecases.members import remove_member

from .conftest import BASE, ORIGIN, Clock, client_of, set_up
from .issuer import CLIENT, SECRET, Issuer

pytestmark = pytest.mark.anyio
FLOW = "__Host-askfirst-oidc"


@pytest.fixture
def issuer(clock: Clock) -> Iterator[Issuer]:
    with Issuer(clock).running() as running:
        yield running


@pytest.fixture
def app(parts: Services, issuer: Issuer) -> Any:
    return host_app(parts, provider=Provider(issuer.url, CLIENT, SECRET, ORIGIN + BASE, "Example"))


async def leave(client: httpx.AsyncClient, **fields: str) -> str:
    """Press the button; where the page leads to."""
    page = await client.post("/oidc/start", data=fields)
    assert page.status_code == 200, page.text
    found = re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', page.text)
    assert found is not None
    return html.unescape(found[1])


async def at_provider(address: str) -> str:
    """Be signed in there already; the path and query it sends the browser back to."""
    async with httpx.AsyncClient() as browser:
        answer = await browser.get(address)
    assert answer.status_code == 307
    back = urlsplit(answer.headers["location"])
    assert f"{back.scheme}://{back.netloc}{back.path}" == f"{ORIGIN}{BASE}/oidc/callback"
    return f"/oidc/callback?{back.query}"


async def come_back(client: httpx.AsyncClient, path: str) -> httpx.Response:
    headers = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    return await client.get(path, headers=headers)


async def sign_in(client: httpx.AsyncClient, **fields: str) -> httpx.Response:
    return await come_back(client, await at_provider(await leave(client, **fields)))


async def who(client: httpx.AsyncClient) -> str | None:
    page = await client.get("/account")
    found = re.search(r"<h1>([^<]*)</h1><p>([^<]*)</p>", page.text)
    return f"{found[1]}, {found[2]}" if page.status_code == 200 and found else None


async def test_whoever_is_not_invited_is_no_member(app: Any, parts: Services) -> None:
    """It never creates a member by itself."""
    async with client_of(app) as client:
        answer = await sign_in(client)
        assert answer.status_code == 403
        assert await who(client) is None
    assert parts.members.all() == ()


async def test_an_invitation_by_link_makes_the_member_once(
    app: Any, parts: Services, issuer: Issuer
) -> None:
    _, token = invite_member(parts, ON_THE_MACHINE, "reader", ["shop"])
    async with client_of(app) as client:
        assert (await sign_in(client, token=token)).status_code == 200
        assert await who(client) == "ida@example.org, Reader of shop"
    async with client_of(app) as again:
        assert (await sign_in(again)).status_code == 200
        assert await who(again) == "ida@example.org, Reader of shop"
    issuer.subject = "user-2"
    async with client_of(app) as other:
        assert (await sign_in(other, token=token)).status_code == 403
    assert [each.action for each in changes(parts.engine, 9)] == [
        "member.identity", "member.accept", "member.invite",
    ]  # fmt: skip


async def test_an_invitation_by_address_is_for_the_verified_address_alone(
    app: Any, parts: Services, issuer: Issuer
) -> None:
    made, token = invite_member(
        parts, ON_THE_MACHINE, "site-owner", ["shop"], email="Ida@Example.org"
    )
    for email, verified in (
        ("eve@example.org", True),
        ("ida@example.org", False),
        ("ida@example.org", None),
        ("ida@example.org", "true"),
        (None, True),
    ):
        issuer.email, issuer.email_verified = email, verified  # type: ignore[assignment]
        async with client_of(app) as client:
            assert (await sign_in(client)).status_code == 403
            assert (await sign_in(client, token=token)).status_code == 403
            link = {"token": token, "name": "eve", "password": "four quiet herons wade"}
            await client.post("/invitation", data={**link, "again": link["password"]})
            assert await who(client) is None
    assert parts.members.invitations.open() == (made,)
    issuer.email, issuer.email_verified = "ida@example.org", True
    async with client_of(app) as client:
        assert (await sign_in(client)).status_code == 200
        assert await who(client) == "ida@example.org, Site owner of shop"
    assert parts.members.invitations.open() == ()


async def test_a_member_is_known_by_subject_and_not_by_an_address_that_moved(
    app: Any, parts: Services, issuer: Issuer
) -> None:
    invite_member(parts, ON_THE_MACHINE, "reader", ["shop"], email="ida@example.org")
    async with client_of(app) as client:
        await sign_in(client)
    issuer.subject = "whoever got the address next"
    async with client_of(app) as client:
        assert (await sign_in(client)).status_code == 403
    issuer.subject, issuer.email = "user-1", "married@example.org"
    async with client_of(app) as client:
        assert (await sign_in(client)).status_code == 200


async def test_a_removed_member_stays_out(app: Any, parts: Services) -> None:
    invite_member(parts, ON_THE_MACHINE, "reader", ["shop"], email="ida@example.org")
    async with client_of(app) as client:
        await sign_in(client)
        remove_member(parts, ON_THE_MACHINE, "ida@example.org")
        assert await who(client) is None
        assert (await sign_in(client)).status_code == 403


async def test_a_member_joins_an_identity_from_their_account(
    app: Any, parts: Services, issuer: Issuer
) -> None:
    async with client_of(app) as client:
        await set_up(client, parts)
        page = (await client.get("/account")).text
        csrf = re.search(r'name="csrf" value="([0-9a-f]{64})"', page)
        assert csrf is not None
        for forged in ({}, {"csrf": "0" * 64}):
            answer = await client.post("/oidc/start", data={"join": "1", **forged})
            assert answer.status_code == 403
        assert (await sign_in(client, join="1", csrf=csrf[1])).status_code == 200
    async with client_of(app) as other:
        assert (await other.post("/oidc/start", data={"join": "1"})).status_code == 403
        assert (await sign_in(other)).status_code == 200
        assert await who(other) == "ada, Host admin"


async def test_nobody_takes_an_identity_from_its_member(app: Any, parts: Services) -> None:
    invite_member(parts, ON_THE_MACHINE, "reader", ["shop"], email="ida@example.org")
    async with client_of(app) as first:
        await sign_in(first)
    async with client_of(app) as client:
        await set_up(client, parts)
        csrf = re.findall(
            r'name="csrf" value="([0-9a-f]{64})"', (await client.get("/account")).text
        )
        assert (await sign_in(client, join="1", csrf=csrf[0])).status_code == 403
        assert await who(client) == "ada, Host admin"


async def test_an_answer_counts_in_the_browser_that_asked_alone(
    app: Any, parts: Services, issuer: Issuer
) -> None:
    """State: neither a planted answer, nor one without its cookie, nor a forged one signs in."""
    invite_member(parts, ON_THE_MACHINE, "reader", ["shop"], email="ida@example.org")
    async with client_of(app) as attacker, client_of(app) as victim:
        planted = await at_provider(await leave(attacker))
        assert (await come_back(victim, planted)).status_code == 400
        await leave(victim)
        assert (await come_back(victim, planted)).status_code == 400
        assert await who(victim) is None
        back = await at_provider(await leave(victim))
        assert (await come_back(victim, re.sub("state=[^&]+", "state=", back))).status_code == 400
        victim.cookies.set(FLOW, attacker.cookies[FLOW][:-2] + "AA", domain="shop.example")
        assert (await come_back(victim, planted)).status_code == 400
    assert issuer.asked == []


async def test_an_answer_counts_once(app: Any, parts: Services, issuer: Issuer) -> None:
    invite_member(parts, ON_THE_MACHINE, "reader", ["shop"], email="ida@example.org")
    async with client_of(app) as client:
        back = await at_provider(await leave(client))
        kept = client.cookies[FLOW]
        assert (await come_back(client, back)).status_code == 200
        assert FLOW not in client.cookies
        client.cookies.set(FLOW, kept, domain="shop.example", path="/")
        assert (await come_back(client, back)).status_code == 502


@pytest.mark.parametrize(
    "lie",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "another client"},
        {"aud": [CLIENT, "another"], "azp": "another"},
        {"aud": []},
        {"iss": "https://evil.example"},
        {"exp": 1},
        {"exp": None},
        {"iat": 4_000_000_000},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 256},
        {"nbf": 4_000_000_000},
    ],
    ids=str,
)
async def test_an_id_token_for_anything_else_is_not_believed(
    app: Any, parts: Services, issuer: Issuer, lie: dict[str, Any]
) -> None:
    """Nonce, audience, issuer and times are checked (OpenID Connect Core, 3.1.3.7)."""
    invite_member(parts, ON_THE_MACHINE, "host-admin", [], email="ida@example.org")
    issuer.lies = lie
    async with client_of(app) as client:
        assert (await sign_in(client)).status_code == 502
        assert await who(client) is None
    assert parts.members.all() == ()


async def test_a_key_that_is_not_the_providers_signs_nothing(
    app: Any, parts: Services, issuer: Issuer
) -> None:
    """Not another key, not the client secret (HS256), not none."""
    invite_member(parts, ON_THE_MACHINE, "host-admin", [], email="ida@example.org")
    forged = [
        (ECKey.generate_key("P-256", {"kid": "one"}), {}),
        (OctKey.import_key(SECRET * 4), {"alg": "HS256"}),
    ]
    for key, header in forged:
        issuer.signing, issuer.header = key, header
        async with client_of(app) as client:
            assert (await sign_in(client)).status_code == 502
    assert parts.members.all() == ()


async def test_the_answer_of_another_issuer_is_not_taken(
    app: Any, parts: Services, issuer: Issuer
) -> None:
    """RFC 9207: mix-up."""
    invite_member(parts, ON_THE_MACHINE, "reader", ["shop"], email="ida@example.org")
    async with client_of(app) as client:
        for other in ("&iss=https%3A%2F%2Fevil.example", ""):
            back = re.sub(r"&iss=[^&]+", "", await at_provider(await leave(client))) + other
            assert (await come_back(client, back)).status_code == 502
    assert issuer.asked == []


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://evil.example/token"},
        {"jwks_uri": None},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
    ids=str,
)
async def test_metadata_that_leads_elsewhere_is_not_followed(
    app: Any, issuer: Issuer, metadata: dict[str, Any]
) -> None:
    issuer.metadata = metadata
    async with client_of(app) as client:
        assert (await client.post("/oidc/start")).status_code == 502


async def test_a_provider_that_is_away_is_said_and_the_password_works(
    parts: Services, caplog: pytest.LogCaptureFixture
) -> None:
    provider = Provider("http://127.0.0.1:9", CLIENT, SECRET, ORIGIN + BASE, "Example")
    async with client_of(host_app(parts, provider=provider)) as client:
        with caplog.at_level(logging.DEBUG, "askfirst.collector"):
            assert (await client.post("/oidc/start")).status_code == 502
        assert "askfirst.W160" in caplog.text
        assert (await set_up(client, parts)).status_code == 303
        page = (await client.get("/account")).text
    assert "Join with Example" in page


async def test_a_member_without_a_password_cannot_be_guessed(app: Any, parts: Services) -> None:
    invite_member(parts, ON_THE_MACHINE, "reader", ["shop"], email="ida@example.org")
    async with client_of(app) as client:
        await sign_in(client)
    for password in ("", "x", "ida@example.org"):
        assert parts.members.check("ida@example.org", password) is None
    assert not parts.members.has_password("ida@example.org")


async def test_two_people_of_one_name_get_two_names(
    app: Any, parts: Services, issuer: Issuer
) -> None:
    issuer.email_verified = False
    for subject in ("user-1", "user-2"):
        issuer.subject, issuer.lies = subject, {"preferred_username": "Ida"}
        _, token = invite_member(parts, ON_THE_MACHINE, "reader", ["shop"])
        async with client_of(app) as client:
            assert (await sign_in(client, token=token)).status_code == 200
    assert [each.name for each in parts.members.all()] == ["Ida", "Ida 2"]


async def test_the_cookie_of_the_way_there_is_short_lived_and_out_of_reach(app: Any) -> None:
    async with client_of(app) as client:
        answer = await client.post("/oidc/start")
        cookie = answer.headers["set-cookie"].lower()
    assert {"httponly", "secure", "path=/", "samesite=lax", f"max-age={SECONDS}"} <= {
        part.strip() for part in cookie.split(";")[1:]
    }
    assert SECRET not in answer.text


@pytest.mark.parametrize(
    "settings",
    [
        {"ISSUER": "http://sso.example"},
        {"ISSUER": "sso.example"},
        {"URL": ""},
        {"URL": "http://stats.example/askfirst/host"},
        {"CLIENT": ""},
        {"ISSUER": "https://sso.example/?x=1"},
    ],
    ids=str,
)
def test_a_provider_that_cannot_be_used_is_said_at_start(settings: dict[str, str]) -> None:
    right = {
        "ISSUER": "https://sso.example", "CLIENT": "c", "SECRET": "s",
        "URL": "https://stats.example/askfirst/host",
    }  # fmt: skip
    found = provider_of({f"ASKFIRST_OIDC_{name}": each for name, each in right.items()})
    assert found is not None
    assert found.callback == "https://stats.example/askfirst/host/oidc/callback"
    assert provider_of({}) is None
    with pytest.raises(SettingError) as raised:
        provider_of({f"ASKFIRST_OIDC_{name}": each for name, each in {**right, **settings}.items()})
    assert raised.value.code == "askfirst.E160"
