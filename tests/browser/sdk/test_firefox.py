"""The same rules in Firefox, with its own Global Privacy Control, over WebDriver BiDi."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.browsers import firefox_path
from tests.browser.sdk.conftest import Serve
from tests.browser.sdk.site import Site, page, policy, script
from tests.conftest import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

Step = tuple[str, str]
Firefox = Callable[..., list[Any]]

KNOWN = (
    "until",
    "window.askfirst && (askfirst.consent.source !== 'none' || askfirst.consent.asks.length)",
)
CONSENT = ("read", "askfirst.consent")
NOTICES = ("read", "document.querySelectorAll('#askfirst-notice').length")
ACCEPT = ("click", "#askfirst-notice button[value=accept_all]")
REJECT = ("click", "#askfirst-notice button[value=reject_all]")
ANSWERED = ("until", "Object.keys(askfirst.consent.details).length")
COOKIES = ("read", "document.cookie")
KEPT = (
    "read",
    """(async () => [
        document.cookie, Object.keys(localStorage).length, Object.keys(sessionStorage).length,
        (await indexedDB.databases()).length, (await caches.keys()).length,
        (await navigator.serviceWorker.getRegistrations()).length,
    ])()""",
)


@pytest.fixture
def firefox(tmp_path: Path) -> Firefox:
    """Runs steps in a profile that lasts for the test: `firefox(*steps, gpc=False)`."""
    profile = tmp_path / "firefox"
    profile.mkdir()

    def run(*steps: Step, gpc: bool = False) -> list[Any]:
        order = {
            "executablePath": firefox_path(),
            "profile": str(profile),
            "gpc": gpc,
            "steps": steps,
        }
        command = ["node", "tests/browser/sdk/firefox.mjs", json.dumps(order)]
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        answer: list[Any] = json.loads(ran.stdout)
        return answer

    return run


@pytest.fixture
def shop(serve: Serve) -> Site:
    """A site with a tag for each kind of purpose."""
    site = serve()
    tags = [
        f'<script type="text/plain" data-purpose="{purpose}" src="/{name}.js"></script>'
        for purpose, name in (("statistics", "a"), ("marketing", "m"), ("statistics", "b"))
    ]
    inline = (
        '<script type="text/plain" data-purpose="statistics">(window.ran ??= []).push("i")</script>'
    )
    site.pages["/"] = page(tags[0] + inline + tags[1] + tags[2])
    site.pages["/"].headers = {}
    for name in ("a", "b", "m"):
        site.pages[f"/{name}.js"] = script(f"(window.ran ??= []).push('{name}')")
    return site


def test_nothing_before_an_answer_and_after_a_refusal(shop: Site, firefox: Firefox) -> None:
    """M01, M08: nothing kept, run or sent; after a refusal one cookie, which survives a restart."""
    home = ("open", shop.url())
    (kept, ran) = firefox(home, KNOWN, KEPT, ("read", "window.ran ?? null"))
    assert (kept, ran) == (["", 0, 0, 0, 0, 0], None)
    assert shop.received == []
    firefox(home, KNOWN, REJECT, ANSWERED)
    consent, notices, kept, ran = firefox(
        home, KNOWN, CONSENT, NOTICES, KEPT, ("read", "window.ran ?? null")
    )
    assert (consent["source"], consent["scopes"], notices, ran) == ("visitor", {}, 0, None)
    assert kept[0].startswith("__Host-askfirst=")
    assert "; " not in kept[0]
    assert kept[1:] == [0, 0, 0, 0, 0]
    assert {each.path for each in shop.received} == {"/askfirst/consent"}
    assert shop.asked_for("/a.js") == shop.asked_for("/m.js") == 0


def test_after_a_grant_scripts_run_in_order(shop: Site, firefox: Firefox) -> None:
    """M13, M14: as in Chromium: in the order of the page, and views from the next page on."""
    (ran,) = firefox(
        ("open", shop.url()), KNOWN, ACCEPT, ("until", "window.ran?.length === 4"), ("read", "ran"),
        ("open", shop.url("/two")), KNOWN, ("open", shop.url("/icon.svg")),
    )  # fmt: skip
    assert ran == ["a", "i", "m", "b"]
    events = [
        event
        for each in shop.received
        if each.path == "/askfirst/events"
        for event in json.loads(each.body)["events"]
    ]
    assert {(event["purpose"], event["page"]) for event in events} == {
        ("marketing", "/two"),
        ("statistics", "/two"),
    }


def test_enter_on_a_switch_answers_nothing(shop: Site, firefox: Firefox) -> None:
    """M06: in the dialog and on the page of choices; a click still switches."""
    switch = "input[name='purpose.statistics']"
    press = ("press", f"{switch} Enter")
    look = ("read", f'[document.cookie, document.querySelector("{switch}").checked]')
    dialog, page = firefox(
        ("open", shop.url()), KNOWN, ("click", "#askfirst-notice a[data-askfirst=choices]"),
        ("until", "document.querySelector('dialog[open]')"), press, ("click", switch), look,
        ("open", shop.url("/askfirst/choices")), press, ("click", switch), look,
    )  # fmt: skip
    assert dialog == page == ["", True]


def test_a_whole_visit(shop: Site, firefox: Firefox) -> None:
    """M05, M11, M12, M14, M29: choices, one purpose, its record, its withdrawal by one press."""
    home, count = ("open", shop.url()), "window.ran?.length === 3"
    chosen, off, record, after, ran = firefox(
        home, KNOWN, ("click", "#askfirst-notice a[data-askfirst=choices]"),
        ("click", "dialog[open] input[name='purpose.statistics']"),
        ("click", "dialog[open] button[value=save]"), ("until", count), CONSENT,
        home, KNOWN, ("until", count), ("read", "ran"),
        ("open", shop.url("/askfirst/rights/me")), ("read", "document.body.innerText"),
        home, KNOWN,
        ("click", "#askfirst-control button[value=withdraw]"),
        ("until", "!Object.keys(askfirst.consent.scopes).length"), CONSENT,
        home, KNOWN, ("read", "window.ran ?? null"),
    )  # fmt: skip
    only = {"statistics": 2, "marketing": 0, "preferences": 0}
    assert (chosen["details"], off) == (only, ["a", "i", "b"])
    assert "Statistics" in record
    assert (after["source"], after["details"], ran) == ("visitor", dict.fromkeys(only, 0), None)


@pytest.mark.long
def test_a_placed_collector_is_asked_about_and_vouched_for(serve: Serve, firefox: Firefox) -> None:
    """M49, M14: as in Chromium: asked about on its pages, and sent for from the next one on."""
    site = serve(placed=[{}])
    line = f'<i data-askfirst-collector="{site.keys["tides"]}" data-askfirst-name="tides"></i>'
    site.pages |= {"/tides/one": page(line), "/tides/two": page(line)}
    asked, details = firefox(
        ("open", site.url("/tides/one")), KNOWN, CONSENT, ACCEPT, ANSWERED,
        ("read", "askfirst.consent.details"), ("open", site.url("/tides/two")), KNOWN,
        ("open", site.url("/icon.svg")),
    )  # fmt: skip
    assert "tides/statistics" in [each["purpose"] for each in asked["asks"]]
    assert details["tides/statistics"] == 2
    bodies = [json.loads(each.body) for each in site.received if each.path == "/askfirst/events"]
    (placed,) = [body for body in bodies if "collector" in body]
    assert placed["collector"] == site.keys["tides"]
    assert [event["page"] for event in placed["events"]] == ["/tides/two"]
    assert {event["purpose"] for event in placed["events"]} == {"tides/statistics"}


@pytest.mark.long
def test_gpc_denies_what_sells_and_says_so(shop: Site, firefox: Firefox) -> None:
    """M21, M22: by Firefox's own signal those purposes are denied, unasked, and said to be."""
    before, said, after, ran = firefox(
        ("open", shop.url()), KNOWN, CONSENT,
        ("until", "document.querySelector('#askfirst-notice .askfirst-signal')"),
        ("read", "document.querySelector('#askfirst-notice .askfirst-signal').textContent"),
        ACCEPT, ANSWERED, ("until", "window.ran?.length === 3"), CONSENT, ("read", "ran"),
        ("open", shop.url("/two")), KNOWN, ("open", shop.url("/icon.svg")),
        gpc=True,
    )  # fmt: skip
    assert before["source"] == after["source"] == "gpc"
    assert "marketing" not in [each["purpose"] for each in before["asks"]]
    assert "marketing" not in after["details"]
    assert "Marketing" in said
    assert ran == ["a", "i", "b"]
    sent = [each for each in shop.received if each.path == "/askfirst/events"]
    assert sent
    assert all(each.headers["sec-gpc"] == "1" for each in sent)
    bodies = [json.loads(each.body) for each in sent]
    assert all(body["gpc"] is True for body in bodies)
    assert {event["purpose"] for body in bodies for event in body["events"]} == {"statistics"}


