"""`/v1/admin/**/webhook`: where a suspension is told, of the host, a site or a collector."""

from __future__ import annotations

from askfirst_collector.api.webhooks import NewWebhook

from .admin_collectors import COLLECTOR_PATH
from .admin_members import GONE, SITE_PATH, operation
from .operation import Answer, Area, Body, Operation, Parameter, Schema, ref
from .shapes import closed, of_struct

_URL = {"type": "string", "format": "uri"}
SCHEMAS: dict[str, Schema] = {
    "NewWebhook": of_struct(NewWebhook),
    "Webhook": closed({"url": {"anyOf": [_URL, {"type": "null"}]}}),
    "SavedWebhook": closed(
        {
            "url": _URL,
            "secret": {
                "type": "string",
                "description": "Signs every message; shown this once.",
                "pattern": "^whsec_",
            },
        }
    ),
    "QueuedMessage": closed({"id": {"type": "string", "pattern": "^msg_[0-9a-f]{32}$"}}),
}


def _operations(
    path: str, name: str, whose: str, parameters: tuple[Parameter, ...], *missing: str
) -> tuple[Operation, ...]:
    return (
        operation(
            "get",
            path,
            f"get{name}Webhook",
            f"The address that is told of {whose}",
            Answer(200, "Null where there is none.", ref("Webhook")),
            *missing,
            parameters=parameters,
        ),
        operation(
            "put",
            path,
            f"save{name}Webhook",
            f"Tell an address of {whose}",
            Answer(200, "With the secret, shown this once.", ref("SavedWebhook")),
            *missing,
            parameters=parameters,
            body=Body(ref("NewWebhook"), {"hook": {"url": "https://example.org/hooks/askfirst"}}),
        ),
        operation(
            "delete",
            path,
            f"remove{name}Webhook",
            f"Tell nobody of {whose} any more",
            GONE,
            *(*missing, "not-found"),
            parameters=parameters,
        ),
        operation(
            "post",
            f"{path}/test",
            f"test{name}Webhook",
            f"Send a test to the address that is told of {whose}",
            Answer(202, "It is on its way.", ref("QueuedMessage")),
            *(*missing, "not-found", "too-many-requests"),
            parameters=parameters,
        ),
    )


AREA = Area(
    tag="webhooks",
    description="Where the host policy's suspensions are told by HTTP.",
    schemas=SCHEMAS,
    operations=(
        *_operations("webhook", "Host", "the host policy", ()),
        *_operations("sites/{site}/webhook", "Site", "a site", (SITE_PATH,), "no-such-site"),
        *_operations(
            "sites/{site}/collectors/{name}/webhook",
            "Collector",
            "a placed collector",
            (SITE_PATH, COLLECTOR_PATH),
            *("no-such-site", "not-found"),
        ),
    ),
)
