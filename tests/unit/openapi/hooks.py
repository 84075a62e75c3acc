"""Run inside schemathesis: tells it what the collector under test has.

The document says what any collector takes; here there is one site, one edition, and one way in. So
what is drawn from the document is accepted and stored, and not only understood and refused.
"""

from __future__ import annotations

import os
from typing import Any

import schemathesis

from askfirst_collector.openapi.admin_collectors import EXAMPLE
from askfirst_collector.openapi.example import SITE

BODIES = ("AcceptAll", "Save", "RefuseSome", "Refuse", "Batch")
PURPOSES = [
    "preferences",
    "statistics",
    "tides/statistics",
]  # those that Sec-GPC says nothing about


@schemathesis.hook
def before_load_schema(context: schemathesis.HookContext, raw_schema: dict[str, Any]) -> None:
    """Narrow what is sent to this site, and to whoever sends."""
    caller = os.environ.get("ASKFIRST_CALLER")
    schemas = raw_schema["components"]["schemas"]
    if caller == "member":
        narrow_policies(schemas)
    elif caller is not None:
        narrow_visitors(schemas, unsaid="secret" if caller == "relay" else "handle")
    if caller == "page":
        # What it sends needs no preflight; the relay sends the same as JSON.
        for item in raw_schema["paths"].values():
            for operation in item.values():
                operation.get("requestBody", {}).get("content", {}).pop("application/json", None)


def narrow_visitors(schemas: dict[str, Any], *, unsaid: str) -> None:
    """This site, its edition and its purposes; a relay says no secret, a page no handle."""
    schemas["Event"]["properties"]["purpose"] = {"enum": PURPOSES}
    if not os.environ.get("ASKFIRST_SCHEMATHESIS"):
        # The same, but for how deep it nests: left to the long run, as it is hundreds of requests.
        items = schemas["Batch"]["properties"]["events"]["items"]
        items["anyOf"] = [items["anyOf"][0], {}]
    for name in BODIES:
        schema = schemas[name]
        fields = schema["properties"]
        del fields[unsaid]
        fields["site"] = {"const": SITE}
        if "edition" in schema["required"]:  # a refusal is taken whatever edition it speaks of
            fields["edition"] = {"const": os.environ["ASKFIRST_EDITION"]}
        if "choices" in fields:
            fields["choices"]["propertyNames"] = {"enum": PURPOSES}
        for whose in schema.get("anyOf", ()):
            told = whose["properties"]
            whose["properties"] = {key: key in fields and told[key] for key in told}
        schema.pop("not", None)


def narrow_policies(schemas: dict[str, Any]) -> None:
    """Policies of this site, and of its placed collector."""
    schemas["PlacedDocument"]["properties"] |= {
        "site": {"const": SITE},
        "collector": {"const": EXAMPLE["collector"]},
    }
    policy = schemas["Policy"]
    own = {**policy, "properties": {**policy["properties"], "site": {"const": SITE}}}
    schemas["NewPolicy"]["properties"]["policy"] = own
