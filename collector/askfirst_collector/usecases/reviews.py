"""The yearly review of a purpose: that somebody looked at it is in the audit."""

from __future__ import annotations

from askfirst.errors import Reason, Refused
from askfirst_collector.catalogue.reviews import last_review, purposes_of, write_review
from askfirst_collector.ledger.entries import hour_of, timestamp
from askfirst_collector.members.permissions import Member
from askfirst_collector.members.transaction import transaction
from askfirst_collector.services import Services


def review_purpose(parts: Services, actor: Member, site: str, purpose: str) -> None:
    """Say that a purpose is needed as it is, for another year (GDPR, article 5(1)(e)).

    Raises Refused `no-such-site`, and `unknown-purpose` for one that the site does not have.
    """
    record = parts.registry.site(site)
    if record is None:
        raise Refused(Reason.NO_SUCH_SITE, "name a site that has published a policy")
    names = purposes_of(record.editions)
    if purpose not in names:
        raise Refused(Reason.UNKNOWN_PURPOSE, f"name one of its purposes: {', '.join(names)}")
    with transaction(parts, actor, "site.change", site) as work:
        before = last_review(work.connection, site, purpose)
        write_review(work.connection, site, purpose, work.now)
        work.record(
            "purpose.review",
            purpose,
            before=None if before is None else {"reviewed": timestamp(hour_of(before))},
            after={"reviewed": timestamp(hour_of(work.now))},
        )
