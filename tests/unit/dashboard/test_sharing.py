"""Links that show figures: what was chosen, to whoever has them, until they end."""

from __future__ import annotations

import copy
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import httpx
import pytest

from askfirst.errors import Refused
from askfirst.terms.policy import read_policy, shipped
from askfirst_collector.catalogue.shares import shares_of
from askfirst_collector.closing.close import close_due
from askfirst_collector.dashboard.app import host_app
from askfirst_collector.ledger.changes import changes
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.services import Services
from askfirst_collector.usecases.remove_site import remove_site
from askfirst_collector.usecases.save_host_policy import save_host_policy
from askfirst_collector.usecases.shares import end_share
from askfirst_collector.usecases.sites import retire_site
from tests.support.people import member
from tests.unit.closing.house import DAY, Clock, after, crowd, opened, policy, store

from .conftest import client_of, set_up

pytestmark = pytest.mark.anyio
SHARES = "/sites/shop/shares"
PAGES = {"card.Pages": "1", "until": "2026-11-30"}


@pytest.fixture
def clock() -> Clock:
    return Clock(after("2026-11-15") + DAY / 2)


@pytest.fixture
def parts(tmp_path: Path, clock: Clock) -> Iterator[Services]:
    """A Monday with thirty visitors, closed."""
    with opened(tmp_path / "data", clock, policy()) as parts:
        store(parts, crowd(parts, 30, page=("/blog", "/blog/one"), ip=("IE",)))
        clock.now = after("2026-11-16")
        close_due(parts, clock.now)
        yield parts


@pytest.fixture
async def admin(parts: Services) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(host_app(parts)) as client:
        await set_up(client, parts)
        yield client


@pytest.fixture
async def stranger(parts: Services) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(host_app(parts)) as client:
        yield client


async def share(admin: httpx.AsyncClient, fields: Mapping[str, str]) -> httpx.Response:
    """The answer to the form."""
    page = (await admin.get(SHARES)).text
    csrf = re.search(r'name="csrf" value="([0-9a-f]{64})"', page)
    assert csrf
    return await admin.post(SHARES, data={**fields, "csrf": csrf[1]})


def word_of(answer: httpx.Response) -> str:
    address = re.search(r'<p class="secret">[^<]*/shared/([^<]*)</p>', answer.text)
    assert address, answer.text
    return address[1]


