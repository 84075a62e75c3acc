"""`/v1/admin/ceiling`: the host's policy, which nothing goes above."""

from __future__ import annotations

from askfirst.terms.policy import shipped
from askfirst_collector.api.host_policy import NewHostPolicy, Tried
from askfirst_collector.openapi.admin_members import operation
from askfirst_collector.openapi.operation import Answer, Area, Body, Schema, ref
from askfirst_collector.openapi.shapes import array, closed, of_struct

_TEXT = {"type": "string"}
_NUMBER = {"type": "integer", "minimum": 0}
_AFFECTED = array(ref("Affected"))
_PROPOSALS = array(ref("PolicyProblem"))
_DEFAULT = shipped("host-default").document

SCHEMAS: dict[str, Schema] = {
    "Affected": closed(
        {
            "site": ref("SiteName"),
            "collector": {"type": "string", "description": "Empty: the site itself."},
            "owner": _TEXT,
            "conflicts": array(ref("PolicyProblem")),
        }
    ),
    "HostPolicy": closed(
        {
            "number": {**_NUMBER, "description": "Of what was saved last; 0: nothing yet."},
            "hash": {"anyOf": [ref("Hash"), {"type": "null"}]},
            "policy": {
                "anyOf": [ref("Policy"), {"type": "null"}],
                "description": "Null where it cannot be read: then nothing is gathered.",
            },
            "file": {"type": ["string", "null"], "description": "The file that governs, if any."},
            "proposals": {
                **_PROPOSALS,
                "description": "What is newer than it, and that no site may gather under it.",
            },
            "history": array(
                closed({"number": _NUMBER, "hash": ref("Hash"), "effective": ref("Hour")})
            ),
        }
    ),
    "HostPolicyToPreview": of_struct(Tried, policy=ref("Policy")),
    "NewHostPolicy": of_struct(NewHostPolicy, policy=ref("Policy")),
    "HostPolicyPreview": closed(
        {
            "suspends": _AFFECTED,
            "resumes": _AFFECTED,
            "purges": array(
                closed(
                    {
                        "site": ref("SiteName"),
                        "collector": _TEXT,
                        "purpose": _TEXT,
                        "periods": _NUMBER,
                        "rows": {
                            "type": "boolean",
                            "description": "Whether rows may be kept that get less time now.",
                        },
                    }
                )
            ),
            "proposals": _PROPOSALS,
        }
    ),
    "SavedHostPolicy": closed(
        {
            "number": _NUMBER,
            "hash": ref("Hash"),
            "suspended": _AFFECTED,
            "resumed": _AFFECTED,
            "proposals": _PROPOSALS,
        }
    ),
}

AREA = Area(
    tag="host-policy",
    description="The host policy, which no site goes above.",
    schemas=SCHEMAS,
    operations=(
        operation(
            "get",
            "ceiling",
            "getHostPolicy",
            "The host policy that governs",
            Answer(200, "With what governed before.", ref("HostPolicy")),
        ),
        operation(
            "put",
            "ceiling",
            "saveHostPolicy",
            "Publish a host policy, in every worker, from the next event on",
            Answer(200, "And whom it suspended.", ref("SavedHostPolicy")),
            *("policy-refused", "changed-meanwhile", "ceiling-is-a-file"),
            body=Body(ref("NewHostPolicy"), {"default": {"policy": _DEFAULT, "expected": 0}}),
        ),
        operation(
            "post",
            "ceiling/preview",
            "previewHostPolicy",
            "Whom another host policy would suspend, and what it would purge",
            Answer(200, "Nothing is written.", ref("HostPolicyPreview")),
            "policy-refused",
            body=Body(ref("HostPolicyToPreview"), {"default": {"policy": _DEFAULT}}),
        ),
    ),
)
