"""The demo's chain of terms: a host policy, two sites below it, a collector placed on each."""

from __future__ import annotations

import time
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from askfirst.terms.placed import Placed, read_placed
from askfirst.terms.policy import Policy, read_policy, shipped
from askfirst_collector.catalogue.host_editions import add_first
from askfirst_collector.config import open_folder
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.services import Services
from askfirst_collector.usecases.placed_collectors import save_collector, set_collector_state
from askfirst_collector.usecases.save_host_policy import Saved, host_policy_number, save_host_policy

OWNERS = {"wind-survey": "northern-wind", "berth-radar": "berth-radar"}
COUNTRY = 1  # the level of `ip` that a tight host policy leaves


@dataclass(frozen=True)
class Sites:
    """The policies of the shop and of the harbour office; None where only one can be served."""

    shop: Policy
    office: Policy | None

    @property
    def both(self) -> tuple[Policy, ...]:
        """Those there are."""
        return (self.shop,) if self.office is None else (self.shop, self.office)


def demo_sites(origins: Sequence[str]) -> Sites:
    """The shop at the first origin; the office at another name for the same port, if there is one.

    Browsers keep the cookies of two names apart, as they would those of two real sites.
    """
    others = [origin for origin in origins[1:] if "//localhost" in origin]
    office = _policy("office.toml", others) if others else None
    return Sites(
        _policy("policy.toml", [origin for origin in origins if origin not in others]), office
    )


def demo_policy(origins: Sequence[str]) -> Policy:
    """The shop's policy, for the origins it is served at this time."""
    return _policy("policy.toml", origins)


def _policy(name: str, origins: Sequence[str]) -> Policy:
    return read_policy({**_document(name), "origins": list(origins)})


def _document(name: str) -> dict[str, Any]:
    source = files("askfirst_collector").joinpath("demo", name).read_text("utf-8")
    return tomllib.loads(source)


def first_host_policy(data: Path, *, now: Callable[[], float] = time.time) -> None:
    """Publish the shipped host's policy where none is yet, so that it can be tightened."""
    add_first(open_folder(data).ledger, shipped("host-default"), now())


def place_collectors(parts: Services, sites: Sites) -> None:
    """Publish both sites, and put on each the collector that somebody placed there."""
    for policy, name in ((sites.shop, "wind.toml"), (sites.office, "berths.toml")):
        if policy is not None:
            parts.registry.publish(policy)
            _place(parts, read_placed(_document(name)))


def _place(parts: Services, placed: Placed) -> None:
    site, owner = placed.policy.site, OWNERS[placed.name]
    if parts.placed_collectors.get(site, placed.name) is None and not parts.placed_collectors.check(
        placed
    ):
        save_collector(parts, ON_THE_MACHINE, placed, owner=owner)
        set_collector_state(parts, ON_THE_MACHINE, site, placed.name, "active")


def is_tight(policy: Policy | None) -> bool:
    """Whether a host policy lets nobody store more of an address than its country."""
    purposes = policy.purposes.values() if policy is not None else ()
    return all(purpose.terms.scope.level("ip") <= COUNTRY for purpose in purposes)


def tighten(parts: Services, *, tight: bool) -> Saved:
    """Publish a tight host policy, or the shipped one again."""
    document = shipped("host-default").document
    if tight:
        document = {
            **document,
            "purposes": {
                name: {**purpose, "levels": {**purpose["levels"], "ip": COUNTRY}}
                for name, purpose in document["purposes"].items()
            },
        }
    policy = read_policy(document, kind="host")
    number = host_policy_number(parts)
    return save_host_policy(parts, ON_THE_MACHINE, policy, expected=number)
