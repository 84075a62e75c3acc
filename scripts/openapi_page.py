"""docs/openapi.json as one page of Markdown: each operation by its subject, then each shape."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

METHODS = ("get", "post", "put", "patch", "delete")
REF = "#/components/schemas/"
LONGEST_ENUM = 12


def markdown(document: Mapping[str, Any]) -> str:
    """The whole page."""
    return "\n".join(_page(document)) + "\n"


def _page(document: Mapping[str, Any]) -> Iterator[str]:
    yield "# The HTTP interface\n"
    yield f"{document['info']['description']}\n"
    yield "The same as a document: [openapi.json](openapi.json). With curl: [`/v1`](api.md).\n"
    yield "## Who asks\n"
    for name, scheme in document["components"]["securitySchemes"].items():
        yield f"- **{name}**: {scheme['description']}"
    for tag in document["tags"]:
        operations = list(_operations(document, tag["name"]))
        if not operations:
            continue
        subject = tag["name"].replace("-", " ").capitalize()
        yield f"\n## {subject}\n\n{tag['description']}\n"
        for method, path, operation in operations:
            yield from _operation(method, path, operation)
    yield "## Shapes\n"
    for name, schema in sorted(document["components"]["schemas"].items()):
        if not name.startswith("JsonValue"):
            yield from _shape(name, schema)


def _operations(document: Mapping[str, Any], tag: str) -> Iterator[tuple[str, str, Any]]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if tag in item.get(method, {}).get("tags", ()):
                yield method, path, item[method]


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield f"### {operation['summary']}\n\n`{method.upper()} {path}`\n"
    if "description" in operation:
        yield f"{operation['description']}\n"
    yield f"Asked by: {_askers(operation.get('security', []))}.\n"
    parameters = operation.get("parameters", [])
    if parameters:
        yield "| parameter | in | type | |\n|---|---|---|---|"
        for one in parameters:
            text = _described(one, required=one.get("required", False))
            yield f"| `{one['name']}` | {one['in']} | {type_of(one['schema'])} | {text} |"
        yield ""
    body = operation.get("requestBody")
    if body:
        kinds = body["content"]
        shape = type_of(next(iter(kinds.values()))["schema"])
        yield f"Body: {shape}, as {' or '.join(f'`{kind}`' for kind in kinds)}.\n"
        yield from _examples(next(iter(kinds.values())))
    yield "| status | | body |\n|---|---|---|"
    for status, response in operation["responses"].items():
        content = response.get("content", {})
        shapes = {type_of(media.get("schema", {})) for media in content.values()}
        yield f"| {status} | {_cell(response['description'])} | {' or '.join(sorted(shapes))} |"
    yield ""


def _askers(security: list[dict[str, Any]]) -> str:
    ways = [" with ".join(sorted(way, reverse=True)) or "anybody" for way in security]
    return ", or ".join(ways) or "anybody"


def _examples(media: Mapping[str, Any]) -> Iterator[str]:
    examples = media.get(
        "examples", {"": {"value": media["example"]}} if "example" in media else {}
    )
    for example in examples.values():
        yield f"```json\n{json.dumps(example['value'], indent=2, ensure_ascii=False)}\n```\n"


def _shape(name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    yield f"### {name}\n"
    if "description" in schema:
        yield f"{schema['description']}\n"
    properties = schema.get("properties", {})
    if not properties:
        yield f"{type_of({**schema, 'description': ''})}\n"
        return
    required = schema.get("required", ())
    yield "| key | type | |\n|---|---|---|"
    for key, value in properties.items():
        yield f"| `{key}` | {type_of(value)} | {_described(value, required=key in required)} |"
    yield ""


def type_of(schema: Mapping[str, Any]) -> str:
    """A schema in a few words, for a cell of a table; shapes as links to theirs."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(REF)
        return "anything" if name.startswith("JsonValue") else f"[{name}](#{name.lower()})"
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return " or ".join(dict.fromkeys(type_of(one) for one in schema[key]))
    if "allOf" in schema:
        return next((type_of(one) for one in schema["allOf"] if "$ref" in one), "object")
    if "const" in schema:
        return f"`{json.dumps(schema['const'])}`"
    if "enum" in schema:
        values = [f"`{json.dumps(value)}`" for value in schema["enum"]]
        more = ["…"] if len(values) > LONGEST_ENUM else []
        return ", ".join(values[:LONGEST_ENUM] + more)
    if schema.get("type") == "array":
        items = schema.get("items")
        return f"list of {type_of(items)}" if isinstance(items, dict) else "list"
    if schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"object of {type_of(schema['additionalProperties'])}"
    return _plain(schema)


def _plain(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type", "anything")
    name = " or ".join(kind) if isinstance(kind, list) else str(kind)
    limits = {
        "maxLength": "at most {} characters",
        "minimum": "at least {}",
        "maximum": "at most {}",
    }
    said = [text.format(schema[key]) for key, text in limits.items() if key in schema]
    if "pattern" in schema:
        said.append(f"`{_cell(schema['pattern'])}`")
    return ", ".join([name, *said])


def _described(item: Mapping[str, Any], *, required: bool) -> str:
    return _cell(item.get("description")) + ("" if required else " (may be left out)")


def _cell(text: str | None) -> str:
    return (text or "").replace("|", "\\|").replace("\n", " ")
