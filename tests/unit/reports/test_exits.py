"""Every way that figures leave by is one rule: it shows what was disclosed, and nothing else.

Whoever adds an exit adds its row to `EXITS`, or a test fails and names it.
"""

from __future__ import annotations

import ast
import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import date
from html import unescape
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
from askfirst_collector.closing.rule import Rule
from askfirst_collector.dashboard.app import host_app
from askfirst_collector.dashboard.figures.pages import Views
from askfirst_collector.dashboard.layout.page import Layout
from askfirst_collector.dashboard.layout.templates import Pages
from askfirst_collector.imports.cells import PAGE, TOTAL, Sums
from askfirst_collector.ingest.events import open_events
from askfirst_collector.letters.events import fallen
from askfirst_collector.letters.message import as_message
from askfirst_collector.letters.write import write
from askfirst_collector.members.permissions import Member
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.reports.export import files_of
from askfirst_collector.services import Services
from askfirst_collector.store.database import writing
from askfirst_collector.transfers.deliver import deliver_transfers
from askfirst_collector.usecases.account import create_token
from askfirst_collector.usecases.imported_figures import import_figures
from askfirst_collector.usecases.shares import create_share
from askfirst_collector.webhooks.pinned_http import Poster
from tests.conftest import ROOT
from tests.unit.closing.house import Clock, after, crowd, key_of, noon, opened, policy, row, store
from tests.unit.dashboard.conftest import client_of, set_up
from tests.unit.transfers.house import CHARTS, NAME, answer, visit

pytestmark = pytest.mark.anyio
SUNDAY, MONDAY, TUESDAY = "2026-11-15", "2026-11-16", "2026-11-17"
SHOWN, RARE = "/blog/one", "/rare/one"
DATES = f"from={MONDAY}&to={MONDAY}"
NEXT = f"from={TUESDAY}&to={TUESDAY}"
WHOLE = f"from={SUNDAY}&to={TUESDAY}"  # with a day of before
# How many came on Monday and on Tuesday, ordered, and what is shown of them.
COUNTED, LATER, ORDERS = 361, 290, 218
DRAWN = COUNTED + 3
FIGURES = {DRAWN, ORDERS + 3, LATER + 3, DRAWN + LATER + 3}
SECRET = {COUNTED, COUNTED + 2, LATER, ORDERS, COUNTED + LATER, COUNTED + 2 + LATER}
BEFORE, IMPORTED = "/of-before", 9_777
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
    *("next_tables", "shown_paths", "imported_days", "imported_sums"),
}
HOLDING = ("reports", "store", "closing")
# What reads figures for others: whoever imports it is an exit too.
HANDED_ON = {
    "dashboard.figures.extract": "extract",
    "dashboard.figures.imported": "imported_view",
    "dashboard.figures.goals": "goals_of",
}


@dataclass(frozen=True)
class Exit:
    """One way out: the module that reads, its address, and whether pages are on it by name."""

    module: str
    face: str
    address: str = ""
    route: str = ""  # as the router has it
    names_pages: bool = True
    names_imported: bool = False


