"""Where an address is: country, region, city, from a database on this machine. Nobody is asked."""

from __future__ import annotations

import io
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.metadata import version
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import iptocc

from ..errors import Unusable
from ..terms.attributes import UNKNOWN, Value
from .address import Address, is_public, read_address
from .place import place_of
from .value import known_parts

if TYPE_CHECKING:
    import maxminddb
    from geoip2.models import City

EXAMPLE = "81.2.69.142"  # an address of MaxMind's public test data, in London
_NOWHERE: Value = (UNKNOWN,)
# Networks looked up at start, in each family: enough to meet a country and most damage.
_WALK = 2_000
CHECK = 10.0  # seconds between two looks at whether the file was replaced

log = logging.getLogger("askfirst")

_NO_COUNTRIES = (
    "it holds no countries (`country_code`, or `country` with `iso_code`): use a Country or City "
    "database"
)

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


Stamp = tuple[int, ...]  # of a file: what changes when it is replaced or written


@dataclass(frozen=True)
class Database:
    """One database, read whole: its name, its type, the day it was built, and its look-up."""

    name: str
    type: str
    built: date | None
    lookup: Lookup


class Locator:
    """Looks addresses up in one database; `Locator.open()` makes it.

    The file may be replaced or overwritten at any time: a copy is read, and what is new is used
    when it reads whole. Until then, and for ever where it does not, the old one answers.
    """

    def __init__(
        self,
        database: Database,
        path: Path | None,
        stamp: Stamp | None,
        monotonic: Callable[[], float],
    ) -> None:
        self._database = database
        self._path = path
        self._used = self._latest = stamp
        self._monotonic = monotonic
        self._next = monotonic() + CHECK
        self._loading: threading.Thread | None = None

    @classmethod
    def open(
        cls, path: Path | str | None, *, monotonic: Callable[[], float] = time.monotonic
    ) -> Locator:
        """A locator over an MMDB file of any layout, or without a path over `iptocc`'s own data.

        Unusable: the file is missing, corrupt, or holds no countries.
        """
        if path is None:
            name = f"iptocc {version('iptocc')}"
            return cls(
                Database(name, "registry allocations", None, _allocated), None, None, monotonic
            )
        file = Path(path)
        stamp = _stamp(file)
        return cls(_load(file), file, stamp, monotonic)

    def locate(self, ip: str | Address) -> Value:
        """Country, region, city: ("GB", "GB-ENG", "London"). Private addresses are unknown."""
        address = read_address(ip) if isinstance(ip, str) else ip
        if isinstance(address, IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        if address is None or not is_public(address):
            return _NOWHERE
        if self._path is not None and self._monotonic() >= self._next:
            self._check(self._path)
        try:
            return self._database.lookup(address)
        except Exception:  # what a damaged file makes the readers raise is not limited to their own
            return _NOWHERE

    def describe(self, *, now: float, example: str = EXAMPLE) -> Description:
        """What this locator is, on the day of `now` (unix seconds)."""
        answer = self.locate(example)
        base = self._database
        age = (datetime.fromtimestamp(now, UTC).date() - base.built).days if base.built else None
        return Description(base.name, base.type, base.built, age, example, answer)

    def _check(self, path: Path) -> None:
        self._next = self._monotonic() + CHECK
        if self._loading is not None and self._loading.is_alive():
            return
        stamp = _stamp(path)
        # What changed since the last look is still being written, perhaps.
        settled, self._latest = stamp == self._latest, stamp
        if settled and stamp is not None and stamp != self._used:
            self._loading = threading.Thread(
                target=self._renew, args=(path, stamp), name="askfirst-places", daemon=True
            )
            self._loading.start()

    def _renew(self, path: Path, stamp: Stamp) -> None:
        try:
            database = _load(path)
        except Unusable as error:
            self._used = stamp  # said once: the same bytes are not tried again
            log.warning("askfirst.W038 %s: the database from before is used on", error)
            return
        if _stamp(path) == stamp:
            self._database, self._used = database, stamp


def _allocated(address: Address) -> Value:
    return known_parts(iptocc.country_code(str(address)), None)


def _stamp(path: Path) -> Stamp | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _load(path: Path) -> Database:
    import maxminddb  # what reads such a file, and models of it, is read where there is one

    try:
        reader = _copy(path)
    except (OSError, ValueError, TypeError, maxminddb.InvalidDatabaseError) as error:
        raise Unusable(path, f"it cannot be opened as an MMDB file ({_brief(error)})") from None
    metadata = reader.metadata()
    _try_out(path, reader)
    return Database(
        str(path),
        str(metadata.database_type),
        _day(metadata.build_epoch),
        lambda address: place_in(reader.get(address)),
    )


def _copy(path: Path) -> maxminddb.Reader:
    """A reader of a copy that nobody else can write.

    A file mapped into memory that somebody truncates ends the process (SIGBUS); the reader that
    maps none takes 20 times as long, so it is only for where no file can be written.
    """
    import maxminddb

    content = path.read_bytes()
    try:
        with TemporaryDirectory(prefix="askfirst-", ignore_cleanup_errors=True) as folder:
            copy = Path(folder) / path.name
            copy.write_bytes(content)
            return maxminddb.open_database(copy)
    except OSError:
        stream = io.BytesIO(content)
        stream.name = str(path)
        return maxminddb.open_database(stream, maxminddb.MODE_FD)


def place_in(record: object) -> Value:
    """The place in a record of any layout: MaxMind's nested one, or flat with `country_code`."""
    if not isinstance(record, dict):
        return _NOWHERE
    country, part = record.get("country"), record.get("subdivisions")
    if isinstance(country, dict):
        # What is nested otherwise than MaxMind nests it is read by layout below.
        from geoip2.models import City

        with suppress(TypeError, AttributeError, ValueError, LookupError):
            return _typed(City(("en",), **record))
    if isinstance(part, (list, tuple)):
        part = part[0] if part else None
    code = part.get("iso_code") if isinstance(part, dict) else None
    flat = next((record[key] for key in _REGIONS if record.get(key)), None)
    return place_of(
        country.get("iso_code")
        if isinstance(country, dict)
        else record.get("country_code", country),
        code or record.get("region_code"),
        _name(record.get("city")),
        region_name=_name(part) or _name(flat),
    )


def _typed(model: City) -> Value:
    """The place in a record of MaxMind's own databases."""
    part = model.subdivisions[0] if model.subdivisions else None
    return place_of(
        model.country.iso_code,
        part.iso_code if part is not None else None,
        model.city.names.get("en"),
        region_name=part.names.get("en") if part is not None else None,
    )


# Where flat databases write the name of a region.
_REGIONS = ("region_name", "state1", "state", "region")


def _name(value: object) -> object:
    """An English name: a text, or MaxMind's table of names by language."""
    if not isinstance(value, dict):
        return value
    names = value.get("names")
    return names.get("en") if isinstance(names, dict) else value.get("name")


def _try_out(path: Path, reader: maxminddb.Reader) -> None:
    """Look up the first networks and each /8: damage shows now, not at a visitor."""
    import maxminddb

    seen_country = False
    try:
        for address in _probes(reader):
            record = reader.get(address)
            seen_country = seen_country or place_in(record)[0] != UNKNOWN
    except (ValueError, maxminddb.InvalidDatabaseError) as error:
        raise Unusable(path, f"it is corrupt ({_brief(error)})") from None
    if not seen_country:
        raise Unusable(path, _NO_COUNTRIES)


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
