"""The catalogue of services that sites embed: who receives what, and what it keeps."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from typing import Any


@dataclass(frozen=True)
class KnownService:
    """One service; the keys are said at the head of `known_services.toml`."""

    name: str
    title: str
    purpose: str
    recipient: str
    role: str
    country: str
    hosts: tuple[str, ...]
    consent: str
    source: str
    cookies: tuple[str, ...] = ()
    storage: tuple[str, ...] = ()

    def is_at(self, host: str) -> bool:
        """Whether a page that has it asks this host."""
        return any(host == own or host.endswith(f".{own}") for own in self.hosts)


@cache
def known_services() -> tuple[KnownService, ...]:
    """All of `known_services.toml`."""
    text = resources.files(__package__).joinpath("known_services.toml").read_text("utf-8")
    return tuple(_service(entry) for entry in tomllib.loads(text)["service"])


def _service(entry: dict[str, Any]) -> KnownService:
    lists = {key: tuple(entry.get(key, ())) for key in ("hosts", "cookies", "storage")}
    return KnownService(**{**entry, **lists})


def services_at(host: str) -> tuple[KnownService, ...]:
    """Those that a page which asks this host may have."""
    return tuple(service for service in known_services() if service.is_at(host))


def services_with(cookie: str) -> tuple[KnownService, ...]:
    """Those that set a cookie of this name."""
    return tuple(
        service
        for service in known_services()
        if any(fnmatchcase(cookie, glob) for glob in service.cookies)
    )


def hint(services: tuple[KnownService, ...]) -> str:
    """What its owner may do about it, as a sentence; "" for none."""
    if not services:
        return ""
    names = " or ".join(service.title for service in services)
    adds = " or ".join(f"askfirst service add {service.name}" for service in services)
    return f"\nThis may be {names}, which {adds} writes into the policy"
