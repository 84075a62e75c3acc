"""Small real sites on real ports, and modules a doctor can start."""

from __future__ import annotations

import os
import textwrap
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from askfirst.adapters.asgi import ConsentMiddleware
from askfirst.observe.proxies import Proxies
from askfirst.terms.policy import read_policy
from askfirst_collector.doctor.collect_evidence import Request, collect_evidence
from askfirst_collector.doctor.examine import Report, examine
from askfirst_collector.embedded import EmbeddedCollector
from tests.conftest import ROOT
from tests.support.served import served

SCRIPT = '<script src="/askfirst/static/askfirst.js" defer></script>'
PAGE = f"<!doctype html><html lang=en><head><title>Tide</title>{SCRIPT}</head><body>{{}}</body>"

NOTHING: Mapping[str, str] = MappingProxyType({})
Send = Callable[[dict[str, Any]], Any]
Front = Callable[[Any], Any]
Change = Callable[[str, dict[str, Any]], None]


def policy(**changes: Any) -> dict[str, Any]:
    """What the small site asks: one purpose, a session, and who it is."""
    purpose = {
        "data_use": "analytics.reporting",
        "retention_days": 365,
        "cookies": ["_pulse"],
        "levels": {"page": 2, "visitor": 1},
        "text": {"en": {"title": "Statistics", "description": "Which pages are read."}},
    }
    return {
        "version": 1,
        "site": "tide",
        "origins": ["http://127.0.0.1:8000", "https://tide.example"],
        "jurisdiction": "EU",
        "languages": ["en"],
        "controller": {"name": "Tide", "contact": "a@tide.example", "country": "DK"},
        "necessary": [{"cookie": "session", "why": "Keeps you signed in."}],
        "purposes": {"statistics": {**purpose, **changes.pop("statistics", {})}},
        **changes,
    }


def site(body: str = "", *cookies: str, headers: Mapping[str, str] = NOTHING) -> Any:
    """An application: one page for every path, with the script in it."""

    async def application(scope: Any, receive: Any, send: Send) -> None:
        if scope["type"] != "http":
            return
        lines = [("content-type", "text/html; charset=utf-8"), *headers.items()]
        lines += [("set-cookie", cookie) for cookie in cookies]
        raw = [(name.encode(), value.encode()) for name, value in lines]
        await send({"type": "http.response.start", "status": 200, "headers": raw})
        await send({"type": "http.response.body", "body": PAGE.format(body).encode()})

    return application


def outside(change: Change) -> Front:
    """Something in front of the gate, as a proxy or a CDN is: changes the start of answers."""

    def front(app: Any) -> Any:
        async def application(scope: Any, receive: Any, send: Send) -> None:
            async def changed(message: dict[str, Any]) -> None:
                if message["type"] == "http.response.start":
                    change(scope["path"], message)
                await send(message)

            await app(scope, receive, changed)

        return application

    return front


def adding(name: str, value: str, *, path: str = "/") -> Front:
    """A front that adds a header to one page."""

    def add(at: str, message: dict[str, Any]) -> None:
        if at == path:
            message["headers"] = [*message["headers"], (name.encode(), value.encode())]

    return outside(add)


@contextmanager
def tide(
    folder: Path, app: Any = None, *, front: Front = lambda gate: gate, **changes: Any
) -> Iterator[str]:
    """The small site, gated, over a collector in a folder; gives its origin.

    `front` puts something in front of the gate; `changes` are of the policy, of the server where
    they begin with `ssl_`, and `proxies` of the collector.
    """
    tls = {key: changes.pop(key) for key in [*changes] if key.startswith("ssl_")}
    proxies = changes.pop("proxies", Proxies())
    collector = EmbeddedCollector(folder / "data", jobs=False, proxies=proxies)
    gate = ConsentMiddleware(
        app or site(), policy=policy(**changes), collector=collector, patience=20.0
    )
    try:
        with served(front(gate), **tls) as origin:
            yield origin
    finally:
        collector.close()


def visit(
    origin: str, *, now: Callable[[], float] = time.time, browser: bool = False, **options: Any
) -> Report:
    """The doctor's word on a running site, whose policy names the port it got."""
    if "policy" not in options:
        options["policy"] = read_policy(policy(origins=[origin]))
    return examine(collect_evidence(Request(origin, browser=browser, **options), now=now))


def start(folder: Path, code: str, monkeypatch: Any, **options: Any) -> Report:
    """The doctor's word on a module that it starts itself."""
    (folder / "site_under_test.py").write_text(textwrap.dedent(code), "utf-8")
    monkeypatch.chdir(folder)
    paths = (folder, ROOT / "sdk/python", ROOT / "collector", ROOT)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(str, paths)))
    target = options.pop("target", "site_under_test:app")
    request = Request(target, browser=False, **options)
    return examine(collect_evidence(request, now=time.time))


def ids(report: Report) -> set[str]:
    """Which checks spoke, by number."""
    return {each.id.removeprefix("askfirst.") for each in report.findings}
