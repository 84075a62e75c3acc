"""A collector elsewhere never sees the visitor: every byte it is sent is read here."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import partial
from typing import Any

import pytest

from askfirst.contracts.events import Event
from askfirst.remote.generalise import Asking, Generaliser
from askfirst.terms.consent import Consent
from askfirst.terms.edition import Edition, Editions, bounded_terms
from askfirst.terms.policy import read_policy
from askfirst.terms.token import State
from tests.conftest import ROOT
from tests.support.collectors import bytes_of
from tests.system.relay.world import World, eventually, shop

ADDRESS = "81.2.69.142"
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0 Canary/77.1"
LANGUAGE = "de-AT-x-canary78;q=0.9, fr;q=0.1"
HEADERS = [
    (b"user-agent", AGENT.encode()),
    (b"accept-language", LANGUAGE.encode()),
    (b"referer", b"https://www.google.com/search?q=canary79"),
    (b"x-forwarded-for", b"81.2.69.143, 2a02:8070:canary::80"),
    (b"x-canary", b"canary81"),
]
RAW = (AGENT, LANGUAGE, ADDRESS, "81.2.69.143", "2a02:8070", "X11; Linux", "Gecko", "x-canary")
EVENT: dict[str, Any] = {
    "purpose": "statistics",
    "type": "page_view",
    "page": "/reset/canary82@mail.example/8812?sort=price&mail=canary83@mail.example#canary84",
    "referrer": "https://www.google.com",
    "screen": [1366, 768],
    "cookies": {"enabled": True, "names": ["canary85"]},
}


async def visit(world: World) -> str:
    """A whole visit with canaries in every field; the secret of its receipt."""
    site = world.site()
    site.browser.also = HEADERS
    site.browser.peer = ADDRESS
    await site.browser.get("/")
    await site.accept()
    secret = site.browser.jar[b"__Host-askfirst-receipt"].decode()
    action = {"name": "signup", "properties": {"plan": "canary86", "seats": 11, "who": "canary87"}}
    unlisted = {"name": "canary88", "properties": {}}
    events = [EVENT, {**EVENT, "type": "action", "action": action}]
    told = await site.send(*events, {**EVENT, "type": "action", "action": unlisted})
    assert told.json["stored"] == 3
    await site.send({**EVENT, "purpose": "canary89"}, {**EVENT, "canary90": 1}, batch="c" * 22)
    await site.browser.get("/reset/canary91@mail.example?canary92=1")
    await site.browser.get("/signup?canary93=1")
    await eventually(lambda: sum(row.type == "action" for row in world.rows()) == 3)
    await site.browser.get("/askfirst/rights/me", [(b"accept", b"application/json")])
    await site.browser.post_json("/askfirst/rights/erase", {})
    await site.browser.consent("withdraw", world.policy.hash)
    await site.app.aclose()
    return secret


@pytest.mark.anyio
async def test_address_agent_and_language_stay_on_the_site(world: World) -> None:
    """M25, M26: no raw source reaches the collector, by any request there is."""
    secret = await visit(world)
    sent = bytes(world.wire.sent)
    assert b"POST /v1/events" in sent
    for raw in (*RAW, secret):
        assert raw.encode() not in sent, raw
    assert b"canary" not in sent.lower()
    assert b"canary" not in bytes_of(world.folder).lower()


@pytest.mark.anyio
async def test_what_arrives_is_what_was_agreed_to(world: World) -> None:
    """Generalised here to the levels of the terms, as the collector itself would."""
    site = world.site()
    site.browser.also, site.browser.peer = HEADERS, ADDRESS
    await site.browser.get("/")
    await site.accept()
    await site.send(EVENT)
    (row,) = [row for row in world.rows() if row.purpose == "statistics"]
    levels = world.policy.purposes["statistics"].terms.scope.as_dict()
    assert row.values["browser"] == ("Firefox", "140")[: levels["browser"]]
    assert row.values["os"][0] == "Linux"
    assert row.values["ip"][0] == "GB"
    assert row.values["language"] == ("de",)
    assert row.values["page"] == ("/reset", "/reset/:id/:id", "sort=price")
    assert all(len(value) <= levels[name] for name, value in row.values.items())
    await site.app.aclose()


@pytest.mark.anyio
async def test_a_lower_detail_sends_less(world: World) -> None:
    """M26: what was not agreed to does not even leave the site."""
    site = world.site()
    site.browser.also, site.browser.peer = HEADERS, ADDRESS
    await site.browser.get("/")
    await site.answer("save", choices={"statistics": 1})
    world.wire.sent.clear()
    assert (await site.send(EVENT)).json["stored"] == 1
    sent = bytes(world.wire.sent)
    assert b'"page":["/reset"]' in sent
    assert b'"browser":["Firefox"]' in sent
    assert b"sort=price" not in sent
    await site.app.aclose()


WITHOUT = """
import json, sys
for name in ("ada_url", "ua_parser", "user_agents", "maxminddb", "publicsuffixlist", "iptocc"):
    sys.modules[name] = None
from tests.system.relay.test_unseen import plainly
print(json.dumps(plainly()))
"""


def plainly(*routes: str) -> object:
    """One event through a generaliser of its own."""
    policy = read_policy({**shop().document, "routes": routes})
    editions = Editions((Edition(1, policy.hash, 0, policy),))
    state = State("shop", 1, {"statistics": 2}, 2**40)
    consent = Consent("shop", state, editions)
    action = {"name": "signup", "properties": {"plan": "pro"}}
    event = Event("statistics", "action", {**EVENT, "action": action})
    asking = Asking(HEADERS, ADDRESS, 0.0)
    generaliser = Generaliser()
    generaliser.open()
    return generaliser.event(event, consent, partial(bounded_terms, editions), asking)


def test_without_the_extra_nothing_raw_is_sent_instead() -> None:
    """Only what the standard library can read leaves; the rest is unknown, and the log says so."""
    run = subprocess.run(
        [sys.executable, "-c", WITHOUT], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "askfirst.W030" in run.stderr
    assert json.loads(run.stdout) == {
        "purpose": "statistics",
        "type": "action",
        "observed": {
            "campaign": ["none", "none", "none"],
            "screen": ["desktop", "1300x700"],
            "language": ["de"],
            "cookies": ["enabled"],
            "action": ["signup", "plan=pro&seats=none"],
        },
    }
    whole = plainly()
    assert isinstance(whole, dict)
    assert {"page", "referrer", "browser", "os", "ip"} < whole["observed"].keys()


def test_a_page_leaves_by_the_routes_of_its_site() -> None:
    """M26: the site's own process reads them as the collector would."""
    section = "/" + str(EVENT["page"]).split("/")[1].partition("?")[0]
    whole = plainly(f"{section}/:thing", f"{section}/:thing/**")
    assert isinstance(whole, dict)
    assert "/:thing" in whole["observed"]["page"][1]
