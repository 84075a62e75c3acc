"""`POST /v1/events`: what is sent of a visit, and what is answered."""

from __future__ import annotations

from typing import Any

from askfirst.contracts import limits
from askfirst.contracts.drops import Drop
from askfirst.contracts.events import OBSERVABLE, SCREENS, TYPES
from askfirst.contracts.names import BATCH as BATCHES
from askfirst.contracts.names import USER, json_schema
from askfirst.terms.attributes import ATTRIBUTES

from .example import BATCH, HANDLE, SECRET, SITE
from .headers import DNT, FROM_SCRIPT, GPC, ORIGIN
from .operation import AWAY, BODY, JSON, Answer, Area, Body, Operation, ref
from .security import NOTHING, SITE_KEY
from .shapes import NO_NUL, anything, array, closed, or_null, told

VISIT: dict[str, Any] = {"purpose": "statistics", "type": "page_view", "page": "/harbours/1"}
OBSERVED: dict[str, Any] = {**VISIT, "observed": {"browser": ["Firefox"], "ip": ["IE"]}}
NESTED = limits.DEPTH - 2  # an event stands in a list in the body
_TEXT: dict[str, Any] = {"type": "string", "maxLength": limits.TEXT, "pattern": NO_NUL}
_FLAG = {"type": "boolean", "default": False}


def _event() -> dict[str, Any]:
    size = {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2}
    value = {"anyOf": [_TEXT, {"type": ["number", "boolean", "null"]}]}
    properties = {"type": "object", "propertyNames": _TEXT, "additionalProperties": value}
    observed = {
        name: {**array(_TEXT), "maxItems": ATTRIBUTES[name].finest} for name in sorted(OBSERVABLE)
    }
    fields: dict[str, Any] = {
        "purpose": ref("PurposeName"),
        "type": {"enum": list(TYPES)},
        "page": _TEXT,
        "referrer": {"anyOf": [_TEXT, {"type": "null"}]},
        "screen": {"anyOf": [{"enum": list(SCREENS)}, size]},
        "cookies": closed(
            {
                "enabled": {"type": "boolean"},
                "names": {**array(_TEXT), "maxItems": limits.COOKIE_NAMES},
            },
            optional=("enabled", "names"),
        ),
        "action": closed({"name": _TEXT, "properties": properties}, optional=("properties",)),
        "observed": closed(observed, optional=tuple(observed)),
        "sized": {"type": "boolean", "default": True},
    }
    return {
        "description": "One page view or action, for one purpose. `observed` is for relays, under "
        "the key of their site: the parts of each attribute, coarse to fine, and never `time`; and "
        "so is `sized`, false of who counts towards no size, as more of their network came.",
        **closed(
            fields, optional=tuple(name for name in fields if name not in ("purpose", "type"))
        ),
    }


def _batch() -> dict[str, Any]:
    # Only an event that a grant covers is looked at: one that is not by the contract is dropped
    # with its reason, and without a grant nobody says whether it was (M43).
    other = {"description": "Anything else is dropped, not refused.", **ref(f"JsonValue{NESTED}")}
    fields: dict[str, Any] = {
        "v": {"type": "integer", "const": 1, "description": "1.0 is the same number."},
        "batch": {
            **json_schema(BATCHES),
            "description": "Drawn by the sender: a batch sent again is stored once.",
        },
        "events": {
            **array({"anyOf": [ref("Event"), other]}),
            "minItems": 1,
            "maxItems": limits.EVENTS,
        },
        "site": ref("SiteName"),
        "handle": or_null("Handle"),
        "secret": or_null("Secret"),
        "collector": {**_TEXT, "description": "The write key of a placed collector."},
        "gpc": _FLAG,
        "dnt": _FLAG,
        "vouch": {
            **_TEXT,
            "description": "The gate's word that the page is one of that collector.",
        },
        "user": {
            **json_schema(USER),
            "description": "Of a relay alone, under the site's key: which signed-in user it was, "
            "by an HMAC under a key that the site keeps.",
        },
    }
    required = ("v", "batch", "events", "site")
    return {
        "description": "A relay names the `handle`, a page the `secret`; without either there is "
        "no grant, and nothing is stored.",
        **closed(fields, optional=tuple(name for name in fields if name not in required)),
        "not": told("handle", "secret"),
    }


_EXAMPLES: dict[str, Any] = {
    "relay": {"v": 1, "site": SITE, "handle": HANDLE, "batch": BATCH, "events": [OBSERVED]},
    "script": {"v": 1, "site": SITE, "secret": SECRET, "batch": BATCH, "events": [VISIT]},
}

AREA = Area(
    tag="events",
    description="Visits, made less precise before anything is written.",
    schemas={
        **anything(NESTED),
        "Event": _event(),
        "Batch": _batch(),
        "BatchResult": closed(
            {
                "stored": {"type": "integer", "minimum": 0, "description": "Events on disk."},
                "dropped": array(
                    closed(
                        {
                            "index": {"type": "integer", "minimum": 0},
                            "reason": {"enum": sorted(Drop)},
                        }
                    )
                ),
            }
        ),
    },
    operations=(
        Operation(
            "post",
            "/v1/events",
            "sendEvents",
            "Send page views and actions",
            description="Under a site key the sender is the site's relay, and the request's own "
            "headers say nothing about the visitor. Without one it is a page of a site without a "
            "server, known by its exact `Origin`. The receipt is judged first: without a valid one "
            "every event is dropped as `no-grant`, unread.",
            security=(SITE_KEY, NOTHING),
            parameters=(ORIGIN, GPC, DNT),
            body=Body(ref("Batch"), _EXAMPLES, (JSON, "text/plain")),
            answers=(
                Answer(
                    202,
                    "What is stored is on disk; every other event has its reason.",
                    ref("BatchResult"),
                    {"stored": 0, "dropped": [{"index": 0, "reason": Drop.NO_GRANT}]},
                    FROM_SCRIPT,
                ),
            ),
            refusals=BODY
            | {"unknown-field", "unknown-version", "too-many-events", "too-many-requests"}
            | {"cross-origin", "wrong-key", "no-such-site", AWAY},
        ),
    ),
)
