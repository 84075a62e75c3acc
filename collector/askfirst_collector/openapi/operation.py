"""One operation of the collector's own face, and how it is written in OpenAPI 3.1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from askfirst.errors import STATUS, Reason

Schema = Mapping[str, Any]
Requirement = Mapping[str, list[str]]

JSON = "application/json"
PROBLEM = "application/problem+json"
AWAY = "collector-away"  # what anything that reads a file may be answered
# What a body may be refused for before anybody looks at what it says.
BODY = frozenset(
    {
        *("not-json", "not-utf-8", "duplicate-key", "too-deep", "bad-shape", "too-slow"),
        *("too-large", "unsupported-media-type", "encoded-body"),
    }
)


@dataclass(frozen=True)
class Parameter:
    """A parameter; those of a path are required by themselves."""

    name: str
    place: str  # "header", "path" or "query"
    schema: Schema
    description: str
    required: bool = False

    def written(self) -> dict[str, Any]:
        """A Parameter Object."""
        return {
            "name": self.name,
            "in": self.place,
            "required": self.required or self.place == "path",
            "description": self.description,
            "schema": dict(self.schema),
        }


@dataclass(frozen=True)
class Body:
    """A request body; each of `types` takes the same JSON.

    A page sends it as `text/plain` where it wants no preflight.
    """

    schema: Schema
    examples: Mapping[str, Any]  # by name: each is taken as it stands
    types: tuple[str, ...] = (JSON,)

    def written(self) -> dict[str, Any]:
        """A Request Body Object."""
        examples = {name: {"value": value} for name, value in self.examples.items()}
        content = {"schema": dict(self.schema), "examples": examples}
        return {"required": True, "content": dict.fromkeys(self.types, content)}


@dataclass(frozen=True)
class Answer:
    """What an operation answers when it does what it says; no schema means no body."""

    status: int
    description: str
    schema: Schema | None = None
    example: Any = None
    headers: Mapping[str, Schema] = field(default_factory=dict)  # by name: its description, schema

    def written(self) -> dict[str, Any]:
        """A Response Object."""
        document: dict[str, Any] = {"description": self.description}
        if self.headers:
            document["headers"] = {name: dict(header) for name, header in self.headers.items()}
        if self.schema is not None:
            document["content"] = {JSON: {"schema": dict(self.schema)}}
            if self.example is not None:
                document["content"][JSON]["example"] = self.example
        return document


@dataclass(frozen=True)
class Operation:
    """One method of one path. `refusals` are words of `errors.Reason`: every one it may give."""

    method: str
    path: str
    id: str
    summary: str
    answers: tuple[Answer, ...]
    description: str = ""
    security: tuple[Requirement, ...] = ()  # alternatives; none: whoever asks
    parameters: tuple[Parameter, ...] = ()
    body: Body | None = None
    refusals: frozenset[str] = frozenset()

    def written(self, tag: str) -> dict[str, Any]:
        """An Operation Object."""
        document: dict[str, Any] = {"operationId": self.id, "tags": [tag], "summary": self.summary}
        if self.description:
            document["description"] = self.description
        document["security"] = [dict(part) for part in self.security]
        if self.parameters:
            document["parameters"] = [part.written() for part in self.parameters]
        if self.body is not None:
            document["requestBody"] = self.body.written()
        answers = {str(part.status): part.written() for part in self.answers}
        document["responses"] = dict(sorted({**answers, **refused(self.refusals)}.items()))
        return document


@dataclass(frozen=True)
class Area:
    """Operations that belong together, and the schemas they brought."""

    tag: str
    description: str
    operations: tuple[Operation, ...]
    schemas: Mapping[str, Schema] = field(default_factory=dict)


def ref(name: str) -> dict[str, str]:
    """A reference to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def refused(reasons: frozenset[str]) -> dict[str, dict[str, Any]]:
    """The answers that refuse, by status: problem details (RFC 9457) with these reasons."""
    by_status: dict[int, list[str]] = {}
    for reason in sorted(reasons):
        by_status.setdefault(STATUS[Reason(reason)], []).append(reason)
    return {str(status): _problem(status, group) for status, group in by_status.items()}


def _problem(status: int, reasons: list[str]) -> dict[str, Any]:
    properties = {"status": {"const": status}, "reason": {"enum": reasons}}
    schema = {"allOf": [ref("Problem"), {"properties": properties}]}
    response: dict[str, Any] = {
        "description": f"Refused: {', '.join(f'`{reason}`' for reason in reasons)}.",
        "content": {PROBLEM: {"schema": schema}},
    }
    if status in (429, 503):
        response["headers"] = {
            "Retry-After": {
                "description": "Seconds after which the same request may succeed.",
                "required": True,
                "schema": {"type": "integer", "minimum": 1},
            }
        }
    return response
