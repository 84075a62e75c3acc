"""`/v1/rights/*`: what whoever holds a receipt may ask for (GDPR articles 15 to 20)."""

from __future__ import annotations

from askfirst.terms.attributes import ATTRIBUTES
from askfirst.terms.terms import CLOSES
from askfirst_collector.usecases.visitor_rights import NOT_LINKABLE

from .headers import FROM_SCRIPT, ORIGIN
from .operation import AWAY, Answer, Area, Operation, Schema, ref
from .security import FOR_A_HANDLE, RECEIPT
from .shapes import array, by_name, closed

_REFUSALS = frozenset({"no-receipt", "wrong-key", "cross-origin", AWAY})
_TEXT = {"type": "string"}
_NUMBER = {"type": "integer", "minimum": 0}
_NOTHING: dict[str, object] = {
    "record": None,
    "receipt": None,
    "history": [],
    "rows": [],
    "deliveries": [],
    "not_linkable": [],
}
_RETENTION = by_name({**_NUMBER, "description": "Days."})
_RECIPIENTS = array(closed({"name": _TEXT, "role": _TEXT, "country": _TEXT}))

RECORD = closed(
    {
        "v": {"enum": [1, 2], "description": "In version 1 details are 0 to 3."},
        "kind": {"enum": ["grant", "change", "restrict", "withdraw"]},
        "site": ref("SiteName"),
        "handle": ref("Handle"),
        "edition": closed({"number": _NUMBER, "hash": ref("Hash")}),
        "notice": {**ref("Hash"), "description": "Of the words that were shown."},
        "language": _TEXT,
        "choices": by_name(closed({"detail": _NUMBER, "edition": _NUMBER})),
        "granted": array(ref("PurposeName")),
        "denied": array(ref("PurposeName")),
        "collectors": array(
            closed(
                {
                    "name": ref("CollectorName"),
                    "controller": _TEXT,
                    "retention": _RETENTION,
                    "recipients": _RECIPIENTS,
                }
            )
        ),
        "method": _TEXT,
        "controller": _TEXT,
        "jurisdiction": _TEXT,
        "retention": _RETENTION,
        "recipients": _RECIPIENTS,
        "status": {"enum": ["granted", "restricted", "withdrawn"]},
        "hour": ref("Hour"),
        "until": ref("Hour"),
    }
)
ROW = closed(
    {
        "collector": {"type": "string", "description": "A placed one; empty: the site itself."},
        "purpose": _TEXT,
        "period": ref("Day"),
        "closes": {"enum": list(CLOSES)},
        "type": {"enum": ["page_view", "action", "drop"]},
        "values": {
            "type": "object",
            "propertyNames": {"enum": list(ATTRIBUTES)},
            "additionalProperties": array(_TEXT),
        },
    }
)
DELIVERY = closed(
    {
        "hour": ref("Hour"),
        "message": {"type": "string", "pattern": "^msg_[0-9a-f]{32}$"},
        "purpose": ref("PurposeName"),
        "recipient": closed({"name": _TEXT, "role": _TEXT, "country": _TEXT}),
        "what": {"enum": ["figures", "events"]},
    }
)
SCHEMAS: dict[str, Schema] = {
    "ConsentRecord": {
        "description": "One entry of the ledger: what was decided, under what.",
        **RECORD,
    },
    "StoredEvent": {"description": "One event as it is stored, made less precise.", **ROW},
    "VisitorData": closed(
        {
            "record": {"anyOf": [ref("ConsentRecord"), {"type": "null"}]},
            "receipt": {"type": ["string", "null"], "description": "A signed record (JWS)."},
            "history": array(ref("ConsentRecord")),
            "rows": array(ref("StoredEvent")),
            "deliveries": {
                **array(DELIVERY),
                "description": "Those that may have had something of the visitor's.",
            },
            "not_linkable": array(
                closed(
                    {"what": {"enum": [entry["what"] for entry in NOT_LINKABLE]}, "reason": _TEXT}
                )
            ),
        }
    ),
    "Done": closed({"done": {"const": True}}),
}


def _operation(method: str, name: str, id: str, summary: str, answer: Answer) -> Operation:
    return Operation(
        method,
        f"/v1/rights/{name}",
        id,
        summary,
        description="With the secret of a receipt, or under a site key for a handle.",
        security=(RECEIPT, FOR_A_HANDLE),
        parameters=(ORIGIN,),
        answers=(answer,),
        refusals=_REFUSALS,
    )


_KEPT = Answer(
    200, "All of it, and what cannot be linked any more.", ref("VisitorData"), _NOTHING, FROM_SCRIPT
)
_DONE = Answer(200, "Done, or there was nothing to do.", ref("Done"), {"done": True}, FROM_SCRIPT)

AREA = Area(
    tag="rights",
    description="See, restrict, withdraw, erase. Whoever shows a receipt that is unknown or has "
    "ended is told nothing.",
    schemas=SCHEMAS,
    operations=(
        _operation("get", "me", "seeWhatIsKept", "See what is kept", _KEPT),
        _operation("post", "restrict", "restrict", "Keep it, and store nothing more", _DONE),
        _operation("post", "withdraw", "withdraw", "End the grant for good", _DONE),
        _operation("post", "erase", "erase", "Erase what is still linked", _DONE),
    ),
)
