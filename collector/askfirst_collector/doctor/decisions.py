"""What each answer to the notice comes to: a browser gives them all, and looks at the pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from askfirst.terms.policy import Policy
from askfirst_collector.doctor.browser import SETTLED, STORED, launched

CHOICES = "/askfirst/choices"
GPC = "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', {get: () => true})"
ALL, REJECT = "accept_all", "reject_all"


@dataclass(frozen=True)
class Decision:
    """One answer: the purposes that it grants, and whether the browser sends the opt-out."""

    name: str
    granted: frozenset[str]
    gpc: bool = False


@dataclass(frozen=True)
class DecisionReport:
    """By page, what was there after an answer: cookies, keys of storage, addresses asked."""

    decision: Decision
    cookies: tuple[tuple[str, str], ...]
    stored: tuple[tuple[str, str], ...]
    requests: tuple[tuple[str, str], ...]


def decisions_of(policy: Policy) -> tuple[Decision, ...]:
    """Everything that can be answered: nothing, each purpose alone, all, all with the opt-out.

    None where nothing is asked.
    """
    purposes = frozenset(policy.asked)
    if not purposes:
        return ()
    sold = frozenset(name for name in purposes if policy.purposes[name].terms.sells_or_shares)
    alone = [Decision(f"{name} alone", frozenset({name})) for name in policy.asked]
    return (
        Decision("reject all", frozenset()),
        *(alone if len(purposes) > 1 else ()),
        Decision("accept all", purposes),
        Decision("accept all, with Global Privacy Control", purposes - sold, gpc=True),
    )


def look_after_each(
    path: Path,
    origin: str,
    pages: Sequence[str],
    policy: Policy,
    *,
    connect: tuple[str, int] | None,
) -> tuple[DecisionReport, ...]:
    """Give each answer in a profile of its own, look at the pages, and withdraw it again.

    Each is recorded as a visitor's is. Raises BrowserFailed.
    """
    with launched(path, origin, connect) as browser:
        return tuple(_decided(browser, origin, pages, policy))


def _decided(
    browser: Any, origin: str, pages: Sequence[str], policy: Policy
) -> Iterator[DecisionReport]:
    for decision in decisions_of(policy):
        headers = {"Sec-GPC": "1"} if decision.gpc else {}
        context = browser.new_context(extra_http_headers=headers)
        if decision.gpc:
            context.add_init_script(GPC)
        page = context.new_page()
        page.goto(origin + CHOICES)
        _answer(page, decision)
        cookies, stored, requests = [], [], []
        for path in pages:
            # A page of its own for each: what an earlier one still asks is not the next one's.
            page = context.new_page()
            urls: list[str] = []
            page.on("request", lambda request, urls=urls: urls.append(request.url))
            page.goto(origin + path, wait_until="load")
            page.wait_for_timeout(SETTLED)
            requests += [(path, url) for url in urls]
            cookies += [(path, cookie["name"]) for cookie in context.cookies(origin + path)]
            stored += [(path, key) for key in page.evaluate(STORED)]
        page.goto(origin + CHOICES)
        if page.locator("button[value=withdraw]").count():
            _press(page, "button[value=withdraw]")
        context.close()
        yield DecisionReport(decision, tuple(cookies), tuple(stored), tuple(requests))


def _answer(page: Any, decision: Decision) -> None:
    if not decision.granted and not decision.gpc:
        _press(page, f"button[value={REJECT}]")
    elif decision.name.startswith("accept all"):
        _press(page, f"button[value={ALL}]")
    else:
        for switch in page.locator("input[role=switch]").all():
            name = switch.get_attribute("name") or ""
            switch.set_checked(name.removeprefix("purpose.") in decision.granted)
        for box in page.locator("input[name=adult]:not([type=hidden])").all():
            box.check()
        _press(page, "#askfirst-save button[value=save]")


def _press(page: Any, button: str) -> None:
    with page.expect_navigation():
        page.locator(button).first.click()
