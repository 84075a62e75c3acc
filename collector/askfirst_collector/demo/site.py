"""The shop with askfirst in front of it, as one ASGI application on one port."""

from __future__ import annotations

import os
import time
import tomllib
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp

from askfirst.asgi import ConsentMiddleware
from askfirst.gate.notice import askfirst_notice
from askfirst.observe.event import DIRECT
from askfirst.observe.proxies import Proxies
from askfirst.terms.policy import Policy, read_policy
from askfirst_collector.demo.pages import Shop
from askfirst_collector.embedded import EmbeddedCollector


def demo_policy(origins: Sequence[str]) -> Policy:
    """The shop's policy, for the origins it is served at this time."""
    source = files("askfirst_collector").joinpath("demo", "policy.toml").read_text("utf-8")
    document: dict[str, Any] = tomllib.loads(source)
    return read_policy({**document, "origins": list(origins)})


def demo_site(
    collector: EmbeddedCollector, policy: Policy, *, now: Callable[[], float] = time.time
) -> ASGIApp:
    """The whole site: the shop's pages behind the gate, with the collector inside."""
    shop = Shop(notice=askfirst_notice, now=now).application()
    return ConsentMiddleware(shop, policy=policy, collector=collector)


def demo_collector(
    data: Path,
    *,
    now: Callable[[], float] = time.time,
    urandom: Callable[[int], bytes] = os.urandom,
    proxies: Proxies = DIRECT,
    jobs: bool = True,
) -> EmbeddedCollector:
    """The embedded collector over a data folder, under the shipped host's policy by choice."""
    ceiling = Path(str(files("askfirst").joinpath("policies", "host-default.toml")))
    return EmbeddedCollector(
        data, host_policy=ceiling, now=now, urandom=urandom, proxies=proxies, jobs=jobs
    )
