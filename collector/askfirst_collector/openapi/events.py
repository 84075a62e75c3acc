"""`POST /v1/events`: what is sent of a visit, and what is answered."""

from __future__ import annotations

from typing import Any, get_type_hints

from askfirst_collector.ingest import batch, judging
from askfirst_collector.ingest.body import DEPTH

from .example import BATCH, HANDLE, SECRET, SITE
from .headers import DNT, FROM_SCRIPT, GPC, ORIGIN
from .operation import AWAY, BODY, JSON, Answer, Area, Body, Operation, ref
from .security import NOTHING, SITE_KEY
from .shapes import anything, array, closed, of_struct, of_type, or_null, told

VISIT: dict[str, Any] = {"purpose": "statistics", "type": "page_view", "page": "/harbours/1"}
OBSERVED: dict[str, Any] = {**VISIT, "observed": {"browser": ["Firefox"], "ip": ["IE"]}}
NESTED = DEPTH - 2  # an event stands in a list in the body
REASONS = sorted(
    value for name, value in vars(judging).items() if name.isupper() and isinstance(value, str)
)


def _event() -> dict[str, Any]:
    hints = get_type_hints(batch.Told, include_extras=True)
    told = {**hints, **batch.TOLD, "observed": batch.OBSERVED}
    fields = {name: of_type(kind) for name, kind in told.items()} | {"purpose": ref("PurposeName")}
    optional = {*batch.TOLD, "observed"}
    return {
        "description": "One page view or action, for one purpose. `observed` is for relays: "
        "the parts of each attribute, coarse to fine, and never `time`.",
        **closed(fields, optional=tuple(optional)),
    }


def _batch() -> dict[str, Any]:
    # Only an event that a grant covers is looked at: one that is not by the contract is dropped
    # with its reason, and without a grant nobody says whether it was (M43).
    other = {"description": "Anything else is dropped, not refused.", **ref(f"Anything{NESTED}")}
    event = {"anyOf": [ref("Event"), other]}
    found = of_struct(
        batch.Sent,
        required=("site",),
        v={"const": 1},
        site=ref("SiteName"),
        handle=or_null("Handle"),
        secret=or_null("Secret"),
        events={"minItems": 1, "maxItems": batch.EVENTS, "items": event},
        batch={"description": "Drawn by the sender: a batch sent again is stored once."},
        collector={"description": "The write key of a placed collector."},
        vouch={"description": "The gate's word that the page is one of that collector."},
    )
    return {
        "description": "A relay names the `handle`, a page the `secret`; without either there is "
        "no grant, and nothing is stored.",
        **found,
        "not": told("handle", "secret"),
    }


_EXAMPLES: dict[str, Any] = {
    "relay": {"v": 1, "site": SITE, "handle": HANDLE, "batch": BATCH, "events": [OBSERVED]},
    "script": {"v": 1, "site": SITE, "secret": SECRET, "batch": BATCH, "events": [VISIT]},
}

AREA = Area(
    tag="events",
    description="Visits, made less precise before anything is written.",
    schemas={
        **anything(NESTED),
        "Event": _event(),
        "Batch": _batch(),
        "Taken": closed(
            {
                "stored": {"type": "integer", "minimum": 0, "description": "Events on disk."},
                "dropped": array(
                    closed(
                        {"index": {"type": "integer", "minimum": 0}, "reason": {"enum": REASONS}}
                    )
                ),
            }
        ),
    },
    operations=(
        Operation(
            "post",
            "/v1/events",
            "sendEvents",
            "Send page views and actions",
            description="Under a site key the sender is the site's relay, and the request's own "
            "headers say nothing about the visitor. Without one it is a page of a site without a "
            "server, known by its exact `Origin`. The receipt is judged first: without a valid one "
            "every event is dropped as `no-grant`, unread.",
            security=(SITE_KEY, NOTHING),
            parameters=(ORIGIN, GPC, DNT),
            body=Body(ref("Batch"), _EXAMPLES, (JSON, "text/plain")),
            answers=(
                Answer(
                    202,
                    "What is stored is on disk; every other event has its reason.",
                    ref("Taken"),
                    {"stored": 0, "dropped": [{"index": 0, "reason": judging.NO_GRANT}]},
                    FROM_SCRIPT,
                ),
            ),
            refusals=BODY
            | {"unknown-field", "unknown-version", "too-many-events", "too-many-requests"}
            | {"cross-origin", "wrong-key", "no-such-site", AWAY},
        ),
    ),
)
