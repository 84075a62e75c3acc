"""A host of many sites and members: pages are searched and turned, in a handful of statements."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from sqlalchemy import event, insert

from askfirst_collector.members.tables import member_site, members
from askfirst_collector.services import Services
from askfirst_collector.store.database import writing
from tests.support.collectors import policy

from .conftest import BASE, set_up

pytestmark = pytest.mark.anyio
SITES, PEOPLE = 60, 101


def fill(parts: Services, sites: int = SITES) -> None:
    """So many sites, and so many members with three of them each."""
    names = [f"site{number:03}" for number in range(sites)]
    for name in names:
        parts.registry.publish(policy(site=name, origins=[f"https://{name}.example"]))
    people = [f"owner{number:03}" for number in range(PEOPLE - 1)]
    own = [
        {"member": name, "site": names[(3 * number + more) % sites]}
        for number, name in enumerate(people)
        for more in range(3)
    ]
    with writing(parts.engine) as connection:
        rows = [{"name": name, "role": "site-owner", "password": ""} for name in people]
        connection.execute(insert(members), rows)
        connection.execute(insert(member_site), own)


@contextmanager
def statements(parts: Services) -> Iterator[list[str]]:
    """Those that are put to the ledger meanwhile."""
    listed: list[str] = []

    def listen(_c: object, _u: object, text: str, *_: object) -> None:
        listed.append(text)

    event.listen(parts.engine, "before_cursor_execute", listen)
    yield listed
    event.remove(parts.engine, "before_cursor_execute", listen)


def linked(page: str, below: str) -> list[str]:
    """What the lines of the list lead to, in order."""
    main = page[page.index("<main") :]
    return re.findall(rf'<th scope="row"><a href="{BASE}/{below}/([^"/]+)"', main)


@pytest.mark.parametrize(("path", "most"), [("/sites", 25), ("/members", 20)])
async def test_a_list_takes_a_handful_of_statements(
    client: httpx.AsyncClient, parts: Services, path: str, most: int
) -> None:
    """However many sites and members there are."""
    await set_up(client, parts)
    fill(parts)
    # What is read once is read.
    await client.get(path)
    with statements(parts) as listed:
        answer = await client.get(path)
    assert answer.status_code == 200
    assert len(listed) < most, "\n".join(listed)


async def test_sites_are_turned_and_searched(client: httpx.AsyncClient, parts: Services) -> None:
    """Each is on one page; what is searched for is found on all of them."""
    await set_up(client, parts)
    fill(parts)
    first, second = (await client.get("/sites")).text, (await client.get("/sites?page=2")).text
    names = [f"site{number:03}" for number in range(SITES)]
    assert linked(first, "sites") + linked(second, "sites") == names
    assert linked((await client.get("/sites?page=99")).text, "sites") == names[50:]
    for wrong in ("0", "-1", "x", "9" * 40, "²"):
        page = (await client.get("/sites", params={"page": wrong})).text
        assert linked(page, "sites") == names[:50], wrong
    assert linked((await client.get("/sites?q=SITE05")).text, "sites") == names[50:]
    nothing = await client.get("/sites", params={"q": '"><img src=x>'})
    assert nothing.status_code == 200
    assert linked(nothing.text, "sites") == []
    assert "<img" not in nothing.text


async def test_the_list_of_sites_is_a_file(client: httpx.AsyncClient, parts: Services) -> None:
    """All of its pages, or what is searched for; with what the page says of each."""
    await set_up(client, parts)
    fill(parts)
    page = (await client.get("/sites?q=site05")).text
    assert 'href="/askfirst/host/sites.csv?q=site05"' in page
    rows = (await client.get("/sites.json")).json()
    assert [row["site"] for row in rows] == [f"site{number:03}" for number in range(SITES)]
    assert (rows[0]["state"], rows[0]["edition"], rows[0]["visitors"]) == ("published", 1, None)
    lines = (await client.get("/sites.csv?q=site05")).text.splitlines()
    assert lines[0].startswith('"site","state","placed collectors","closes","last closed"')
    assert [line.split(",")[0] for line in lines[1:]] == [f'"site{n:03}"' for n in range(50, SITES)]
    assert (await client.get("/sites.xml")).status_code == 404


async def test_members_are_turned_and_searched(client: httpx.AsyncClient, parts: Services) -> None:
    """By name, role and site; each with all sites that they have."""
    await set_up(client, parts)
    fill(parts)
    people = ["ada", *(f"owner{number:03}" for number in range(PEOPLE - 1))]
    pages = [(await client.get(f"/members?page={n}")).text for n in (1, 2, 3)]
    assert [name for page in pages for name in linked(page, "members")] == people
    assert 'href="/askfirst/host/members?page=2"' in pages[2]
    found = (await client.get("/members?q=site003")).text
    assert "owner001" in linked(found, "members")
    assert "site003, site004, site005" in found
    assert linked((await client.get("/members?q=host+admin")).text, "members") == ["ada"]
