"""Jobs: having letters and alerts written when they are due, and sending what waits."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator

from askfirst.errors import CollectorUnavailable
from askfirst_collector.catalogue.mail_queue import (
    Kind,
    Mail,
    begin,
    cut_off,
    due_mails,
    last_keys,
    not_sent,
    queue_mails,
    sent,
)
from askfirst_collector.catalogue.sites import Site
from askfirst_collector.catalogue.subscriptions import (
    Subscription,
    confirmed,
    drop_subscriptions,
)
from askfirst_collector.catalogue.unreadable import Unreadable
from askfirst_collector.letters.events import Event, due_requests, fallen, overdue
from askfirst_collector.letters.message import as_message
from askfirst_collector.letters.smtp import NotSent, PerhapsSent, Post
from askfirst_collector.letters.write import WAIT, last_period, write
from askfirst_collector.members.permissions import may
from askfirst_collector.services import Services
from askfirst_collector.store.periods import DAY

log = logging.getLogger("askfirst.collector")

MOST = 20  # messages in one round
SECONDS = 20.0  # after which a round begins no other: jobs that destroy keys must not wait
QUIET = 28 * DAY  # seconds in which the same fall is told once


def queue_due(parts: Services, now: float) -> int:
    """Have sent what is due, once for each period and event; how many messages that is."""
    by_site: dict[str, list[Subscription]] = {}
    for target in _allowed(parts):
        by_site.setdefault(target.site, []).append(target)
    late = overdue(parts, now) if by_site else {}
    requests = due_requests(parts, now) if by_site else {}
    earlier = last_keys(parts.engine, "alert", now - QUIET)
    messages: list[tuple[Subscription, Kind, str]] = []
    for name, targets in by_site.items():
        events = [late[name]] if name in late else []
        try:
            site = parts.registry.site(name)
        except Unreadable:  # such a site has no figures to write of, but its alert
            site = None
        if site is not None and not site.retired:
            messages += _letters(site, targets, now)
            if any(target.alerts for target in targets):
                events += fallen(parts, site, site.calendar.day_of(now - WAIT))
        messages += _alerts(targets, events, earlier)
        if name in requests:
            admins = [target for target in targets if _may_answer(parts, target)]
            messages += _alerts(admins, requests[name], earlier)
    return queue_mails(parts.engine, messages, now=now, urandom=parts.urandom) if messages else 0


def _may_answer(parts: Services, target: Subscription) -> bool:
    member = parts.members.get(target.member)
    return member is not None and may(member, "request.change")


def _allowed(parts: Services) -> Iterator[Subscription]:
    """The confirmed ones of members who still may see the site; the others end."""
    over = []
    for target in confirmed(parts.engine):
        member = parts.members.get(target.member)
        if member is not None and may(member, "site.read", target.site):
            yield target
        else:
            over.append(target.id)
    if over:
        drop_subscriptions(parts.engine, over)


def _letters(
    site: Site, targets: list[Subscription], now: float
) -> Iterator[tuple[Subscription, Kind, str]]:
    for target in targets:
        if not target.every:
            continue
        period = last_period(site, target.every, now)
        # The first letter is of the first period that ends after somebody confirmed.
        if site.calendar.end_of(target.every, period) > target.since:
            yield target, "letter", period


def _alerts(
    targets: list[Subscription], events: list[Event], earlier: dict[str, set[str]]
) -> Iterator[tuple[Subscription, Kind, str]]:
    for target in targets:
        before = earlier.get(target.id, set())
        for event in events if target.alerts else ():
            if not any(key.startswith(event.subject) for key in before):
                yield target, "alert", event.key


def deliver_mails(parts: Services, now: float, *, post: Post) -> int:
    """Send what waits; how much was taken. What was cut off is not sent again."""
    for id in cut_off(parts.engine):
        log.error("askfirst.E171 mail %s was cut off while it was sent, and may have arrived", id)
    if not post.url:
        return 0
    began, arrived = time.monotonic(), 0
    for message in due_mails(parts.engine, now, MOST):
        if time.monotonic() - began > SECONDS:
            break
        arrived += _deliver(parts, message, now, post)
    return arrived


def _deliver(parts: Services, message: Mail, now: float, post: Post) -> bool:
    target = message.subscription
    member = parts.members.get(target.member)
    if member is None or not may(member, "site.read", target.site):
        drop_subscriptions(parts.engine, [target.id])
        return False
    again, fault = False, ""
    try:
        letter = write(parts, message, post.url, now)
        if letter is None:
            sent(parts.engine, message)
            return False
        sender, url = post.server.sender, post.url
        text = as_message(letter, target, id=message.id, sender=sender, url=url, now=now)
        if not post.send(text, target.email, lambda: begin(parts.engine, message)):
            return False  # another process has it
    except NotSent as error:
        again, fault = True, str(error)
    except PerhapsSent as error:
        fault = f"{error}: it may have arrived"
    except CollectorUnavailable:
        raise
    except Exception as error:
        # One letter that cannot be written holds no other up. Only the type: a message may hold
        # what is stored.
        fault = f"it cannot be written ({type(error).__name__})"
    else:
        sent(parts.engine, message)
        return True
    if not_sent(parts.engine, message, fault, now, again=again):
        log.warning("askfirst.W170 mail %s did not go, and is tried again: %s", message.id, fault)
    else:
        log.error("askfirst.E172 mail %s was given up: %s", message.id, fault)
    return False
