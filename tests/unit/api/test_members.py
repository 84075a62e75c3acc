"""`/v1/admin/*` for members: what a program does with a token, and what hostile bodies get."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from askfirst_collector.ledger.changes import changes
from askfirst_collector.members.permissions import Member
from askfirst_collector.usecases.account import create_token
from askfirst_collector.usecases.invitations import accept_invitation, invite_member
from askfirst_collector.usecases.members import change_member
from tests.system.isolation.world import World, world

pytestmark = pytest.mark.anyio
PASSWORD = "four quiet herons wade"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


@pytest.fixture
async def ada(here: World) -> AsyncIterator[httpx.AsyncClient]:
    async with here.program("ada") as client:
        yield client


def problem(response: httpx.Response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == response.status_code
    return response.status_code, body["reason"]


async def test_a_token_says_whose_it_is_and_what_for(here: World) -> None:
    async with here.program("olive") as client:
        assert (await client.get("/v1/admin/me")).json() == {
            "name": "olive",
            "role": "site-owner",
            "sites": ["shop"],
            "scopes": ["admin", "read", "sites"],
        }


async def test_an_invitation_by_a_program_opens_in_the_browser(
    here: World, ada: httpx.AsyncClient
) -> None:
    made = await ada.post("/v1/admin/invitations", json={"role": "reader", "sites": ["shop"]})
    assert made.status_code == 201
    body = made.json()
    listed = (await ada.get("/v1/admin/invitations")).json()["invitations"]
    assert listed == [{name: each for name, each in body.items() if name != "path"}]
    token = body["path"].partition("token=")[2]
    async with here.browser(None) as browser:
        fields = {"token": token, "name": "ron", "password": PASSWORD, "again": PASSWORD}
        assert (await browser.post("/invitation", data=fields)).status_code == 303
    assert (await ada.get("/v1/admin/members/ron")).json() == {
        "name": "ron",
        "role": "reader",
        "sites": ["shop"],
    }
    gone = await ada.delete(f"/v1/admin/invitations/{body['id']}")
    assert problem(gone) == (404, "not-found")


async def test_members_are_listed_changed_and_removed(here: World, ada: httpx.AsyncClient) -> None:
    names = [each["name"] for each in (await ada.get("/v1/admin/members")).json()["members"]]
    assert names == ["ada", "carl", "olive", "rita", "rob"]
    put = await ada.put("/v1/admin/members/rob", json={"role": "site-owner", "sites": ["club"]})
    assert put.json() == {"name": "rob", "role": "site-owner", "sites": ["club"]}
    assert (await ada.delete("/v1/admin/members/rob")).status_code == 204
    assert problem(await ada.get("/v1/admin/members/rob")) == (404, "no-such-member")
    assert problem(await ada.delete("/v1/admin/members/ada")) == (409, "last-host-admin")
    demoted = await ada.put("/v1/admin/members/ada", json={"role": "reader", "sites": ["shop"]})
    assert problem(demoted) == (409, "last-host-admin")


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (b"", (400, "not-json")),
        (b"[]", (422, "bad-shape")),
        (b"{}", (422, "bad-shape")),
        (b'{"role":"root"}', (422, "bad-shape")),
        (b'{"role":"reader","sites":"shop"}', (422, "bad-shape")),
        (b'{"role":"reader","sites":["Shop"]}', (422, "bad-shape")),
        (b'{"role":"reader","sites":[]}', (422, "bad-shape")),
        (b'{"role":"reader","sites":["shop"],"admin":true}', (422, "unknown-field")),
        (b'{"role":"reader","role":"host-admin","sites":["shop"]}', (400, "duplicate-key")),
        (b'{"role":"reader","sites":["shop\\u0000"]}', (422, "bad-shape")),
        (b"\xff", (400, "not-utf-8")),
        (b"[" * 99, (400, "too-deep")),
        (b" " * 70_000, (413, "too-large")),
    ],
)
async def test_a_body_that_is_not_by_the_contract_is_refused(
    here: World, ada: httpx.AsyncClient, body: bytes, answer: tuple[int, str]
) -> None:
    before = here.state()
    headers = {"content-type": "application/json"}
    found = await ada.post("/v1/admin/invitations", content=body, headers=headers)
    assert problem(found) == answer
    assert here.state() == before


async def test_the_scope_of_a_token_bounds_it(here: World) -> None:
    """Scoped: `read` does not look after members, `sites` neither, and nobody widens themselves."""
    for scopes in (["read"], ["sites"], ["read", "sites"]):
        _, secret = create_token(here.parts, here.people["ada"], "narrow", scopes, days=1)
        async with here.program(None) as client:
            client.headers["authorization"] = f"Bearer {secret}"
            for method, path, body in (
                ("GET", "/v1/admin/members", None),
                ("POST", "/v1/admin/invitations", {"role": "host-admin"}),
                ("PUT", "/v1/admin/members/rob", {"role": "host-admin"}),
                ("GET", "/v1/admin/tokens", None),
                ("GET", "/v1/admin/changes", None),
            ):
                answer = await client.request(method, path, json=body)
                assert problem(answer) == (403, "not-allowed"), path
            expected = 200 if "read" in scopes else 403
            site = await client.get("/v1/admin/sites/shop/changes")
            assert site.status_code == expected


async def test_a_token_follows_its_member(here: World, ada: httpx.AsyncClient) -> None:
    """A role that changes counts at the next request of a token as well."""
    async with here.program("carl") as carl:
        assert (await carl.get("/v1/admin/sites/club/changes")).status_code == 200
        change_member(here.parts, here.people["ada"], "carl", "reader", ["shop"])
        assert (await carl.get("/v1/admin/sites/club/changes")).status_code == 404
        assert (await carl.get("/v1/admin/me")).json()["sites"] == ["shop"]
        await ada.delete("/v1/admin/members/carl")
        assert problem(await carl.get("/v1/admin/me")) == (401, "no-token")


async def test_changes_come_in_pages(here: World, ada: httpx.AsyncClient) -> None:
    """Every change by a program is in the ledger under its member's name."""
    for role in ("site-owner", "reader", "site-owner"):
        await ada.put("/v1/admin/members/rob", json={"role": role, "sites": ["shop"]})
    found: list[dict[str, Any]] = []
    while page := (await ada.get("/v1/admin/changes", params=_after(found))).json()["changes"]:
        found += page
    assert [each["index"] for each in found] == [
        each.index for each in changes(here.parts.engine, 99)
    ]
    changed = [each for each in found if each["action"] == "member.change"]
    assert [each["actor"] for each in changed] == ["ada"] * 3
    assert changed[0]["before"] == {"role": "reader", "sites": ["shop"]}
    for odd in ("0", "-1", "x", "201", "9" * 30, "²", ""):
        answer = await ada.get("/v1/admin/changes", params={"limit": odd})
        assert problem(answer) == (422, "bad-shape")


def _after(found: list[dict[str, Any]]) -> dict[str, Any]:
    return {"limit": 2, **({"before": found[-1]["index"]} if found else {})}


async def test_no_page_of_a_site_can_have_a_browser_ask(here: World) -> None:
    """No preflight is answered, and no answer may be read by another origin."""
    origin = {"origin": "https://shop.example", "access-control-request-method": "DELETE"}
    async with here.program("ada") as client:
        preflight = await client.options("/v1/admin/members/rob", headers=origin)
        assert preflight.status_code == 405
        read = await client.get("/v1/admin/members", headers=origin)
    for answer in (preflight, read):
        assert not [name for name in answer.headers if name.startswith("access-control")]
    assert read.headers["cache-control"] == "no-store"


async def test_a_member_with_an_odd_name_has_an_address(
    here: World, ada: httpx.AsyncClient
) -> None:
    name = 'Zoë %2e 😀 "x"'
    _, token = invite_member(here.parts, here.people["ada"], "reader", ["shop"])
    assert accept_invitation(here.parts, token, name, PASSWORD) == Member(
        name, "reader", frozenset({"shop"})
    )
    answer = await ada.get(f"/v1/admin/members/{quote(name, safe='')}")
    assert json.loads(answer.content)["name"] == name
