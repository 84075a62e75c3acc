"""The catalogue of cookies that Python web packages set: which of them a project has."""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from importlib import resources

from askfirst_collector.frameworks import Cookie


@dataclass(frozen=True)
class Package:
    """One package, by its names in requirements and the modules that are used of it."""

    packages: tuple[str, ...]
    modules: tuple[str, ...]
    cookies: tuple[Cookie, ...]

    def is_used(self, required: Collection[str], modules: Collection[str]) -> bool:
        """Whether a project requires it, or imports or lists one of its modules."""
        return any(name in required for name in self.packages) or any(
            module == own or module.startswith(f"{own}.")
            for own in self.modules
            for module in modules
        )


@cache
def catalogue() -> tuple[Package, ...]:
    """All of `cookies.toml`."""
    text = resources.files(__package__).joinpath("cookies.toml").read_text("utf-8")
    return tuple(
        Package(
            tuple(entry.get("packages", ())),
            tuple(entry["modules"]),
            tuple(Cookie(**cookie) for cookie in entry["cookies"]),
        )
        for entry in tomllib.loads(text)["package"]
    )


def cookies_in(required: Collection[str], modules: Collection[str]) -> tuple[Cookie, ...]:
    """The cookies of every package that a project has."""
    used = (package for package in catalogue() if package.is_used(required, modules))
    return tuple(cookie for package in used for cookie in package.cookies)
