"""Markup in every name that a visitor, an owner or another tool can choose is text, everywhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date, timedelta
from html import unescape
from pathlib import Path
from urllib.parse import urlencode

import pytest

from askfirst.terms.policy import read_policy
from askfirst_collector.catalogue.mail_queue import Mail
from askfirst_collector.catalogue.subscriptions import Subscription
from askfirst_collector.closing.close import close_due
from askfirst_collector.dashboard.app import host_app
from askfirst_collector.imports.cells import PAGE, SOURCE, TOTAL, Sums
from askfirst_collector.letters.message import as_message
from askfirst_collector.letters.write import write
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.services import Services
from askfirst_collector.usecases.imported_figures import import_figures
from askfirst_collector.usecases.shares import create_share
from tests.unit.closing.house import Clock, after, crowd, noon, opened, policy, row, store

from .conftest import client_of, set_up

pytestmark = pytest.mark.anyio
MONDAY = "2026-11-16"
EVIL = "<img src=x onerror=alert(1)>\"'</title>"
SITE = "/sites/shop"
TABLES = {"pairs": [["page", "referrer"], ["page", "action"]], "goals": ["order"]}
# One name of each table, as a visitor sends it.
VALUES = {
    "page": (f"/{EVIL}", f"/{EVIL}/x"),
    "referrer": ("search", f"search{EVIL}"),
    "campaign": (f"source{EVIL}", f"medium{EVIL}", f"name{EVIL}"),
    "browser": (f"browser{EVIL}",),
    "os": (f"os{EVIL}",),
    "screen": (f"screen{EVIL}",),
    "language": (f"language{EVIL}",),
    "ip": (f"C{EVIL}",),
    "entry_page": (f"/{EVIL}", f"/{EVIL}/x"),
}
VIEWS = (
    *("", "/goals", "/goals?beside=page", "/pages", "/referrers", "/campaigns", "/browsers"),
    *("/systems", "/screens", "/languages", "/countries", "/actions", "/page-and-referrer"),
    *("/answers", "/agreement", "/imported", "/policy", "/shares", "/letters", "/publish"),
)


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Services]:
    document = dict(
        policy(tables=TABLES, actions={"order": {"size": "any"}}, recipients=[]).document
    )
    document["controller"] = {**document["controller"], "name": EVIL, "address": EVIL}
    document["purposes"]["statistics"]["text"] = {"en": {"title": EVIL, "description": EVIL}}
    clock = Clock(noon())
    with opened(tmp_path / "data", clock, read_policy(document)) as parts:
        store(parts, crowd(parts, 40, **VALUES))
        order = {**VALUES, "action": ("order", f"size={EVIL}")}
        store(parts, [row(parts, number, order, type="action") for number in range(40)])
        clock.now = after(MONDAY)
        close_due(parts, clock.now)
        sums, day = Sums(), date.fromisoformat(MONDAY) - timedelta(days=1)
        for table, value in ((TOTAL, ""), (PAGE, f"/old{EVIL}"), (SOURCE, f"old{EVIL}")):
            sums.add(day, table, value, visitors=90, views=99)
        import_figures(parts, ON_THE_MACHINE, "shop", "matomo", sums)
        yield parts


def is_text(page: str) -> bool:
    return "<img" not in page and page.count("<title>") == page.count("</title>")


async def test_no_page_of_figures_runs_a_name(parts: Services) -> None:
    """M25: on every view, in filters, in searches; what was sent can be read there."""
    shown = ""
    async with client_of(host_app(parts)) as client:
        await set_up(client, parts)
        dates = {"from": "2026-11-15", "to": MONDAY}
        for view in VIEWS:
            path, _, query = view.partition("?")
            answer = await client.get(f"{SITE}{path}?{urlencode(dates)}&{query}")
            assert answer.status_code == 200, view
            assert is_text(answer.text), view
            shown += unescape(answer.text)
        filters = {table: VALUES[table][:2] for table in ("page", "referrer")}
        for table, value in filters.items():
            for view in ("", "/pages", "/referrers"):
                values = {**dates, "by": table, "is": json.dumps(value), "q": EVIL}
                answer = await client.get(f"{SITE}{view}", params=values)
                assert is_text(answer.text), (table, view)
                assert EVIL in unescape(answer.text)
    for values in VALUES.values():
        assert values[-1] in shown
    assert f"/old{EVIL}" in shown


async def test_nothing_that_leaves_runs_a_name(parts: Services) -> None:
    """A link that is shared, a letter as HTML, and files, which are no pages at all."""
    cards = ["Totals", "Sources", "Pages", "Goals", "Places", "Devices"]
    values = {"purpose": "statistics", "cards": cards, "days": "28d", "lasts": 9}
    _, word = create_share(parts, ON_THE_MACHINE, "shop", **values)  # type: ignore[arg-type]
    async with client_of(host_app(parts)) as client:
        page = (await client.get(f"/shared/{word}")).text
        assert is_text(page)
        assert VALUES["page"][1] in unescape(page)
        await set_up(client, parts)
        for kind in ("csv", "json"):
            for view in ("pages", "imported-pages", "goals-beside"):
                answer = await client.get(f"{SITE}/{view}.{kind}?from=2026-11-15&beside=page")
                assert answer.status_code == 200, view
                assert answer.headers["x-content-type-options"] == "nosniff"
                assert not answer.headers["content-type"].startswith("text/html")
    target = Subscription("1", "shop", "ada", "ada@shop.example", "week", True, "2", True, 0)
    letter = write(
        parts, Mail("3", target, "letter", MONDAY, "", 0), "https://s.example", after(MONDAY, 9)
    )
    assert letter is not None
    message = as_message(
        letter, target, id="3", sender="a@b.example", url="https://s.example", now=0
    )
    body = message.get_body(("html",))
    assert body is not None
    html = str(body.get_content())
    assert not re.search(r"<img|onerror=alert\(1\)>", html)
    assert "&lt;img src=x" in html
