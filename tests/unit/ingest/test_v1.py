"""`/v1/*`: who may record an answer, what hostile bodies get, and what a receipt may ask for."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from askfirst.errors import CollectorUnavailable
from askfirst_collector.embedded import EmbeddedCollector
from askfirst_collector.jobs.checkpoints import sign_trees
from askfirst_collector.ledger import merkle
from askfirst_collector.ledger.notes import open_note, read_checkpoint
from askfirst_collector.ledger.receipts import verify_receipt
from tests.support.collectors import HANDLE, Clock, bytes_of, policy
from tests.support.site_keys import new_site_key

pytestmark = pytest.mark.anyio

POLICY = policy(count_refusals=True)
ORIGIN = {"origin": "https://shop.example"}
SECRET_BYTES = b"0123456789abcdef"
SECRET = base64.urlsafe_b64encode(SECRET_BYTES).rstrip(b"=").decode()
OWN = hashlib.sha256(SECRET_BYTES).hexdigest()
RECEIPT = {"authorization": f"Receipt {SECRET}"}
ANSWER = {"v": 2, "site": "shop", "edition": POLICY.hash, "lang": "en", "method": "accept_all"}


@pytest.fixture
async def collector(tmp_path: Path) -> AsyncIterator[EmbeddedCollector]:
    found = EmbeddedCollector(tmp_path, now=Clock(), jobs=False)
    await found.editions(POLICY)
    yield found
    await found.aclose()


@pytest.fixture
async def client(collector: EmbeddedCollector) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(collector.app)
    async with httpx.AsyncClient(transport=transport, base_url="https://collector.example") as c:
        yield c


@pytest.fixture
def relay(collector: EmbeddedCollector) -> dict[str, str]:
    parts = collector.parts()
    key = new_site_key(parts.engine, "shop", urandom=parts.urandom)
    return {"authorization": f"Bearer {key}"}


def problem(response: httpx.Response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == response.status_code
    return response.status_code, body["reason"]


async def test_a_relay_records_by_handle(client: httpx.AsyncClient, relay: dict[str, str]) -> None:
    """Under the site key: the decision, all pairs, the end and a receipt anyone can check."""
    answer = await client.post("/v1/consents", json={**ANSWER, "handle": HANDLE}, headers=relay)
    assert answer.status_code == 200
    body = answer.json()
    assert body["decision"] == "granted"
    assert body["choices"]["statistics"] == [2, 1]
    keys = (await client.get("/.well-known/askfirst.json")).json()["keys"]
    payload = verify_receipt(body["receipt"], keys)
    assert payload["handle"] == HANDLE


async def test_a_script_records_by_secret(client: httpx.AsyncClient) -> None:
    """From an exact origin of the site, which is answered by its name alone."""
    answer = await client.post("/v1/consents", json={**ANSWER, "secret": SECRET}, headers=ORIGIN)
    assert answer.json()["decision"] == "granted"
    assert answer.headers["access-control-allow-origin"] == ORIGIN["origin"]
    kept = await client.get("/v1/rights/me", headers={**RECEIPT, **ORIGIN})
    assert kept.json()["record"]["handle"] == OWN


async def test_a_whole_number_is_one_however_it_is_written(client: httpx.AsyncClient) -> None:
    """JSON has one kind of number: 2.0 is 2 (JSON Schema 2020-12, section 6.1.1)."""
    told = {**ANSWER, "method": "save", "secret": SECRET, "v": 2.0}
    whole = {**told, "choices": {"statistics": 2.0}}
    answer = await client.post("/v1/consents", json=whole, headers=ORIGIN)
    assert answer.json()["choices"]["statistics"] == [2, 1]
    part = {**told, "choices": {"statistics": 2.5}}
    answer = await client.post("/v1/consents", json=part, headers=ORIGIN)
    assert problem(answer) == (422, "bad-shape")


@pytest.mark.parametrize("number", [2**64, -(10**18) * 99, 10**30])
async def test_a_number_too_big_for_a_policy_is_its_problem(
    client: httpx.AsyncClient, relay: dict[str, str], number: int
) -> None:
    """A whole number that no 64 bits hold is told as what was found."""
    content = json.dumps({**POLICY.document, "consent_days": number})
    headers = {**relay, "content-type": "application/json"}
    answer = await client.post("/v1/policies", content=content, headers=headers)
    assert problem(answer) == (422, "policy-refused")
    (found,) = answer.json()["problems"]
    assert (found["pointer"], found["found"]) == ("/consent_days", number)


@pytest.mark.parametrize(
    ("headers", "more", "expected"),
    [
        ({}, {"secret": SECRET}, (403, "cross-origin")),
        ({"origin": "null"}, {"secret": SECRET}, (403, "cross-origin")),
        ({"origin": "https://shop.example.evil"}, {"secret": SECRET}, (403, "cross-origin")),
        (ORIGIN, {"handle": HANDLE}, (401, "wrong-key")),
        (ORIGIN, {}, (401, "no-receipt")),
        (ORIGIN, {"secret": "A" * 21 + "B"}, (401, "no-receipt")),
        ({"authorization": "Bearer wrong"}, {"handle": HANDLE}, (401, "wrong-key")),
        ({"authorization": "Basic eA=="}, {"handle": HANDLE}, (401, "wrong-key")),
        (ORIGIN, {"secret": SECRET, "site": "unknown"}, (403, "cross-origin")),
        (ORIGIN, {"secret": SECRET, "v": 3}, (422, "unknown-version")),
        (ORIGIN, {"secret": SECRET, "v": 1}, (409, "edition-changed")),
        (ORIGIN, {"secret": SECRET, "extra": 1}, (422, "unknown-field")),
        (ORIGIN, {"secret": SECRET, "choices": {"statistics": 3}}, (422, "bad-shape")),
        (ORIGIN, {"secret": SECRET, "method": "maybe"}, (422, "bad-shape")),
        (ORIGIN, {"secret": SECRET, "edition": "0" * 64}, (409, "edition-changed")),
    ],
)
async def test_answers_that_are_refused(
    client: httpx.AsyncClient,
    collector: EmbeddedCollector,
    headers: dict[str, str],
    more: dict[str, Any],
    expected: tuple[int, str],
) -> None:
    """M47: with a reason each, and nothing in the ledger."""
    answer = await client.post("/v1/consents", json={**ANSWER, **more}, headers=headers)
    assert problem(answer) == expected
    assert collector.parts().ledger.newest() == 0  # the policy itself


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not-json"),
        (b"[" * 60_000, "too-deep"),
        (b'{"v":1,"v":1}', "duplicate-key"),
        (b'{"v":NaN}', "not-json"),
        (b'{"v":1e400}', "bad-shape"),
        (b'{"v":' + b"9" * 5000 + b"}", "bad-shape"),
        (b'{"lang":"\\ud800"}', "bad-shape"),
        (b'{"lang":"\\u0000"}', "bad-shape"),
        (b'{"lang":"\xff"}', "not-utf-8"),
        (b" " * 65_537, "too-large"),
        (b"null", "bad-shape"),
        (b"[]", "bad-shape"),
    ],
)
async def test_hostile_bodies(
    client: httpx.AsyncClient, tmp_path: Path, body: bytes, reason: str
) -> None:
    """4xx with a reason, never 500, nothing stored."""
    before = bytes_of(tmp_path)
    headers = {**ORIGIN, "content-type": "application/json"}
    answer = await client.post("/v1/consents", content=body, headers=headers)
    assert problem(answer)[1] == reason
    assert 400 <= answer.status_code < 500
    assert bytes_of(tmp_path) == before


async def test_codings_are_refused(client: httpx.AsyncClient) -> None:
    """No gzip bomb is ever opened."""
    headers = {**ORIGIN, "content-type": "application/json", "content-encoding": "gzip"}
    answer = await client.post("/v1/consents", content=b"\x1f\x8b", headers=headers)
    assert problem(answer) == (415, "encoded-body")


async def test_naughty_strings(client: httpx.AsyncClient, corpus: Path, tmp_path: Path) -> None:
    """Every naughty string, as language, as purpose and as site: 4xx or taken, and never stored."""
    strings = json.loads((corpus / "naughty" / "blns.json").read_text("utf-8"))
    for text in strings:
        for more in ({"lang": text}, {"choices": {text: 0}}, {"site": text}):
            body = {**ANSWER, "secret": SECRET, "method": "reject_all", **more}
            data = json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass")
            headers = {**ORIGIN, "content-type": "application/json"}
            answer = await client.post("/v1/consents", content=data, headers=headers)
            assert answer.status_code == 200 or 400 <= answer.status_code < 500
    stored = bytes_of(tmp_path)
    long = [text.encode() for text in strings if len(text) > 12 and text.isascii()]
    assert [text for text in long if text in stored] == []


async def test_a_refusal_through_a_relay_is_a_number(
    client: httpx.AsyncClient, collector: EmbeddedCollector, relay: dict[str, str]
) -> None:
    """Without a handle nothing but the tally moves."""
    answer = await client.post(
        "/v1/consents", json={**ANSWER, "method": "reject_all"}, headers=relay
    )
    assert answer.json() == {"decision": "refused"}
    ledger = collector.parts().ledger
    assert ledger.refusals("shop", "2026-11-22", "2026-11-23") == {1: 1}
    assert ledger.newest() == 0  # the policy itself


async def test_a_refusal_that_cannot_be_counted_stands(
    client: httpx.AsyncClient,
    collector: EmbeddedCollector,
    relay: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The count is lost, and in no spool: nothing adds it later, and the log says so."""

    def full(*_: object) -> None:
        raise CollectorUnavailable("the disk is full")

    ledger, body = collector.parts().ledger, {**ANSWER, "method": "reject_all"}
    before = bytes_of(tmp_path)
    with monkeypatch.context() as fault:
        fault.setattr(ledger, "tally_refusal", full)
        answer = await client.post("/v1/consents", json=body, headers=relay)
    assert (answer.status_code, answer.json()) == (200, {"decision": "refused"})
    assert "counting a refusal failed: CollectorUnavailable" in caplog.text
    assert bytes_of(tmp_path) == before
    assert await collector.replay()
    assert ledger.refusals("shop", "2026-11-22", "2026-11-23") == {}


