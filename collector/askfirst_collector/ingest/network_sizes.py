"""How many visitors of one network count towards the size of a cell: three in a period.

Somebody who invents visitors has few networks: without this, four invented visitors and one real
one would make a cell of five. Who counts towards no size is in every figure all the same. A visitor
is marked at their first event of a period. A keyed hash of the network is remembered in memory
alone, under a key that lives as long as the period; each process counts for itself, and a restart
begins anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from askfirst.observe.address import Address
from askfirst.observe.network_limit import KEY, network_hash
from askfirst_collector.store.events import PeriodKey

SIZED = 3  # visitors of one network in a period
REMEMBERED = 100_000  # networks of a period; whoever comes from one more counts towards no size

_Subject = tuple[str, str, str, str]


@dataclass
class _Period:
    period: str
    key: bytes
    visitors: dict[bytes, set[bytes]] = field(default_factory=dict)


class NetworkSizes:
    """At most `most` visitors of a /24 (IPv4) or /48 (IPv6) are sized; of 0, all are."""

    def __init__(self, *, urandom: Callable[[int], bytes], most: int = SIZED) -> None:
        self._urandom = urandom
        self._most = most
        self._periods: dict[_Subject, _Period] = {}

    def is_sized(self, key: PeriodKey, pseudonym: bytes | None, address: Address | None) -> bool:
        """Whether a visitor counts towards sizes in a period; asking twice is asking once.

        A private address, and one that is not known (behind a relay), is of no network.
        """
        if not self._most or pseudonym is None or address is None:
            return True
        subject = key.site, key.collector, key.purpose, key.closes
        period = self._periods.get(subject)
        if period is None or period.period != key.period:
            # What was remembered of the period before goes with its key.
            period = self._periods[subject] = _Period(key.period, self._urandom(KEY))
        network = network_hash(address, period.key)
        if network is None:
            return True
        visitors = period.visitors.get(network)
        if visitors is None:
            if len(period.visitors) >= REMEMBERED:
                return False
            visitors = period.visitors[network] = set()
        if pseudonym in visitors:
            return True
        if len(visitors) >= self._most:
            return False
        visitors.add(pseudonym)
        return True
