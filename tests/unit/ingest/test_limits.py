"""How much one network and one receipt may send."""

from __future__ import annotations

import gc
import os
from ipaddress import ip_address

import pytest

from askfirst.observe import network_limit
from askfirst.observe.network_limit import AddressLimit
from askfirst_collector.ingest import daily_limit as limits
from askfirst_collector.ingest.daily_limit import DailyLimit
from tests.support.collectors import Clock


def test_a_network_counts_together_and_its_neighbour_does_not() -> None:
    """A /24 of IPv4, a /56 of IPv6; an IPv4 address in IPv6 is that IPv4 address."""
    for same, other in (
        (("203.0.113.1", "203.0.113.254", "::ffff:203.0.113.9"), "203.0.112.1"),
        (("2001:db8:0:100::1", "2001:db8:0:1ff::2", "2001:db8:0:1aa::3"), "2001:db8:0:200::1"),
    ):
        limit = AddressLimit(now=Clock(), urandom=os.urandom, most=3)
        assert all(limit.allows(address) for address in same)
        assert not limit.allows(same[0])
        assert limit.allows(other)


def test_what_stands_for_everybody_is_not_counted() -> None:
    """Loopback, private networks, a Unix socket and nonsense: a proxy nobody configured."""
    limit = AddressLimit(now=Clock(), urandom=os.urandom, most=1)
    for address in ("127.0.0.1", "::1", "10.1.2.3", "192.168.0.9", "fd00::1", "", "nonsense", None):
        assert all(limit.allows(address) for _ in range(3))


def test_a_network_is_forgotten_with_the_key() -> None:
    """Ten minutes later, or when the clock is turned back, key and counts are new."""
    clock, keys = Clock(), []

    def urandom(size: int) -> bytes:
        keys.append(os.urandom(size))
        return keys[-1]

    limit = AddressLimit(now=clock, urandom=urandom, most=1)
    assert limit.allows("203.0.113.1")
    clock.now += 599
    assert not limit.allows("203.0.113.1")
    clock.now += 1
    assert limit.allows("203.0.113.1")
    clock.now -= 3600
    assert limit.allows("203.0.113.1")
    assert len(set(keys)) == 3


def test_memory_holds_a_keyed_hash_and_no_address() -> None:
    """Neither the address nor its network can be read from what is remembered."""
    limit = AddressLimit(now=Clock(), urandom=os.urandom)
    address = ip_address("203.0.113.77")
    limit.allows(address)
    kept = repr(vars(limit)).encode() + b"".join(limit._counts)
    assert b"203.0.113" not in kept
    assert address.packed[:3] not in b"".join(limit._counts)
    other = AddressLimit(now=Clock(), urandom=os.urandom)
    other.allows(address)
    assert other._counts.keys() != limit._counts.keys()
    packed = address.packed
    del address
    gc.collect()
    assert not [
        each
        for each in gc.get_objects()
        if type(each).__name__ == "IPv4Address" and each.packed == packed
    ]


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many networks and receipts come, only so many are remembered."""
    for module in (limits, network_limit):
        monkeypatch.setattr(module, "REMEMBERED", 10)
    limit = AddressLimit(now=Clock(), urandom=os.urandom)
    daily = DailyLimit()
    for number in range(50):
        limit.allows(f"203.0.{number}.1")
        daily.reserve(f"{number:064x}", number % 5, 1)
        daily.reserve(f"{number:064x}", 5, 1)
    assert len(limit._counts) == 10
    assert [len(counts) for counts in daily._days.values()] == [1, 10]


def test_a_day_holds_so_many_events_of_a_receipt() -> None:
    """What is given back may be used again; another day or receipt has its own number."""
    daily = DailyLimit(most=5)
    assert daily.reserve("a", 1, 3) == 3
    assert daily.reserve("a", 1, 3) == 2
    assert daily.reserve("a", 1, 1) == 0
    assert daily.reserve("b", 1, 5) == 5
    daily.give_back("a", 1, 2)
    assert daily.reserve("a", 1, 3) == 2
    assert daily.reserve("a", 2, 9) == 5
    daily.give_back("a", 3, 5)
    assert daily.reserve("a", 2, 1) == 0


def test_a_clock_that_jumps_and_comes_back_gives_no_second_day() -> None:
    """As often as it does: each of the two days has its number once."""
    daily = DailyLimit(most=5)
    assert [daily.reserve("a", day, 4) for day in (1, 31, 1, 31, 1, 31)] == [4, 4, 1, 1, 0, 0]
