"""Everything that pseudonyms hang on: `salts.db`, or a PostgreSQL server of its own.

It is never backed up, copied or replicated. Once a salt or a key is destroyed here, nothing that is
left anywhere computes its pseudonyms again; that holds only while no second copy exists (M48).

    period_salt(site, closes, period, salt, due)   due: two hours after the period ends
    grant_key(handle, key, due)                    due: when the grant runs out
    batch_key(day, key, due)                       due: when no retry of that day counts any more
    user_number(site, mark, number, due)           due: a year after it was drawn
"""

from __future__ import annotations

import hashlib
import hmac
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from askfirst.errors import CollectorUnavailable
from askfirst_collector.store.periods import IN_UTC, CalendarOf

SALT = 32  # bytes
USER = 16  # bytes of the number of a user
YEAR = 365 * 86_400  # seconds
GRACE = 2 * 3600  # seconds that a salt outlives its period
RETRIES = 48 * 3600  # seconds within which a batch may be sent again
FOREVER = 2**53 - 1


@dataclass(frozen=True, slots=True)
class PeriodSalt:
    """A salt that still exists, with the period it makes pseudonyms for."""

    closes: str
    period: str
    salt: bytes


def pseudonym(salt: bytes, site: str, purpose: str, collector: str, handle: str) -> bytes:
    """HMAC-SHA256 over the four names, each framed by its length, so that no two are confused."""
    message = _framed(site, purpose, collector) + _frame(handle)
    return hmac.digest(salt, message, hashlib.sha256)


def mark_of_user(user: str) -> bytes:
    """What stands for a user's token."""
    return hashlib.sha256(b"askfirst user mark 1\0" + user.encode()).digest()


@lru_cache(maxsize=1024)  # names of policies, never of visitors
def _framed(*names: str) -> bytes:
    return b"askfirst pseudonym 1\0" + b"".join(map(_frame, names))


def _frame(name: str) -> bytes:
    field = name.encode()
    return len(field).to_bytes(4, "big") + field


@dataclass(slots=True)
class _Known:
    """A salt, or a key, as this process remembers it until it is due."""

    secret: bytes
    due: int
    # Pseudonyms under it, begun with purpose and collector: they go with it.
    begun: dict[tuple[str, str], hmac.HMAC] = field(default_factory=dict)


