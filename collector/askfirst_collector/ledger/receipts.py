"""Receipts: an entry of the ledger, signed, for the visitor to keep.

Compact JWS (RFC 7515) with Ed25519 (RFC 9864). The payload is the entry with its leaf
and the salt of the leaf, so that whoever holds the receipt can compute the leaf again.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any, cast

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from askfirst.contracts.strict_json import read_json
from askfirst.errors import AskfirstError, Refused
from askfirst.terms.canonical import canonical
from askfirst_collector.ledger.entries import Entry
from askfirst_collector.ledger.fast_canonical import fast_canonical
from askfirst_collector.ledger.leaves import leaf_hash

ALGORITHM = "Ed25519"
TYPE = "askfirst-receipt+jws"
LONGEST = 65_536  # characters


class Receipts:
    """Signs with the newest of these Ed25519 seeds and verifies with all of them.

    `compromised` are those that got into other hands, by `kid`, and since when it is known.
    """

    def __init__(
        self, seeds: Sequence[bytes], compromised: Mapping[str, str] | None = None
    ) -> None:
        self._compromised = compromised or {}
        self._keys = {key.thumbprint(): key for key in map(_key, seeds)}
        self._newest = next(reversed(self._keys))
        header = {"alg": ALGORITHM, "kid": self._newest, "typ": TYPE}
        self._header = _text(canonical(header)) + "."
        self._signer = cast("Ed25519PrivateKey", self._keys[self._newest].private_key)

    def sign(self, entry: Entry) -> str:
        """The receipt of an entry; its leaf finds it in the ledger.

        Not its index: whoever answers again and again would see in it when others answer (M27).
        """
        payload = {
            **entry.body,
            "leaf": entry.leaf.hex(),
            "salt": entry.salt.hex(),
        }
        # What a library makes of it as well, for each its header and its key looked at anew.
        signed = self._header + _text(fast_canonical(payload))
        return f"{signed}.{_text(self._signer.sign(signed.encode()))}"

    def public(self) -> list[dict[str, Any]]:
        """The public keys as JWKs (RFC 8037), newest last: for `/.well-known/askfirst.json`."""
        return [
            {
                **key.as_dict(private=False),
                "kid": kid,
                "use": "sig",
                "alg": ALGORITHM,
                **({"compromised": self._compromised[kid]} if kid in self._compromised else {}),
            }
            for kid, key in self._keys.items()
        ]


class ReceiptRefused(AskfirstError):
    """A receipt that proves nothing; the message says why."""


def verify_receipt(
    token: str, public: Sequence[Mapping[str, Any]], *, site: str | None = None
) -> dict[str, Any]:
    """The payload of a receipt that one of these public JWKs signed and whose leaf fits.

    With `site`, of that site alone. Raises ReceiptRefused. Whether the leaf stands in the ledger
    is another question: a checkpoint answers that.
    """
    header, payload = _parts(token)
    _check_header(header)
    candidates = [jwk for jwk in public if jwk.get("kid") == header["kid"]]
    if not candidates:
        again = "fetch its site's keys again, or it is of somebody else"
        raise ReceiptRefused(f"it names a key that is none of these: {again}")
    # A key that was merged from two documents may be there twice.
    leaked = next((jwk for jwk in candidates if "compromised" in jwk), None)
    if leaked is not None:
        known = f"known {leaked['compromised']}"
        advice = "ask the collector for its leaf: only a checkpoint proves it now"
        raise ReceiptRefused(f"its key was in other hands ({known}); {advice}")
    try:
        key = OKPKey.import_key({name: candidates[0][name] for name in ("kty", "crv", "x")})
        jws.deserialize_compact(token, key, algorithms=[ALGORITHM])
    except (JoseError, ValueError, KeyError, TypeError):
        raise ReceiptRefused("its signature is not that of its key") from None
    entry = {name: value for name, value in payload.items() if name not in ("leaf", "salt")}
    try:
        fits = leaf_hash(bytes.fromhex(payload["salt"]), canonical(entry)).hex()
    except (ValueError, KeyError, TypeError):
        raise ReceiptRefused("it has no leaf, or no salt") from None
    if fits != payload.get("leaf"):
        raise ReceiptRefused("its leaf is not that of what it says")
    if site is not None and payload.get("site") != site:
        raise ReceiptRefused(f"it is a receipt of the site {payload.get('site')!r}")
    return payload


def _parts(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and payload, each written in the one way in which they are signed (RFC 8785).

    So no key stands twice, and no number is one that readers round to different ones.
    """
    parts = token.split(".")
    if len(token) > LONGEST or len(parts) != 3:
        raise ReceiptRefused("it is no signed record in the compact form (RFC 7515)")
    read = []
    for part in parts[:2]:
        try:
            data = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
            value = read_json(data)
            is_whole = isinstance(value, dict) and _text(data) == part
        except (ValueError, Refused):
            raise ReceiptRefused("it is not base64url of JSON, each key once") from None
        if not is_whole or not _is_canonical(value, data):
            raise ReceiptRefused("it is not written as what was signed is written (RFC 8785)")
        read.append(value)
    return read[0], read[1]


def _is_canonical(value: object, data: bytes) -> bool:
    try:
        return canonical(value) == data
    except ValueError:
        return False


def _check_header(header: Mapping[str, Any]) -> None:
    # Before any key is looked at: what a key is for is never read from the receipt.
    if header.get("alg") != ALGORITHM:
        raise ReceiptRefused(f"it has to be signed with {ALGORITHM}, and with nothing else")
    if header.get("typ") != TYPE or set(header) != {"alg", "kid", "typ"}:
        raise ReceiptRefused("its header is not that of a receipt")


def _key(seed: bytes) -> OKPKey:
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key()
    point = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": _text(point), "d": _text(seed)})


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
