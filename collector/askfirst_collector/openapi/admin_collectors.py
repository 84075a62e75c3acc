"""`/v1/admin/sites/{site}/collectors`: what site owners place on pages."""

from __future__ import annotations

from typing import Any

from askfirst.terms.pages import LONGEST
from askfirst.terms.placed import KEYS
from askfirst_collector.api.auth import LATEST
from askfirst_collector.api.placed import NewState, NewTerms

from .admin_members import SITE_PATH, operation
from .example import SITE
from .operation import Answer, Area, Body, Operation, Parameter, Schema, ref
from .policies import policy_schemas
from .shapes import array, closed, of_struct

_PATH = "sites/{site}/collectors"
_ONE = f"{_PATH}/{{name}}"
COLLECTOR_PATH = Parameter(
    "name", "path", ref("CollectorName"), "The short name of a placed collector."
)
_VERSION = {"type": "integer", "minimum": 1}
_EXPECTED = Parameter(
    "expected",
    "query",
    {"type": "integer", "minimum": 0, "maximum": LATEST},
    "The version that was read; refused where it is another.",
)
_CHANGED = ("no-such-site", "not-found", "site-retired", "collector-retired", "changed-meanwhile")
_CONFLICTS = ("policy-refused", "policy-conflict")
_PROBLEMS = array(ref("PolicyProblem"))


def _document() -> dict[str, Any]:
    policy = policy_schemas()["Policy"]
    fields = {key: policy["properties"][key] for key in KEYS}
    own: dict[str, Schema] = {
        "collector": ref("CollectorName"),
        "pages": {
            "description": "The pages it stands on: paths in which a segment may hold one `*`, "
            "and `**` as the last one is everything below.",
            **array({"type": "string", "pattern": "^/", "maxLength": LONGEST}),
            "minItems": 1,
            "maxItems": 50,
            "uniqueItems": True,
        },
    }
    optional = tuple(key for key in fields if key not in policy["required"])
    return {
        "description": "A placed collector: a policy within that of its site, and its pages. "
        "What a schema cannot say is checked when it is read.",
        **closed({**own, **fields}, optional=optional),
    }


_TOLD: dict[str, Schema] = {
    "name": ref("CollectorName"),
    "site": ref("SiteName"),
    "owner": {"type": "string", "description": "The member whose it is."},
    "state": {"enum": ["draft", "active", "suspended", "retired"]},
    "version": _VERSION,
    "write_key": {"type": "string", "description": "Public: it names the collector, no more."},
    "line": {"type": "string", "description": "The line of HTML that puts it on a page."},
    "reason": {"type": ["object", "null"], "description": "Why it is suspended."},
    "document": ref("PlacedDocument"),
}
EXAMPLE: dict[str, Any] = {
    "collector": "tides",
    "pages": ["/harbours/**"],
    "version": 1,
    "site": SITE,
    "controller": {"name": "Tide Tables", "contact": "privacy@tides.example", "country": "IE"},
    "jurisdiction": "EU",
    "languages": ["en"],
    "purposes": {
        "statistics": {
            "data_use": "analytics.reporting",
            "levels": {"time": 1, "page": 2},
            "retention_days": 90,
            "text": {"en": {"title": "Tides", "description": "To see which tables are read."}},
        }
    },
}
SCHEMAS: dict[str, Schema] = {
    "PlacedDocument": _document(),
    "PlacedCollector": closed(_TOLD),
    "SavedCollector": closed(
        {
            **_TOLD,
            "cut": {**_PROBLEMS, "description": "What `clamp` cut off."},
            "overlaps": {
                **array(ref("CollectorName")),
                "description": "Others that share one of its page patterns.",
            },
        }
    ),
    "NewTerms": of_struct(NewTerms, document=ref("PlacedDocument")),
    "NewState": of_struct(NewState),
}


def _of_one(
    method: str,
    path: str,
    id: str,
    summary: str,
    answer: Answer,
    *more: str,
    body: Body | None,
    query: tuple[Parameter, ...] = (),
) -> Operation:
    parameters = (SITE_PATH, COLLECTOR_PATH, *query)
    return operation(method, path, id, summary, answer, *more, parameters=parameters, body=body)


_NEW_TERMS = Body(ref("NewTerms"), {"tides": {"document": EXAMPLE}})
AREA = Area(
    tag="collectors",
    description="Placed collectors of a site, each within the policy of its site.",
    schemas=SCHEMAS,
    operations=(
        operation(
            "get",
            _PATH,
            "listCollectors",
            "The collectors whoever asks may read",
            Answer(200, "By name.", closed({"collectors": array(ref("PlacedCollector"))})),
            "no-such-site",
            parameters=(SITE_PATH,),
        ),
        _of_one(
            "get",
            _ONE,
            "getCollector",
            "One collector",
            Answer(200, "Whole.", ref("PlacedCollector")),
            *("no-such-site", "not-found"),
            body=None,
        ),
        _of_one(
            "put",
            _ONE,
            "saveCollector",
            "Keep a collector's terms; a new one is a draft",
            Answer(200, "As it is kept now.", ref("SavedCollector")),
            *(*_CHANGED, *_CONFLICTS, "too-many-collectors", "other-name", "too-many-requests"),
            body=_NEW_TERMS,
        ),
        _of_one(
            "post",
            f"{_ONE}/check",
            "checkCollector",
            "What saving it would be refused for",
            Answer(200, "Nothing is written.", closed({"conflicts": _PROBLEMS})),
            *("no-such-site", "site-retired", "other-name", *_CONFLICTS),
            body=_NEW_TERMS,
        ),
        _of_one(
            "post",
            f"{_ONE}/state",
            "setCollectorState",
            "Put it on its pages, suspend it, or retire it for good",
            Answer(200, "As it stands now.", ref("PlacedCollector")),
            *(*_CHANGED, *_CONFLICTS, "wrong-state", "too-many-requests"),
            body=Body(ref("NewState"), {"active": {"state": "active"}}),
        ),
        _of_one(
            "post",
            f"{_ONE}/key",
            "newWriteKey",
            "Draw another write key",
            Answer(200, "The old one names nobody from now on.", ref("PlacedCollector")),
            *(*_CHANGED, "bad-shape"),
            body=None,
            query=(_EXPECTED,),
        ),
    ),
)