_PAGES, _AGREEMENT = "dashboard.figures.pages", "dashboard.figures.agreement"
_FILES, _GOALS = "dashboard.figures.exports", "dashboard.figures.goals"
_RATES = "/sites/{site}/agreement"
_IMPORTED = "dashboard.figures.imported"
_TABLE, _FILE = "/sites/{site}/{table}", "/sites/{site}/{table}.{kind}"
_SHOP = "/sites/shop"
EXITS = (
    Exit(_PAGES, DASHBOARD, f"{_SHOP}?{DATES}", "/sites/{site}"),
    Exit(_PAGES, DASHBOARD, f"{_SHOP}?{WHOLE}", "/sites/{site}", names_imported=True),
    Exit(_PAGES, DASHBOARD, f"{_SHOP}?{WHOLE}&{FILTER}", "/sites/{site}"),
    Exit(_PAGES, DASHBOARD, f"{_SHOP}?{DATES}&show=entry-pages", "/sites/{site}"),
    Exit(_PAGES, DASHBOARD, f"{_SHOP}/goals?{DATES}&beside=page", "/sites/{site}/goals"),
    Exit(_GOALS, DASHBOARD, f"{_SHOP}/goals?{DATES}&beside=page", "/sites/{site}/goals"),
    Exit(_AGREEMENT, DASHBOARD, f"{_SHOP}/agreement?{DATES}", _RATES, False),
    Exit(_FILES, DASHBOARD, f"{_SHOP}/agreement.csv?{DATES}", _FILE, False),
    Exit(_FILES, DASHBOARD, f"{_SHOP}/agreement-by-purpose.json?{DATES}", _FILE, False),
    Exit(_FILES, DASHBOARD, f"{_SHOP}/hours.csv?{DATES}", _FILE, False),
    Exit(_PAGES, DASHBOARD, f"{_SHOP}/pages?{DATES}", _TABLE),
    Exit("dashboard.figures.panels", DASHBOARD, f"{_SHOP}/pages?{DATES}&{FILTER}", _TABLE),
    Exit("dashboard.figures.panels", DASHBOARD, f"{_SHOP}/pages?{NEXT}&compare=before", _TABLE),
    Exit("dashboard.figures.panels", DASHBOARD, f"{_SHOP}/hours?{DATES}", _TABLE, False),
    Exit(_PAGES, DASHBOARD, f"{_SHOP}/pages?{DATES}&q=rare", _TABLE, False),
    Exit(_FILES, DASHBOARD, f"{_SHOP}/pages.csv?{DATES}", _FILE),
    Exit(_FILES, DASHBOARD, f"{_SHOP}/pages.json?{DATES}", _FILE),
    Exit(_FILES, DASHBOARD, f"{_SHOP}/pages.csv?{NEXT}&compare=before", _FILE),
    Exit(_FILES, DASHBOARD, f"{_SHOP}/pages.csv?{DATES}&{FILTER}", _FILE),
    Exit(_FILES, DASHBOARD, f"{_SHOP}/time-line.csv?{DATES}", _FILE, False),
    Exit(_FILES, DASHBOARD, f"{_SHOP}/time-line.json?{NEXT}", _FILE, False),
    Exit(_FILES, DASHBOARD, f"{_SHOP}/time-line.csv?{WHOLE}", _FILE, False, True),
    Exit(_FILES, DASHBOARD, f"{_SHOP}/goals.csv?{DATES}", _FILE, False),
    Exit(_FILES, DASHBOARD, f"{_SHOP}/goals-beside.csv?{DATES}&beside=page", _FILE),
    Exit(_FILES, DASHBOARD, f"{_SHOP}/funnel-buying.json?{DATES}", _FILE),
    Exit(_FILES, DASHBOARD, f"{_SHOP}/imported.csv?{DATES}", _FILE, False, True),
    Exit(_FILES, DASHBOARD, f"{_SHOP}/imported-pages.json?{DATES}", _FILE, False, True),
    Exit("dashboard.sites.list", DASHBOARD, "/sites", "/sites", False),
    Exit("dashboard.sites.list", DASHBOARD, "/sites.csv", "/sites.{kind}", False),
    Exit(_PAGES, DASHBOARD, f"{_SHOP}/goals?{NEXT}&compare=before", "/sites/{site}/goals"),
    Exit(_FILES, DASHBOARD, f"{_SHOP}/goals-beside.csv?{DATES}&beside=page&compare=before", _FILE),
    Exit(_AGREEMENT, DASHBOARD, f"{_SHOP}/agreement?{NEXT}&compare=before", _RATES, False),
    Exit(_IMPORTED, DASHBOARD, f"{_SHOP}/imported?{DATES}", "/sites/{site}/imported", False, True),
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
    elsewhere = {"/sites", "/sites.{kind}", "/sites/{site}/imported"}
    assert routes == {e.route for e in EXITS if e.face == DASHBOARD} - elsewhere
    paths = {endpoint.path for endpoint in StatsFace(parts).endpoints()}
    assert paths == {e.address.partition("?")[0] for e in EXITS if e.face == API}


@pytest.fixture
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    """Two days with many readers of one page and two of another, closed; and what was imported.

    Every draw of a figure is 3, so that what was drawn is told from what was counted.
    """
    monkeypatch.setattr(Rule, "noise", lambda _rule: 3)
    monkeypatch.setattr(Rule, "total", lambda _rule, count: count + 30)
    clock = Clock(noon())
    tables = {
        "pairs": [["page", "referrer"], ["page", "action"]],
        "goals": ["order"],
        "funnels": {"buying": [f"page:{SHOWN}", "action:order"]},
    }
    own = policy(tables=tables, actions={"order": {}}, recipients=[CHARTS])
    with opened(tmp_path / "data", clock, own) as parts:
        google = ("search", "google.com")
        page = {"page": ("/blog", SHOWN), "referrer": google}
        store(parts, crowd(parts, COUNTED, **page, time=(MONDAY, "09")))
        orders = {**page, "action": ("order",)}
        store(parts, [row(parts, number, orders, type="action") for number in range(ORDERS)])
        store(parts, crowd(parts, 2, start=COUNTED, page=("/rare", RARE), referrer=google))
        clock.now = noon(TUESDAY)
        rows = [row(parts, number, page, key_of(TUESDAY)) for number in range(LATER)]
        store(parts, rows)
        clock.now = after(TUESDAY)
        close_due(parts, clock.now)
        sums = Sums()
        sums.add(date.fromisoformat(MONDAY), PAGE, BEFORE, visitors=IMPORTED, views=IMPORTED)
        sums.add(date.fromisoformat(MONDAY), PAGE, RARE, visitors=4, views=4)
        for day in (SUNDAY, MONDAY):
            sums.add(date.fromisoformat(day), TOTAL, "", visitors=IMPORTED, views=IMPORTED)
        import_figures(parts, ON_THE_MACHINE, "shop", "matomo", sums)
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
    assert problems(await text_of(exit, parts, browser), exit) == []


def problems(text: str, exit: Exit) -> list[str]:
    """Where a text shows more than was disclosed, or not what was."""
    text = text.replace('value="rare"', "").replace("\u202f", "")  # what was searched for; a space
    if exit.address == "events":  # as strings: of figures there are none
        return [] if SHOWN in text and RARE not in text else ["an event that too few share"]
    lines = list(lines_of(text))
    numbers = {number for _, own in lines for number in own}
    of_page = [own for words, own in lines if SHOWN in words]
    imported, is_ours = any(BEFORE in words for words, _ in lines), not exit.names_imported
    return [
        *(["a page that too few saw"] if "/rare" in text else []),
        *(f"{n}, which was counted" for n in sorted(numbers & SECRET)),
        *(["the page without its figure"] if exit.names_pages and not of_page else []),
        *(f"the page with {own}" for own in of_page if exit.names_pages and not own & FIGURES),
        *(["imported figures"] if (imported or IMPORTED in numbers) and is_ours else []),
        *(["no imported figure"] if exit.names_imported and IMPORTED not in numbers else []),
        *(f"a sum, {n}" for n in sorted(numbers & {IMPORTED + DRAWN, IMPORTED + COUNTED})),
    ]


def lines_of(text: str) -> Iterator[tuple[str, set[int]]]:
    """What each line, row or object of a text says, and the whole numbers that stand in it."""
    if text.lstrip()[:1] in ("{", "["):
        text = re.sub(r"\s+", " ", text).replace("}", "\n")
    elif "<" in text:
        said = re.sub(r'<[^>]*(?:aria-label|title)="([^"]*)"[^>]*>', r"\n\1\n", text)
        said = re.sub(r"</(?:tr|li|p|h\d|title)>", "\n", re.sub(r"\s+(?!\n)", " ", said))
        text = unescape(re.sub(r"<[^>]*>", " ", said))
    for line in text.splitlines():
        plain = re.sub(r"\d{4}-\d\d-\d\d", " ", line)
        yield line, {int(number) for number in re.findall(r"(?<![\w.])\d+(?![\w.]*\w)", plain)}


PLANTED = {
    "what was counted": (f"{SHOWN},value,{COUNTED}", True),
    "a page of two": (f"<table><tr><th>{RARE}</th><td>2</td></tr></table>", False),
    "a total": (f'{{"site": "shop", "visitors": {COUNTED + 2}}}', False),
    "orders": (f"<li>Order <strong>{ORDERS}</strong></li>", False),
    "another's figure": (f"<tr><th>{SHOWN}</th><td>7</td></tr>", True),
    "no figure": (f"<p>{SHOWN}</p>", True),
    "what another tool counted": (f"{BEFORE}: {IMPORTED}", False),
    "a sum of both": (f'{{"visitors": {IMPORTED + DRAWN}}}', False),
    "in words for a screen reader": (f'<rect aria-label="16 Nov: {COUNTED} visitors"/>', False),
}


@pytest.mark.parametrize("planted", PLANTED)
def test_an_exit_that_shows_more_is_seen(planted: str) -> None:
    """A test of the test above."""
    text, names_pages = PLANTED[planted]
    assert problems(text, Exit("planted", DASHBOARD, names_pages=names_pages)) != []
    right = f"<tr><th>{SHOWN}</th><td>{DRAWN}</td><td>1 of 1</td></tr>"
    assert problems(right, Exit("planted", DASHBOARD)) == []
