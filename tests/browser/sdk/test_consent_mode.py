"""What other companies' tags are told of an answer, in their own words and in time."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page as Tab

from tests.browser.sdk.conftest import Arrive, Serve
from tests.browser.sdk.site import SCRIPT, page, policy
from tests.browser.sdk.visitor import until

pytestmark = pytest.mark.browser

LINE = (
    '<script src="/askfirst/static/consent-mode.js" data-analytics="statistics"'
    ' data-ads="marketing statistics"></script>'
)
# What stands in the queues that their tags find, each call as an array.
GOOGLE = "dataLayer.map((call) => call.event ? call : ['gtag', ...call])"
MICROSOFT = "[[...uetq], clarity.q.map((call) => [...call])]"


def google(tab: Tab) -> list[Any]:
    calls: list[Any] = tab.evaluate(GOOGLE)
    return calls


def storage(analytics: str, ads: str) -> dict[str, Any]:
    """As Google Consent Mode v2 names it."""
    ours = {"functionality_storage": "denied", "personalization_storage": "denied"}
    names = ("ad_storage", "ad_user_data", "ad_personalization")
    return {**dict.fromkeys(names, ads), "analytics_storage": analytics, **ours}


def test_tags_are_told_in_time_and_once_for_each_answer(serve: Serve, arrive: Arrive) -> None:
    """M01, M14, S04, S05: denied before any tag is there; then an update for each answer."""
    site = serve(policy())
    site.pages["/"] = page(head=LINE, script=SCRIPT)
    visitor = arrive(site)
    tab = visitor.open()
    default = [
        "gtag",
        "consent",
        "default",
        {**storage("denied", "denied"), "wait_for_update": 500},
    ]
    assert google(tab) == [default]
    assert tab.evaluate(MICROSOFT) == [
        ["consent", "default", {"ad_storage": "denied"}],
        [["consentv2", {"ad_Storage": "denied", "analytics_Storage": "denied"}]],
    ]
    assert visitor.beyond_static() == []
    assert tab.evaluate("document.cookie") == ""

    # Google's tag takes what waits before the visitor answers.
    tab.evaluate("taken = dataLayer.splice(0)")
    visitor.answer(tab, "Accept all")
    until(tab, lambda: len(google(tab)) == 2)
    update, event = google(tab)
    assert update == ["gtag", "consent", "update", storage("granted", "granted")]
    assert (event["event"], sorted(event["askfirst"])) == (
        "askfirst_consent",
        ["marketing", "preferences", "statistics"],
    )
    assert tab.evaluate(MICROSOFT)[0][3:] == ["consent", "update", {"ad_storage": "granted"}]

    visitor.go(tab, "/")
    until(tab, lambda: len(google(tab)) == 3)
    assert [call[2] for call in google(tab)[:2]] == ["default", "update"]

    # Ads need both of their purposes: with one of them they are denied again.
    visitor.granted(statistics=2, marketing=0, preferences=0)
    tab.evaluate("askfirst.refresh()")
    until(tab, lambda: len(google(tab)) == 5)
    assert google(tab)[3] == ["gtag", "consent", "update", storage("granted", "denied")]
    assert tab.evaluate(MICROSOFT)[1][-1][1] == {
        "ad_Storage": "denied",
        "analytics_Storage": "granted",
    }
    tab.get_by_role("button", name="Withdraw").first.click()
    until(tab, lambda: len(google(tab)) == 7)
    assert google(tab)[5] == ["gtag", "consent", "update", storage("denied", "denied")]
    assert google(tab)[6]["askfirst"] == []
    assert visitor.errors == []
