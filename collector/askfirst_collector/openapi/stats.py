"""`/v1/stats`: figures, as the dashboard shows them."""

from __future__ import annotations

from .admin_members import ASKING
from .example import SITE
from .operation import Answer, Area, Operation, Parameter, Schema, ref
from .security import API_TOKEN
from .shapes import array, closed

_TEXT = {"type": "string"}
_COUNT = {"type": ["integer", "null"], "description": "Null where none is shown."}
_REASONS = ["open", "not closed yet", "too few", "past retention", "before", "not asked"]
_PATH = array(_TEXT)
_WHOSE: dict[str, Schema] = {
    "site": ref("SiteName"),
    "collector": {**_TEXT, "description": "The placed one that gathered; empty for the site."},
    "purpose": _TEXT,
}
_DAYS: dict[str, Schema] = {"first": ref("Day"), "last": ref("Day")}
_TOTALS: dict[str, Schema] = {"visitors": _COUNT, "views": _COUNT, "visits": _COUNT}
SCHEMAS: dict[str, Schema] = {
    "StatsPeriod": closed(
        {
            "period": {**ref("Day"), "description": "Its first day."},
            "closes": {"enum": ["day", "week", "month"]},
            **_TOTALS,
            "reason": {"enum": [*_REASONS, None], "description": "Why it has no totals."},
        }
    ),
    "StatsDays": closed(
        {
            **_WHOSE,
            **_DAYS,
            "days": array(ref("StatsPeriod")),
            "tables": {**array(_TEXT), "description": "What may be asked for as `table`."},
        }
    ),
    "StatsTable": closed(
        {
            **_WHOSE,
            "table": _TEXT,
            "among": {
                "anyOf": [closed({"table": _TEXT, "path": _PATH}), {"type": "null"}],
                "description": "The filter that its lines are under.",
            },
            **_DAYS,
            **_TOTALS,
            "rows": array(
                closed(
                    {
                        "path": _PATH,
                        "kind": {"enum": ["value", "other", "not given"]},
                        "visitors": {"type": "integer"},
                    }
                )
            ),
            "periods": array(ref("StatsPeriod")),
        }
    ),
}


def _query(name: str, schema: Schema, description: str, *, required: bool = False) -> Parameter:
    return Parameter(name, "query", schema, description, required)


AREA = Area(
    tag="stats",
    description="Figures: counts of visitors with a draw, as [the rule](trust.md#figures) says.",
    schemas=SCHEMAS,
    operations=(
        Operation(
            "get",
            "/v1/stats",
            "readStats",
            "One table over a range of days, or each day's totals",
            description="With an API token of the scope `read`. What no page shows is not in it.",
            security=(API_TOKEN,),
            parameters=(
                _query("site", ref("SiteName"), f"The site, such as `{SITE}`.", required=True),
                _query("purpose", _TEXT, "One of its purposes.", required=True),
                _query("collector", _TEXT, "A collector placed on it, whose figures are wanted."),
                _query("table", _TEXT, "Such as `page`; each day's totals where it is left out."),
                _query("from", ref("Day"), "The first day; 27 days before the last."),
                _query("to", ref("Day"), "The last day; today."),
                _query("by", _TEXT, "A table whose value the visitors have, too."),
                _query("is", _TEXT, 'That value, a path as JSON: `["search", "google.com"]`.'),
            ),
            answers=(
                Answer(
                    200,
                    "What was disclosed, with the reason for what was not.",
                    {"anyOf": [ref("StatsDays"), ref("StatsTable")]},
                ),
            ),
            refusals=ASKING | {"no-such-site", "not-found", "bad-shape"},
        ),
    ),
)
