"""A site without a server of ours: a folder of files, and a collector on another origin."""

from __future__ import annotations

import functools
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from playwright.sync_api import Browser, Page, Route, expect

from askfirst.terms.policy import read_policy
from askfirst_collector.cli import main
from tests.browser.host_world import Host, free_port, profile
from tests.browser.sdk.site import policy
from tests.browser.sdk.test_adpc import BROWSER
from tests.browser.sdk.visitor import KNOWN, until

pytestmark = pytest.mark.browser

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Tides</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'self';
 style-src 'self'; connect-src 'self' COLLECTOR">
LINE<script type="text/plain" data-purpose="statistics" src="/counted.js"></script></head>
<body><main><h1>Tides</h1></main></body></html>"""


class StaticSite:
    """The folder, its server, and the collector that its pages send to."""

    def __init__(self, host: Host, folder: Path, stack: ExitStack) -> None:
        self.host = host
        self.folder = folder
        self.asked: list[str] = []
        self.port = free_port()
        self.written = time.time()
        self.document: dict[str, Any] = policy() | {
            "origins": [self.origin],
            "site": "tides",
            "order": ["statistics", "marketing", "preferences"],
        }
        self.publish()
        (folder / "counted.js").write_text("document.title = 'counted';", "utf-8")
        handler = functools.partial(SimpleHTTPRequestHandler, directory=str(folder))
        server = ThreadingHTTPServer(("127.0.0.1", self.port), handler)
        stack.callback(server.server_close)
        stack.callback(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()

    @property
    def origin(self) -> str:
        return f"http://localhost:{self.port}"

    def publish(self, **changes: Any) -> str:
        """The policy as the next edition, and the site's files anew; the line for its pages."""
        self.document |= changes
        self.host.parts.registry.publish(read_policy(self.document))
        command = ["snippet", "tides", "--data", str(self.host.folder / "data")]
        where = ["--collector", self.collector, "--out", str(self.folder)]
        written = CliRunner().invoke(main, [*command, *where], catch_exceptions=False)
        assert written.exit_code == 0, written.output
        html = PAGE.replace("COLLECTOR", self.collector).replace("LINE", written.stdout.strip())
        (self.folder / "index.html").write_text(html, "utf-8")
        # Dates of HTTP know no parts of a second: files anew within one would be "not modified".
        self.written += 2
        for file in self.folder.rglob("*"):
            os.utime(file, (self.written, self.written))
        return written.stdout

    @property
    def collector(self) -> str:
        return f"http://127.0.0.1:{self.host.port}"

    def statuses(self) -> list[str]:
        """The entries of the ledger, in order."""
        entries = self.host.parts.ledger.between("tides", 0, 2**40)
        return [entry.body["status"] for entry in entries]

    def rows(self) -> int:
        """How many events are stored."""
        events = self.host.parts.events
        return sum(1 for key in events.periods() for _ in events.rows(key))


@pytest.fixture
def static_site(tmp_path: Path) -> Iterator[StaticSite]:
    with ExitStack() as stack:
        folder = tmp_path / "public"
        folder.mkdir()
        yield StaticSite(Host(tmp_path / "host", stack), folder, stack)


@pytest.fixture
def tab(chromium: Browser, static_site: StaticSite) -> Iterator[Page]:
    context = profile(chromium)
    context.set_default_timeout(30_000)
    page = context.new_page()
    page.on("request", lambda request: static_site.asked.append(request.url))
    yield page
    context.close()


def opened(tab: Page, site: StaticSite, path: str = "/") -> None:
    tab.goto(site.origin + path)
    until(tab, lambda: bool(tab.evaluate(KNOWN)))


def beyond(site: StaticSite) -> list[str]:
    return [url for url in site.asked if not url.startswith(site.origin)]


def press(tab: Page, name: str) -> None:
    tab.get_by_role("button", name=name, exact=True).click()
    until(tab, lambda: tab.locator("#askfirst-notice").count() == 0)


