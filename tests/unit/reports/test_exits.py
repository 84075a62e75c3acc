"""Every way that figures leave by is one rule: it shows what was disclosed, and nothing else.

Whoever adds an exit adds its row to `EXITS`, or a test fails and names it.
"""

from __future__ import annotations

import ast
import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from askfirst.observe.location import Locator
from askfirst.observe.proxies import Proxies
from askfirst_collector.api.stats import StatsFace
from askfirst_collector.app import collector_app
from askfirst_collector.catalogue.mail_queue import Mail
from askfirst_collector.catalogue.subscriptions import Subscription
from askfirst_collector.catalogue.transfers import Transfer, add_transfer
from askfirst_collector.closing.close import close_due
from askfirst_collector.dashboard.app import host_app
from askfirst_collector.dashboard.figures.pages import Views
from askfirst_collector.dashboard.layout.page import Layout
from askfirst_collector.dashboard.layout.templates import Pages
from askfirst_collector.ingest.events import open_events
from askfirst_collector.letters.events import fallen
from askfirst_collector.letters.message import as_message
from askfirst_collector.letters.write import write
from askfirst_collector.members.permissions import Member
from askfirst_collector.reports.export import files_of
from askfirst_collector.services import Services
from askfirst_collector.store.database import reading, writing
from askfirst_collector.transfers.deliver import deliver_transfers
from askfirst_collector.usecases.account import create_token
from askfirst_collector.usecases.shares import create_share
from askfirst_collector.webhooks.pinned_http import Poster
from tests.conftest import ROOT
from tests.unit.closing.house import Clock, after, crowd, noon, opened, policy, store
from tests.unit.dashboard.conftest import client_of, set_up
from tests.unit.transfers.house import CHARTS, NAME, answer, visit

pytestmark = pytest.mark.anyio
MONDAY = "2026-11-16"
SHOWN, RARE = "/blog/one", "/rare/one"
DATES = f"from={MONDAY}&to={MONDAY}"
FILTER = "by=referrer&is=%5B%22search%22%2C%22google.com%22%5D"
DASHBOARD, API, COMMAND, SHARE, LETTER = "dashboard", "api", "command", "share", "letter"
TRANSFER = "transfer"
PACKAGE = "askfirst_collector"
# What reads a figure. Whoever imports one of these, but for the folders that hold the rule, is an
# exit.
READERS = {
    *("report", "reports", "daily", "series", "newest_closed", "of_whole_periods", "selected"),
    *("files_of", "sums", "hours_of_day", "cells_of_periods", "closed_periods", "newest_periods"),
    *("read_days", "read_so_far", "days_between", "read_today", "read_sum", "read_sums"),
    *("days_of_answers", "cells_of_days"),
    *("next_tables", "shown_paths"),
}
HOLDING = ("reports", "store", "closing")
# What reads figures for others: whoever imports it is an exit too.
HANDED_ON = {"dashboard.figures.extract": "extract"}


@dataclass(frozen=True)
class Exit:
    """One way out: the module that reads, its address, and whether pages are on it by name."""

    module: str
    face: str
    address: str = ""
    route: str = ""  # as the router has it
    names_pages: bool = True


