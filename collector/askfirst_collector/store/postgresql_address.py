"""The address of a PostgreSQL database, as libpq writes it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from askfirst_collector.config import SettingError
from askfirst_collector.loopback import is_loopback

_ADVICE = (
    "write postgresql://USER:PASSWORD@HOST:5432/DATABASE, with a comma between several hosts, or "
    "postgresql://USER@/DATABASE?host=/run/postgresql for a socket of this machine"
)
_SCHEMES = ("postgresql", "postgres", "postgresql+pg8000")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
PORT = 5432


@dataclass(frozen=True)
class Address:
    """Which database, and who signs in; `socket` is the path of one on this machine.

    `others` are servers that may have the database where the first has it no more: its standbys.
    `is_shared` says that several machines have their ledger there.
    """

    user: str
    database: str
    host: str = ""
    port: int = PORT
    password: str = field(default="", repr=False)
    socket: str = ""
    is_encrypted: bool = False
    others: tuple[Address, ...] = ()
    is_shared: bool = False

    @property
    def shown(self) -> str:
        """The same without who signs in, for messages."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        place = self.socket or f"{host}:{self.port}"
        return f"postgresql://{place}/{self.database}"


def read_address(url: str) -> Address:
    """The address that a URL is; away from this machine TLS is asked for, and checked.

    `sslmode=disable` leaves it out, `machines=many` says that several machines share it. Raises
    SettingError `askfirst.E160`, without a password in it.
    """
    try:
        parts = urlsplit(url.strip())
        options = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
        sign_in, _, names = parts.netloc.rpartition("@")
        hosts = [_host_of(name) for name in names.split(",")]
    except ValueError:
        raise SettingError("askfirst.E160", "an address of PostgreSQL", _ADVICE) from None
    shown = f"{parts.scheme}://{','.join(host for host, _ in hosts)}"
    user, _, password = (unquote(part) for part in sign_in.partition(":"))
    database = unquote(parts.path[1:])
    if parts.scheme not in _SCHEMES or parts.fragment:
        raise SettingError("askfirst.E160", shown, _ADVICE)
    if not user or not _NAME.fullmatch(database):
        raise SettingError("askfirst.E160", shown, f"it names no user, or no database: {_ADVICE}")
    folder, machines = options.pop("host", ""), options.pop("machines", "one")
    mode = options.pop("sslmode", "verify-full")
    if options or mode not in ("verify-full", "disable") or machines not in ("one", "many"):
        advice = (
            "after the ? write host=/FOLDER of a socket, sslmode=disable, machines=many, or nothing"
        )
        raise SettingError("askfirst.E160", shown, advice)
    is_named = any(host for host, _ in hosts)
    is_whole = all(host for host, _ in hosts) or len(hosts) == 1
    if bool(folder) == is_named or not is_whole or (folder and not folder.startswith("/")):
        raise SettingError("askfirst.E160", shown, f"it names no server: {_ADVICE}")
    who = Address(user, database, password=password)
    first, *others = (
        replace(who, **_place(host, port, folder, is_encrypted=mode == "verify-full"))
        for host, port in hosts
    )
    return replace(first, others=tuple(others), is_shared=machines == "many")


def _host_of(name: str) -> tuple[str, int]:
    parts = urlsplit(f"//{name}")
    return parts.hostname or "", parts.port or PORT


def _place(host: str, port: int, folder: str, *, is_encrypted: bool) -> dict[str, Any]:
    if folder:
        return {"port": port, "socket": f"{folder.rstrip('/')}/.s.PGSQL.{port}"}
    is_encrypted = is_encrypted and not is_loopback(host)
    return {"host": host, "port": port, "is_encrypted": is_encrypted}


def shown(url: str) -> str:
    """An address without who signs in, for messages. Raises as `read_address`."""
    return read_address(url).shown


def of_one_machine(url: str) -> str:
    """The same address without `machines=many`."""
    parts = urlsplit(url.strip())
    options = [pair for pair in parse_qsl(parts.query) if pair[0] != "machines"]
    return parts._replace(query=urlencode(options, safe="/")).geturl()