class Salts(ABC):
    """What one process has open. Every method may raise CollectorUnavailable."""

    def __init__(self, *, now: Callable[[], float], urandom: Callable[[int], bytes]) -> None:
        self._now = now
        self._urandom = urandom
        self._lock = threading.Lock()
        self._known: dict[tuple[str, ...], _Known] = {}

    def period(self, site: str, closes: str, period: str, end: int) -> bytes:
        """The salt of a period: whoever asks first draws it, everyone after reads that one.

        CollectorUnavailable two hours after its end (unix seconds): a second salt would count
        people twice.
        """
        known = self._known.get(("period_salt", site, closes, period))
        due = end + GRACE
        if known is not None and self._now() < known.due == due:
            return known.secret
        return self._elected(
            "period_salt", ("site", "closes", "period"), (site, closes, period), due
        )

    def pseudonym(
        self, key: tuple[str, str, str], end: int, purpose: str, collector: str, handle: str
    ) -> bytes:
        """`pseudonym` under the salt of `period` (site, closes, period), with its end.

        Of what is the same for all visitors, each is reckoned once.
        """
        site, closes, period = key
        salt = self.period(site, closes, period, end)
        known = self._known.get(("period_salt", site, closes, period))
        if known is None or known.secret is not salt:
            return pseudonym(salt, site, purpose, collector, handle)  # it is due by now
        begun = known.begun.get((purpose, collector))
        if begun is None:
            begun = hmac.new(salt, _framed(site, purpose, collector), hashlib.sha256)
            known.begun[purpose, collector] = begun
        own = begun.copy()
        own.update(_frame(handle))
        return own.digest()

    def batch_key(self, day: str) -> bytes:
        """The key of a day (`2026-11-22`) under which answers to batches are kept for retries."""
        return self._elected(
            "batch_key", ("day",), (day,), IN_UTC.end_of("day", day) + RETRIES + GRACE
        )

    @abstractmethod
    def open_periods(self, site: str) -> list[PeriodSalt]:
        """The periods of a site whose salts still exist; asking draws none."""

    @abstractmethod
    def due_periods(self, now: float) -> list[tuple[str, PeriodSalt]]:
        """The periods, with their sites, whose salts are to be destroyed and are there still."""

    @abstractmethod
    def grant_key(self, handle: str) -> bytes | None:
        """The key of a live grant; never cached, so that its end is its end in every worker."""

    @abstractmethod
    def new_grant_key(self, handle: str, *, due: int = FOREVER) -> bytes:
        """Draw the key of a grant that runs out at `due`; one that exists is kept, `due` moves."""

    @abstractmethod
    def end_grant(self, handle: str) -> None:
        """Destroy the key of a grant; ending twice is harmless."""

    @abstractmethod
    def user_number(self, site: str, user: str) -> bytes:
        """The random number of a signed-in user, by their token: drawn once, for a year."""

    @abstractmethod
    def find_user(self, site: str, user: str) -> bytes | None:
        """The number of a user; None for one who has none. Never cached, so that its end is one."""

    @abstractmethod
    def end_user(self, site: str, user: str) -> bool:
        """Destroy the number of a user; whether there was one."""

    @abstractmethod
    def forget_site(self, site: str, handles: Iterable[str]) -> None:
        """Destroy the salts of a site's periods, the numbers of its users, keys of these grants."""

    @abstractmethod
    def grants(self) -> list[str]:
        """The handles that have a key: for the job that looks for those the ledger has ended."""

    @abstractmethod
    def is_due(self, now: float) -> bool:
        """Whether the salt of any period is to be destroyed."""

    @abstractmethod
    def destroy_due(self, now: float, calendar_of: CalendarOf) -> int:
        """Destroy every salt and key whose time is over; how many there were."""

    @abstractmethod
    def check(self) -> None:
        """Look at the file and read one page; CollectorUnavailable when either is not as it was."""

    @abstractmethod
    def close(self) -> None:
        """Close the file."""

    def forget_due(self, now: float) -> None:
        """Drop from this process's memory what is due; for workers that hold no lease."""
        with self._lock:
            for key in [key for key, known in self._known.items() if known.due <= now]:
                del self._known[key]

    def _forget_site(self, site: str) -> None:
        with self._lock:
            for key in [key for key in self._known if key[:2] == ("period_salt", site)]:
                del self._known[key]

    def _elected(
        self, table: str, columns: tuple[str, ...], key: tuple[str, ...], due: int
    ) -> bytes:
        now = self._now()
        if due <= now:
            self.forget_due(now)
            raise CollectorUnavailable("the period is over")
        known = self._known.get((table, *key))
        if known is not None and known.due == due:
            return known.secret
        elected = self._elect(table, columns, key, due)
        with self._lock:
            self._known[(table, *key)] = _Known(elected, due)
        self.forget_due(now)
        return elected

    @abstractmethod
    def _elect(self, table: str, columns: tuple[str, ...], key: tuple[str, ...], due: int) -> bytes:
        """The one that is there, due then from now on, or one that is drawn."""


def put_off(
    keys: Iterable[tuple[str, str, str]], now: float, calendar_of: CalendarOf
) -> list[tuple[int, str, str, str]]:
    """Of periods that are due, those that are no more: a site's zone changed, and they got longer.

    Each with when it is due.
    """
    ends = ((calendar_of(key[0]).end_of(*key[1:]) + GRACE, *key) for key in keys)
    return [row for row in ends if row[0] > now]
