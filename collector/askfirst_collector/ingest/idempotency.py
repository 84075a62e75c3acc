"""How a batch is recognised when it comes again: an HMAC under the key of a day, not its id."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime

from askfirst_collector.store.events import ANSWER_DAYS
from askfirst_collector.store.salts import Salts

DAY = 86_400  # seconds
KEPT = 16  # bytes of each HMAC


def day_of(now: float) -> int:
    """The day (since 1970-01-01, UTC) of a moment in unix seconds."""
    return int(now // DAY)


def date_of(day: int) -> str:
    """A day as it is written (ISO 8601)."""
    return datetime.fromtimestamp(day * DAY, UTC).date().isoformat()


class BatchNames:
    """Names batches of today; remembers the keys of the day it was last asked about."""

    def __init__(self, salts: Salts) -> None:
        self._salts = salts
        self._day = -1
        self._keys: list[hmac.HMAC] = []  # of each day, ready to go on with a message

    def names(self, handle: str, batch: str, now: float) -> tuple[bytes, ...]:
        """The name under today's key, then under those of the days it may have come on before."""
        day = day_of(now)
        if day != self._day:
            self._keys = [self._key(now - back * DAY) for back in range(ANSWER_DAYS + 1)]
            self._day = day
        message = f"{handle}{batch}".encode()  # both of a fixed length
        return tuple([_signed(key, message) for key in self._keys])

    def _key(self, moment: float) -> hmac.HMAC:
        day = datetime.fromtimestamp(moment, UTC).date().isoformat()
        return hmac.new(self._salts.batch_key(day), digestmod="sha256")


def _signed(key: hmac.HMAC, message: bytes) -> bytes:
    name = key.copy()
    name.update(message)
    return name.digest()[:KEPT]
