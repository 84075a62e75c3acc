"""Members in the dashboard: invited, changed, removed; sessions and tokens ended one by one."""

from __future__ import annotations

import html
import re
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp

from askfirst_collector.ledger.changes import changes
from askfirst_collector.members.permissions import SCOPES, Member
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.services import Services
from askfirst_collector.usecases.account import create_token
from askfirst_collector.usecases.invitations import invite_member

from .conftest import BASE, ORIGIN, PASSWORD, client_of, set_up, sign_in

pytestmark = pytest.mark.anyio
COOKIE = "__Host-askfirst-host"
HOSTILE = '"><img src=x onerror=alert(1)>'


async def post(client: httpx.AsyncClient, path: str, **fields: Any) -> httpx.Response:
    """A form of our own pages, with the token of the session."""
    page = (await client.get("/account")).text
    csrf = re.search(r'name="csrf" value="([0-9a-f]{64})"', page)
    assert csrf is not None
    return await client.post(path, data={"csrf": csrf[1], **fields})


def shown(page: str, id: str) -> str:
    """What a page shows once."""
    found = re.search(rf'<p class="secret" id="{id}">([^<]+)</p>', page)
    assert found is not None, page
    return html.unescape(found[1])


async def join(
    parts: Services, client: httpx.AsyncClient, name: str, role: str, *sites: str
) -> None:
    """Accept an invitation in this browser."""
    _, token = invite_member(parts, ON_THE_MACHINE, role, sites)
    answer = await client.post("/invitation", data=accepting(token, name))
    assert answer.status_code == 303, answer.text


def accepting(token: str, name: str) -> dict[str, str]:
    return {"token": token, "name": name, "password": PASSWORD, "again": PASSWORD}


async def test_an_invitation_goes_from_page_to_page(
    dashboard: ASGIApp, client: httpx.AsyncClient, parts: Services
) -> None:
    """Invitation links that work once, and name role and sites."""
    await set_up(client, parts)
    fields = {"role": "site-owner", "site.shop": "1", "more": "blog, news"}
    page = await post(client, "/members/invite", **fields)
    link = shown(page.text, "link")
    assert link.startswith(f"{ORIGIN}{BASE}/invitation?token=")
    assert link not in (await client.get("/members")).text
    async with client_of(dashboard) as invited:
        page = await invited.get(link)
        assert "site owner of blog, news, shop" in page.text
        token = link.partition("token=")[2]
        assert (
            await invited.post("/invitation", data=accepting(token, "olive"))
        ).status_code == 303
        assert (await invited.get("/account")).status_code == 200
        assert (await invited.get(link)).status_code == 410
    async with client_of(dashboard) as late:
        answer = await late.post("/invitation", data=accepting(token, "eve"))
        assert answer.status_code == 410
        assert COOKIE not in late.cookies
    assert parts.members.get("olive") == Member(
        "olive", "site-owner", frozenset({"shop", "blog", "news"})
    )


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"password": "short", "again": "short"}, 422),
        ({"again": PASSWORD + "!"}, 422),
        ({"name": "ADA"}, 422),
        ({"name": ""}, 422),
        ({"token": "0" * 64}, 410),
        ({"token": ""}, 410),
    ],
)
async def test_what_is_wrong_leaves_the_link_and_makes_nobody(
    dashboard: ASGIApp,
    client: httpx.AsyncClient,
    parts: Services,
    fields: dict[str, str],
    status: int,
) -> None:
    await set_up(client, parts)
    _, token = invite_member(parts, ON_THE_MACHINE, "reader", ["shop"])
    async with client_of(dashboard) as invited:
        answer = await invited.post("/invitation", data={**accepting(token, "rob"), **fields})
        assert answer.status_code == status
        assert COOKIE not in invited.cookies
    assert parts.members.invitations.find(token) is not None
    assert len(parts.members.all()) == 1


@pytest.mark.file
async def test_a_session_is_bound_to_the_browser_it_began_in(
    dashboard: ASGIApp, client: httpx.AsyncClient, parts: Services
) -> None:
    """A cookie that turns up in another browser opens nothing, and ends there."""
    await set_up(client, parts)
    client.headers["user-agent"] = "Mozilla/5.0 Firefox/149.0"
    assert (await sign_in(client)).status_code == 303
    client.headers["user-agent"] = "Mozilla/5.0 Firefox/150.1"
    assert (await client.get("/account")).status_code == 200, "an update of the browser"
    stolen = client.cookies[COOKIE]
    for other in ({"user-agent": "Mozilla/5.0 Chrome/149.0"}, {"accept-language": "fr"}):
        await sign_in(client)
        stolen = client.cookies[COOKIE]
        async with client_of(dashboard) as thief:
            thief.headers.update({"user-agent": client.headers["user-agent"], **other})
            thief.cookies.set(COOKIE, stolen, domain="shop.example", path="/")
            assert (await thief.get("/account")).status_code == 303
        assert (await client.get("/account")).status_code == 303
    kept = b"".join(path.read_bytes() for path in parts.folder.path.glob("ledger.db*"))
    assert b"Firefox" not in kept
    assert b"203.0.113" not in kept


