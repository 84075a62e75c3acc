"""What anyone may read: keys, health, this document."""

from __future__ import annotations

from .headers import ETAG, IF_NONE_MATCH
from .operation import Answer, Area, Operation, Schema, ref
from .shapes import array, closed

_FAULT = {"enum": ["ok", "away", "full", "not-readable", "doubted"]}
_PARTS = ("ledger", "events", "salts", "revocations", "spool", "host-policy", "disk", "clock")

SCHEMAS: dict[str, Schema] = {
    "PublicKey": closed(
        {
            "kty": {"const": "OKP"},
            "crv": {"const": "Ed25519"},
            "x": {"type": "string"},
            "kid": {"type": "string"},
            "use": {"const": "sig"},
            "alg": {"type": "string"},
            "compromised": {**ref("Hour"), "description": "Since when it is known to have leaked."},
        },
        optional=("compromised",),
    ),
    "PublicKeys": closed(
        {
            "keys": {
                **array(ref("PublicKey")),
                "minItems": 1,
                "description": "JSON Web Keys that check receipts (RFC 8037), newest last.",
            }
        }
    ),
    "Health": closed(
        {
            "status": {"enum": ["ok", "away"]},
            "parts": closed(dict.fromkeys(_PARTS, _FAULT)),
            "reason": {"type": "string", "description": "Empty where all is well."},
        }
    ),
}

AREA = Area(
    tag="anyone",
    description="Needs nothing and says nothing of anybody.",
    schemas=SCHEMAS,
    operations=(
        Operation(
            "get",
            "/.well-known/askfirst.json",
            "getKeys",
            "The keys that check receipts",
            answers=(Answer(200, "Public keys.", ref("PublicKeys")),),
        ),
        Operation(
            "get",
            "/healthz",
            "isAlive",
            "Whether the process answers",
            answers=(
                Answer(200, "It does.", closed({"status": {"const": "ok"}}), {"status": "ok"}),
            ),
        ),
        Operation(
            "get",
            "/readyz",
            "isReady",
            "Whether it can store",
            answers=(
                Answer(200, "It can.", ref("Health")),
                Answer(503, "It cannot; each part says why.", ref("Health")),
            ),
        ),
        Operation(
            "get",
            "/openapi.json",
            "getOpenapi",
            "This document",
            parameters=(IF_NONE_MATCH,),
            answers=(
                Answer(200, "OpenAPI 3.1.", {"type": "object"}, headers=ETAG),
                Answer(304, "As it is known.", headers=ETAG),
            ),
        ),
    ),
)
