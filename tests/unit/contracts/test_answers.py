"""Each case of the vectors at `/askfirst/consent` and at `/v1/consents`."""

from __future__ import annotations

import base64
from pathlib import Path

import httpx
import pytest

from askfirst import ConsentMiddleware
from askfirst_collector.embedded import EmbeddedCollector
from tests.support.collectors import Clock, policy
from tests.system.relay.world import page
from tests.unit.contracts.vectors import differs, vectors
from tests.unit.gate.browser import SAME_ORIGIN, Browser

pytestmark = pytest.mark.anyio
POLICY = policy()
FORM = (b"content-type", b"application/x-www-form-urlencoded")


async def test_a_gate_answers_as_the_vectors_say(tmp_path: Path) -> None:
    """JSON with its reason, a form with a page of the same status."""
    app = ConsentMiddleware(page, policy=POLICY, collector=EmbeddedCollector(tmp_path, jobs=False))
    await Browser(app).get("/")
    for vector in vectors("consents", edition=POLICY.hash):
        browser = Browser(app)
        if vector.form:
            headers = [FORM, SAME_ORIGIN]
            got = await browser.send("POST", "/askfirst/consent", vector.data, headers)
        else:
            got = await browser.post_json("/askfirst/consent", vector.data)
            assert differs(vector, got.status, got.json) is None
        assert got.status == vector.status, (vector.name, got.body)
    await app.aclose()


async def test_a_script_is_answered_as_the_vectors_say(tmp_path: Path) -> None:
    """The same bodies with a site and a secret get the same answers, each from a visitor anew."""
    collector = EmbeddedCollector(tmp_path, now=Clock(), jobs=False)
    await collector.editions(POLICY)
    headers = {"origin": "https://shop.example", "content-type": "application/json"}
    transport = httpx.ASGITransport(collector.app)
    async with httpx.AsyncClient(transport=transport, base_url="https://c.example") as client:
        for number, vector in enumerate(vectors("consents", edition=POLICY.hash)):
            if vector.form:
                continue
            secret = base64.urlsafe_b64encode(number.to_bytes(16)).rstrip(b"=").decode()
            body = vector.with_more(site="shop", secret=secret)
            answer = await client.post("/v1/consents", content=body, headers=headers)
            assert differs(vector, answer.status_code, answer.json()) is None
    await collector.aclose()
