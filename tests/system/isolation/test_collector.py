"""An owner of one site and a reader are refused everything of another. `/v1/*`."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from askfirst_collector.api.visitors import Face
from askfirst_collector.app import EVENTS, collector_routes
from askfirst_collector.ingest.events import open_events
from askfirst_collector.usecases.account import create_token, end_token
from askfirst_collector.usecases.record_consent import record_now
from tests.support.collectors import decision, policy
from tests.support.site_keys import new_site_key

from .rows import COLLECTOR, HOST, KEY, OWN, SITE, Row, endpoints, of
from .world import CLUB, NOWHERE, SHOP, World, world

pytestmark = pytest.mark.anyio
OTHERS = ("olive", "rob")
NO_BODIES = (b"", b"{}", b"{", b"[[[[[[[[[[[[", b'{"a":1,"a":2}', b"\xff", b" " * 1_100_000)
SECRET_BYTES = b"0123456789abcdef"
SECRET = base64.urlsafe_b64encode(SECRET_BYTES).rstrip(b"=").decode()
HANDLE = hashlib.sha256(SECRET_BYTES).hexdigest()
CLUBS = policy(site=CLUB, origins=[f"https://{CLUB}.example"])


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
    """The request of a row."""
    body = dict(row.body) if row.body else None
    return await client.request(row.method, row.address(site), json=body)


def test_every_endpoint_has_a_row(still: World) -> None:
    """Add a row to tests/system/isolation/rows.py for an endpoint that is named here."""
    found = [
        ("POST", EVENTS),
        *endpoints([*collector_routes(still.parts, Face(still.parts, open_events(still.parts)))]),
    ]
    assert sorted(found) == sorted(row.endpoint for row in COLLECTOR)
    assert {row.path for row in of(COLLECTOR, KEY)} == set(UNDER_A_KEY)


@pytest.mark.parametrize(
    "row", of(COLLECTOR, SITE) + of(COLLECTOR, HOST) + of(COLLECTOR, OWN), ids=str
)
async def test_nothing_is_answered_without_a_token(still: World, row: Row) -> None:
    """A cookie, a site's key, a receipt, a token that ended: none of them is one."""
    key = new_site_key(still.parts.engine, CLUB, urandom=still.parts.urandom)
    ended, ended_secret = create_token(still.parts, still.people["ada"], "old", ["admin"], days=1)
    end_token(still.parts, still.people["ada"], "ada", ended.id)
    async with still.browser("ada") as browser:
        cookie = browser.headers["cookie"]
    for headers in (
        {},
        {"cookie": cookie},
        {"authorization": f"Bearer {key}"},
        {"authorization": f"Receipt {SECRET}"},
        {"authorization": f"Bearer {ended_secret}"},
        {"authorization": "Bearer askfirst_api_"},
        {"authorization": "Basic YWRhOmFkYQ=="},
    ):
        async with still.program(None) as client:
            client.headers.update(headers)
            answer = await ask(client, row, CLUB)
        assert (answer.status_code, answer.json()["reason"]) == (401, "no-token")


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("row", of(COLLECTOR, SITE), ids=str)
async def test_a_site_of_others_is_as_one_that_does_not_exist(
    still: World, row: Row, name: str
) -> None:
    async with still.program(name) as client:
        before = still.state()
        other, none = await ask(client, row, CLUB), await ask(client, row, NOWHERE)
    assert (other.status_code, other.json()["reason"]) == (404, "no-such-site")
    assert other.content == none.content
    assert still.state() == before


@pytest.mark.parametrize("row", of(COLLECTOR, SITE), ids=str)
async def test_the_rows_are_real_each_opens_for_whom_it_is(here: World, row: Row) -> None:
    for name, welcome in (("ada", True), ("carl", True), ("rita", row.reader)):
        here.renew_key()
        here.renew_webhooks()
        async with here.program(name) as client:
            status = (await ask(client, row, CLUB)).status_code
        assert (status not in (401, 403, 404)) is welcome, (name, status)
        assert welcome or status == 403


@pytest.mark.parametrize("name", [*OTHERS, "carl"])
@pytest.mark.parametrize("row", of(COLLECTOR, HOST), ids=str)
async def test_the_host_is_for_its_admins(still: World, row: Row, name: str) -> None:
    before = still.state()
    async with still.program(name) as client:
        answer = await ask(client, row)
    assert (answer.status_code, answer.json()["reason"]) == (403, "not-allowed")
    assert still.state() == before


@pytest.mark.parametrize("body", NO_BODIES, ids=lambda body: str(body[:9]))
@pytest.mark.parametrize(
    "row", [row for row in COLLECTOR if row.about in (SITE, HOST) and row.method != "GET"], ids=str
)
async def test_who_asks_is_judged_before_what_they_send(
    still: World, row: Row, body: bytes
) -> None:
    """A body that cannot be read tells nobody whether there is such a site."""
    before, answers = still.state(), {}
    for name in OTHERS:
        for json in ("application/json", "text/html"):
            async with still.program(name) as client:
                client.headers["content-type"] = json
                for site in (CLUB, NOWHERE):
                    answer = await client.request(row.method, row.address(site), content=body)
                    answers[name, json, site] = (answer.status_code, answer.content)
    (told,) = set(answers.values())
    assert told[0] == (404 if row.about == SITE else 403)
    assert still.state() == before


@pytest.mark.parametrize("body", NO_BODIES, ids=lambda body: str(body[:9]))
@pytest.mark.parametrize("path", ["/v1/consents", "/v1/events", "/v1/policies"])
async def test_a_wrong_key_is_one_whatever_is_sent(still: World, path: str, body: bytes) -> None:
    async with still.program(None) as client:
        client.headers.update({"authorization": "Bearer x", "content-type": "application/json"})
        answer = await client.post(path, content=body)
    assert (answer.status_code, answer.json()["reason"]) == (401, "wrong-key")


