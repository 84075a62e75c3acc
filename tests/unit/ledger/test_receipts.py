"""Receipts: signed once, and checked by anyone with the public key."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from askfirst.terms.canonical import canonical
from askfirst_collector.ledger.entries import Entry
from askfirst_collector.ledger.leaves import leaf_hash
from askfirst_collector.ledger.receipts import Receipts, verify_receipt

BODY = {"v": 1, "kind": "grant", "site": "shop", "handle": "a" * 64}
SALT = b"s" * 32
ENTRY = Entry(7, leaf_hash(SALT, canonical(BODY)), SALT, BODY)
RECEIPTS = Receipts([b"1" * 32, b"2" * 32])


def part(token: str, number: int) -> Any:
    text = token.split(".")[number]
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_a_receipt_is_verified_without_our_code() -> None:
    """Ed25519 over the JWS signing input (RFC 7515 section 5.2), with a library of others."""
    token = RECEIPTS.sign(ENTRY)
    header = json.loads(part(token, 0))
    jwk = next(key for key in RECEIPTS.public() if key["kid"] == header["kid"])
    assert header["alg"] == "Ed25519"
    public = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(jwk["x"] + "="))
    public.verify(part(token, 2), token.rpartition(".")[0].encode())
    with pytest.raises(InvalidSignature):
        public.verify(part(token, 2), token.rpartition(".")[0].encode() + b"x")


def test_the_holder_can_compute_the_leaf() -> None:
    """SHA-256(0x00 ‖ HMAC(entry salt, JCS(entry))), from what the receipt holds."""
    payload = json.loads(part(RECEIPTS.sign(ENTRY), 1))
    leaf, salt = (payload.pop(name) for name in ("leaf", "salt"))
    jcs = json.dumps(payload, sort_keys=True, separators=(",", ":")).encode()
    inner = hmac.new(bytes.fromhex(salt), jcs, "sha256").digest()
    assert hashlib.sha256(b"\x00" + inner).hexdigest() == leaf
    # M27: its place would tell who answers again and again when others answer.
    assert payload == BODY


def test_what_was_signed_is_what_is_read() -> None:
    """The payload comes back, with its leaf, under the old key as under the new."""
    for receipts in (RECEIPTS, Receipts([b"1" * 32])):
        payload = verify_receipt(receipts.sign(ENTRY), RECEIPTS.public())
        assert payload is not None
        assert payload["leaf"] == ENTRY.leaf.hex()
        assert {name: payload[name] for name in BODY} == BODY


def test_public_keys_are_public() -> None:
    """No private part is ever published."""
    assert all("d" not in key for key in RECEIPTS.public())


def test_forged_receipts_are_none() -> None:
    """Another key, another payload, another algorithm, a leaf that does not fit, or noise."""
    token = RECEIPTS.sign(ENTRY)
    head, body, signature = token.split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    wrong_leaf = RECEIPTS.sign(Entry(7, b"x" * 32, SALT, BODY))
    forged = [
        Receipts([b"3" * 32]).sign(ENTRY),
        f"{head}.{body[:-2]}AA.{signature}",
        f"{none}.{body}.",
        f"{head}.{body}.{'A' * len(signature)}",
        wrong_leaf,
        "",
        "..",
        "a.b.c",
        "é.é.é",
        token + "x" * 70_000,
    ]
    assert [verify_receipt(each, RECEIPTS.public()) for each in forged] == [None] * len(forged)
