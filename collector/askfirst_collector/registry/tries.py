"""How often signing in to an account went wrong lately, as every worker counts it together.

Of the account only a keyed hash is kept, whether there is such a member or not: writing for known
names alone would tell them apart. The key is not in `ledger.db`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

from sqlalchemy import Column, Engine, Integer, LargeBinary, Table, delete, func, insert, select

from askfirst_collector.registry.member_tables import changing
from askfirst_collector.store.database import metadata

FREE_TRIES = 5
LONGEST_WAIT = 300.0  # seconds; longer would let anyone lock the admin out
FORGET_AFTER = 900.0  # seconds without a failure
LARGEST_COUNT = 10_000  # accounts

sign_in_try = Table(
    "sign_in_try",
    metadata,
    Column("mark", LargeBinary(32), primary_key=True),
    Column("count", Integer, nullable=False),
    Column("last", Integer, nullable=False),  # unix seconds
)


def wait_after(count: int, last: float, now: float) -> float:
    """Seconds until the next try is let in, after `count` failures of which `last` was the last."""
    if count < FREE_TRIES:
        return 0.0
    pause = min(2.0 ** min(count - FREE_TRIES, 30), LONGEST_WAIT)
    return min(max(0.0, last + pause - now), LONGEST_WAIT)


class Tries:
    """Counts in `ledger.db`, a transaction each; safe in any thread and in any worker."""

    def __init__(self, engine: Engine, *, key: bytes, now: Callable[[], float]) -> None:
        self._engine = engine
        self._key = hmac.digest(key, b"askfirst dashboard tries", hashlib.sha256)
        self._now = now

    def admit(self, account: str) -> float:
        """Seconds to wait; 0 lets one try in, which counts as a failure until `succeeded`."""
        mark, now = self._mark(account), self._now()
        with changing(self._engine) as connection:
            old = sign_in_try.c.last < int(now - FORGET_AFTER)
            connection.execute(delete(sign_in_try).where(old))
            found = connection.execute(
                select(sign_in_try.c.count, sign_in_try.c.last).where(sign_in_try.c.mark == mark)
            ).first()
            count = 0 if found is None else int(found[0])
            wait = 0.0 if found is None else wait_after(count, found.last, now)
            if wait <= 0:
                connection.execute(delete(sign_in_try).where(sign_in_try.c.mark == mark))
                total = select(func.count()).select_from(sign_in_try)
                if connection.execute(total).scalar_one() >= LARGEST_COUNT:
                    oldest = select(sign_in_try.c.mark).order_by(sign_in_try.c.last).limit(1)
                    connection.execute(
                        delete(sign_in_try).where(sign_in_try.c.mark == oldest.scalar_subquery())
                    )
                row = {"mark": mark, "count": count + 1, "last": int(now)}
                connection.execute(insert(sign_in_try).values(row))
            return wait

    def succeeded(self, account: str) -> None:
        """The right password: the account starts anew."""
        with changing(self._engine) as connection:
            connection.execute(delete(sign_in_try).where(sign_in_try.c.mark == self._mark(account)))

    def _mark(self, account: str) -> bytes:
        text = account.casefold().encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, text, hashlib.sha256)
