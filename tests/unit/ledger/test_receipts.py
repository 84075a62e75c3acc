"""Receipts: signed once, and checked by anyone with the public key."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from joserfc import jws
from joserfc.jwk import OKPKey

from askfirst.terms.canonical import canonical
from askfirst_collector.ledger.entries import Entry
from askfirst_collector.ledger.leaves import leaf_hash
from askfirst_collector.ledger.receipts import ReceiptRefused, Receipts, verify_receipt

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


def test_a_receipt_is_what_a_library_makes_of_it() -> None:
    """Byte for byte: Ed25519 has one signature of each text (RFC 8032)."""
    header = {"alg": "Ed25519", "kid": RECEIPTS.public()[-1]["kid"], "typ": "askfirst-receipt+jws"}
    payload = canonical({**BODY, "leaf": ENTRY.leaf.hex(), "salt": SALT.hex()})
    seed = base64.urlsafe_b64encode(b"2" * 32).rstrip(b"=").decode()
    jwk = {**RECEIPTS.public()[-1], "d": seed}
    key = OKPKey.import_key({name: jwk[name] for name in ("kty", "crv", "x", "d")})
    token = jws.serialize_compact(header, payload, key, algorithms=["Ed25519"])
    assert RECEIPTS.sign(ENTRY) == token


def test_what_was_signed_is_what_is_read() -> None:
    """The payload comes back, with its leaf, under the old key as under the new."""
    for receipts in (RECEIPTS, Receipts([b"1" * 32])):
        payload = verify_receipt(receipts.sign(ENTRY), RECEIPTS.public())
        assert payload["leaf"] == ENTRY.leaf.hex()
        assert {name: payload[name] for name in BODY} == BODY


def test_public_keys_are_public() -> None:
    """No private part is ever published."""
    assert all("d" not in key for key in RECEIPTS.public())


def coded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def signed(header: str, payload: str) -> str:
    """What the real key signs, whatever it says."""
    text = f"{coded(header.encode())}.{coded(payload.encode())}"
    return f"{text}.{coded(Ed25519PrivateKey.from_private_bytes(b'2' * 32).sign(text.encode()))}"


def refusal(token: str, **options: Any) -> str:
    with pytest.raises(ReceiptRefused) as error:
        verify_receipt(token, RECEIPTS.public(), **options)
    return str(error.value)


def test_forged_receipts_are_refused() -> None:
    """Another key, another payload, a leaf that does not fit, or noise; each says why."""
    token = RECEIPTS.sign(ENTRY)
    head, body, signature = token.split(".")
    wrong_leaf = RECEIPTS.sign(Entry(7, b"x" * 32, SALT, BODY))
    assert "a key that is none of these" in refusal(Receipts([b"3" * 32]).sign(ENTRY))
    refusal(f"{head}.{body[:-2]}AA.{signature}")
    assert "signature" in refusal(f"{head}.{body}.{'A' * len(signature)}")
    assert "leaf" in refusal(wrong_leaf)
    assert "of the site 'shop'" in refusal(token, site="tides")
    for noise in ("", "..", "a.b.c", "é.é.é", f"{head}.{body}", token + "x" * 70_000):
        refusal(noise)


def test_a_leaked_key_proves_nothing() -> None:
    """Whatever else is said of it, and wherever it stands among the keys."""
    token, sound = RECEIPTS.sign(ENTRY), RECEIPTS.public()
    for moment in ("2026-11-01T10:00:00Z", ""):
        leaked = [{**jwk, "compromised": moment} for jwk in sound]
        for keys in (leaked, [*leaked, *sound], [*sound, *leaked]):
            with pytest.raises(ReceiptRefused, match="in other hands"):
                verify_receipt(token, keys)


def test_no_other_algorithm_is_believed() -> None:
    """RFC 8725, section 3.1: neither none, nor the public key as a secret, nor another name."""
    token = RECEIPTS.sign(ENTRY)
    head, body, _ = token.split(".")
    header = part(token, 0)
    kid = json.loads(header)["kid"]
    public = next(key for key in RECEIPTS.public() if key["kid"] == kid)["x"]
    for algorithm in ("none", "None", "HS256", "EdDSA", "ES256"):
        other = coded(header.replace(b'"Ed25519"', f'"{algorithm}"'.encode()))
        text = f"{other}.{body}"
        by_public = hmac.new(base64.urlsafe_b64decode(public + "="), text.encode(), "sha256")
        for end in ("", coded(by_public.digest()), token.rpartition(".")[2]):
            assert "Ed25519" in refusal(f"{text}.{end}")
    assert "header" in refusal(signed(header.decode()[:-1] + ',"zip":"DEF"}', "{}"))
    assert head == coded(header)


def test_what_is_signed_is_written_in_one_way() -> None:
    """Even under the real key: no key twice, no number that is rounded, nothing deep or loose."""
    header = part(RECEIPTS.sign(ENTRY), 0).decode()
    payload = part(RECEIPTS.sign(ENTRY), 1).decode()
    verify_receipt(signed(header, payload), RECEIPTS.public())
    for wrong in (
        payload.replace('"v":1', '"v":1,"v":1'),
        payload.replace('"v":1', '"v":90071992547409931'),
        payload.replace('"v":1', f'"v":{"9" * 400}'),
        payload.replace('"v":1', '"v":1.0'),
        payload.replace('"v":1', f'"v":{"[" * 20}{"]" * 20}'),
        payload.replace('"v":1', '"v": 1'),
        "[]",
        "NaN",
    ):
        refusal(signed(header, wrong))
    refusal(signed(header.replace('"kid"', '"kid":"x","kid"'), payload))
    assert "leaf" in refusal(signed(header, '{"v":1}'))