_PAGES, _AGREEMENT = "dashboard.figures.pages", "dashboard.figures.agreement"
_RATES = "/sites/{site}/agreement"
_IMPORTED = "dashboard.figures.imported"
_TABLE, _FILE = "/sites/{site}/{table}", "/sites/{site}/{table}.{kind}"
EXITS = (
    Exit(_PAGES, DASHBOARD, f"/sites/shop?{DATES}", "/sites/{site}"),
    Exit(_PAGES, DASHBOARD, f"/sites/shop?{DATES}&{FILTER}", "/sites/{site}"),
    Exit(_PAGES, DASHBOARD, f"/sites/shop?{DATES}&show=entry-pages", "/sites/{site}"),
    Exit(_PAGES, DASHBOARD, f"/sites/shop/goals?{DATES}&beside=page", "/sites/{site}/goals", False),
    Exit(_AGREEMENT, DASHBOARD, f"/sites/shop/agreement?{DATES}", _RATES, False),
    Exit(_PAGES, DASHBOARD, f"/sites/shop/agreement.csv?{DATES}", _FILE, False),
    Exit(_PAGES, DASHBOARD, f"/sites/shop/pages?{DATES}", _TABLE),
    Exit("dashboard.figures.panels", DASHBOARD, f"/sites/shop/pages?{DATES}&{FILTER}", _TABLE),
    Exit("dashboard.figures.panels", DASHBOARD, f"/sites/shop/hours?{DATES}", _TABLE, False),
    Exit(_PAGES, DASHBOARD, f"/sites/shop/pages?{DATES}&q=rare", _TABLE, False),
    Exit(_PAGES, DASHBOARD, f"/sites/shop/pages.csv?{DATES}", _FILE),
    Exit(_PAGES, DASHBOARD, f"/sites/shop/pages.json?{DATES}", _FILE),
    Exit(_PAGES, DASHBOARD, f"/sites/shop/pages.csv?{DATES}&{FILTER}", _FILE),
    Exit(_PAGES, DASHBOARD, f"/sites/shop/time-line.csv?{DATES}", _FILE, False),
    Exit("dashboard.sites.list", DASHBOARD, "/sites", "/sites", False),
    Exit(_IMPORTED, DASHBOARD, f"/sites/shop/imported?{DATES}", "/sites/{site}/imported", False),
    Exit("api.stats", API, f"/v1/stats?site=shop&purpose=statistics&table=page&{DATES}"),
    Exit("api.stats", API, f"/v1/stats?site=shop&purpose=statistics&table=page&{DATES}&{FILTER}"),
    Exit("api.stats", API, f"/v1/stats?site=shop&purpose=statistics&{DATES}", names_pages=False),
    Exit("dashboard.figures.extract", SHARE),
    Exit("dashboard.figures.sharing", SHARE),
    Exit("letters.write", LETTER),
    Exit("letters.events", LETTER, "alert", names_pages=False),
    Exit("commands.site", COMMAND),
    Exit("transfers.deliver", TRANSFER, "figures"),
    Exit("transfers.deliver", TRANSFER, "events"),
)


def importers() -> Iterator[str]:
    """Every module of the collector that reads figures."""
    folder = ROOT / "collector" / PACKAGE
    for path in sorted(folder.rglob("*.py")):
        name = ".".join(path.relative_to(folder).with_suffix("").parts)
        if name.startswith(HOLDING):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            module = node.module if isinstance(node, ast.ImportFrom) else None
            source = (module or "").removeprefix(f"{PACKAGE}.")
            names = {a.name for a in node.names} if isinstance(node, ast.ImportFrom) else set()
            read = READERS if source.startswith(HOLDING) else {HANDED_ON.get(source)}
            if names & read:
                yield name


def test_every_module_that_reads_figures_has_a_row() -> None:
    """M27: a new exit is found by what it imports, whatever it is called."""
    assert set(importers()) == {exit.module for exit in EXITS}


def test_every_page_and_endpoint_of_figures_has_a_row(parts: Services) -> None:
    """M27: so is a new page of the dashboard, and a new endpoint beside it."""
    pages = Pages()
    views = Views(parts, pages, Layout(parts, pages)).pages()
    routes = {page.path for page in views if page.figures}
    elsewhere = {"/sites", "/sites/{site}/imported"}
    assert routes == {e.route for e in EXITS if e.face == DASHBOARD} - elsewhere
    paths = {endpoint.path for endpoint in StatsFace(parts).endpoints()}
    assert paths == {e.address.partition("?")[0] for e in EXITS if e.face == API}


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Services]:
    """A Monday with forty readers of one page and two of another; by real draws, and closed."""
    clock = Clock(noon())
    tables = {"pairs": [["page", "referrer"], ["page", "action"]], "goals": ["order"]}
    own = policy(tables=tables, actions={"order": {}}, recipients=[CHARTS])
    with opened(tmp_path / "data", clock, own, urandom=os.urandom) as parts:
        google = ("search", "google.com")
        store(parts, crowd(parts, 40, page=("/blog", SHOWN), referrer=google, time=(MONDAY, "09")))
        store(parts, crowd(parts, 2, start=40, page=("/rare", RARE), referrer=google))
        clock.now = after(MONDAY)
        close_due(parts, clock.now)
        yield parts


