"""Webhooks: where a suspension is told by HTTP, of a site, of a placed collector, or of the host.

`site` and `collector` are "" for the host's own, `collector` for that of a site.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from askfirst.errors import Reason, Refused
from askfirst_collector.catalogue.editions import has_published
from askfirst_collector.catalogue.placed import find_placed
from askfirst_collector.catalogue.webhook_queue import (
    count_waiting,
    drop_webhook,
    queue_message,
    set_webhook,
    webhook_url,
)
from askfirst_collector.members.permissions import Member
from askfirst_collector.members.transaction import Transaction, unchecked
from askfirst_collector.services import Services

MOST_WAITING = 5  # messages to one address, beyond which no test is sent


def save_webhook(
    parts: Services, actor: Member, url: str, *, site: str = "", collector: str = ""
) -> str:
    """Tell this address from now on; its secret, shown this once.

    Raises Refused `bad-shape` for an address that cannot be told, `no-such-site`, `not-found`.
    """
    with _opened(parts, actor, site, collector) as work:
        before = webhook_url(work.connection, site, collector)
        secret = set_webhook(work.connection, site, collector, url, urandom=parts.urandom)
        target = collector or site or "host"
        work.record("webhook.set", target, before=_host(before), after=_host(url))
    return secret


def remove_webhook(parts: Services, actor: Member, *, site: str = "", collector: str = "") -> None:
    """Tell nobody any more, of what waits neither. Raises Refused `not-found` where nobody is."""
    with _opened(parts, actor, site, collector) as work:
        before = _address(work, site, collector)
        drop_webhook(work.connection, site, collector)
        target = collector or site or "host"
        work.record("webhook.remove", target, before=_host(before), after=None)


def send_test(parts: Services, actor: Member, *, site: str = "", collector: str = "") -> str:
    """Queue a message that only says it is a test; its id. The running collector delivers it.

    Raises Refused `not-found` where nobody is told, `too-many-requests` where others wait.
    """
    with _opened(parts, actor, site, collector) as work:
        url = _address(work, site, collector)
        if count_waiting(work.connection, site, collector) >= MOST_WAITING:
            detail = "wait: others are on their way to this address, or it does not answer"
            raise Refused(Reason.TOO_MANY_REQUESTS, detail)
        names = {"site": site, "collector": collector}
        message = {"type": "webhook.test", **{key: name for key, name in names.items() if name}}
        id = queue_message(
            work.connection, site, collector, message, now=work.now, urandom=parts.urandom
        )
        target = collector or site or "host"
        work.record("webhook.test", target, before=None, after=_host(url))
    return id


@contextmanager
def _opened(parts: Services, actor: Member, site: str, collector: str) -> Iterator[Transaction]:
    with unchecked(parts, actor, site or None) as work:
        if not site:
            work.check("host-policy.change")
        elif not collector:
            work.check("site.change")
            if not has_published(work.connection, site):
                raise Refused(Reason.NO_SUCH_SITE, "publish a policy for this site first")
        else:
            placed = find_placed(work.connection, site, collector)
            work.check("collector.change", owner=None if placed is None else placed.owner)
            if placed is None:
                raise Refused(Reason.NOT_FOUND, "there is no collector of this name")
        yield work


def _address(work: Transaction, site: str, collector: str) -> str:
    url = webhook_url(work.connection, site, collector)
    if url is None:
        raise Refused(Reason.NOT_FOUND, "there is no webhook: set an address first")
    return url


def _host(url: str | None) -> dict[str, str | None] | None:
    """Of an address the host alone: its path may be a secret, and the ledger keeps for ever."""
    return {"host": urlsplit(url).hostname} if url else None