async def test_a_link_shows_what_was_chosen(
    admin: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    """M27: without a sign-in, those cards and no other, no link into the dashboard, no cookie."""
    word = word_of(await share(admin, PAGES))
    assert re.fullmatch("[0-9a-f]{32}", word)
    assert word not in (await admin.get(SHARES)).text, "it is shown once"
    answer = await stranger.get(f"/shared/{word}?range=12m&purpose=marketing&show=countries")
    assert answer.status_code == 200
    assert re.search(r"<bdi>/blog/one</bdi></span></th><td class=\"n\">30</td>", answer.text)
    assert "Ireland" not in answer.text
    assert "Visitors, by day" not in answer.text
    assert "/sites/" not in answer.text
    assert "set-cookie" not in answer.headers
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


async def test_a_frame_is_allowed_where_it_was_chosen(
    admin: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    word = word_of(await share(admin, {**PAGES, "embeds": "1", "card.Totals": "1"}))
    answer = await stranger.get(f"/shared/{word}")
    assert "frame-ancestors *" in answer.headers["content-security-policy"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "<strong>30</strong>" in answer.text


async def test_a_link_that_is_over_is_nothing(
    admin: httpx.AsyncClient, stranger: httpx.AsyncClient, parts: Services, clock: Clock
) -> None:
    """Ended, past its day, guessed, or of a retired site: alike, and as if it never was."""
    first, second = word_of(await share(admin, PAGES)), word_of(await share(admin, PAGES))
    page = (await admin.get(SHARES)).text
    csrf = re.search(r'name="csrf" value="([0-9a-f]{64})"', page)
    ids = re.findall(r'name="id" value="([0-9a-f]{16})"', page)
    assert csrf
    await admin.post(f"{SHARES}/end", data={"id": ids[0], "csrf": csrf[1]})
    answers = {(await stranger.get(f"/shared/{word}")).status_code for word in (first, second)}
    assert answers == {200, 404}
    guessed = (await stranger.get(f"/shared/{'0' * 32}")).text
    clock.now += 20 * DAY
    overs = [await stranger.get(f"/shared/{word}") for word in (first, second)]
    assert {(over.status_code, over.text) for over in overs} == {(404, guessed)}
    clock.now -= 20 * DAY
    retire_site(parts, ON_THE_MACHINE, "shop")
    for word in (first, second, "shop", "..%2fsites%2fshop"):
        assert (await stranger.get(f"/shared/{word}")).status_code == 404
    actions = [entry.action for entry in changes(parts.engine, 20)]
    assert (actions.count("share.create"), actions.count("share.end")) == (2, 1)


async def test_a_link_is_of_its_own_site_alone(
    admin: httpx.AsyncClient, stranger: httpx.AsyncClient, parts: Services
) -> None:
    """The word, the public name or the id of one site's link do nothing at another."""
    document = {**policy().document, "site": "club", "origins": ["https://club.example"]}
    parts.registry.publish(read_policy(document))
    word = word_of(await share(admin, PAGES))
    page = (await admin.get(SHARES)).text
    csrf = re.search(r'name="csrf" value="([0-9a-f]{64})"', page)
    (id,) = re.findall(r'name="id" value="([0-9a-f]{16})"', page)
    assert csrf
    assert id not in (await admin.get("/sites/club/shares")).text
    await admin.post("/sites/club/shares/end", data={"id": id, "csrf": csrf[1]})
    shown = await stranger.get(f"/shared/{word}")
    assert shown.status_code == 200
    assert "<bdi>shop</bdi>" in shown.text
    for path in (f"/shared/{word}?site=club", f"/shared/club/{word}", "/shared/club"):
        assert "club" not in (await stranger.get(path)).text.replace(path, ""), path
    carl = member(parts, "carl", "site-owner", "club")
    with pytest.raises(Refused):
        end_share(parts, carl, "shop", id)
    with pytest.raises(Refused):
        end_share(parts, carl, "club", id)
    assert (await stranger.get(f"/shared/{word}")).status_code == 200


async def test_a_public_link_has_the_name_of_its_site(
    admin: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    """One of each site."""
    assert (await stranger.get("/shared/shop")).status_code == 404
    assert word_of(await share(admin, {**PAGES, "public": "1"})) == "shop"
    assert "/blog/one" in (await stranger.get("/shared/shop")).text
    again = await share(admin, {**PAGES, "public": "1"})
    assert again.status_code == 429
    assert "End the public link" in again.text


@pytest.mark.parametrize(
    ("fields", "advice"),
    [
        ({"until": "2026-11-30"}, "Choose at least one table"),
        ({"card.Secrets": "1", "until": "2026-11-30"}, "Choose at least one table"),
        ({"card.Pages": "1", "until": ""}, "Write an end"),
        ({"card.Pages": "1", "until": "2026-11-17"}, "Write an end"),
        ({"card.Pages": "1", "until": "2030-01-01"}, "Write an end"),
    ],
)
async def test_a_link_that_cannot_be_is_said(
    admin: httpx.AsyncClient, fields: Mapping[str, str], advice: str
) -> None:
    answer = await share(admin, fields)
    assert answer.status_code == 422
    assert advice in answer.text


async def test_nothing_of_an_address_changes_what_a_link_shows(
    admin: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    """M27: no table, day, filter or format but those that were chosen, whatever is asked for."""
    word = word_of(await share(admin, PAGES))
    shown = (await stranger.get(f"/shared/{word}")).text
    for query in (
        "from=2000-01-01&to=2999-01-01",
        "show=countries,channels,entry-pages",
        "by=page&is=%5B%22%2Fblog%22%2C%22%2Fblog%2Fone%22%5D",
        "site=tides&collector=tides&cards=Places",
        "measure=views&compare=year&q=one&table=ip",
    ):
        assert (await stranger.get(f"/shared/{word}?{query}")).text == shown
    for path in (f"{word}.csv", f"{word}.json", f"{word}/pages", word.upper(), f"%00{word}", "%ED"):
        assert (await stranger.get(f"/shared/{path}")).status_code == 404, path
    assert (await stranger.post(f"/shared/{word}")).status_code == 405


async def test_the_address_of_a_link_stays_with_who_has_it(
    admin: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    """No cache keeps the page, no other page learns its address, no search engine lists it."""
    word = word_of(await share(admin, {**PAGES, "embeds": "1"}))
    for path in (word, "0" * 32):
        page = await stranger.get(f"/shared/{path}")
        headers = page.headers
        assert '<meta name="robots" content="noindex">' in page.text
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "same-origin"
    # A page of others may show it, and gets no form of ours under its visitors' clicks.
    answer = await stranger.get(f"/shared/{word}")
    assert "<form" not in answer.text
    assert "<a " not in answer.text
    assert "frame-ancestors 'none'" in (await admin.get(SHARES)).headers["content-security-policy"]
    lost = (await stranger.get(f"/shared/{'0' * 32}")).headers
    assert "frame-ancestors 'none'" in lost["content-security-policy"]


async def test_a_link_goes_with_its_site(
    admin: httpx.AsyncClient, stranger: httpx.AsyncClient, parts: Services
) -> None:
    """A site that is removed has none, and no link is made for one that was ended."""
    word = word_of(await share(admin, {**PAGES, "public": "1"}))
    assert (await stranger.get(f"/shared/{word}")).status_code == 200
    retire_site(parts, ON_THE_MACHINE, "shop")
    assert (await share(admin, PAGES)).status_code == 410
    remove_site(parts, ON_THE_MACHINE, "shop")
    assert (await stranger.get(f"/shared/{word}")).status_code == 404
    assert shares_of(parts.engine, "shop", 0) == ()


async def test_a_site_that_is_suspended_shows_what_closed(
    admin: httpx.AsyncClient, stranger: httpx.AsyncClient, parts: Services
) -> None:
    """As its own page does: figures that closed are not undone, and nothing is said to go on."""
    word = word_of(await share(admin, PAGES))
    document = copy.deepcopy(dict(shipped("host-default").document))
    document["purposes"]["analytics"]["levels"]["page"] = 1
    save_host_policy(parts, ON_THE_MACHINE, read_policy(document, kind="host"), expected=0)
    site = parts.registry.site("shop")
    assert site is not None
    assert site.suspended
    answer = await stranger.get(f"/shared/{word}")
    assert (answer.status_code, "/blog/one" in answer.text) == (200, True)
