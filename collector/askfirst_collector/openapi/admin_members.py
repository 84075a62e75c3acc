"""`/v1/admin/*`: members, invitations, API tokens, and the audit of what members changed."""

from __future__ import annotations

from typing import Any

from askfirst_collector.api.auth import LATEST
from askfirst_collector.api.members import MOST_CHANGES, NewInvitation, RoleOnSites
from askfirst_collector.members.permissions import ROLES, SCOPES
from askfirst_collector.members.rows import HOST_ADMIN

from .example import SITE
from .operation import AWAY, BODY, Answer, Area, Body, Operation, Parameter, Schema, ref
from .security import API_TOKEN
from .shapes import array, closed, of_struct

_TEXT = {"type": "string"}
_SITES = array(ref("SiteName"))
# Of what every one of them may answer: no token, none that reaches so far.
ASKING = frozenset({"no-token", "not-allowed", AWAY})
MEMBER = Parameter("name", "path", _TEXT, "The name of a member.")
ID = Parameter("id", "path", _TEXT, "Its id.")
SITE_PATH = Parameter("site", "path", ref("SiteName"), "The short name of a site.")
CHANGES = (
    Parameter(
        "limit",
        "query",
        {"type": "integer", "minimum": 1, "maximum": MOST_CHANGES, "default": MOST_CHANGES},
        "How many at most.",
    ),
    Parameter(
        "before",
        "query",
        {"type": "integer", "minimum": 0, "maximum": LATEST},
        "Those older than this index: the last one of the page before.",
    ),
)
_ANYTHING: dict[str, Any] = {"description": "JSON; null where it was, or is, nothing."}
_MEMBER: dict[str, Schema] = {"name": _TEXT, "role": {"enum": list(ROLES)}, "sites": _SITES}
_INVITATION: dict[str, Schema] = {
    "id": _TEXT,
    "role": {"enum": list(ROLES)},
    "sites": _SITES,
    "email": _TEXT,
    "expires": ref("Hour"),
}
_SCOPES = array({"enum": list(SCOPES)})

SCHEMAS: dict[str, Schema] = {
    "Member": closed(_MEMBER),
    "RoleOnSites": of_struct(RoleOnSites, sites={"items": ref("SiteName")}),
    "NewInvitation": {
        **of_struct(NewInvitation, sites={"items": ref("SiteName")}),
        "anyOf": [
            {"properties": {"role": {"const": HOST_ADMIN}}},
            {"properties": {"sites": {"minItems": 1}}, "required": ["sites"]},
        ],
    },
    "Invitation": closed(_INVITATION),
    "Token": closed(
        {
            "id": _TEXT,
            "name": _TEXT,
            "scopes": _SCOPES,
            "begun": ref("Day"),
            "expires": ref("Hour"),
        }
    ),
    "Changes": closed(
        {
            "changes": array(
                closed(
                    {
                        "index": {
                            "type": "integer",
                            "minimum": 0,
                            "description": "Its place among the changes that were asked for, the "
                            "oldest 0.",
                        },
                        "actor": {
                            "type": "string",
                            "description": "A member, by name; `cli` for a command on the machine, "
                            "`site/start` for a site that publishes its own policy.",
                        },
                        "action": {"type": "string", "description": "`noun.verb`."},
                        "target": _TEXT,
                        "site": {"anyOf": [ref("SiteName"), {"type": "null"}]},
                        "before": _ANYTHING,
                        "after": _ANYTHING,
                        "hour": ref("Hour"),
                    }
                )
            )
        }
    ),
}


def operation(
    method: str,
    path: str,
    id: str,
    summary: str,
    answer: Answer,
    *refusals: str,
    parameters: tuple[Parameter, ...] = (),
    body: Body | None = None,
) -> Operation:
    """An operation of members, shown by an API token."""
    also = BODY | {"unknown-field"} if body is not None else frozenset()
    return Operation(
        method,
        f"/v1/admin/{path}",
        id,
        summary,
        security=(API_TOKEN,),
        parameters=parameters,
        body=body,
        answers=(answer,),
        refusals=ASKING | also | frozenset(refusals),
    )


GONE = Answer(204, "Done.")

AREA = Area(
    tag="members",
    description="Who may do what with this collector, and what they did.",
    schemas=SCHEMAS,
    operations=(
        operation(
            "get",
            "me",
            "whoAmI",
            "Whose token this is",
            Answer(200, "Its member as they stand now.", closed({**_MEMBER, "scopes": _SCOPES})),
        ),
        operation(
            "get",
            "members",
            "listMembers",
            "Every member",
            Answer(200, "By name.", closed({"members": array(ref("Member"))})),
        ),
        operation(
            "get",
            "members/{name}",
            "getMember",
            "One member",
            Answer(200, "The member.", ref("Member")),
            "no-such-member",
            parameters=(MEMBER,),
        ),
        operation(
            "put",
            "members/{name}",
            "changeMember",
            "Give a member a role and sites",
            Answer(200, "The member, from their next request on.", ref("Member")),
            *("no-such-member", "no-such-site", "last-host-admin"),
            parameters=(MEMBER,),
            body=Body(ref("RoleOnSites"), {"owner": {"role": "site-owner", "sites": [SITE]}}),
        ),
        operation(
            "delete",
            "members/{name}",
            "removeMember",
            "Remove a member, their sessions and tokens",
            GONE,
            *("no-such-member", "last-host-admin"),
            parameters=(MEMBER,),
        ),
        operation(
            "get",
            "invitations",
            "listInvitations",
            "The invitations that can still be accepted",
            Answer(200, "Without their links.", closed({"invitations": array(ref("Invitation"))})),
        ),
        operation(
            "post",
            "invitations",
            "invite",
            "Make an invitation",
            Answer(
                201,
                "Its link, which is shown this once.",
                closed({**_INVITATION, "path": _TEXT}),
            ),
            *("no-such-site", "too-many-requests"),
            body=Body(ref("NewInvitation"), {"owner": {"role": "site-owner", "sites": [SITE]}}),
        ),
        operation(
            "delete",
            "invitations/{id}",
            "withdrawInvitation",
            "Make the link of an invitation stop working",
            GONE,
            "not-found",
            parameters=(ID,),
        ),
        operation(
            "get",
            "tokens",
            "listTokens",
            "The tokens of whoever asks",
            Answer(200, "Without their text.", closed({"tokens": array(ref("Token"))})),
        ),
        operation(
            "delete",
            "tokens/{id}",
            "endToken",
            "End one of them",
            GONE,
            "not-found",
            parameters=(ID,),
        ),
        operation(
            "get",
            "changes",
            "listChanges",
            "What members changed, newest first",
            Answer(200, "With before and after.", ref("Changes")),
            "bad-shape",
            parameters=CHANGES,
        ),
        operation(
            "get",
            "sites/{site}/changes",
            "listChangesOfSite",
            "What members changed of a site, newest first",
            Answer(200, "With before and after.", ref("Changes")),
            *("bad-shape", "no-such-site"),
            parameters=(SITE_PATH, *CHANGES),
        ),
    ),
)
