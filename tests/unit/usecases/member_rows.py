"""The changes of members, of their ways in, and of one's own account."""

from __future__ import annotations

from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.usecases.account import create_token
from askfirst_collector.usecases.invitations import invite_member
from askfirst_collector.usecases.links import create_set_up_link, set_up_admin
from tests.system.isolation.world import World

from .faces import ACTOR, Call, Form, Row, Values

PASSWORD = "four quiet herons wade"
OTHER = "another row of words"
_NEW = {"name": "nina", "password": PASSWORD, "again": PASSWORD, "token": "{token}"}
_CARL = {"name": "carl"}
_ADA = {"name": ACTOR}
_BOTH = {"role": "site-owner", "sites": ["club", "shop"]}


def _link(world: World) -> Values:
    return {"token": create_set_up_link(world.parts, ON_THE_MACHINE)}


def _invitation(world: World) -> Values:
    invitation, token = invite_member(world.parts, ON_THE_MACHINE, "reader", ["club"])
    return {"id": invitation.id, "token": token}


def _session(world: World, name: str) -> Values:
    sessions = world.parts.members.sessions
    sessions.begin(world.people[name], lambda _: b"browser")
    return {"id": sessions.of(name)[0].id}


def _token(world: World, name: str) -> Values:
    token, _ = create_token(world.parts, world.people[name], "ci", ["read"], days=1)
    return {"id": token.id}


def _password(world: World) -> Values:
    """ada has one, that she can give."""
    world.parts.members.sessions.end_all(ACTOR)
    token = create_set_up_link(world.parts, ON_THE_MACHINE)
    set_up_admin(world.parts, token, ACTOR, PASSWORD)
    return {}


ROWS = (
    Row(
        "set_up_admin",
        ("member.set-up",),
        {"dashboard": Form("/setup", _NEW, actor=None)},
        prepare=_link,
    ),
    Row(
        "invite_member",
        ("member.invite",),
        {
            "dashboard": Form("/members/invite", {"role": "reader", "site.club": "1"}),
            "api": Call("POST", "/v1/admin/invitations", {"role": "reader", "sites": ["club"]}),
        },
    ),
    Row(
        "withdraw_invitation",
        ("invitation.end",),
        {
            "dashboard": Form("/members/withdraw", {"id": "{id}"}),
            "api": Call("DELETE", "/v1/admin/invitations/{id}", fills={"id": "{id}"}),
        },
        prepare=_invitation,
    ),
    Row(
        "withdraw_invitation",
        (),
        {
            "dashboard": Form("/members/withdraw", {"id": "0" * 16}),
            "api": Call("DELETE", "/v1/admin/invitations/{id}", fills={"id": "0" * 16}),
        },
        case="unknown",
        allowed=False,
    ),
    Row(
        "accept_invitation",
        ("member.accept",),
        {"dashboard": Form("/invitation", _NEW, actor=None)},
        prepare=_invitation,
    ),
    Row(
        "change_member",
        ("member.change",),
        {
            "dashboard": Form(
                "/members/{name}",
                {"role": "site-owner", "site.club": "1", "site.shop": "1"},
                _CARL,
            ),
            "api": Call("PUT", "/v1/admin/members/{name}", _BOTH, _CARL),
        },
    ),
    Row(
        "change_member",
        (),
        {
            "dashboard": Form(
                "/members/{name}", {"role": "reader", "site.club": "1"}, {"name": ACTOR}
            ),
            "api": Call(
                "PUT",
                "/v1/admin/members/{name}",
                {"role": "reader", "sites": ["club"]},
                _ADA,
            ),
        },
        case="last-host-admin",
        allowed=False,
    ),
    Row(
        "remove_member",
        ("member.remove", "collector.change"),
        {
            "dashboard": Form("/members/{name}/remove", fills=_CARL),
            "api": Call("DELETE", "/v1/admin/members/{name}", fills=_CARL),
        },
    ),
    Row(
        "end_session",
        ("session.end",),
        {"dashboard": Form("/members/{name}/sessions", {"id": "{id}"}, _CARL)},
        prepare=lambda world: _session(world, "carl"),
    ),
    Row(
        "end_session",
        ("session.end",),
        {"dashboard": Form("/account/sessions", {"id": "{id}"})},
        case="own",
        prepare=lambda world: _session(world, ACTOR),
    ),
    Row(
        "create_token",
        ("api-token.make",),
        {"dashboard": Form("/account/tokens", {"name": "ci", "scope.read": "1", "days": "7"})},
    ),
    Row(
        "end_token",
        ("api-token.end",),
        {
            "dashboard": Form("/account/tokens/end", {"id": "{id}"}),
            "api": Call("DELETE", "/v1/admin/tokens/{id}", fills={"id": "{id}"}),
        },
        prepare=lambda world: _token(world, ACTOR),
    ),
    Row(
        "end_token",
        ("api-token.end",),
        {"dashboard": Form("/members/{name}/tokens", {"id": "{id}"}, _CARL)},
        case="of-another",
        prepare=lambda world: _token(world, "carl"),
    ),
    Row(
        "change_password",
        ("account.password",),
        {
            "dashboard": Form(
                "/account",
                {
                    "present": PASSWORD,
                    "password": "another row of words",
                    "again": "another row of words",
                },
            )
        },
        prepare=_password,
    ),
)
