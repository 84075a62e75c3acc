"""The address of a ClickHouse: of a server, or of its engine in this process."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from askfirst_collector.config import SettingError

_ADVICE = (
    "write http://USER:PASSWORD@HOST:8123/DATABASE, https://… with port 8443, "
    "or chdb:///PATH for the engine in this process"
)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_PORTS = {"http": 8123, "https": 8443}


@dataclass(frozen=True)
class Address:
    """Where rows are; of the engine in this process the folder alone."""

    scheme: str
    host: str = ""
    port: int = 0
    user: str = ""
    password: str = ""
    database: str = ""
    path: str = ""

    @property
    def shown(self) -> str:
        """The same without who signs in, for messages."""
        if self.scheme == "chdb":
            return f"chdb://{self.path}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}/{self.database}"


def read_address(url: str) -> Address:
    """The address that a URL is. Raises SettingError `askfirst.E141`, without a password in it."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        raise SettingError("askfirst.E141", "an address of ClickHouse", _ADVICE) from None
    if parts.scheme == "chdb":
        path = unquote(parts.path)
        if parts.netloc or not path.startswith("/") or path == "/" or parts.query or parts.fragment:
            raise SettingError("askfirst.E141", "chdb:", _ADVICE)
        return Address("chdb", path=path)
    database = unquote(parts.path.strip("/"))
    shown = f"{parts.scheme}://{parts.hostname or ''}"
    if parts.scheme not in _PORTS or not parts.hostname or parts.query or parts.fragment:
        raise SettingError("askfirst.E141", shown, _ADVICE)
    if not _NAME.fullmatch(database):
        raise SettingError("askfirst.E141", shown, f"it names no database: {_ADVICE}")
    return Address(
        parts.scheme,
        parts.hostname,
        port or _PORTS[parts.scheme],
        unquote(parts.username or ""),
        unquote(parts.password or ""),
        database,
    )
