"""`POST /v1/policies`, `GET /v1/terms`: what a site may gather, and what that comes to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .example import example_policy
from .headers import ETAG, IF_NONE_MATCH
from .operation import AWAY, BODY, Answer, Area, Body, Operation, ref
from .security import SITE_KEY
from .shapes import array, by_name, closed

# Written by scripts/build-openapi: docs/ is no part of what is installed.
COPY = Path(__file__).with_name("policy.schema.json")
_DEFINED = "#/$defs/"


def policy_schemas() -> dict[str, Any]:
    """`docs/policy.schema.json`, its definitions as schemas of the document."""
    whole = json.loads(COPY.read_text("utf-8"))
    defined = whole.pop("$defs")
    head = {
        name: schema for name, schema in whole.items() if name not in ("$schema", "$id", "title")
    }
    schemas = {"Policy": head} | {_name(name): schema for name, schema in defined.items()}
    return {name: _referring(schema) for name, schema in schemas.items()}


def _name(definition: str) -> str:
    return f"Policy{definition.capitalize()}"


def _referring(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_referring(child) for child in schema]
    if not isinstance(schema, Mapping):
        return schema
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference.startswith(_DEFINED):
        return {**schema, **ref(_name(reference.removeprefix(_DEFINED)))}
    return {name: _referring(child) for name, child in schema.items()}


def _terms(purpose: Mapping[str, Any]) -> dict[str, Any]:
    fields = {name: schema for name, schema in purpose["properties"].items() if name != "text"}
    return {
        "description": "What may be gathered of an event, every key written out.",
        **closed(fields),
    }


_POLICY = policy_schemas()
_EDITION = closed(
    {
        "number": {"type": "integer", "minimum": 1},
        "hash": ref("Hash"),
        "effective": {"type": "integer", "description": "Unix seconds."},
        "policy": ref("Policy"),
        "placed": {
            **by_name(ref("PlacedDocument"), "CollectorName"),
            "description": "The placed collectors that stand in it, by name.",
        },
        "terms": by_name(
            {
                "type": "object",
                "description": "By the detail that was chosen; one that allows nothing is absent.",
                "properties": {detail: ref("Terms") for detail in ("1", "2")},
                "additionalProperties": False,
            }
        ),
    }
)
SCHEMAS = {
    **_POLICY,
    "Terms": _terms(_POLICY["PolicyPurpose"]),
    "EffectiveTerms": closed(
        {
            "site": ref("SiteName"),
            "oldest_sdk": {"type": "string", "description": "The oldest SDK that these are for."},
            "sized": {
                "type": "integer",
                "minimum": 1,
                "description": "How many visitors of one network count towards a size in a period.",
            },
            "sizes_answers": {
                "const": True,
                "description": "An answer may say `sized`, too.",
            },
            "links_users": {
                "type": "boolean",
                "description": "Events may say which signed-in `user` it was.",
            },
            "host": {
                "anyOf": [ref("Hash"), {"type": "null"}],
                "description": "The host policy's.",
            },
            "editions": array(_EDITION),
            "receipt_keys": array(ref("PublicKey")),
        }
    ),
}
_TERMS = Answer(
    200, "Of each edition, the terms by purpose and detail.", ref("EffectiveTerms"), headers=ETAG
)

AREA = Area(
    tag="policies",
    description="Policies, their editions, and the terms a relay narrows events to.",
    schemas=SCHEMAS,
    operations=(
        Operation(
            "post",
            "/v1/policies",
            "publishPolicy",
            "Publish a policy as the site's next edition",
            description="A policy that is published already changes nothing. One that the schema "
            "takes may still contradict itself or go above the host's: it is refused with every "
            "problem in it.",
            security=(SITE_KEY,),
            parameters=(IF_NONE_MATCH,),
            body=Body(ref("Policy"), {"standard": example_policy().document}),
            answers=(_TERMS, Answer(304, "Published already, and known.", headers=ETAG)),
            refusals=BODY | {"wrong-key", "policy-refused", "policy-conflict", AWAY},
        ),
        Operation(
            "get",
            "/v1/terms",
            "getTerms",
            "Effective terms, for the relay of a site",
            security=(SITE_KEY,),
            parameters=(IF_NONE_MATCH,),
            answers=(_TERMS, Answer(304, "As it is known.", headers=ETAG)),
            refusals=frozenset({"wrong-key", AWAY}),
        ),
    ),
)
