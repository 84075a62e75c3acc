"""Who may do what: one table, asked by the dashboard, `/v1/admin` and the commands alike.

A role says how far an action reaches: every site, the member's own, or none. A token says besides
which kinds of action it is for; it never reaches further than its member does at that moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Role = Literal["host-admin", "site-owner", "reader"]
Scope = Literal["read", "sites", "admin"]
Reach = Literal["every", "own"]

ROLES: tuple[Role, ...] = ("host-admin", "site-owner", "reader")
SCOPES: tuple[Scope, ...] = ("read", "sites", "admin")


@dataclass(frozen=True)
class Member:
    """Someone who is signed in, or whose token is shown; as they stand at this request."""

    name: str
    role: str  # one of ROLES
    sites: frozenset[str] = frozenset()  # empty for a host admin, who has every site
    scopes: frozenset[str] | None = None  # of the token; None: in person


@dataclass(frozen=True)
class Action:
    """How far each role reaches, and which scope a token needs."""

    scope: Scope
    reach: Mapping[str, Reach]
    of_site: bool = True  # False: it is about the host, or about oneself
    placed: bool = False  # the owner of the placed collector may as well


def _action(
    scope: Scope,
    admin: Reach | None = "every",
    owner: Reach | None = None,
    reader: Reach | None = None,
    *,
    of_site: bool = True,
    placed: bool = False,
) -> Action:
    by_role = {"host-admin": admin, "site-owner": owner, "reader": reader}
    reach = {role: far for role, far in by_role.items() if far is not None}
    return Action(scope, MappingProxyType(reach), of_site, placed)


_PLACING = frozenset({"host-admin", "site-owner"})  # the roles that may own a placed collector
ACTIONS: Mapping[str, Action] = MappingProxyType(
    {
        # A site
        "site.read": _action("read", owner="own", reader="own"),  # figures, policy, editions
        "site.change": _action("sites", owner="own"),  # publish, origins, webhook
        "site.key": _action("sites", owner="own"),  # draw, rotate, end
        "site.audit": _action("read", owner="own"),
        "site.rows": _action("read"),  # rows that are kept
        # A placed collector. What it gathers is its owner's: not the site's, nor its readers'.
        "collector.read": _action("read", owner="own", reader="own", placed=True),
        "collector.add": _action("sites", owner="own"),
        "collector.change": _action("sites", placed=True),
        "collector.suspend": _action("sites", owner="own", placed=True),
        "collector.figures": _action("read", placed=True),
        # The host
        "host-policy.read": _action("read", owner="every", of_site=False),
        "host-policy.change": _action("admin", of_site=False),
        "site.add": _action("admin", of_site=False),
        "site.delete": _action("admin", of_site=False),
        "site.limit": _action("admin", of_site=False),
        "member.read": _action("admin", of_site=False),
        "member.change": _action("admin", of_site=False),
        "audit.read": _action("admin", of_site=False),
        "evidence.read": _action("admin", of_site=False),  # by two of them
        "request.change": _action("admin", of_site=False),  # what visitors ask by mail
        # Oneself
        "account": _action("admin", owner="every", reader="every", of_site=False),
    }
)


def may(member: Member, action: str, site: str | None = None, *, owner: str | None = None) -> bool:
    """Whether `member` may do `action` to `site`; `owner` is the one of a placed collector.

    An action of a site without a site, and an action that is not in the table, is refused.
    """
    known = ACTIONS.get(action)
    if known is None or (known.of_site and not site):
        return False
    if member.scopes is not None and known.scope not in member.scopes:
        return False
    if known.placed and owner is not None and owner == member.name and member.role in _PLACING:
        return True
    reach = known.reach.get(member.role)
    return reach == "every" or (reach == "own" and site in member.sites)


def may_all(member: Member, action: str) -> bool:
    """Whether the role reaches every site there is: what a list need not be cut by."""
    known = ACTIONS.get(action)
    if known is None or (member.scopes is not None and known.scope not in member.scopes):
        return False
    return known.reach.get(member.role) == "every"


def may_resume(member: Member, site: str, *, by: str) -> bool:
    """Whether a collector that `by` suspended may go on by the word of `member`.

    What the site's owner or a host admin stopped on its pages, the collector's own owner cannot
    start again. `by` is "" where the chain of policies stopped it.
    """
    return by in ("", member.name) or may(member, "collector.suspend", site)


def visible(member: Member, sites: Iterable[str]) -> tuple[str, ...]:
    """Those of the sites that a member may read, in their order."""
    return tuple(site for site in sites if may(member, "site.read", site))