def test_a_visit_from_the_question_to_the_withdrawal(static_site: StaticSite, tab: Page) -> None:
    """M01, M02, M11: nothing goes to the collector before an answer, nothing after a withdrawal."""
    opened(tab, static_site)
    tab.get_by_role("button", name="Accept all", exact=True).wait_for()
    assert beyond(static_site) == []
    # The way to the collector is in the one script: the policy waits for no second one.
    assert not any("/remote.js" in url for url in static_site.asked)
    assert static_site.statuses() == []
    press(tab, "Accept all")
    until(tab, lambda: tab.title() == "counted")
    assert static_site.statuses() == ["granted"]
    opened(tab, static_site)
    until(tab, lambda: static_site.rows() == 2)
    assert tab.evaluate("askfirst.allows('statistics')")
    tab.locator("#askfirst-control button[value=withdraw]").click()
    until(tab, lambda: not tab.evaluate("askfirst.allows('statistics')"))
    until(tab, lambda: static_site.statuses() == ["granted", "withdrawn"])
    # Told once more by the next page where this one is left before the answer is here.
    until(tab, lambda: tab.evaluate("localStorage.length") == 0)
    static_site.asked.clear()
    opened(tab, static_site)
    assert tab.title() == "Tides"
    assert not tab.evaluate("askfirst.consent.asks.length")
    assert beyond(static_site) == []


def test_who_refuses_never_meets_the_collector(static_site: StaticSite, tab: Page) -> None:
    """M01, M09: the refusal is a cookie of this half-year, the same for all who refuse."""
    opened(tab, static_site)
    press(tab, "Reject all")
    (cookie,) = tab.context.cookies()
    assert cookie["name"] == "__Host-askfirst"
    assert cookie["secure"]
    static_site.asked.clear()
    opened(tab, static_site)
    assert tab.locator("#askfirst-notice").count() == 0
    assert beyond(static_site) == []
    assert static_site.statuses() == []


def test_a_refusal_holds_while_the_collector_is_away(static_site: StaticSite, tab: Page) -> None:
    """M16: what was agreed to ends in this browser at once, at the collector when it is back."""
    opened(tab, static_site)
    press(tab, "Accept all")
    until(tab, lambda: static_site.statuses() == ["granted"])
    tab.context.route(f"{static_site.collector}/**", lambda route: route.abort())
    tab.locator("#askfirst-control button[value=withdraw]").click()
    until(tab, lambda: not tab.evaluate("askfirst.allows('statistics')"))
    assert static_site.statuses() == ["granted"]
    tab.context.unroute(f"{static_site.collector}/**")
    opened(tab, static_site)
    until(tab, lambda: static_site.statuses() == ["granted", "withdrawn"])


def test_what_comes_after_a_withdrawal_in_another_tab_grants_nothing(
    static_site: StaticSite, tab: Page
) -> None:
    """M11: an answer that was sent before and arrives after; who agrees once more is recorded."""
    opened(tab, static_site)
    press(tab, "Accept all")
    until(tab, lambda: static_site.statuses() == ["granted"])
    other = tab.context.new_page()
    opened(other, static_site)
    tab.locator("#askfirst-control").get_by_role("link").click()
    held: list[Route] = []
    tab.route(f"{static_site.collector}/v1/consents", lambda route: held.append(route), times=1)
    tab.get_by_role("dialog").get_by_role("button", name="Accept all", exact=True).click()
    until(tab, lambda: bool(held))
    other.locator("#askfirst-control button[value=withdraw]").click()
    until(other, lambda: static_site.statuses() == ["granted", "withdrawn"])
    until(other, lambda: other.evaluate("localStorage.length") == 0)
    with tab.expect_response(lambda response: response.status == 409):
        held[0].continue_()
    expect(tab.get_by_role("dialog").get_by_role("alert")).not_to_be_empty()
    assert static_site.statuses() == ["granted", "withdrawn"]
    assert not tab.evaluate("askfirst.allows('statistics')")
    tab.get_by_role("dialog").get_by_role("button", name="Accept all", exact=True).click()
    until(tab, lambda: static_site.statuses() == ["granted", "withdrawn", "granted"])


@pytest.mark.parametrize("days", [-40, 400])
def test_a_wrong_clock_asks_once(static_site: StaticSite, tab: Page, days: int) -> None:
    """M08, M10: how long an answer holds is reckoned by the site's clock here too."""
    tab.clock.set_fixed_time(datetime.now(tz=UTC) + timedelta(days=days))
    opened(tab, static_site)
    press(tab, "Reject all")
    opened(tab, static_site)
    assert tab.evaluate("askfirst.consent.source") == "visitor"
    assert not tab.evaluate("askfirst.consent.asks.length")
    (cookie,) = tab.context.cookies()
    left = timedelta(seconds=cookie["expires"] - time.time())
    assert timedelta(days=180) < left < timedelta(days=367)


