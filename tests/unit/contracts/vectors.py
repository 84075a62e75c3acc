"""The cases of `tests/vectors/{events,consents}.json`: bodies, and how each is answered."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.conftest import ROOT


@dataclass(frozen=True)
class Vector:
    """A body as it goes over the wire, and the answer."""

    name: str
    data: bytes
    form: bool
    status: int
    reason: str | None  # why the whole body is refused
    stored: int
    dropped: list[tuple[int, str]]
    beyond_schema: bool  # a JSON Schema cannot say what is wrong with it

    def value(self) -> Any:
        """The body, decoded; for what is no JSON that is an error."""
        return json.loads(self.data)

    def with_more(self, **more: object) -> bytes:
        """The body with what another face asks for beside it, where it is an object."""
        try:
            value = self.value()
        except ValueError:
            return self.data
        if not isinstance(value, dict) or self.beyond_schema:
            return self.data
        return json.dumps({**more, **value}).encode()


def differs(vector: Vector, status: int, body: Mapping[str, Any]) -> str | None:
    """Where an answer over HTTP is not as a case says; None where it is."""
    if status != vector.status:
        return f"{vector.name}: {status} instead of {vector.status}: {body}"
    if vector.reason is not None or "stored" not in body:
        reason = body.get("reason")
        return None if reason == vector.reason else f"{vector.name}: {reason}"
    dropped = [(drop["index"], drop["reason"]) for drop in body["dropped"]]
    if (body["stored"], dropped) != (vector.stored, vector.dropped):
        return f"{vector.name}: {body}"
    return None


def vectors(name: str, *, edition: str = "0" * 63 + "1") -> list[Vector]:
    """Every case of a file; `edition` is the hash that its answers speak of."""
    cases = json.loads((ROOT / f"tests/vectors/{name}.json").read_text("utf-8"))["vectors"]
    return [_vector(case, edition) for case in cases]


def _vector(case: dict[str, Any], edition: str) -> Vector:
    text = case.get("form", case.get("text"))
    sent = bytes.fromhex(case["hex"]) if text is None else text.encode()
    return Vector(
        case["name"],
        sent.replace(b"EDITION", edition.encode()),
        "form" in case,
        case["status"],
        case.get("reason"),
        case.get("stored", 0),
        [(index, reason) for index, reason in case.get("dropped", [])],
        case.get("beyond_schema", False),
    )
