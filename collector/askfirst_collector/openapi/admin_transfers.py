"""`/v1/admin/sites/{site}/transfers`: what recipients of a site's purposes are delivered."""

from __future__ import annotations

from askfirst_collector.api.transfers import NewTransfer

from .admin_members import GONE, ID, SITE_PATH, operation
from .example import RECIPIENT
from .operation import Answer, Area, Body, Schema, ref
from .shapes import array, closed, of_struct

_OF: dict[str, Schema] = {
    "id": {"type": "string"},
    "purpose": {"type": "string"},
    "recipient": {"type": "string"},
    "what": {"enum": ["figures", "events"]},
    "way": {"enum": ["webhook", "s3"]},
    "host": {"type": "string", "description": "Of the address; the rest may be a secret."},
    "fault": {
        "type": ["string", "null"],
        "description": "Why the last attempt did not arrive; null where it did.",
    },
}
SCHEMAS: dict[str, Schema] = {
    "NewTransfer": of_struct(NewTransfer),
    "Transfer": closed(_OF),
    "CreatedTransfer": closed(
        {
            **_OF,
            "secret": {
                "type": ["string", "null"],
                "description": "Signs every message of a webhook; shown this once.",
            },
        }
    ),
}
_EXAMPLE = {
    "figures": {
        "purpose": "statistics",
        "recipient": RECIPIENT["name"],
        "what": "figures",
        "way": "webhook",
        "url": "https://example.org/hooks/figures",
    }
}

AREA = Area(
    tag="transfers",
    description="Deliveries of figures, and of events, to the recipients that a policy names.",
    schemas=SCHEMAS,
    operations=(
        operation(
            "get",
            "sites/{site}/transfers",
            "listTransfers",
            "What a site delivers",
            Answer(200, "By purpose and recipient.", closed({"transfers": array(ref("Transfer"))})),
            "no-such-site",
            parameters=(SITE_PATH,),
        ),
        operation(
            "post",
            "sites/{site}/transfers",
            "createTransfer",
            "Deliver to a recipient from now on",
            Answer(201, "With the secret of a webhook.", ref("CreatedTransfer")),
            *("no-such-site", "bad-shape", "unknown-purpose", "name-taken"),
            *("too-many-requests", "site-retired"),
            parameters=(SITE_PATH,),
            body=Body(ref("NewTransfer"), _EXAMPLE),
        ),
        operation(
            "delete",
            "sites/{site}/transfers/{id}",
            "removeTransfer",
            "Deliver nothing more, of what waits neither",
            GONE,
            *("no-such-site", "not-found"),
            parameters=(SITE_PATH, ID),
        ),
    ),
)
