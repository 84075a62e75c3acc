"""How often signing in to an account went wrong lately, as every worker counts it together.

Of the account only a keyed hash is kept, whether there is such a member or not: writing for known
names alone would tell them apart. The key is not in `ledger.db`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    Table,
    delete,
    func,
    insert,
    select,
)

from askfirst_collector.store.database import changing, metadata

FREE_TRIES = 5
LONGEST_WAIT = 300.0  # seconds
TURN = 1  # seconds from one try of an account to the next, where it went wrong often
LONGEST_LINE = 20  # seconds that a try may be held back until its turn
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
            count, last = _failures(connection, mark, now)
            wait = wait_after(count, last, now)
            if wait <= 0:
                _keep(connection, mark, count + 1, int(now))
            return wait

    def line_up(self, account: str, longest: float) -> float | None:
        """Seconds to hold a try back until its turn comes; None where the line is too long.

        The first are let in at once, then one every TURN: an account that strangers guess at is
        slow for those who are not known there, and never shut. In line it counts as a failure.
        """
        mark, now = self._mark(account), self._now()
        with changing(self._engine) as connection:
            count, last = _failures(connection, mark, now)
            # A clock that was set back must not make a line of years.
            turn = last + TURN if last <= now + LONGEST_LINE else now
            hold = 0.0 if count < FREE_TRIES else max(0.0, turn - now)
            if hold > longest:
                return None
            _keep(connection, mark, count + 1, int(now + hold))
            return hold

    def succeeded(self, account: str) -> None:
        """The right password: the account starts anew."""
        with changing(self._engine) as connection:
            connection.execute(delete(sign_in_try).where(sign_in_try.c.mark == self._mark(account)))

    def _mark(self, account: str) -> bytes:
        text = account.casefold().encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, text, hashlib.sha256)


def _failures(connection: Connection, mark: bytes, now: float) -> tuple[int, int]:
    """How often it went wrong lately, and when last (unix seconds)."""
    connection.execute(delete(sign_in_try).where(sign_in_try.c.last < int(now - FORGET_AFTER)))
    query = select(sign_in_try.c.count, sign_in_try.c.last).where(sign_in_try.c.mark == mark)
    row = connection.execute(query).first()
    return (0, 0) if row is None else (int(row[0]), int(row[1]))


def _keep(connection: Connection, mark: bytes, count: int, last: int) -> None:
    connection.execute(delete(sign_in_try).where(sign_in_try.c.mark == mark))
    total = select(func.count()).select_from(sign_in_try)
    if connection.execute(total).scalar_one() >= LARGEST_COUNT:
        oldest = select(sign_in_try.c.mark).order_by(sign_in_try.c.last).limit(1)
        connection.execute(
            delete(sign_in_try).where(sign_in_try.c.mark == oldest.scalar_subquery())
        )
    connection.execute(insert(sign_in_try).values(mark=mark, count=count, last=last))
