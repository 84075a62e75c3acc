"""Delivering what owners are told: signed as in Standard Webhooks, tried again with pauses."""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
import time
from collections.abc import Callable
from typing import Protocol

from sqlalchemy import Engine

from askfirst_collector.catalogue.webhook_queue import Delivery, delivered, due, failed
from askfirst_collector.store.database import changing, reading
from askfirst_collector.webhooks.pinned_http import Poster, Unreachable

log = logging.getLogger("askfirst.collector")

MOST = 50  # deliveries in one round
SECONDS = 20.0  # after which a round begins no other: jobs that destroy keys must not wait


class Outbox(Protocol):
    """Where deliveries wait: in the ledger's file."""

    @property
    def engine(self) -> Engine:
        """Of that file."""
        ...

    @property
    def now(self) -> Callable[[], float]:
        """Unix seconds."""
        ...


def signed(delivery: Delivery, now: float) -> dict[str, str]:
    """The headers of an attempt; the time in them is the attempt's, so that old ones can be told.

    `webhook-signature` is `v1,` and base64 of HMAC-SHA256(secret, id ‖ "." ‖ time ‖ "." ‖ body).
    """
    moment = str(int(now))
    content = b".".join((delivery.id.encode(), moment.encode(), delivery.body))
    digest = hmac.digest(delivery.secret, content, hashlib.sha256)
    return {
        "content-type": "application/json",
        "user-agent": "askfirst",
        "webhook-id": delivery.id,
        "webhook-timestamp": moment,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def tell_owners(outbox: Outbox, now: float, *, poster: Poster | None = None) -> int:
    """Try every delivery whose time has come; how many arrived. Any 2xx says that one did."""
    with reading(outbox.engine) as connection:
        waiting = due(connection, now, MOST)
    if not waiting:
        return 0
    poster, began, arrived = poster or Poster(), time.monotonic(), 0
    for delivery in waiting:
        if time.monotonic() - began > SECONDS:
            break
        try:
            status = poster.post(delivery.url, signed(delivery, outbox.now()), delivery.body)
            fault = "" if 200 <= status < 300 else str(status)
        except Unreachable as error:
            fault = str(error)
        with changing(outbox.engine) as connection:
            if not fault:
                delivered(connection, delivery)
                arrived += 1
            elif not failed(connection, delivery, now):
                log.error("askfirst.E142 %s was given up: %s", delivery.id, fault)
            else:
                log.warning("askfirst.W142 %s did not arrive: %s", delivery.id, fault)
    return arrived
