"""JSON Schemas from the code that reads the bodies, and the few that several areas share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from askfirst.contracts import names

from .operation import Schema, ref

_TEMPLATE = "#/components/schemas/{name}"

NO_NUL = r"^[^\u0000]*$"  # as `contracts/strict_json.py` refuses it in any string, and in any key
NAME = names.json_schema(names.NAME)
SHARED: dict[str, dict[str, Any]] = {
    "Problem": {
        "type": "object",
        "description": "Why a request was refused (RFC 9457).",
        "required": ["status", "reason", "detail"],
        "properties": {
            "status": {"type": "integer", "description": "The HTTP status, again."},
            "reason": {"type": "string", "description": "A stable word to program against."},
            "detail": {"type": "string", "description": "What to send instead."},
            "problems": {
                "type": "array",
                "description": "Of a policy: everything that is wrong in it.",
                "items": ref("PolicyProblem"),
            },
        },
    },
    "PolicyProblem": {
        "type": "object",
        "required": ["pointer", "found", "message"],
        "properties": {
            "pointer": {"type": "string", "description": "Where (RFC 6901)."},
            "found": {"description": "What stands there."},
            "allowed": {"description": "What the policy above allows."},
            "link": {"enum": ["host", "site"], "description": "Which one that is."},
            "message": {"type": "string", "description": "What to write."},
        },
    },
    "SiteName": {**NAME, "description": "The short name of a site."},
    "CollectorName": {**NAME, "description": "The short name of a placed collector."},
    "PurposeName": {
        **names.json_schema(names.PURPOSE),
        "description": "A purpose of the site, or `collector/purpose` of a placed collector.",
    },
    "Hash": {
        **names.json_schema(names.HASH),
        "description": "A SHA-256 in hexadecimal.",
    },
    "Handle": {
        **names.json_schema(names.HANDLE),
        "description": "The hexadecimal SHA-256 of the 16 bytes of a receipt's secret: what a "
        "relay and the ledger know of a visitor.",
    },
    "Secret": {
        **names.json_schema(names.SECRET),
        "description": "16 random bytes in base64url: what the visitor's browser holds.",
    },
    "Day": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
    "Hour": {
        "type": "string",
        "description": "A moment in UTC, RFC 3339.",
        "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$",
    },
}


def of_type(kind: Any) -> dict[str, Any]:
    """The schema of a plain type, with what it is made of written out in it."""
    (schema,), parts = msgspec.json.schema_components([kind], ref_template=_TEMPLATE)
    return dict(_plain(schema, parts))


def of_struct(struct: type[msgspec.Struct], **instead: Schema) -> dict[str, Any]:
    """The schema of a body that `struct` decodes; `instead` says more of single fields."""
    base = of_type(struct)
    fields = {
        name: {**field, **instead.get(name, {})} for name, field in base["properties"].items()
    }
    for name, schema in instead.items():
        if schema.keys() & {"$ref", "anyOf"}:
            fields[name] = dict(schema)
    return {
        "type": "object",
        "required": [name for name in fields if name in base.get("required", ())],
        "properties": fields,
        "additionalProperties": False,
    }


def closed(properties: Mapping[str, Schema], *, optional: tuple[str, ...] = ()) -> dict[str, Any]:
    """An object with these properties and no other."""
    return {
        "type": "object",
        "required": [name for name in properties if name not in optional],
        "properties": dict(properties),
        "additionalProperties": False,
    }


def or_null(name: str) -> dict[str, Any]:
    """One of these, or null, which is as good as left out."""
    return {"anyOf": [ref(name), {"type": "null"}]}


def anything(levels: int) -> dict[str, Any]:
    """Schemas of whatever a body may hold at all, by how many levels it nests."""
    plain = {"type": ["null", "boolean", "number", "string"], "pattern": NO_NUL}
    schemas: dict[str, Any] = {"JsonValue0": plain}
    for level in range(1, levels + 1):
        below = ref(f"JsonValue{level - 1}")
        names = {"pattern": NO_NUL}
        fields = {"type": "object", "propertyNames": names, "additionalProperties": below}
        nested = array(below), fields
        schemas[f"JsonValue{level}"] = {"anyOf": [plain, *nested]}
    return schemas


def told(*names: str) -> dict[str, Any]:
    """That these are there, and not null."""
    text = {key: {"type": "string"} for key in names}
    return {"required": list(names), "properties": text}


def array(items: Schema) -> dict[str, Any]:
    """A list of these."""
    return {"type": "array", "items": dict(items)}


def by_name(values: Schema, name: str = "PurposeName") -> dict[str, Any]:
    """An object that has one of these for each name."""
    return {"type": "object", "propertyNames": ref(name), "additionalProperties": dict(values)}


def _plain(schema: Any, parts: Mapping[str, Any]) -> Any:
    """As the dialect of the document wants it: references resolved, no `\\Z`."""
    if isinstance(schema, list):
        return [_plain(child, parts) for child in schema]
    if not isinstance(schema, Mapping):
        return schema
    if "$ref" in schema:
        return _plain(parts[schema["$ref"].rsplit("/", 1)[1]], parts)
    document = {name: _plain(child, parts) for name, child in schema.items() if name != "title"}
    if document.get("default", 0) in (None, "", {}):
        del document["default"]
    if "pattern" in document:
        document["pattern"] = document["pattern"].replace(r"\Z", "$")
    elif document.get("type") == "string" and not document.keys() & {"enum", "const", "format"}:
        document["pattern"] = NO_NUL
    if isinstance(document.get("additionalProperties"), Mapping):
        document["propertyNames"] = {"pattern": NO_NUL, **document.get("propertyNames", {})}
    return document
