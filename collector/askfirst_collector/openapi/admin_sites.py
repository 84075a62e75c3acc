"""`/v1/admin/sites`: sites, their policies and their editions."""

from __future__ import annotations

from askfirst_collector.api.sites import NewLimit, NewPolicy, PolicyToPreview

from .admin_members import GONE, SITE_PATH, operation
from .example import example_policy
from .operation import Answer, Area, Body, Parameter, Schema, ref
from .shapes import array, closed, of_struct

_NUMBER = {"type": "integer", "minimum": 1}
_NAMES = array(ref("CollectorName"))
_SITE: dict[str, Schema] = {
    "site": ref("SiteName"),
    "state": {"enum": ["in-force", "suspended", "retired"]},
    "edition": _NUMBER,
    "hash": ref("Hash"),
    "since": ref("Hour"),
    "origins": array({"type": "string"}),
    "collectors": _NAMES,
    "rows_a_day": {**_NUMBER, "description": "How many rows its host lets it store in a day."},
}
_SCHEDULED = closed(
    {
        "hash": ref("Hash"),
        "effective": ref("Hour"),
        "policy": ref("Policy"),
        "refused": {
            **array(ref("PolicyProblem")),
            "description": "Why it did not take effect, where it was to.",
        },
    }
)
SCHEMAS: dict[str, Schema] = {
    "Site": closed(_SITE),
    "WholeSite": closed(
        {
            **_SITE,
            "policy": ref("Policy"),
            "conflicts": {**array(ref("PolicyProblem")), "description": "Why it is suspended."},
            "scheduled": {"anyOf": [_SCHEDULED, {"type": "null"}]},
        }
    ),
    "NewLimit": of_struct(NewLimit),
    "NewPolicy": of_struct(
        NewPolicy,
        policy=ref("Policy"),
        effective={"description": "When it takes effect; now where it is left out."},
        expected={
            "description": "The edition that was read, 0 for none; refused where it is another."
        },
    ),
    "PolicyToPreview": of_struct(PolicyToPreview, policy=ref("Policy")),
    "PublishPreview": closed(
        {
            "edition": {"anyOf": [_NUMBER, {"type": "null"}], "description": "Published now."},
            "hash": {"anyOf": [ref("Hash"), {"type": "null"}]},
            "same": {"type": "boolean", "description": "Whether publishing would change nothing."},
            "conflicts": {
                **array(ref("PolicyProblem")),
                "description": "Where it goes beyond the host policy: it would be refused.",
            },
            "asked_again": {
                "type": "object",
                "description": "By purpose, what those who agreed to it before will read.",
                "additionalProperties": array({"type": "string"}),
            },
            "added": array({"type": "string"}),
            "removed": array({"type": "string"}),
            "suspends": array(
                closed(
                    {"collector": ref("CollectorName"), "conflicts": array(ref("PolicyProblem"))}
                )
            ),
            "resumes": _NAMES,
        }
    ),
    "Published": closed(
        {
            "site": ref("SiteName"),
            "hash": ref("Hash"),
            "edition": {"anyOf": [_NUMBER, {"type": "null"}], "description": "Published now."},
            "scheduled": {"anyOf": [ref("Hour"), {"type": "null"}]},
        }
    ),
    "Edition": closed(
        {"number": _NUMBER, "hash": ref("Hash"), "effective": ref("Hour"), "collectors": _NAMES}
    ),
}
AREA = Area(
    tag="sites",
    description="Sites and what they have published.",
    schemas=SCHEMAS,
    operations=(
        operation(
            "get",
            "sites",
            "listSites",
            "The sites whoever asks may read",
            Answer(200, "By name.", closed({"sites": array(ref("Site"))})),
        ),
        operation(
            "get",
            "sites/{site}",
            "getSite",
            "One site, with its policy",
            Answer(200, "And why it is suspended, if it is.", ref("WholeSite")),
            "no-such-site",
            parameters=(SITE_PATH,),
        ),
        operation(
            "delete",
            "sites/{site}",
            "retireSite",
            "End a site for good",
            GONE,
            "no-such-site",
            parameters=(SITE_PATH,),
        ),
        operation(
            "put",
            "sites/{site}/policy",
            "putPolicy",
            "Publish a policy, now or later; a new name is a new site",
            Answer(200, "What is published, and what will be.", ref("Published")),
            *("no-such-site", "site-retired", "other-name", "policy-refused", "policy-conflict"),
            "changed-meanwhile",
            parameters=(SITE_PATH,),
            body=Body(ref("NewPolicy"), {"standard": {"policy": example_policy().document}}),
        ),
        operation(
            "post",
            "sites/{site}/policy/preview",
            "previewPolicy",
            "What publishing a policy would change, and who is asked again",
            Answer(200, "Nothing is written.", ref("PublishPreview")),
            *("no-such-site", "other-name", "policy-refused"),
            parameters=(SITE_PATH,),
            body=Body(ref("PolicyToPreview"), {"standard": {"policy": example_policy().document}}),
        ),
        operation(
            "put",
            "sites/{site}/limit",
            "limitSite",
            "Say how many rows a day a site may store",
            GONE,
            "no-such-site",
            parameters=(SITE_PATH,),
            body=Body(ref("NewLimit"), {"a million": {"rows_a_day": 1_000_000}}),
        ),
        operation(
            "delete",
            "sites/{site}/scheduled",
            "dropScheduled",
            "Drop the policy that was to take effect later",
            GONE,
            *("no-such-site", "changed-meanwhile"),
            parameters=(
                SITE_PATH,
                Parameter(
                    "expected",
                    "query",
                    {"type": "string"},
                    "The hash of the policy that was seen; refused where it is another.",
                ),
            ),
        ),
        operation(
            "get",
            "sites/{site}/editions",
            "listEditions",
            "What a site has published, newest first",
            Answer(200, "Its history.", closed({"editions": array(ref("Edition"))})),
            "no-such-site",
            parameters=(SITE_PATH,),
        ),
    ),
)
