"""The document: every area's operations and schemas in one OpenAPI 3.1 description."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any

import orjson

from askfirst_collector.openapi import (
    admin_collectors,
    admin_host_policy,
    admin_keys,
    admin_members,
    admin_sites,
    admin_transfers,
    admin_webhooks,
    anyone,
    consents,
    events,
    ledger,
    policies,
    preflights,
    rights,
    stats,
    users,
)

from .operation import Area
from .security import SCHEMES
from .shapes import SHARED

# One line an area. A route without an operation here, or the reverse, fails
# tests/unit/openapi/test_document.py.
AREAS: tuple[Area, ...] = (
    events.AREA,
    consents.AREA,
    rights.AREA,
    users.AREA,
    ledger.AREA,
    policies.AREA,
    stats.AREA,
    admin_sites.AREA,
    admin_keys.AREA,
    admin_collectors.AREA,
    admin_host_policy.AREA,
    admin_webhooks.AREA,
    admin_transfers.AREA,
    admin_members.AREA,
    preflights.AREA,
    anyone.AREA,
)
_ABOUT = """The collector's own face, for relays and for sites that are scripts alone.

A site key, the secret of a receipt, or the API token of a member says who asks. Bodies are JSON \
that means one thing: UTF-8, at most 64 kB and 8 levels, no key twice, no NUL, no content coding. \
Whatever is refused says why as `application/problem+json` with a stable `reason`."""


def document() -> dict[str, Any]:
    """OpenAPI 3.1, as plain values."""
    paths: dict[str, dict[str, Any]] = {}
    schemas: dict[str, Any] = dict(SHARED)
    for area in AREAS:
        for operation in area.operations:
            paths.setdefault(operation.path, {})[operation.method] = operation.written(area.tag)
        schemas |= area.schemas
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "askfirst collector",
            "version": "1",
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "tags": [{"name": area.tag, "description": area.description} for area in AREAS],
        "paths": dict(sorted(paths.items())),
        "components": {"securitySchemes": SCHEMES, "schemas": dict(sorted(schemas.items()))},
    }


@cache
def published() -> tuple[bytes, str]:
    """The document as it is served, and its ETag."""
    body = orjson.dumps(document(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    return body, f'"{hashlib.sha256(body).hexdigest()}"'
