"""The address of a PostgreSQL database, as libpq writes it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

from askfirst_collector.config import SettingError
from askfirst_collector.loopback import is_loopback

_ADVICE = (
    "write postgresql://USER:PASSWORD@HOST:5432/DATABASE, or "
    "postgresql://USER@/DATABASE?host=/run/postgresql for a socket of this machine"
)
_SCHEMES = ("postgresql", "postgres", "postgresql+pg8000")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
PORT = 5432


@dataclass(frozen=True)
class Address:
    """Which database, and who signs in; `socket` is the path of one on this machine."""

    user: str
    database: str
    host: str = ""
    port: int = PORT
    password: str = field(default="", repr=False)
    socket: str = ""
    is_encrypted: bool = False

    @property
    def shown(self) -> str:
        """The same without who signs in, for messages."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        place = self.socket or f"{host}:{self.port}"
        return f"postgresql://{place}/{self.database}"


def read_address(url: str) -> Address:
    """The address that a URL is; away from this machine TLS is asked for, and checked.

    `sslmode=disable` leaves it out. Raises SettingError `askfirst.E160`, without a password in it.
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port or PORT
        options = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
    except ValueError:
        raise SettingError("askfirst.E160", "an address of PostgreSQL", _ADVICE) from None
    shown = f"{parts.scheme}://{parts.hostname or ''}"
    database, user = unquote(parts.path[1:]), unquote(parts.username or "")
    if parts.scheme not in _SCHEMES or parts.fragment:
        raise SettingError("askfirst.E160", shown, _ADVICE)
    if not user or not _NAME.fullmatch(database):
        raise SettingError("askfirst.E160", shown, f"it names no user, or no database: {_ADVICE}")
    folder = options.pop("host", "")
    mode = options.pop("sslmode", "verify-full")
    if options or mode not in ("verify-full", "disable"):
        advice = "after the ? write host=/FOLDER of a socket, sslmode=disable, or nothing"
        raise SettingError("askfirst.E160", shown, advice)
    if bool(folder) == bool(parts.hostname) or (folder and not folder.startswith("/")):
        raise SettingError("askfirst.E160", shown, f"it names no server: {_ADVICE}")
    password = unquote(parts.password or "")
    if folder:
        path = f"{folder.rstrip('/')}/.s.PGSQL.{port}"
        return Address(user, database, password=password, port=port, socket=path)
    host = parts.hostname or ""
    is_encrypted = mode == "verify-full" and not is_loopback(host)
    return Address(user, database, host, port, password, is_encrypted=is_encrypted)


def shown(url: str) -> str:
    """An address without who signs in, for messages. Raises as `read_address`."""
    return read_address(url).shown