async def test_sessions_end_one_by_one(
    dashboard: ASGIApp, client: httpx.AsyncClient, parts: Services
) -> None:
    """Revocable one by one; a line of the list says the day it began, and nothing of where."""
    await set_up(client, parts)
    (own,) = parts.members.sessions.of("ada")
    async with client_of(dashboard) as other, client_of(dashboard) as third:
        await sign_in(other)
        await sign_in(third)
        page = (await client.get("/account")).text
        assert page.count("18 Nov 2026") >= 3
        assert page.count('<span class="tag on">this browser</span>') == 1
        assert "203.0.113" not in page
        theirs = next(each for each in parts.members.sessions.of("ada") if each.id != own.id)
        assert (await post(client, "/account/sessions", id=theirs.id)).status_code == 303
        codes = [(await each.get("/account")).status_code for each in (client, other, third)]
        assert sorted(codes) == [200, 200, 303]
        assert codes[0] == 200
        assert (await post(client, "/account/sessions", id=theirs.id)).status_code == 404


async def test_an_admin_ends_a_session_and_a_token_of_a_member(
    dashboard: ASGIApp, client: httpx.AsyncClient, parts: Services
) -> None:
    await set_up(client, parts)
    async with client_of(dashboard) as rob:
        await join(parts, rob, "rob", "reader", "shop")
        member = parts.members.get("rob")
        assert member is not None
        token, secret = create_token(parts, member, "ci", ["read"], days=1)
        (session,) = parts.members.sessions.of("rob")
        page = await client.get("/members/rob")
        assert session.id in page.text
        assert secret not in page.text
        assert (await post(client, "/members/rob/sessions", id=session.id)).status_code == 303
        assert (await post(client, "/members/rob/tokens", id=token.id)).status_code == 303
        assert (await rob.get("/account")).status_code == 303
    assert parts.members.tokens.member_of(secret) is None


async def test_a_role_change_takes_effect_while_a_session_is_open(
    dashboard: ASGIApp, client: httpx.AsyncClient, parts: Services
) -> None:
    await set_up(client, parts)
    async with client_of(dashboard) as anna:
        await join(parts, anna, "anna", "host-admin")
        assert (await anna.get("/members")).status_code == 200
        answer = await post(client, "/members/anna", role="reader", **{"site.shop": "1"})
        assert answer.status_code == 303
        assert (await anna.get("/members")).status_code == 403
        assert (await post(anna, "/members/anna", role="host-admin")).status_code == 403
        assert (await post(client, "/members/anna/remove")).status_code == 303
        assert (await anna.get("/account")).status_code == 303
    async with client_of(dashboard) as gone:
        assert (await sign_in(gone, name="anna")).status_code == 401


async def test_the_last_admin_is_told_so_on_the_page(
    client: httpx.AsyncClient, parts: Services
) -> None:
    await set_up(client, parts)
    for path, fields in (("/members/ada", {"role": "reader"}), ("/members/ada/remove", {})):
        answer = await post(client, path, **fields)
        assert answer.status_code == 409
        assert "Make somebody else a host admin first." in answer.text
    assert (await client.get("/members")).status_code == 200


async def test_a_token_is_shown_once(client: httpx.AsyncClient, parts: Services) -> None:
    await set_up(client, parts)
    fields = {f"scope.{scope}": "1" for scope in SCOPES}
    page = await post(client, "/account/tokens", name="ci", days="30", **fields)
    secret = shown(page.text, "token")
    found = parts.members.tokens.member_of(secret)
    assert found is not None
    assert found.scopes == set(SCOPES)
    listed = (await client.get("/account")).text
    assert secret not in listed
    assert ">ci</th>" in listed
    (token,) = parts.members.tokens.of("ada")
    assert (await post(client, "/account/tokens/end", id=token.id)).status_code == 303
    assert parts.members.tokens.member_of(secret) is None
    for wrong in ({"days": "30"}, {"scope.read": "1", "days": "x"}, {"scope.root": "1"}):
        assert (await post(client, "/account/tokens", name="ci", **wrong)).status_code == 422


async def test_the_audit_tells_what_changed_and_no_secret(
    client: httpx.AsyncClient, parts: Services
) -> None:
    await set_up(client, parts)
    page = await post(client, "/members/invite", role="reader", more="shop")
    token = shown(page.text, "link").partition("token=")[2]
    secret = shown(
        (await post(client, "/account/tokens", name=HOSTILE, days="7", **{"scope.read": "1"})).text,
        "token",
    )
    audit = (await client.get("/audit")).text
    assert "Made an API token" in audit
    assert "Invited" in audit
    # A name that somebody chose for a token is not kept for ever.
    assert html.escape(HOSTILE) not in audit.replace("&#34;", "&quot;")
    assert HOSTILE not in audit
    for each in (token, secret, PASSWORD):
        assert each not in audit
    assert len(changes(parts.engine, 99)) == 4
    older = await client.get("/audit", params={"before": "1"})
    assert "Invited" not in older.text
    for odd in ("-1", "x", "1" * 40, ""):
        assert (await client.get("/audit", params={"before": odd})).status_code == 200


async def test_a_name_is_never_markup(
    dashboard: ASGIApp, client: httpx.AsyncClient, parts: Services
) -> None:
    await set_up(client, parts)
    name = HOSTILE.replace("/", "")
    async with client_of(dashboard) as other:
        await join(parts, other, name, "reader", "shop")
        assert name not in (await other.get("/account")).text
    for path in ("/members", "/audit"):
        page = await client.get(path)
        assert page.status_code == 200
        assert name not in page.text
    links = re.findall(r'href="[^"]*(/members/[^"]+)"', (await client.get("/members")).text)
    assert {(await client.get(link)).status_code for link in links} == {200}