def test_a_grant_whose_answer_is_lost_is_taken_back(static_site: StaticSite, tab: Page) -> None:
    """M02: without an answer there is no receipt that anybody knows of, and no telemetry."""
    opened(tab, static_site)

    def lose(route: Any) -> None:
        route.fetch()
        route.abort()

    tab.context.route(f"{static_site.collector}/v1/consents", lose, times=1)
    tab.get_by_role("button", name="Accept all", exact=True).click()
    tab.locator(".askfirst-problem").filter(has_text="did not").wait_for()
    assert not tab.evaluate("askfirst.allows('statistics')")
    until(tab, lambda: static_site.statuses() == ["granted", "withdrawn"])
    press(tab, "Accept all")
    until(tab, lambda: static_site.statuses() == ["granted", "withdrawn", "granted"])
    assert tab.evaluate("askfirst.allows('statistics')")


def test_what_is_kept_is_shown_and_erased(static_site: StaticSite, tab: Page) -> None:
    """M14, M15: with the receipt of this browser: see, in the policy's order, take along, erase."""
    opened(tab, static_site)
    tab.get_by_role("button", name="Accept all").wait_for()
    asked = tab.locator(".askfirst-purposes summary strong").all_inner_texts()
    press(tab, "Accept all")
    opened(tab, static_site)
    until(tab, lambda: static_site.rows() == 2)
    tab.goto(f"{static_site.origin}/askfirst/rights/me/")
    tab.locator(".askfirst-rows li").first.wait_for()
    record = tab.locator(".askfirst-list").first.locator("li").all_inner_texts()
    assert (
        [text.split(":")[0] for text in record]
        == asked
        == ["Statistics", "Marketing", "Preferences"]
    )
    # What is stored, how precisely, and how a row of this visitor reads.
    things = tab.locator(
        "section", has=tab.get_by_role("heading", name="What is stored", exact=True)
    )
    assert things.locator("h3").all_inner_texts() == ["Statistics", "Marketing"]
    pages = things.locator("dl > div", has=tab.get_by_text("Page", exact=True)).first
    expect(pages).to_contain_text("· /")
    with tab.expect_download() as download:
        tab.get_by_role("link", name="Download my receipt").click()
    receipt = json.loads(Path(download.value.path()).read_text("utf-8"))
    assert receipt["secret"]
    assert receipt["receipt"].count(".") == 2
    tab.get_by_role("button", name="Erase what can be found").click()
    tab.get_by_text("What could be found is erased.").wait_for()
    assert static_site.rows() == 0
    opened(tab, static_site)
    assert not tab.evaluate("askfirst.allows('statistics')")


def test_withdrawing_erases_too_where_that_is_ticked(static_site: StaticSite, tab: Page) -> None:
    """M05, M29: nothing is ticked; the rows as a table; a copy before they close unused."""
    static_site.publish()
    opened(tab, static_site)
    press(tab, "Accept all")
    opened(tab, static_site)
    until(tab, lambda: static_site.rows() == 2)
    tab.goto(f"{static_site.origin}/askfirst/rights/me/")
    box = tab.get_by_role("checkbox", name="Erase what can be found")
    assert not box.is_checked()
    assert tab.get_by_text("destroyed and not counted").is_visible()
    with tab.expect_download() as download:
        tab.get_by_role("link", name="CSV").click()
    head, *lines = Path(download.value.path()).read_text("utf-8").splitlines()
    assert head.startswith('"purpose","period","type"')
    assert len(lines) == 2
    box.check()
    tab.get_by_role("button", name="Withdraw my consent").click()
    tab.get_by_text("What could be found is erased.").wait_for()
    assert static_site.rows() == 0


def test_the_dialog_erases_with_the_withdrawal(static_site: StaticSite, tab: Page) -> None:
    """M12, M29: the collector is asked to erase, and nothing else; no row is left."""
    opened(tab, static_site)
    press(tab, "Accept all")
    opened(tab, static_site)
    until(tab, lambda: static_site.rows() == 2)
    tab.evaluate("askfirst.show()")
    tab.get_by_role("checkbox", name="Erase what can be found").check()
    static_site.asked.clear()

    tab.locator("dialog").get_by_role("button", name="Withdraw all").click()

    until(tab, lambda: static_site.statuses() == ["erased"])
    assert static_site.rows() == 0
    assert {url.rpartition("/v1/")[2] for url in beyond(static_site)} == {"rights/erase"}
    assert not tab.evaluate("askfirst.allows('statistics')")
    until(tab, lambda: tab.evaluate("localStorage.length") == 0)


