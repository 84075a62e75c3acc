"""Receipts: an entry of the ledger, signed, for the visitor to keep.

Compact JWS (RFC 7515) with Ed25519 (RFC 9864). The payload is the entry with its leaf
and the salt of the leaf, so that whoever holds the receipt can compute the leaf again.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from askfirst.terms.canonical import canonical
from askfirst_collector.ledger.entries import Entry
from askfirst_collector.ledger.leaves import leaf_hash

ALGORITHM = "Ed25519"
TYPE = "askfirst-receipt+jws"
LONGEST = 65_536  # characters


class Receipts:
    """Signs with the newest of these Ed25519 seeds and verifies with all of them."""

    def __init__(self, seeds: Sequence[bytes]) -> None:
        self._keys = {key.thumbprint(): key for key in map(_key, seeds)}
        self._newest = next(reversed(self._keys))

    def sign(self, entry: Entry) -> str:
        """The receipt of an entry; its leaf finds it in the ledger.

        Not its index: whoever answers again and again would see in it when others answer (M27).
        """
        header = {"alg": ALGORITHM, "kid": self._newest, "typ": TYPE}
        payload = {
            **entry.body,
            "leaf": entry.leaf.hex(),
            "salt": entry.salt.hex(),
        }
        key = self._keys[self._newest]
        return jws.serialize_compact(header, canonical(payload), key, algorithms=[ALGORITHM])

    def public(self) -> list[dict[str, Any]]:
        """The public keys as JWKs (RFC 8037), newest last: for `/.well-known/askfirst.json`."""
        return [
            {**key.as_dict(private=False), "kid": kid, "use": "sig", "alg": ALGORITHM}
            for kid, key in self._keys.items()
        ]


def verify_receipt(token: str, public: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """The payload of a receipt that one of these public JWKs signed and whose leaf fits; else None.

    Whether the leaf stands in the ledger is another question: a checkpoint answers that.
    """
    if len(token) > LONGEST:
        return None
    try:
        kid = jws.extract_compact(token.encode()).headers().get("kid")
        jwk = next(dict(candidate) for candidate in public if candidate.get("kid") == kid)
        key = OKPKey.import_key({name: jwk[name] for name in ("kty", "crv", "x")})
        signed = jws.deserialize_compact(token, key, algorithms=[ALGORITHM])
        payload: dict[str, Any] = json.loads(signed.payload)
        if signed.headers().get("typ") != TYPE:
            return None
        entry = {k: v for k, v in payload.items() if k not in ("leaf", "salt")}
        fits = leaf_hash(bytes.fromhex(payload["salt"]), canonical(entry)).hex()
    except (JoseError, ValueError, KeyError, TypeError, StopIteration):
        return None
    return payload if fits == payload["leaf"] else None


def _key(seed: bytes) -> OKPKey:
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key()
    point = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": _text(point), "d": _text(seed)})


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
