"""Letters about a site by e-mail: asked for, confirmed by the member who did, ended by anybody."""

from __future__ import annotations

import hashlib
import re

from askfirst.errors import Reason, Refused
from askfirst_collector.catalogue.editions import has_published
from askfirst_collector.catalogue.mail_queue import count_mails, count_questions, queue_mail
from askfirst_collector.catalogue.retired import is_retired
from askfirst_collector.catalogue.subscriptions import (
    EVERY,
    Every,
    Subscription,
    add_subscription,
    change_subscription,
    confirm_address,
    confirming,
    drop_subscription,
    ending,
    find_subscription,
)
from askfirst_collector.members.permissions import Member
from askfirst_collector.members.transaction import Transaction, transaction, unchecked
from askfirst_collector.services import Services
from askfirst_collector.store.periods import DAY

MOST_MAILS = 5  # confirmations, and tests, that a member may ask for in a day
MOST_QUESTIONS = 2  # confirmations that are sent to one address in a week, whoever asks
LONGEST = 254  # characters, RFC 5321 section 4.5.3.1.3
# What every mail server takes: RFC 5321's Dot-string in ASCII, at a name of two labels or more.
# Not what begins as an encoded word does (RFC 2047): no header can hold it as it is.
_ATOM = r"(?!=\?)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"(?=.{{1,64}}@){_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})+")


def subscribe(
    parts: Services, actor: Member, site: str, email: str, *, every: str, alerts: bool
) -> None:
    """Have letters sent to an address of the actor's, once it is confirmed.

    Raises Refused `bad-shape` for an address that none can be sent to, or for letters that are
    none, `too-many-requests`, `no-such-site`, `site-retired`.
    """
    email = email.strip()
    if len(email) > LONGEST or not _ADDRESS.fullmatch(email):
        advice = "write one address, such as ada@example.org; an international name as punycode"
        raise Refused(Reason.BAD_SHAPE, advice)
    wanted = next((entry for entry in EVERY if entry == every), None)
    if wanted is None or not (wanted or alerts):
        raise Refused(Reason.BAD_SHAPE, "choose a letter each week or month, or alerts")
    with transaction(parts, actor, "site.read", site) as work:
        if not has_published(work.connection, site):
            raise Refused(Reason.NO_SUCH_SITE, "name a site of yours")
        if is_retired(work.connection, site):
            raise Refused(Reason.SITE_RETIRED, "this site was retired: there is no news of it")
        before = find_subscription(work.connection, site, actor.name)
        if before is not None and before.email == email and before.is_confirmed:
            change_subscription(work.connection, before.id, every=wanted, alerts=alerts)
        else:
            _ask(work, site, email, wanted, alerts=alerts)
        after = find_subscription(work.connection, site, actor.name)
        work.record("letters.ask", actor.name, before=_as_change(before), after=_as_change(after))


def _ask(work: Transaction, site: str, email: str, every: Every, *, alerts: bool) -> None:
    """Keep a new address, and have the mail sent that its member confirms it by."""
    name = work.actor.name
    _check_count(work, "confirm")
    # Members together, and one who ends and asks again, may not fill somebody else's box.
    key = hashlib.sha256(email.lower().encode()).hexdigest()
    if count_questions(work.connection, key, work.now - 7 * DAY) >= MOST_QUESTIONS:
        detail = "this address was asked twice this week: look for the mail, or wait for next week"
        raise Refused(Reason.TOO_MANY_REQUESTS, detail)
    word = add_subscription(
        work.connection,
        site,
        name,
        email,
        every=every,
        alerts=alerts,
        now=work.now,
        urandom=work.urandom,
    )
    target = find_subscription(work.connection, site, name)
    if target is not None:
        queue_mail(
            work.connection, target, "confirm", key, now=work.now, urandom=work.urandom, word=word
        )


def confirm_subscription(parts: Services, actor: Member, word: str) -> Subscription:
    """Confirm one's own address by the word that was sent to it.

    Raises Refused `not-found` for any other word: of another member, used, or too old.
    """
    with unchecked(parts, actor) as work:
        target = confirming(work.connection, actor.name, word, work.now)
        if target is None:
            raise Refused(Reason.NOT_FOUND, "this link is not yours, was used, or is too old")
    with transaction(parts, actor, "site.read", target.site) as work:
        confirm_address(work.connection, target.id, work.now)
        work.record("letters.confirm", actor.name, before=None, after=_as_change(target))
    return target


def end_subscription(parts: Services, actor: Member, site: str) -> None:
    """End one's own letters. Raises Refused `not-found` where there are none."""
    with transaction(parts, actor, "site.read", site) as work:
        target = find_subscription(work.connection, site, actor.name)
        if target is None:
            raise Refused(Reason.NOT_FOUND, "no letters are sent to you about this site")
        _end(work, target)


def unsubscribe(parts: Services, word: str) -> bool:
    """End the letters whose word this is, whoever shows it; whether there were any."""
    with unchecked(parts) as work:
        target = ending(work.connection, word)
        if target is None:
            return False
        _end(work, target)
    return True


def send_test_letter(parts: Services, actor: Member, site: str) -> None:
    """Have the last letter sent again, marked as a test.

    Raises Refused `not-found` where no address is confirmed, `too-many-requests`.
    """
    with transaction(parts, actor, "site.read", site) as work:
        target = find_subscription(work.connection, site, actor.name)
        if target is None or not target.is_confirmed:
            raise Refused(Reason.NOT_FOUND, "confirm an address first")
        _check_count(work, "test")
        queue_mail(work.connection, target, "test", now=work.now, urandom=work.urandom)


def _check_count(work: Transaction, kind: str) -> None:
    since = work.now - DAY
    if count_mails(work.connection, work.actor.name, kind, since) >= MOST_MAILS:
        detail = f"wait until tomorrow: {MOST_MAILS} of these a day are sent"
        raise Refused(Reason.TOO_MANY_REQUESTS, detail)


def _end(work: Transaction, target: Subscription) -> None:
    drop_subscription(work.connection, target.site, target.member)
    work.record(
        "letters.end",
        target.member,
        before=_as_change(target),
        after=None,
        site=target.site,
        actor=target.member,
    )


def _as_change(target: Subscription | None) -> dict[str, object] | None:
    """Without the address: the ledger keeps for ever."""
    return None if target is None else {"every": target.every, "alerts": target.alerts}