async def test_an_unknown_receipt_and_a_dead_one_are_alike(client: httpx.AsyncClient) -> None:
    """M29: the same bytes, whatever is asked; erasing twice is harmless."""
    paths = [("GET", "me"), ("POST", "restrict"), ("POST", "withdraw"), ("POST", "erase")]
    unknown = [await client.request(m, f"/v1/rights/{p}", headers=RECEIPT) for m, p in paths]
    body = {**ANSWER, "secret": SECRET}
    granted = await client.post("/v1/consents", json=body, headers=ORIGIN)
    assert granted.json()["decision"] == "granted"
    assert (await client.post("/v1/rights/withdraw", headers=RECEIPT)).status_code == 200
    dead = [await client.request(m, f"/v1/rights/{p}", headers=RECEIPT) for m, p in paths]
    erased = [await client.request(m, f"/v1/rights/{p}", headers=RECEIPT) for m, p in paths]
    seen = [
        [(r.status_code, r.content, sorted(r.headers.items())) for r in answers]
        for answers in (unknown, dead, erased)
    ]
    assert seen[0] == seen[1] == seen[2]


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "none"},
    ],
)
async def test_rights_are_asked_for_from_the_site(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    """M47: a foreign page gets nothing, even with the secret."""
    answer = await client.post("/v1/rights/erase", headers={**RECEIPT, **headers})
    assert problem(answer) == (403, "cross-origin")


@pytest.mark.parametrize("value", [None, "", "Receipt", "Receipt x", "Basic x"])
async def test_rights_need_a_receipt(client: httpx.AsyncClient, value: str | None) -> None:
    """401 for everything that is no secret."""
    headers = {} if value is None else {"authorization": value}
    assert problem(await client.get("/v1/rights/me", headers=headers)) == (401, "no-receipt")
    unknown = {"authorization": f"Bearer {SECRET}", "askfirst-handle": HANDLE}
    assert problem(await client.get("/v1/rights/me", headers=unknown)) == (401, "wrong-key")


async def test_terms_for_relays(client: httpx.AsyncClient, relay: dict[str, str]) -> None:
    """Effective terms by edition, purpose and detail, with an ETag; for the site's key alone."""
    assert problem(await client.get("/v1/terms"))[1] == "wrong-key"
    answer = await client.get("/v1/terms", headers=relay)
    assert answer.json()["oldest_sdk"] == "0.2.0"
    (edition,) = answer.json()["editions"]
    assert edition["hash"] == POLICY.hash
    levels = edition["terms"]["statistics"]
    assert levels["2"]["levels"]["time"] > levels["1"]["levels"]["time"]
    again = {**relay, "if-none-match": answer.headers["etag"]}
    assert (await client.get("/v1/terms", headers=again)).status_code == 304


async def test_what_is_not_there(client: httpx.AsyncClient) -> None:
    """Problems are JSON too; health says that all is well."""
    assert problem(await client.get("/v1/nothing")) == (404, "not-found")
    assert problem(await client.get("/v1/consents")) == (405, "method-not-allowed")
    assert (await client.get("/healthz")).json() == {"status": "ok"}
    assert (await client.get("/readyz")).json()["status"] == "ok"


async def test_a_relay_publishes_its_policy(
    client: httpx.AsyncClient, collector: EmbeddedCollector, relay: dict[str, str]
) -> None:
    """M31: under its own site's key; what goes beyond the host's is refused, line by line."""
    wider = policy(consent_days=300)
    answer = await client.post("/v1/policies", json=wider.document, headers=relay)
    assert [each["hash"] for each in answer.json()["editions"]] == [POLICY.hash, wider.hash]
    again = await client.post("/v1/policies", json=wider.document, headers=relay)
    assert again.content == answer.content
    assert problem(await client.post("/v1/policies", json=wider.document))[1] == "wrong-key"
    other = {**wider.document, "site": "other"}
    refused = await client.post("/v1/policies", json=other, headers=relay)
    assert problem(refused) == (401, "wrong-key")
    purposes = wider.document["purposes"]
    beyond = {**purposes["statistics"], "keep_rows_days": 700, "retention_days": 700}
    document = {**wider.document, "purposes": {**purposes, "statistics": beyond}}
    refused = await client.post("/v1/policies", json=document, headers=relay)
    assert problem(refused) == (409, "policy-conflict")
    pointers = [each["pointer"] for each in refused.json()["problems"]]
    assert "/purposes/statistics/keep_rows_days" in pointers
    site = collector.parts().registry.site("shop")
    assert site is not None
    assert len(site.editions) == 2


async def test_a_key_may_come_before_the_first_policy(
    client: httpx.AsyncClient, collector: EmbeddedCollector
) -> None:
    """A relay's site is there once it has published; until then its key opens nothing else."""
    parts = collector.parts()
    key = {"authorization": f"Bearer {new_site_key(parts.engine, 'new', urandom=parts.urandom)}"}
    assert problem(await client.get("/v1/terms", headers=key))[1] == "wrong-key"
    first = {**POLICY.document, "site": "new"}
    assert (await client.post("/v1/policies", json=first, headers=key)).status_code == 200
    assert (await client.get("/v1/terms", headers=key)).json()["site"] == "new"


async def test_a_relay_asks_for_rights_by_handle(
    client: httpx.AsyncClient, collector: EmbeddedCollector, relay: dict[str, str]
) -> None:
    """M29: under the site's key the handle is enough, and only of its own site."""
    await client.post("/v1/consents", json={**ANSWER, "handle": HANDLE}, headers=relay)
    own = {**relay, "askfirst-handle": HANDLE}
    assert (await client.get("/v1/rights/me", headers=own)).json()["record"]["handle"] == HANDLE
    parts = collector.parts()
    parts.registry.publish(policy(site="other"))
    other = new_site_key(parts.engine, "other", urandom=parts.urandom)
    foreign = {**own, "authorization": f"Bearer {other}"}
    assert (await client.get("/v1/rights/me", headers=foreign)).json()["record"] is None
    assert (await client.post("/v1/rights/erase", headers=foreign)).status_code == 200
    assert (await client.get("/v1/rights/me", headers=own)).json()["record"] is not None
    assert (await client.post("/v1/rights/erase", headers=own)).status_code == 200
    assert (await client.get("/v1/rights/me", headers=own)).json()["record"] is None


@pytest.mark.parametrize("handle", [None, "", "x", HANDLE + "0", HANDLE.upper()])
async def test_a_relay_names_one_handle(
    client: httpx.AsyncClient, relay: dict[str, str], handle: str | None
) -> None:
    """Anything else is refused."""
    headers = relay if handle is None else {**relay, "askfirst-handle": handle}
    assert problem(await client.get("/v1/rights/me", headers=headers)) == (401, "no-receipt")


async def test_a_receipt_finds_its_proof(
    client: httpx.AsyncClient, collector: EmbeddedCollector, relay: dict[str, str]
) -> None:
    """M17: whoever has it proves that the ledger has it; nobody else is told of anything."""
    answer = await client.post("/v1/consents", json={**ANSWER, "handle": HANDLE}, headers=relay)
    keys = (await client.get("/.well-known/askfirst.json")).json()["keys"]
    leaf = verify_receipt(answer.json()["receipt"], keys)["leaf"]
    assert problem(await client.get(f"/v1/ledger/{leaf}")) == (404, "not-found")
    sign_trees(collector.parts(), 0)
    proof = (await client.get(f"/v1/ledger/{leaf}")).json()
    checkpoint = read_checkpoint(open_note(proof["checkpoint"], proof["keys"]))
    path = [bytes.fromhex(node) for node in proof["proof"]]
    place = (proof["position"], checkpoint.size, path, checkpoint.root)
    merkle.check_inclusion(bytes.fromhex(leaf), *place)
    since = await client.get(f"/v1/ledger/{leaf}/since/64")
    assert since.json() == {"checkpoint": proof["checkpoint"], "keys": proof["keys"], "proof": []}
    for path_of in (f"{leaf}/since/63", "0" * 64, f"{'0' * 64}/since/64"):
        assert problem(await client.get(f"/v1/ledger/{path_of}")) == (404, "not-found")
    for path_of in ("shop", HANDLE[:-1], f"{leaf}/since/0", f"{leaf}/since/{'9' * 30}"):
        assert problem(await client.get(f"/v1/ledger/{path_of}")) == (422, "bad-shape")
