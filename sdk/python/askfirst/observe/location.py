"""Where an address is: country, region, city, from a database on this machine. Nobody is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.metadata import version
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import iptocc
import maxminddb
from geoip2.database import Reader as TypedReader

from ..errors import Unusable
from ..terms.attributes import UNKNOWN, Value
from .address import Address, is_public, read_address
from .place import place_of
from .value import told

EXAMPLE = "81.2.69.142"  # an address of MaxMind's public test data, in London
_NOWHERE: Value = (UNKNOWN,)
# Networks looked up at start, in each family: enough to meet a country and most damage.
_WALK = 2_000

Lookup = Callable[[Address], Value]


@dataclass(frozen=True)
class Description:
    """What `askfirst geo` says: the database, how old it is, and what it answers."""

    database: str
    type: str
    built: date | None
    age: int | None  # days
    example: str
    answer: Value


@dataclass(frozen=True)
class Locator:
    """Looks addresses up in one database; `Locator.open()` makes it."""

    database: str
    type: str
    built: date | None
    _lookup: Lookup

    @classmethod
    def open(cls, path: Path | str | None) -> Locator:
        """A locator over an MMDB file of any layout, or without a path over `iptocc`'s own data.

        Unusable: the file is missing, corrupt, or holds no countries.
        """
        if path is None:
            release = version("iptocc")
            return cls(f"iptocc {release}", "registry allocations", None, _allocated)
        try:
            reader = maxminddb.open_database(str(path))
        except (OSError, ValueError, TypeError, maxminddb.InvalidDatabaseError) as error:
            raise Unusable(path, f"it cannot be opened as an MMDB file ({_brief(error)})") from None
        metadata = reader.metadata()
        lookup = _lookup_for(path, str(metadata.database_type), reader)
        _try_out(path, reader, lookup)
        return cls(str(path), str(metadata.database_type), _day(metadata.build_epoch), lookup)

    def locate(self, ip: str | Address) -> Value:
        """Country, region, city: ("GB", "GB-ENG", "London"). Private addresses are unknown."""
        address = read_address(ip) if isinstance(ip, str) else ip
        if isinstance(address, IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        if address is None or not is_public(address):
            return _NOWHERE
        try:
            return self._lookup(address)
        except Exception:  # what a damaged file makes the readers raise is not limited to their own
            return _NOWHERE

    def describe(self, *, now: float, example: str = EXAMPLE) -> Description:
        """What this locator is, on the day of `now` (unix seconds)."""
        age = (datetime.fromtimestamp(now, UTC).date() - self.built).days if self.built else None
        answer = self.locate(example)
        return Description(self.database, self.type, self.built, age, example, answer)


def _allocated(address: Address) -> Value:
    return told(iptocc.country_code(str(address)), None)


def _lookup_for(path: Path | str, kind: str, reader: maxminddb.Reader) -> Lookup:
    if "City" in kind or "Enterprise" in kind:
        typed = TypedReader(str(path))
        model = typed.city if "City" in kind else typed.enterprise

        def city(address: Address) -> Value:
            record = model(address)
            return place_of(
                record.country.iso_code,
                record.subdivisions[0].iso_code if record.subdivisions else None,
                record.city.names.get("en"),
            )

        return city
    if "Country" in kind:
        countries = TypedReader(str(path))
        return lambda address: place_of(countries.country(address).country.iso_code)
    return lambda address: _any(reader.get(address))


def _any(record: object) -> Value:
    """The place in a record of any layout: MaxMind's nested one, or flat with `country_code`."""
    if not isinstance(record, dict):
        return _NOWHERE
    country, subdivisions, city = (record.get(key) for key in ("country", "subdivisions", "city"))
    if isinstance(country, dict):
        region = subdivisions[0].get("iso_code") if subdivisions else None
        return place_of(country.get("iso_code"), region, city["names"].get("en") if city else None)
    return place_of(record.get("country_code", country), record.get("region_code"), city)


def _try_out(path: Path | str, reader: maxminddb.Reader, lookup: Lookup) -> None:
    """Look up the first networks and each /8: damage shows now, not at a visitor."""
    seen_country = False
    try:
        for address in _probes(reader):
            # The readers raise for what is missing too, so the record is fetched by itself.
            if reader.get(address) is not None and not seen_country:
                seen_country = lookup(address)[0] != UNKNOWN
    except (ValueError, maxminddb.InvalidDatabaseError) as error:
        raise Unusable(path, f"it is corrupt ({_brief(error)})") from None
    if not seen_country:
        raise Unusable(path, "it holds no countries: use a Country or City database")


def _probes(reader: maxminddb.Reader) -> Iterator[Address]:
    yield from (IPv4Address(first << 24) for first in range(256))
    yield from _networks(reader, 0, 32)
    if reader.metadata().ip_version == 6:
        yield from _networks(reader, 0x2000 << 112, 128)


def _networks(reader: maxminddb.Reader, start: int, bits: int) -> Iterator[Address]:
    """The first address of each network from `start` on.

    Step by step and not by the reader's own iterator, which never ends in a tree with a cycle.
    """
    kind = IPv4Address if bits == 32 else IPv6Address
    for _ in range(_WALK):
        if start >= 1 << bits:
            return
        address = kind(start)
        yield address
        _, prefix = reader.get_with_prefix_len(address)
        start = (start | ((1 << (bits - min(prefix, bits))) - 1)) + 1


def _day(epoch: int) -> date | None:
    try:
        return datetime.fromtimestamp(epoch, UTC).date()
    except (OverflowError, ValueError, OSError):
        return None


def _brief(error: Exception) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__
