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


def message(error: Refused) -> str:
    """What to do about a refusal, as a sentence."""
    return f"{error.detail[:1].upper()}{error.detail[1:]}."