def test_gpc_causes_no_pop_up(serve: Serve, firefox: Firefox) -> None:
    """M22: where only selling purposes are asked about, the signal leaves nothing to ask."""
    document = policy()
    document["purposes"] = {"marketing": document["purposes"]["marketing"]}
    site = serve(document)
    consent, notices = firefox(("open", site.url()), KNOWN, CONSENT, NOTICES, gpc=True)
    assert (consent["source"], consent["asks"], notices) == ("gpc", [], 0)


@pytest.mark.long
def test_gpc_beats_an_older_grant_for_this_load_alone(shop: Site, firefox: Firefox) -> None:
    """M23: an older grant is denied while the signal is set; the answer itself stays as it was."""
    home = ("open", shop.url())
    (granted,) = firefox(home, KNOWN, ACCEPT, ANSWERED, COOKIES)
    consent, ran, during = firefox(
        home, KNOWN, CONSENT, ("until", "window.ran?.length === 3"), ("read", "ran"), COOKIES,
        gpc=True,
    )  # fmt: skip
    assert consent["source"] == "gpc"
    assert "marketing" not in consent["scopes"]
    assert consent["details"]["marketing"] == 2
    assert ran == ["a", "i", "b"]
    after, again = firefox(home, KNOWN, COOKIES, CONSENT)
    assert granted == during == after
    assert again["source"] == "visitor"
    assert "marketing" in again["scopes"]
