"""The demo's sites with askfirst in front of each, as one ASGI application on one port."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from markupsafe import Markup
from starlette.types import ASGIApp, Receive, Scope, Send

from askfirst.adapters.asgi import ConsentMiddleware
from askfirst.http.headers import values
from askfirst.observe.event import DIRECT
from askfirst.observe.proxies import Proxies
from askfirst.pages.notice import askfirst_notice
from askfirst.terms.policy import Policy
from askfirst_collector.api.serialize import line_of
from askfirst_collector.demo.chain import Sites, first_host_policy, place_collectors
from askfirst_collector.demo.chain_page import ChainPage
from askfirst_collector.demo.office import Office
from askfirst_collector.demo.pages import Shop
from askfirst_collector.embedded import EmbeddedCollector


def demo_site(
    collector: EmbeddedCollector, policy: Policy, *, now: Callable[[], float] = time.time
) -> ASGIApp:
    """The shop alone: its pages behind the gate, with the collector inside."""
    return _shop(collector, Sites(policy, None), now)


def demo_site_and_office(
    collector: EmbeddedCollector, sites: Sites, *, now: Callable[[], float] = time.time
) -> ASGIApp:
    """Both sites, told apart by the name they are asked for, with what is placed on each."""
    place_collectors(collector.parts(), sites)
    shop = _shop(collector, sites, now)
    if sites.office is None:
        return shop
    pages = Office(
        notice=askfirst_notice,
        line=partial(_line, collector, sites.office.site, "berth-radar"),
        behind=f"{sites.shop.origins[0]}/",
        now=now,
    ).application()
    office = ConsentMiddleware(pages, policy=sites.office, collector=collector, undeclared="strict")

    async def by_name(scope: Scope, receive: Receive, send: Send) -> None:
        hosts = scope["type"] == "http" and values(scope["headers"], b"host")
        application = office if hosts and hosts[0].startswith(b"localhost") else shop
        await application(scope, receive, send)

    return by_name


def demo_collector(
    data: Path,
    *,
    now: Callable[[], float] = time.time,
    urandom: Callable[[int], bytes] = os.urandom,
    proxies: Proxies = DIRECT,
    jobs: bool = True,
) -> EmbeddedCollector:
    """The embedded collector over a data folder, under the shipped host's policy by choice."""
    first_host_policy(data, now=now)
    return EmbeddedCollector(data, now=now, urandom=urandom, proxies=proxies, jobs=jobs)


def _shop(collector: EmbeddedCollector, sites: Sites, now: Callable[[], float]) -> ASGIApp:
    behind = ChainPage(collector.parts, sites, notice=askfirst_notice)
    shop = Shop(
        notice=askfirst_notice,
        now=now,
        line=partial(_line, collector, sites.shop.site, "wind-survey"),
        more=behind.routes(),
    )
    return ConsentMiddleware(
        shop.application(), policy=sites.shop, collector=collector, undeclared="strict"
    )


def _line(collector: EmbeddedCollector, site: str, name: str) -> Markup:
    placed = collector.parts().placed_collectors.get(site, name)
    # Our own names and keys: there is nothing in them to escape.
    return Markup() if placed is None else Markup(line_of(placed))  # noqa: S704