def test_since_when_is_known_here_and_who_is_too_young_is_erased(
    static_site: StaticSite, tab: Page
) -> None:
    """M11, M30: the day is shown without a request; then the collector is asked to erase."""
    for purpose in static_site.document["purposes"].values():
        purpose["minimum_age"] = 18
    static_site.publish()
    opened(tab, static_site)
    press(tab, "Accept all, I am 18 or over")
    until(tab, lambda: static_site.statuses() == ["granted"])
    requests: list[str] = []
    tab.context.on("request", lambda request: requests.append(request.url))
    tab.evaluate("document.documentElement.lang = 'en'")
    tab.locator("#askfirst-control a").click()
    day = tab.evaluate("new Date().toLocaleDateString('en', { dateStyle: 'long' })")
    dialog = tab.locator("dialog")
    dialog.get_by_text(f"Agreed · Since {day}, until ").wait_for()
    assert not [url for url in requests if url.startswith(static_site.collector)]
    dialog.get_by_role("button", name="I am under 18").click()
    until(tab, lambda: static_site.statuses() == ["erased"])
    until(tab, lambda: tab.evaluate("localStorage.length") == 0)
    assert not tab.evaluate("askfirst.allows('statistics')")
    assert static_site.rows() == 0


def test_an_edition_of_which_the_files_know_nothing(static_site: StaticSite, tab: Page) -> None:
    """M04: a grant to an older edition is refused, and says so; with new files it is answered."""
    opened(tab, static_site)
    longer = {"evidence_days": static_site.document.get("evidence_days", 365) - 1}
    static_site.host.parts.registry.publish(read_policy(static_site.document | longer))
    tab.get_by_role("button", name="Accept all", exact=True).click()
    tab.get_by_text("The policy changed while you were reading").wait_for()
    assert static_site.statuses() == []
    static_site.publish(**longer)
    opened(tab, static_site)
    press(tab, "Accept all")
    until(tab, lambda: static_site.statuses() == ["granted"])


def test_what_is_taken_back_in_the_browser_ends_at_the_collector(
    static_site: StaticSite, tab: Page
) -> None:
    """S07, M12: by the line with the collector's address; both are owed while it is away."""
    tab.add_init_script(BROWSER)
    file = static_site.folder / "index.html"
    line = f'<script src="/askfirst/static/adpc.js" data-collector="{static_site.collector}" defer>'
    file.write_text(file.read_text("utf-8").replace("</head>", f"{line}</script></head>"), "utf-8")
    opened(tab, static_site)
    until(tab, lambda: bool(tab.evaluate("window.requested?.length")))
    assert beyond(static_site) == [], "it asks the browser, and nobody else"
    press(tab, "Accept all")
    until(tab, lambda: static_site.statuses() == ["granted"])
    # In the ledger an answer stands before the page knows of it; what follows is about what it has.
    until(tab, lambda: bool(tab.evaluate("askfirst.allows('preferences')")))

    def left() -> Any:
        (*_, entry) = static_site.host.parts.ledger.between("tides", 0, 2**40)
        return entry.body["granted"]

    tab.evaluate("decide({ withdraw: ['preferences'] })")
    until(tab, lambda: left() == ["marketing", "statistics"])
    until(tab, lambda: owed(tab) is None)
    lost: list[str] = []

    def away(route: Route) -> None:
        lost.append(route.request.url)
        route.abort()

    tab.context.route(f"{static_site.collector}/**", away)
    for number, decision in enumerate(
        ("{ withdraw: ['statistics'] }", "{ object: ['direct-marketing'] }")
    ):
        tab.evaluate(f"decide({decision})")
        until(tab, lambda number=number: len(lost) > number)
    until(tab, lambda: tab.evaluate("askfirst.consent.scopes") == {})
    assert left() == ["marketing", "statistics"]
    assert owed(tab) == {"statistics": 0, "marketing": 0}
    tab.context.unroute(f"{static_site.collector}/**")
    opened(tab, static_site)
    until(tab, lambda: static_site.statuses()[-1] == "withdrawn")
    until(tab, lambda: owed(tab) is None)


def owed(tab: Page) -> Any:
    """The choices that the collector has not been told of; None where it knows all."""
    kept = json.loads(tab.evaluate("localStorage.getItem('askfirst-receipt')") or "{}")
    return kept.get("owed", {}).get("choices")
