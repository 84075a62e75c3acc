"""`POST /v1/consents`: what a visitor answered, and what then stands in the ledger."""

from __future__ import annotations

from typing import Any

from askfirst.contracts import limits
from askfirst.contracts.consent import DETAILS, SHORT_TEXT, VERSION, VERSIONS
from askfirst.contracts.names import json_schema

from .example import HANDLE, SECRET, SITE, example_policy
from .headers import FROM_SCRIPT, GPC, ORIGIN
from .operation import AWAY, BODY, JSON, Answer, Area, Body, Operation, Schema, ref
from .security import NOTHING, SITE_KEY
from .shapes import by_name, closed, or_null, told

WHOSE = {"anyOf": [told("handle"), told("secret")]}
PAIR = {
    "type": "array",
    "description": "The detail, 0 to 2, and the number of the edition that bounds it.",
    "prefixItems": [{"type": "integer", "minimum": 0, "maximum": 2}, {"type": "integer"}],
    "minItems": 2,
    "maxItems": 2,
}


_SHORT = json_schema(SHORT_TEXT)
_DETAIL = {"type": "integer", "minimum": min(DETAILS), "maximum": max(DETAILS)}
_FLAG = {"type": "boolean", "default": False}


def _answer(*methods: str, required: tuple[str, ...] = (), **choices: Any) -> dict[str, Any]:
    grants = "edition" in required
    fields: dict[str, Any] = {
        "v": {
            "type": "integer",
            "enum": [VERSION] if grants else list(VERSIONS),
            "description": "Version 1 had four details: what grants in it is `edition-changed`.",
        },
        "site": ref("SiteName"),
        "edition": ref("Hash") if grants else _SHORT,
        "lang": _SHORT,
        "method": {"enum": list(methods)},
        "choices": {**by_name(_DETAIL), "maxProperties": limits.CHOICES, **choices},
        "adult": _FLAG,
        "gpc": _FLAG,
        "sized": {
            "type": "boolean",
            "default": True,
            "description": "From relays: false of who counts towards no size, as more of their "
            "network answered.",
        },
        "handle": or_null("Handle"),
        "secret": or_null("Secret"),
    }
    always = {"v", "site", "method", *required}
    return closed(fields, optional=tuple(name for name in fields if name not in always))


def _grant(schema: Schema, description: str) -> dict[str, Any]:
    return {"description": description, **schema, **WHOSE}


SCHEMAS: dict[str, Schema] = {
    "AcceptAll": _grant(
        _answer("accept_all", required=("edition",), additionalProperties={"enum": [1, 2]}),
        "Every purpose as it is asked, or those that are named, all with one detail.",
    ),
    "Save": _grant(
        _answer("save", required=("edition", "choices"), minProperties=1),
        "A detail for each purpose named: 0 off, 1 with less detail, 2 as asked. All that is "
        "granted has one; a placed collector is on or off. A purpose left out keeps what it had.",
    ),
    "RefuseSome": {
        "description": "These purposes not at all, or not any more, whatever edition was shown.",
        **_answer(
            "save", required=("choices",), minProperties=1, additionalProperties={"const": 0}
        ),
    },
    "Refuse": {
        "description": "Nothing at all, or not any more. Without a handle a refusal is at most a "
        "number.",
        **_answer("reject_all", "withdraw", additionalProperties={"const": 0}),
    },
    "Rollback": {
        "description": "Under a site key: takes back a grant whose answer the relay did not hear "
        "in time. Neither is counted.",
        **_answer("rollback", additionalProperties={"const": 0}),
        "allOf": [told("handle")],
    },
    "ConsentDecision": {
        "oneOf": [
            closed(
                {
                    "decision": {"enum": ["granted", "changed", "withdrawn"]},
                    "choices": by_name(PAIR),
                    "expires": {"type": "integer", "description": "Unix seconds."},
                    "receipt": {"type": "string", "description": "A signed record (JWS)."},
                    "state": {
                        "description": "To a page: what it keeps in its state cookie.",
                        **closed(
                            {
                                "ch": by_name(_DETAIL),
                                "ed": {"type": "integer", "minimum": 0},
                                "exp": {"type": "integer", "description": "Unix seconds."},
                            }
                        ),
                    },
                },
                optional=("receipt", "state"),
            ),
            closed({"decision": {"const": "refused"}}),
        ]
    },
}


def _examples() -> dict[str, Any]:
    base = {"v": VERSION, "site": SITE, "edition": example_policy().hash, "lang": "en"}
    return {
        "relay": {**base, "method": "accept_all", "handle": HANDLE},
        "script": {
            **base,
            "method": "save",
            "choices": {"statistics": 2, "marketing": 0},
            "secret": SECRET,
        },
        "refusal": {**base, "method": "reject_all", "secret": SECRET},
    }


AREA = Area(
    tag="consents",
    description="Answers of visitors, recorded before they take effect.",
    schemas=SCHEMAS,
    operations=(
        Operation(
            "post",
            "/v1/consents",
            "recordConsent",
            "Record what a visitor answered",
            description="Under a site key by the `handle`; from a page of a site without a server "
            "by the `secret`, and only from an exact `Origin`. A grant that cannot be recorded "
            "within two seconds is answered 503, and is not given.",
            security=(SITE_KEY, NOTHING),
            parameters=(ORIGIN, GPC),
            body=Body(
                {
                    "anyOf": [
                        ref(name)
                        for name in ("AcceptAll", "Save", "RefuseSome", "Refuse", "Rollback")
                    ]
                },
                _examples(),
                (JSON, "text/plain"),
            ),
            answers=(
                Answer(
                    200,
                    "The answer stands in the ledger. A refusal without a grant before it is not "
                    "recorded.",
                    ref("ConsentDecision"),
                    {"decision": "refused"},
                    FROM_SCRIPT,
                ),
            ),
            refusals=BODY
            | {"unknown-field", "unknown-version", "unknown-purpose", "nothing-chosen"}
            | {"choices-contradict-method", "age-not-declared", "under-age", "edition-changed"}
            | {"handle-ended", "cross-origin", "wrong-key", "no-receipt", "no-such-site"}
            | {"too-many-requests", AWAY},
        ),
    ),
)
