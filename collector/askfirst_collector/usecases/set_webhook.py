"""Where a suspension is told by HTTP: of a site, of a placed collector, or of the host."""

from __future__ import annotations

from urllib.parse import urlsplit

from askfirst_collector.catalogue.webhook_queue import set_webhook, webhook_url
from askfirst_collector.ledger.changes import record_change
from askfirst_collector.members.permissions import Member
from askfirst_collector.members.rows import check_actor
from askfirst_collector.services import Services
from askfirst_collector.store.database import writing
from askfirst_collector.store.faults import unavailable


def save_webhook(
    parts: Services,
    actor: Member,
    action: str,
    *,
    site: str,
    collector: str,
    url: str,
    owner: str | None = None,
) -> str | None:
    """Keep an address, or none; its secret, shown this once. Refused `bad-shape` for a bad one.

    `site` and `collector` are "" for the host's own; `owner` is the one of the collector.
    """
    with unavailable("ledger"), writing(parts.engine) as connection:
        check_actor(connection, actor, action, site or None, owner=owner)
        before = webhook_url(connection, site, collector)
        secret = set_webhook(connection, site, collector, url or None, urandom=parts.urandom)
        record_change(
            connection,
            actor=actor.name,
            action="webhook.set",
            target=collector or site or "host",
            before=_host(before),
            after=_host(url),
            now=parts.now(),
            urandom=parts.urandom,
            site=site or None,
        )
    return secret


def _host(url: str | None) -> str | None:
    """Of an address the host alone: its path may be a secret, and the ledger keeps for ever."""
    return urlsplit(url).hostname if url else None
