"""Headers that several areas read or send."""

from __future__ import annotations

from typing import Any

from askfirst.contracts.names import HASH

from .operation import Parameter

_TEXT = {"type": "string"}

ORIGIN = Parameter(
    "Origin",
    "header",
    _TEXT,
    "Where the page stands. Without a site key it has to be one of the site's origins exactly.",
)
GPC = Parameter("Sec-GPC", "header", _TEXT, "`1` denies every purpose that sells or shares.")
DNT = Parameter("DNT", "header", _TEXT, "`1` denies every purpose that was not answered.")
IF_NONE_MATCH = Parameter("If-None-Match", "header", _TEXT, "The `ETag` of what is known already.")

# To a page, whose origin was checked (Fetch standard, CORS protocol).
FROM_SCRIPT: dict[str, dict[str, Any]] = {
    "Access-Control-Allow-Origin": {
        "description": "To a page: the origin it sent.",
        "schema": {"type": "string"},
    },
    "Vary": {"description": "To a page: `Origin`.", "schema": {"type": "string"}},
}
ETAG: dict[str, dict[str, Any]] = {
    "ETag": {
        "description": "For `If-None-Match`.",
        "required": True,
        "schema": {"type": "string", "pattern": f'^"{HASH.pattern}"$'},
    }
}
