"""A visitor: one browser profile, and everything that left it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Page, Request

from tests.browser.sdk.site import PATIENCE, Site

EVENTS = "/askfirst/events"
# What may be asked for before there is an answer: files of the site's own origin (M01).
STATIC = ("/askfirst/static/", "/askfirst/policy")
# The gate knows the policy: it has an answer, a signal, or something to ask.
KNOWN = """
    (({ source, asks } = { source: "none", asks: [] }) => source !== "none" || asks.length > 0)(
        window.askfirst?.consent
    )
"""


class Visitor:
    """What a test may do as a visitor, and what it may look at afterwards."""

    def __init__(self, context: BrowserContext, site: Site) -> None:
        self.context = context
        self.site = site
        self.requests: list[Request] = []
        self.errors: list[str] = []
        context.set_default_timeout(PATIENCE * 1000)
        context.on("request", lambda request: self.requests.append(request))
        context.on("weberror", lambda error: self.errors.append(str(error.error)))

    def open(self, path: str = "/", *, ready: bool = True) -> Page:
        """A new tab; unless told otherwise, waits until the gate knows what it may do."""
        tab = self.context.new_page()
        self.go(tab, path, ready=ready)
        return tab

    def go(self, tab: Page, path: str, *, ready: bool = True) -> None:
        """Follow an address in a tab."""
        tab.goto(self.site.url(path))
        if ready:
            self.known(tab)

    def known(self, tab: Page) -> None:
        """Wait until the gate of a tab has read the policy."""
        until(tab, lambda: bool(tab.evaluate(KNOWN)))

    def answer(self, tab: Page, button: str) -> None:
        """Press a button of the first layer, and wait until the answer counts."""
        tab.get_by_role("button", name=button, exact=True).click()
        until(tab, lambda: bool(tab.evaluate("askfirst.consent.source === 'visitor'")))

    def granted(self, **details: int) -> None:
        """Answer in detail from a page of the site, before the tabs of a test are open."""
        tab = self.open(ready=False)
        answer = """async (choices) => {
            const headers = { Accept: "application/json", "Content-Type": "application/json" };
            const { hash } = await (await fetch("/askfirst/policy", { headers })).json();
            const told = { v: 2, edition: hash, lang: "en", method: "save", choices };
            const body = JSON.stringify(told);
            return (await fetch("/askfirst/consent", { method: "POST", headers, body })).status;
        }"""
        # A grant that was not on disk in two seconds was given up, and may be asked again.
        until(tab, lambda: tab.evaluate(answer, details) == 200)
        tab.close()
        self.forget()

    @property
    def events(self) -> list[dict[str, Any]]:
        """Every event that reached the site, in order, by fetch or beacon."""
        return [event for body in self.batches for event in body["events"]]

    @property
    def batches(self) -> list[dict[str, Any]]:
        """Every batch that reached the events address; one that came again under its id, once."""
        came = [each for each in self.site.received if each.path == EVENTS and each.body]
        read = [json.loads(each.body) for each in came]
        assert len({body["batch"] for body in read}) == len({str(body) for body in read})
        return list({body["batch"]: body for body in read}.values())

    @property
    def tries(self) -> list[str]:
        """Every body that the browser tried to send there, whether or not it arrived."""
        found = [request for request in self.requests if urlsplit(request.url).path == EVENTS]
        return [request.post_data or "" for request in found]

    def forget(self) -> None:
        """Look only at what comes from here on."""
        self.requests.clear()
        self.site.received.clear()

    def beyond_static(self) -> list[str]:
        """What a refuser must never cause: requests beside our static files, or to others."""
        return [
            f"{request.method} {request.url}"
            for request in self.requests
            if not request.url.startswith(self.site.origin)
            or (
                urlsplit(request.url).path.startswith("/askfirst/")
                and not urlsplit(request.url).path.startswith(STATIC)
            )
        ]

    def wait_for_events(self, tab: Page, count: int) -> list[dict[str, Any]]:
        """Wait until so many events were sent."""
        until(tab, lambda: len(self.events) >= count)
        return self.events


def until(tab: Page, holds: Callable[[], bool], *, seconds: float = PATIENCE) -> None:
    """Wait for a condition of the test's own, while the browser goes on."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"this did not come to hold within {seconds} s"
        tab.wait_for_timeout(20)


def settled(tab: Page) -> None:
    """Wait for a request of the page's own: whatever the page asked for before has left by then."""
    tab.evaluate("fetch('/two').then((response) => response.text())")