@pytest.mark.parametrize("row", of(COLLECTOR, HOST), ids=str)
async def test_a_host_admin_gets_through(here: World, row: Row) -> None:
    """The rows are real: what is refused to others is there."""
    async with here.program("ada") as client:
        answer = await ask(client, row)
    assert answer.status_code < 400 or answer.json()["reason"] in ("not-found", "policy-refused")


async def test_a_token_of_others_is_as_one_that_does_not_exist(here: World) -> None:
    async with here.program("carl"), here.program("olive") as client:
        (theirs,) = here.parts.members.tokens.of("carl")
        other = await client.delete(f"/v1/admin/tokens/{theirs.id}")
        none = await client.delete(f"/v1/admin/tokens/{'0' * 16}")
        assert other.status_code == none.status_code == 404
        assert other.content == none.content
        listed = (await client.get("/v1/admin/tokens")).text
    assert theirs.id not in listed
    assert here.parts.members.tokens.of("carl") == (theirs,)


@pytest.mark.parametrize("name", OTHERS)
async def test_no_answer_names_a_site_or_a_member_of_others(still: World, name: str) -> None:
    async with still.program(name) as client:
        for row in COLLECTOR:
            if row.method == "GET" and row.about in (SITE, OWN):
                answer = await client.get(row.address(SHOP))
                assert CLUB not in answer.text
                assert "carl" not in answer.text


# Of one site, by its key or its receipt


async def _consents(client: httpx.AsyncClient) -> tuple[int, str]:
    body = {"v": 2, "site": CLUB, "edition": CLUBS.hash, "lang": "en", "method": "accept_all"}
    answer = await client.post("/v1/consents", json={**body, "handle": "07" * 32})
    return answer.status_code, answer.json()["reason"]


async def _events(client: httpx.AsyncClient) -> tuple[int, str]:
    event = {"purpose": "statistics", "type": "page_view", "page": "/"}
    body = {"v": 1, "site": CLUB, "handle": HANDLE, "batch": "A" * 22, "events": [event]}
    answer = await client.post("/v1/events", json=body)
    return answer.status_code, answer.json()["reason"]


async def _policies(client: httpx.AsyncClient) -> tuple[int, str]:
    document = {**CLUBS.document, "refusal_days": 200}
    answer = await client.post("/v1/policies", json=document)
    return answer.status_code, answer.json()["reason"]


async def _terms(client: httpx.AsyncClient) -> tuple[int, str]:
    answer = await client.get("/v1/terms")
    assert CLUB not in answer.text
    return answer.status_code, answer.json()["site"]


def _right(verb: str) -> object:
    async def asked(client: httpx.AsyncClient) -> tuple[int, str]:
        method = "GET" if verb == "me" else "POST"
        address = f"/v1/rights/{verb}"
        other = await client.request(method, address, headers={"askfirst-handle": HANDLE})
        none = await client.request(method, address, headers={"askfirst-handle": "0" * 64})
        assert other.status_code == none.status_code
        return other.status_code, other.text.replace(HANDLE, "") if verb == "me" else "done"

    return asked


USER = "user:" + "5e" * 32  # somebody who is signed in at club


async def _users(client: httpx.AsyncClient) -> tuple[int, str]:
    answer = await client.get("/v1/users", headers={"askfirst-user": USER})
    return answer.status_code, answer.text


async def _user(client: httpx.AsyncClient) -> tuple[int, str]:
    answer = await client.post("/v1/users/erase", headers={"askfirst-user": USER})
    return answer.status_code, "done"


UNDER_A_KEY = {
    "/v1/events": (_events, (401, "wrong-key")),
    "/v1/consents": (_consents, (401, "wrong-key")),
    "/v1/policies": (_policies, (401, "wrong-key")),
    "/v1/terms": (_terms, (200, SHOP)),
    "/v1/rights/me": (_right("me"), None),
    "/v1/rights/withdraw": (_right("withdraw"), (200, "done")),
    "/v1/rights/restrict": (_right("restrict"), (200, "done")),
    "/v1/rights/erase": (_right("erase"), (200, "done")),
    "/v1/users": (_users, (200, '{"rows":[]}')),
    "/v1/users/erase": (_user, (200, "done")),
}


@pytest.mark.parametrize("path", UNDER_A_KEY)
async def test_the_key_of_one_site_opens_nothing_of_another(here: World, path: str) -> None:
    """A grant at club stays as it is, whatever the relay of shop asks about its handle."""
    given = decision(CLUBS, handle=HANDLE)
    record_now(here.parts, type(given)(**{**vars_of(given), "site": CLUB}))
    number = here.parts.salts.user_number(CLUB, USER)
    key = new_site_key(here.parts.engine, SHOP, urandom=here.parts.urandom)
    before = here.state(), here.parts.ledger.history(CLUB, HANDLE)
    checked, expected = UNDER_A_KEY[path]
    async with here.program(None) as client:
        client.headers["authorization"] = f"Bearer {key}"
        found = await checked(client)  # type: ignore[operator]
    assert expected is None or found == expected
    assert CLUB not in str(found)
    assert (here.state(), here.parts.ledger.history(CLUB, HANDLE)) == before
    assert here.parts.salts.find_user(CLUB, USER) == number


def vars_of(given: object) -> dict[str, object]:
    """The fields of a frozen data class."""
    return {name: getattr(given, name) for name in type(given).__dataclass_fields__}  # type: ignore[attr-defined]
