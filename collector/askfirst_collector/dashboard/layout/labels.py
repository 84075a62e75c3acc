"""What roles, scopes and changes are called on a page."""

from __future__ import annotations

from askfirst.errors import Refused

ROLE_NAMES = {"host-admin": "Host admin", "site-owner": "Site owner", "reader": "Reader"}
SCOPE_NAMES = {
    "read": "Read figures, policies and editions",
    "sites": "Change sites: policies, keys, placed collectors",
    "admin": "Look after the host: members, sites, the host policy, the audit",
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
    "site.publish": "Published a policy",
    "site.schedule": "Published a policy for later",
    "site.unschedule": "Dropped a policy for later",
    "site.refuse": "A policy for later did not fit any more",
    "site.delete": "Retired a site",
    "site.limit": "Set how many rows a day a site may store",
    "site.key": "Created or ended a site key",
    "site-key.create": "Created a site key",
    "site-key.end": "Ended a site key",
    "share.create": "Made a link that shows figures",
    "share.end": "Ended a link that shows figures",
    "figures.import": "Imported figures of another tool",
    "figures.remove": "Removed imported figures",
    "letters.ask": "Asked for letters",
    "letters.confirm": "Confirmed an address for letters",
    "letters.end": "Ended letters",
    "keys.rotate": "Created a new key that signs",
    "backup.make": "Backed up the databases",
    "backup.keys": "Backed up the keys",
    "backup.restore": "Restored a backup",
    "link.create": "Made a one-time link that sets a password",
    "site.suspend": "Suspended a site by the host policy",
    "site.resume": "Let a site go on",
    "collector.add": "Added a placed collector",
    "collector.change": "Changed a placed collector",
    "collector.suspend": "Suspended a collector by the host policy",
    "collector.resume": "Let a collector go on",
    "ceiling.save": "Published a host policy",
    "ledger.end": "Ended every grant: revocations.log was lost",
    "ledger.restore": "Held a restored backup against what was taken back since",
    "evidence.ask": "Asked for evidence of a grant",
    "evidence.open": "Opened evidence that another asked for",
    "evidence.read": "Read evidence of a grant",
    "request.enter": "Entered a request of a visitor",
    "request.identify": "Saw the receipt of whoever asked, and did it",
    "request.extend": "Took two months more for a request",
    "request.close": "Closed a request of a visitor",
    "purpose.review": "Reviewed a purpose",
    "rows.export": "Exported the rows that are kept",
    "transfer.create": "Set up a delivery",
    "transfer.remove": "Ended a delivery",
    "webhook.set": "Set up notifications",
    "webhook.remove": "Removed notifications",
    "webhook.test": "Sent a test notification",
}
WAY_NAMES = {"webhook": "Webhook", "s3": "File"}  # how a delivery is made


def message(error: Refused) -> str:
    """What to do about a refusal, as a sentence."""
    return f"{error.detail[:1].upper()}{error.detail[1:]}."


# Why a delivery does not arrive, and what to do; as `pinned_http` and HTTP say it.
_FAULTS = {
    "no-address": "{host} has no address: look for a slip in its name, or at its DNS",
    "not-public": "{host} is in a private network, to which nothing is sent: use a public address",
    "tls": "the certificate of {host} does not hold: renew it, or write the name that it is for",
    "no-answer": "{host} does not answer: see that it runs and lets this collector in",
    "401": "{host} does not know the key ({fault}): end this delivery, and make one with another",
    "403": "{host} refuses it ({fault}): give its key the right to write there",
    "404": "{host} knows no such address ({fault}): end this delivery, and make one for another",
    "410": "{host} knows no such address any more ({fault}): end this delivery",
    "413": "{host} takes nothing so large ({fault}): raise its limit",
    "429": "{host} wants fewer requests ({fault}): nothing is to be done here",
}
_HUNDREDS = {
    "3": "{host} leads elsewhere ({fault}), where nothing is sent: make a delivery to that address",
    "5": "{host} has a fault of its own ({fault}): whoever runs it can see why",
}
_ELSE = "{host} does not take it ({fault}): see what it expects"


def fault_of(fault: str, host: str) -> str:
    """Why a delivery to a host does not arrive, and what to do instead."""
    words = _FAULTS.get(fault) or (_HUNDREDS.get(fault[:1]) if fault.isdigit() else None) or _ELSE
    return words.format(host=host, fault=fault)
