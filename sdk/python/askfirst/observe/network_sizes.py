"""How many visitors of one network count towards the size of a cell: three in a period.

Somebody who invents visitors has few networks: without this, four invented visitors and one real
one would make a cell of five. Who counts towards no size is in every figure all the same. A visitor
is marked at their first event of a period. A keyed hash of the network is remembered in memory
alone; processes over one folder agree by `network_slots`, and a restart of all begins anew. Of
several machines each has some of the places of a network, and they tell each other nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from ..log_fault import log_fault
from ..terms.edition import Edition
from ..terms.time_zone import period_in
from .address import Address
from .network_limit import KEY, network_hash
from .network_slots import CAN_SHARE, NetworkSlots, PeriodSlots

SIZED = 3  # visitors of one network in a period
REMEMBERED = 100_000  # networks of a period; whoever comes from one more counts towards no size


# Which machine this is of those that share the places of a network, from 0 on, and how many are.
Among = Callable[[], tuple[int, int]]


def own_places(network: bytes, most: int, rank: int, count: int) -> int:
    """How many of the `most` places of a network belong to one of `count` machines.

    All of them together have `most`, and one has no more than one above another.
    """
    start = int.from_bytes(network, "big")
    return sum((start + place) % count == rank for place in range(most))


@dataclass
class _Period:
    period: str
    key: bytes
    slots: PeriodSlots | None = None  # shared with other processes
    visitors: dict[bytes, set[Hashable]] = field(default_factory=dict)


class NetworkSizes:
    """At most `most` visitors of a /24 (IPv4) or /48 (IPv6) are sized; of 0, all are.

    In this process, or, with `slots`, in all that share them; `among` where machines do as well.
    """

    def __init__(
        self,
        *,
        urandom: Callable[[int], bytes],
        most: int = SIZED,
        slots: NetworkSlots | None = None,
        among: Among | None = None,
    ) -> None:
        self._urandom = urandom
        self._most = most
        self._slots = slots if CAN_SHARE else None
        self._among = among
        self._periods: dict[Hashable, _Period] = {}

    @property
    def most(self) -> int:
        """How many of one network; 0 for all."""
        return self._most

    def counts_answer(
        self, edition: Edition, handle: str, now: float, address: Address | None
    ) -> bool:
        """`is_sized` of an answer to an edition, in the longest period that anything of it has.

        What is told of a day or week counts no more of a network than what is told of the longest.
        """
        period = period_in(edition.policy.time_zone, edition.longest_period, now)
        return self.is_sized(edition.policy.site, period, handle, address)

    def is_sized(
        self, counted: Hashable, period: str, visitor: Hashable, address: Address | None
    ) -> bool:
        """Whether a visitor counts towards sizes of what is `counted` together in a period.

        Asking twice is asking once. A private address, and one that is not known, is of no network.
        """
        if not self._most or visitor is None or address is None:
            return True
        try:
            return self._is_sized(self._period(counted, period), visitor, address)
        except OSError as error:
            log_fault("counting the visitors of a network", error)
            return False

    def _period(self, counted: Hashable, period: str) -> _Period:
        remembered = self._periods.get(counted)
        if remembered is not None and remembered.period == period:
            return remembered
        # What was remembered of the period before goes with its key.
        if remembered is not None and remembered.slots is not None:
            remembered.slots.release()
        slots = None if self._slots is None else self._slots.of(counted, period)
        key = self._urandom(KEY) if slots is None else slots.key
        self._periods[counted] = _Period(period, key, slots)
        return self._periods[counted]

    def _is_sized(self, remembered: _Period, visitor: Hashable, address: Address) -> bool:
        network = network_hash(address, remembered.key)
        if network is None:
            return True
        visitors = remembered.visitors.get(network)
        if visitors is None:
            if len(remembered.visitors) >= REMEMBERED:
                return False
            visitors = remembered.visitors[network] = set()
        if visitor in visitors:
            return True
        most = self._places(address, remembered.period)
        if remembered.slots is not None:
            if not remembered.slots.take(network, visitor, most):
                return False
        elif len(visitors) >= most:
            return False
        visitors.add(visitor)
        return True

    def _places(self, address: Address, period: str) -> int:
        """How many visitors of a network this machine may size."""
        if self._among is None:
            return self._most
        # All machines know it alike; which one has a place of whom is no secret.
        network = network_hash(address, period.encode())
        rank, count = self._among()
        return own_places(network or b"", self._most, rank, count) if count else 0
