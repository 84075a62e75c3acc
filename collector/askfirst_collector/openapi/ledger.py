"""`/v1/ledger/*`: proofs, for whoever knows a leaf."""

from __future__ import annotations

from .operation import AWAY, Answer, Area, Operation, Parameter, ref
from .shapes import array, closed

_NODE = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_LEAF = Parameter("leaf", "path", _NODE, "The leaf, as a receipt has it.")
_SIZE = Parameter(
    "size",
    "path",
    {"type": "string", "pattern": "^[1-9][0-9]{0,17}$"},
    "The size of an older checkpoint.",
)
_SIGNED = {
    "checkpoint": {
        "type": "string",
        "description": "The newest one, a signed note (C2SP tlog-checkpoint).",
    },
    "keys": array({"type": "string", "description": "A verifier key (C2SP signed-note)."}),
}
_PATH = {**array(_NODE), "description": "The nodes of the proof, in the order of RFC 9162."}
_REFUSALS = frozenset({"bad-shape", "not-found", AWAY})

AREA = Area(
    tag="ledger",
    description="That an entry stands in the ledger. Nothing is found by a site or a visitor.",
    schemas={
        "Inclusion": closed(
            {**_SIGNED, "position": {"type": "integer", "minimum": 0}, "proof": _PATH}
        ),
        "Growth": closed({**_SIGNED, "proof": _PATH}),
    },
    operations=(
        Operation(
            "get",
            "/v1/ledger/{leaf}",
            "getInclusion",
            "That a leaf stands in the newest checkpoint",
            description="Checkpoints are signed once a day: a newer entry is not found before.",
            parameters=(_LEAF,),
            answers=(Answer(200, "The proof (RFC 9162, section 2.1.3).", ref("Inclusion")),),
            refusals=_REFUSALS,
        ),
        Operation(
            "get",
            "/v1/ledger/{leaf}/since/{size}",
            "getGrowth",
            "That an older checkpoint is the beginning of the newest one",
            parameters=(_LEAF, _SIZE),
            answers=(Answer(200, "The proof (RFC 9162, section 2.1.4).", ref("Growth")),),
            refusals=_REFUSALS,
        ),
    ),
)
