"""Deliveries to recipients of a purpose: where they go, made and ended by whoever runs the site."""

from __future__ import annotations

from dataclasses import replace

from askfirst.errors import Reason, Refused
from askfirst_collector.catalogue.editions import has_published
from askfirst_collector.catalogue.retired import is_retired
from askfirst_collector.catalogue.transfers import (
    KINDS,
    MOST,
    WAYS,
    Transfer,
    add_transfer,
    drop_transfer,
    site_transfers,
    transfer_json,
    webhook_secret,
)
from askfirst_collector.catalogue.webhook_queue import SECRET, check_url
from askfirst_collector.members.permissions import Member
from askfirst_collector.members.transaction import Transaction, transaction
from askfirst_collector.services import Services
from askfirst_collector.store.disclosed_ranges import newest_number

LONGEST = 200  # characters of a key id, of a secret and of a region
USUAL_REGION = "us-east-1"


def create_transfer(
    parts: Services,
    actor: Member,
    site: str,
    *,
    purpose: str,
    recipient: str,
    what: str,
    way: str,
    url: str,
    key_id: str = "",
    secret: str = "",
    region: str = "",
) -> tuple[Transfer, str]:
    """Deliver from now on; the delivery, and the secret of a webhook, shown this once ("" else).

    `what` is `figures` or `events`, `way` is `webhook` or `s3`; the last three are of S3 alone, and
    `url` is `https://HOST/BUCKET/PREFIX` there. Raises Refused `bad-shape` for what cannot be used,
    and for a recipient whom the policy does not name, `unknown-purpose`, `name-taken` for one that
    gets the same already, `too-many-requests`, `no-such-site`, `site-retired`.
    """
    if what == "events" and parts.machines is not None:
        # What waits lies with the machine that moved it; figures are in the ledger.
        advice = "several machines share this ledger, and deliver figures alone: write figures"
        raise Refused(Reason.BAD_SHAPE, advice)
    new = _read(what, way, url, key_id, secret, region)
    new = replace(new, site=site, purpose=purpose, recipient=recipient)
    with transaction(parts, actor, "site.change", site) as work:
        if not has_published(work.connection, site):
            raise Refused(Reason.NO_SUCH_SITE, "name a site of yours")
        if is_retired(work.connection, site):
            raise Refused(Reason.SITE_RETIRED, "this site was retired: nothing is delivered of it")
        _check_recipient(parts, new)
        _check_others(work, new)
        key = work.urandom(SECRET) if way == "webhook" else secret.encode()
        new = replace(
            new,
            id=work.urandom(8).hex(),
            secret=key,
            upto=newest_number(work.connection),
            due=int(work.now),
        )
        add_transfer(work.connection, new)
        work.record("transfer.create", new.id, before=None, after=transfer_json(new))
    return new, webhook_secret(key) if way == "webhook" else ""


def remove_transfer(parts: Services, actor: Member, site: str, id: str) -> None:
    """Deliver nothing more, of what waits neither. Raises Refused `not-found`."""
    with transaction(parts, actor, "site.change", site) as work:
        entries = {entry.id: entry for entry in site_transfers(work.connection, site)}
        if id not in entries:
            raise Refused(Reason.NOT_FOUND, "the site has no such delivery: see its list")
        drop_transfer(work.connection, id)
        work.record("transfer.remove", id, before=transfer_json(entries[id]), after=None)
    # What is left of it, should this end here, no delivery takes any more.
    parts.transfers.forget_transfer(id)


def _read(what: str, way: str, url: str, key_id: str, secret: str, region: str) -> Transfer:
    kind = next((one for one in KINDS if one == what), None)
    path = next((one for one in WAYS if one == way), None)
    if kind is None:
        raise Refused(Reason.BAD_SHAPE, f"what is delivered: write {' or '.join(KINDS)}")
    if path is None:
        raise Refused(Reason.BAD_SHAPE, f"how it is delivered: write {' or '.join(WAYS)}")
    check_url(url)
    if path == "webhook":
        if key_id or secret or region:
            raise Refused(Reason.BAD_SHAPE, "a webhook has no key: its secret is drawn here")
        return Transfer("", "", "", "", kind, path, url, "", "", b"")
    region = region or USUAL_REGION
    for name, text in (("key id", key_id), ("secret", secret), ("region", region)):
        if not (0 < len(text) <= LONGEST and text.isascii() and text.isprintable()):
            raise Refused(Reason.BAD_SHAPE, f"write the {name} that the storage gave you")
    if "/" in key_id or "/" in region or "," in key_id or " " in key_id + region:
        raise Refused(Reason.BAD_SHAPE, "a key id and a region have no slash, comma or space")
    if "?" in url or "/" not in url.removeprefix("https://").rstrip("/"):
        raise Refused(Reason.BAD_SHAPE, "write https://HOST/BUCKET or https://HOST/BUCKET/PREFIX")
    return Transfer("", "", "", "", kind, path, url, key_id, region, b"")


def _check_recipient(parts: Services, new: Transfer) -> None:
    site = parts.registry.site(new.site)
    policy = None if site is None else site.editions.current.policy
    if policy is None or new.purpose not in policy.asked:
        names = "" if policy is None else ", ".join(policy.asked)
        advice = f"name one of {names}" if names else "publish a policy that has one"
        raise Refused(Reason.UNKNOWN_PURPOSE, f"visitors are not asked for this purpose: {advice}")
    recipients = sorted(one.name for one in policy.purposes[new.purpose].terms.recipients)
    if new.recipient not in recipients:
        advice = f"name one of {', '.join(recipients)}" if recipients else "list it there first"
        raise Refused(Reason.BAD_SHAPE, f"the policy names no such recipient: {advice}")


def _check_others(work: Transaction, new: Transfer) -> None:
    others = site_transfers(work.connection, new.site)
    if len(others) >= MOST:
        raise Refused(Reason.TOO_MANY_REQUESTS, f"end one of the {MOST} deliveries of this site")
    key = (new.purpose, new.recipient, new.what)
    if any((one.purpose, one.recipient, one.what) == key for one in others):
        raise Refused(Reason.NAME_TAKEN, "this recipient gets that already: end the other one")
