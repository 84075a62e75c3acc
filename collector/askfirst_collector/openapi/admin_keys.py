"""`/v1/admin/sites/{site}/keys`: the keys that relays of a site show."""

from __future__ import annotations

from .admin_members import GONE, ID, SITE_PATH, operation
from .operation import Answer, Area, Schema, ref
from .shapes import array, closed

_WHEN: Schema = {"anyOf": [ref("Hour"), {"type": "null"}]}
SCHEMAS: dict[str, Schema] = {
    "SiteKey": closed(
        {
            "id": {"type": "string"},
            "made": _WHEN,
            "expires": {**_WHEN, "description": "Null while no newer one was created."},
        }
    )
}

AREA = Area(
    tag="keys",
    description="The keys that relays of a site show.",
    schemas=SCHEMAS,
    operations=(
        operation(
            "get",
            "sites/{site}/keys",
            "listSiteKeys",
            "The keys of a site that work",
            Answer(200, "Newest last.", closed({"keys": array(ref("SiteKey"))})),
            "no-such-site",
            parameters=(SITE_PATH,),
        ),
        operation(
            "post",
            "sites/{site}/keys",
            "drawSiteKey",
            "Create another key; those before it end a week later",
            Answer(201, "It is shown this once.", closed({"key": {"type": "string"}})),
            *("no-such-site", "too-many-requests"),
            parameters=(SITE_PATH,),
        ),
        operation(
            "delete",
            "sites/{site}/keys/{id}",
            "endSiteKey",
            "Make a key stop working now; refused where it does not work anyway",
            GONE,
            *("no-such-site", "not-found"),
            parameters=(SITE_PATH, ID),
        ),
    ),
)
