"""`POST /v1/consents`: what a visitor answered, and what then stands in the ledger."""

from __future__ import annotations

from typing import Any

from askfirst_collector.ingest.asked import Asked

from .example import HANDLE, SECRET, SITE, example_policy
from .headers import FROM_SCRIPT, GPC, ORIGIN
from .operation import AWAY, BODY, JSON, Answer, Area, Body, Operation, Schema, ref
from .security import NOTHING, SITE_KEY
from .shapes import by_name, closed, of_struct, or_null, told

WHOSE = {"anyOf": [told("handle"), told("secret")]}
PAIR = {
    "type": "array",
    "description": "The detail, 0 to 3, and the number of the edition that bounds it.",
    "prefixItems": [{"type": "integer", "minimum": 0, "maximum": 3}, {"type": "integer"}],
    "minItems": 2,
    "maxItems": 2,
}


def _answer(*methods: str, **choices: Any) -> dict[str, Any]:
    return of_struct(
        Asked,
        v={"const": 1},
        site=ref("SiteName"),
        edition=ref("Hash"),
        method={"enum": list(methods)},
        choices={**by_name({"type": "integer", "minimum": 0, "maximum": 3}), **choices},
        handle=or_null("Handle"),
        secret=or_null("Secret"),
    )


def _grant(found: Schema, description: str, *required: str) -> dict[str, Any]:
    named = [*found["required"], *required]
    return {"description": description, **found, "required": named, **WHOSE}


SCHEMAS: dict[str, Schema] = {
    "AcceptAll": _grant(
        _answer("accept_all", additionalProperties={"const": 3}),
        "Every purpose as it is asked, or those that are named.",
    ),
    "Save": _grant(
        _answer("save", minProperties=1),
        "A detail for each purpose named, 0 to 3: none, least, less, as asked. One that is left "
        "out keeps what it had.",
        "choices",
    ),
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
    "Decided": {
        "oneOf": [
            closed(
                {
                    "decision": {"enum": ["granted", "changed", "withdrawn"]},
                    "choices": by_name(PAIR),
                    "expires": {"type": "integer", "description": "Unix seconds."},
                    "receipt": {"type": "string", "description": "A signed record (JWS)."},
                },
                optional=("receipt",),
            ),
            closed({"decision": {"const": "refused"}}),
        ]
    },
}


def _examples() -> dict[str, Any]:
    base = {"v": 1, "site": SITE, "edition": example_policy().hash, "lang": "en"}
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
                {"oneOf": [ref("AcceptAll"), ref("Save"), ref("Refuse"), ref("Rollback")]},
                _examples(),
                (JSON, "text/plain"),
            ),
            answers=(
                Answer(
                    200,
                    "The answer stands in the ledger. A refusal without a grant before it is not "
                    "recorded.",
                    ref("Decided"),
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
