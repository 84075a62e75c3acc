"""A receipt is checked in the browser: the real one is genuine there, and none that was changed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import FilePayload, Route, expect

from askfirst.terms.canonical import canonical
from tests.browser.conftest import Visit
from tests.browser.notice_site import Site

pytestmark = pytest.mark.browser
PATIENCE = 30_000  # milliseconds


def file(value: Any) -> FilePayload:
    return {
        "name": "receipt.json",
        "mimeType": "application/json",
        "buffer": json.dumps(value).encode(),
    }


def coded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def answered(document: Any, route: Route) -> None:
    route.fulfill(json=document)


def test_a_receipt_is_checked_where_it_is_dropped(shop: Site, visit: Visit, axe: str) -> None:
    """M17, M34: nothing leaves; forgeries, other sites' and those of leaked keys prove nothing."""
    page = visit(shop, "/")
    page.accept.click()
    expect(page.notice).to_have_count(0)
    secret = next(c["value"] for c in page.page.context.cookies() if "receipt" in c["name"])
    handle = hashlib.sha256(base64.urlsafe_b64decode(secret + "==")).hexdigest()
    parts = shop.collector.parts()
    (entry,) = parts.ledger.history("example", handle)
    token = parts.receipts.sign(entry)
    head, body, signature = token.split(".")

    page.page.goto(f"http://localhost:{shop.port}/askfirst/receipt")
    checked, chosen = page.page.locator("#askfirst-checked"), page.page.locator("#askfirst-file")
    sent: list[str] = []
    page.page.on("request", lambda request: sent.append(f"{request.method} {request.url}"))
    good = "This receipt is genuine and has not been altered."
    bad = "This is not a genuine receipt of this site."

    chosen.set_input_files(file({"receipt": token, "secret": secret}))
    expect(checked).to_contain_text(good, timeout=PATIENCE)
    expect(checked).to_contain_text(handle)
    page.page.evaluate(axe)
    found = page.page.evaluate("axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']})")
    assert [violation["id"] for violation in found["violations"]] == []

    header = json.loads(base64.urlsafe_b64decode(head + "=="))
    payload = entry.body | {"leaf": entry.leaf.hex(), "salt": entry.salt.hex()}
    other = parts.receipts.sign(type(entry)(0, b"x" * 32, entry.salt, entry.body))
    longer = json.dumps(payload)
    # Signed with what everybody has, as if it were a secret.
    public = parts.receipts.public()
    shared = base64.urlsafe_b64decode(public[-1]["x"] + "==")
    confused = f"{coded(canonical(header | {'alg': 'HS256'}))}.{body}"
    mac = hmac.digest(shared, confused.encode(), "sha256")
    for forged in (
        {"receipt": token, "secret": "A" * 22},
        {"receipt": f"{head}.{body}.{'A' * len(signature)}"},
        {"receipt": f"{coded(json.dumps(header | {'alg': 'none'}).encode())}.{body}."},
        {"receipt": f"{head}.{coded(longer.encode())}.{signature}"},
        {"receipt": f"{confused}.{coded(mac)}"},
        {"receipt": other},
        {"receipt": token, "more": "x" * 70_000},
        {},
        [],
    ):
        chosen.set_input_files(file({"receipt": token}))
        expect(checked).to_contain_text(good, timeout=PATIENCE)
        chosen.set_input_files(file(forged))
        expect(checked).to_contain_text(bad, timeout=PATIENCE)
    well_known = "**/.well-known/askfirst.json"
    leaked = [{**jwk, "compromised": "2026-11-01T10:00:00Z"} for jwk in public]
    for document in (
        {"site": "tides", "keys": public},
        {"site": "example", "keys": leaked},
        {"site": "example", "keys": [{**jwk, "compromised": ""} for jwk in public]},
        {"site": "example", "keys": [*leaked, *public]},
        {"site": "example", "keys": [{**jwk, "kty": "oct", "k": jwk["x"]} for jwk in public]},
        {"site": "example", "keys": [{**jwk, "x": coded(bytes(32))} for jwk in public]},
        {"site": "example", "keys": []},
        [],
    ):
        chosen.set_input_files(file({"receipt": token}))
        expect(checked).to_contain_text(good, timeout=PATIENCE)
        page.page.route(well_known, partial(answered, document))
        chosen.set_input_files(file({"receipt": token}))
        expect(checked).to_contain_text(bad, timeout=PATIENCE)
        page.page.unroute(well_known)
    page.page.evaluate(
        """(text) => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([text], "receipt.json"));
          dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, cancelable: true }));
        }""",
        token,
    )
    expect(checked).to_contain_text(good, timeout=PATIENCE)
    assert {line.partition(" ")[0] for line in sent} == {"GET"}
    assert all(line.endswith("/.well-known/askfirst.json") for line in sent)
