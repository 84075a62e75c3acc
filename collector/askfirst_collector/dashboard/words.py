"""What roles, scopes and changes are called on a page."""

from __future__ import annotations

from askfirst.errors import Refused

ROLE_NAMES = {"host-admin": "Host admin", "site-owner": "Site owner", "reader": "Reader"}
SCOPE_NAMES = {
    "read": "Read figures, policies and editions",
    "sites": "Change sites: policies, keys, placed collectors",
    "admin": "Look after the host: members, sites, the ceiling, the audit",
}
ACTION_NAMES = {
    "member.set-up": "Set up by the one-time link",
    "member.invite": "Invited",
    "member.accept": "Accepted an invitation",
    "member.change": "Changed role or sites",
    "member.remove": "Removed a member",
    "member.identity": "Joined an identity",
    "invitation.end": "Withdrew an invitation",
    "account.password": "Set another password",
    "session.end": "Ended a session",
    "api-token.make": "Made an API token",
    "api-token.end": "Ended an API token",
}


def said(error: Refused) -> str:
    """What to do about a refusal, as a sentence."""
    return f"{error.detail[:1].upper()}{error.detail[1:]}."
