"""An owner of one site and a reader are refused everything of another. The dashboard."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from askfirst_collector.dashboard.app import host_routes

from .rows import DASHBOARD, HOST, OWN, SITE, Row, endpoints, of
from .world import BASE, CLUB, NOWHERE, PROVIDER, SHOP, World, world

pytestmark = pytest.mark.anyio
OTHERS = ("olive", "rob")  # of shop: nothing of club is theirs


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One that whoever is refused leaves as it is, so that it serves them all."""
    with world(tmp_path_factory.mktemp("world")) as made:
        yield made


async def ask(client: httpx.AsyncClient, row: Row, site: str = "") -> httpx.Response:
    """The request of a row, with the token of the form where it is one."""
    if row.method == "GET":
        return await client.get(row.address(site))
    page = (await client.get("/account")).text
    csrf = re.search(r'name="csrf" value="([0-9a-f]{64})"', page)
    fields = {**row.body, "csrf": csrf[1] if csrf else ""}
    files = {"file": ("input.csv", row.file.encode())} if row.file else None
    return await client.request(row.method, row.address(site), data=fields, files=files)


def test_every_endpoint_has_a_row(still: World) -> None:
    """Add a row to tests/system/isolation/rows.py for an endpoint that is named here."""
    found = endpoints(host_routes(still.parts, provider=PROVIDER))
    assert sorted(found) == sorted(row.endpoint for row in DASHBOARD)
    assert len(set(found)) == len(found)


@pytest.mark.parametrize(
    "row", of(DASHBOARD, SITE) + of(DASHBOARD, HOST) + of(DASHBOARD, OWN), ids=str
)
async def test_nobody_gets_in_without_signing_in(still: World, row: Row) -> None:
    async with still.browser(None) as client:
        answer = await ask(client, row, CLUB)
    if "." in row.path:
        assert answer.status_code == 401
        return
    assert answer.status_code == 303
    assert answer.headers["location"].partition("?")[0] == f"{BASE}/sign-in"


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("row", of(DASHBOARD, SITE), ids=str)
async def test_a_site_of_others_is_as_one_that_does_not_exist(
    still: World, row: Row, name: str
) -> None:
    async with still.browser(name) as client:
        before = still.state()
        other, none = await ask(client, row, CLUB), await ask(client, row, NOWHERE)
        assert other.status_code == none.status_code == 404
        assert other.text == none.text
        assert {**other.headers} == {**none.headers}
        assert still.state() == before


@pytest.mark.parametrize("row", of(DASHBOARD, SITE), ids=str)
async def test_the_rows_are_real_each_opens_for_whom_it_is(here: World, row: Row) -> None:
    """What is refused to others is there for the owner; a reader's part is what the row says."""
    for name, welcome in (("ada", True), ("carl", True), ("rita", row.reader)):
        here.renew_key()
        async with here.browser(name) as client:
            status = (await ask(client, row, CLUB)).status_code
        assert (status not in (403, 404)) is welcome, (name, status)
        assert welcome or status == 403


@pytest.mark.parametrize("name", [*OTHERS, "carl"])
@pytest.mark.parametrize("row", of(DASHBOARD, HOST), ids=str)
async def test_the_host_is_for_its_admins(still: World, row: Row, name: str) -> None:
    before = still.state()
    async with still.browser(name) as client:
        assert (await ask(client, row)).status_code == 403
    assert still.state() == before


@pytest.mark.parametrize("body", [b"", b"csrf=x", b"\xff", b"&" * 100, b"x" * 1_100_000])
@pytest.mark.parametrize(
    "row", [row for row in DASHBOARD if row.about in (SITE, HOST) and row.method != "GET"], ids=str
)
async def test_who_asks_is_judged_before_what_they_send(
    still: World, row: Row, body: bytes
) -> None:
    """A form that cannot be read tells nobody whether there is such a site."""
    answers = set()
    for name in OTHERS:
        async with still.browser(name) as client:
            for site in (CLUB, NOWHERE):
                answer = await client.request(row.method, row.address(site), content=body)
                answers.add((name, answer.status_code, answer.text))
    assert len(answers) == len(OTHERS)
    assert {status for _, status, _ in answers} == {404 if row.about == SITE else 403}


@pytest.mark.parametrize("row", of(DASHBOARD, HOST), ids=str)
async def test_a_host_admin_gets_through(here: World, row: Row) -> None:
    """The rows are real: what is refused to others is there."""
    async with here.browser("ada") as client:
        answer = await ask(client, row)
    assert answer.status_code < 400 or row.body == {"id": "0" * 16}
    assert answer.status_code != 403


@pytest.mark.parametrize("row", [r for r in of(DASHBOARD, OWN) if r.body], ids=str)
async def test_ids_of_others_are_as_ids_that_do_not_exist(here: World, row: Row) -> None:
    """A session and a token are found by their id under the one who asks alone."""
    async with here.browser("carl"), here.program("carl"):
        pass
    theirs = [*here.parts.members.sessions.of("carl"), *here.parts.members.tokens.of("carl")]
    assert len(theirs) == 2
    async with here.browser("olive") as client:
        for each in theirs:
            aimed = Row(row.method, row.path, row.about, row.fills, {"id": each.id})
            other, none = await ask(client, aimed), await ask(client, row)
            assert other.status_code == none.status_code == 404
            assert other.text == none.text
    assert [
        *here.parts.members.sessions.of("carl"),
        *here.parts.members.tokens.of("carl"),
    ] == theirs


@pytest.mark.parametrize("name", OTHERS)
async def test_no_page_names_a_site_of_others(still: World, name: str) -> None:
    """Menus and lists too."""
    async with still.browser(name) as client:
        for row in DASHBOARD:
            if row.method == "GET" and row.about in (SITE, OWN):
                answer = await client.get(row.address(SHOP), follow_redirects=True)
                assert CLUB not in answer.text, row
                assert "carl" not in answer.text, row


# Who has the word of a letter ends it from anywhere (RFC 8058): it is no form of a session.
ONE_CLICK = "/unsubscribe/{word}"


@pytest.mark.parametrize(
    "row", [r for r in DASHBOARD if r.method == "POST" and r.path != ONE_CLICK], ids=str
)
async def test_every_form_needs_the_token_of_the_session_and_our_own_origin(
    still: World, row: Row
) -> None:
    """CSRF: a page of another site, or one that guesses, changes nothing."""
    before = still.state()
    async with still.browser("ada") as client:
        path = row.address(SHOP)
        inside = row.about in (SITE, HOST, OWN)
        for headers in ({"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}):
            answer = await client.post(path, data=dict(row.body), headers=headers)
            assert answer.status_code == 403
        if inside:
            for csrf in ("", "0" * 64):
                answer = await client.post(path, data={**row.body, "csrf": csrf})
                assert answer.status_code == 403
    assert still.state() == before