@pytest.fixture
async def browser(parts: Services) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(host_app(parts)) as client:
        await set_up(client, parts)
        yield client


async def text_of(exit: Exit, parts: Services, browser: httpx.AsyncClient) -> str:
    """What leaves by an exit."""
    if exit.face == COMMAND:
        return "\n".join(text for _, text in files_of(parts, "shop"))
    if exit.face == TRANSFER:
        return await asyncio.to_thread(delivered, parts, exit.address)
    if exit.face == LETTER:
        return letters_of(parts, alert=exit.address == "alert")
    if exit.face == SHARE:
        cards, actor = ["Totals", "Pages", "Sources", "Goals"], Member("ada", "host-admin")
        values: Any = {"purpose": "statistics", "cards": cards, "days": "28d", "lasts": 9}
        _, word = create_share(parts, actor, "shop", **values)
        async with client_of(host_app(parts)) as stranger:
            answer = await stranger.get(f"/shared/{word}")
    elif exit.face == DASHBOARD:
        answer = await browser.get(exit.address)
    else:
        _, secret = create_token(parts, Member("ada", "host-admin"), "figures", ("read",), days=1)
        events = open_events(parts, place=Locator.open(None), proxies=Proxies.of(()))
        transport = httpx.ASGITransport(collector_app(parts, events))
        headers = {"authorization": f"Bearer {secret}"}
        async with httpx.AsyncClient(transport=transport, headers=headers) as program:
            answer = await program.get(f"https://collector.example{exit.address}")
    assert answer.status_code == 200, answer.text
    return answer.text


def delivered(parts: Services, what: str) -> str:
    """What is delivered of the closed day, or of a visit of the next one by one who agreed."""
    names = ("shop", "statistics", NAME, what, "webhook", "https://hooks.example/in")
    entry = Transfer("1", *names, "", "", bytes(32))
    with writing(parts.engine) as connection:
        add_transfer(connection, entry)
    if what == "events":
        answer(parts, 1)
        for page in (("/blog", SHOWN), ("/rare", RARE)):
            visit(parts, 1, {"page": page})
        parts.events.drain()
        clock = parts.now
        assert isinstance(clock, Clock)
        clock.now += 3_600
    bodies = []

    class Kept(Poster):
        def send(self, method: str, url: str, content: Any) -> int:
            bodies.append(content()[1].decode())
            return 204

    deliver_transfers(parts, parts.now(), poster=Kept())
    return "".join(bodies)


def letters_of(parts: Services, *, alert: bool) -> str:
    """The letter, or the alerts, of the week after; as text and as HTML."""
    site = parts.registry.site("shop")
    assert site is not None
    target = Subscription("1", "shop", "ada", "ada@shop.example", "week", True, "2", True, 0)
    if alert:
        assert list(fallen(parts, site, date.fromisoformat(MONDAY))) == []
        event = f"closing {MONDAY}"
    mail = Mail("3", target, "alert" if alert else "letter", event if alert else MONDAY, "", 0)
    letter = write(parts, mail, "https://stats.example", after(MONDAY, 9))
    assert letter is not None
    message = as_message(
        letter, target, id="3", sender="a@b.example", url="https://stats.example", now=0
    )
    bodies = [message.get_body((kind,)) for kind in ("plain", "html")]
    return "".join(str(body.get_content()) for body in bodies if body is not None)


@pytest.mark.parametrize("exit", EXITS, ids=lambda e: e.address or e.module)
async def test_an_exit_shows_what_was_disclosed(
    exit: Exit, parts: Services, browser: httpx.AsyncClient
) -> None:
    """M27: no line under the size; of the others the figure that was drawn once, and no other."""
    text = await text_of(exit, parts, browser)
    assert RARE not in text.replace(f'value="{RARE}', "")
    assert "/rare" not in text
    if not exit.names_pages:
        return
    if exit.address == "events":
        assert SHOWN in text  # as a string: of figures there are none
        return
    with reading(parts.engine) as connection:
        figures = connection.exec_driver_sql(
            "SELECT DISTINCT visitors FROM cell WHERE path LIKE ?", (f'%"{SHOWN}"%',)
        ).scalars()
        assert any(str(figure) in text for figure in figures)
    assert SHOWN in text
