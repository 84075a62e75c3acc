"""How this host sends mail: by which server, as whom, and where links in it lead."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from askfirst_collector.config import SettingError
from askfirst_collector.loopback import is_loopback

CODE = "askfirst.E170"
Security = Literal["starttls", "tls", "none"]
PORTS: Mapping[str, int] = {"starttls": 587, "tls": 465, "none": 25}  # RFC 6409, RFC 8314
_SENDER = re.compile(r"[!-~]{1,64}@[A-Za-z0-9.-]{3,190}")


@dataclass(frozen=True)
class MailServer:
    """A server that takes mail (RFC 6409): by TLS, or in the clear on this machine alone.

    `url` is where members find the dashboard, since a letter has links: below `/askfirst/host` of
    the site where the collector is embedded, where it is "". `port` 0 is the usual one.
    """

    host: str
    sender: str  # the address that letters come from
    security: Security = "starttls"
    port: int = 0
    user: str = ""
    password: str = field(default="", repr=False)
    url: str = ""

    def __post_init__(self) -> None:
        if self.security not in PORTS:
            raise SettingError(CODE, self.security, "choose starttls, tls, or none on loopback")
        if not self.host or not self.host.isascii() or not self.host.isprintable():
            raise SettingError(CODE, self.host, "name the host that takes mail: smtp.example.org")
        if self.security == "none" and not is_loopback(self.host):
            advice = "use starttls or tls: without TLS only a server on this machine is used"
            raise SettingError(CODE, self.host, advice)
        if not 0 <= self.port <= 65_535:
            raise SettingError(CODE, self.port, "give a port from 1 to 65535, or leave it out")
        if not _SENDER.fullmatch(self.sender):
            raise SettingError(CODE, self.sender, "give the sender as stats@example.org")
        if self.url:
            check_url(self.url)

    @property
    def number(self) -> int:
        """The port."""
        return self.port or PORTS[self.security]


def check_url(url: str) -> None:
    """SettingError unless links may begin with it: https, or http on this machine."""
    parts = urlsplit(url)
    is_safe = parts.scheme == "https" or (
        parts.scheme == "http" and is_loopback(parts.hostname or "")
    )
    if not is_safe or not parts.hostname or parts.query or parts.fragment or not url.isascii():
        advice = "give the address of the dashboard as https://stats.example.org/askfirst/host"
        raise SettingError(CODE, url, advice)


def mail_server_of(environment: Mapping[str, str]) -> MailServer | None:
    """The server that ASKFIRST_SMTP_* name; None where no host is named.

    Raises SettingError `askfirst.E170` for one that cannot be used, and where the address of the
    dashboard is not known: what is served by itself cannot tell it.
    """
    host = environment.get("ASKFIRST_SMTP_HOST", "")
    if not host:
        return None
    port = environment.get("ASKFIRST_SMTP_PORT", "0")
    url = environment.get("ASKFIRST_URL", "") or environment.get("ASKFIRST_OIDC_URL", "")
    if not url:
        advice = "say where members find the dashboard: https://stats.example.org/askfirst/host"
        raise SettingError(CODE, "ASKFIRST_URL is not set", advice)
    security = environment.get("ASKFIRST_SMTP_SECURITY", "") or "starttls"
    return MailServer(
        host=host,
        sender=environment.get("ASKFIRST_SMTP_FROM", ""),
        security=security,  # type: ignore[arg-type]  # looked at when it is made
        port=int(port) if port.isascii() and port.isdigit() and len(port) < 6 else -1,
        user=environment.get("ASKFIRST_SMTP_USER", ""),
        password=environment.get("ASKFIRST_SMTP_PASSWORD", ""),
        url=url,
    )
