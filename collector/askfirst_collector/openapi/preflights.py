"""`OPTIONS`, before a page's script may send (Fetch standard, CORS protocol)."""

from __future__ import annotations

from dataclasses import replace

from askfirst_collector.api.visitors import SCRIPTED

from .headers import FROM_SCRIPT, ORIGIN
from .operation import AWAY, Answer, Area, Operation

_ALLOWED = {
    **FROM_SCRIPT,
    "Access-Control-Allow-Methods": {"required": True, "schema": {"const": "GET, POST"}},
    "Access-Control-Allow-Headers": {"required": True, "schema": {"type": "string"}},
    "Access-Control-Max-Age": {"required": True, "schema": {"type": "integer"}},
}


def _preflight(path: str) -> Operation:
    last = path.rsplit("/", 1)[1].capitalize()
    return Operation(
        "options",
        path,
        f"preflight{last}",
        "Whether a page of this origin may send",
        parameters=(replace(ORIGIN, required=True),),
        answers=(Answer(200, "It may.", {"const": {}}, {}, _ALLOWED),),
        refusals=frozenset({"cross-origin", AWAY}),
    )


AREA = Area(
    tag="preflights",
    description="Asked by browsers, not by people.",
    operations=tuple(_preflight(path) for path in SCRIPTED),
)
