"""`/v1/admin/sites/*`: what the dashboard does to sites, for programs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from askfirst_collector.ledger.changes import changes
from tests.support.collectors import policy, purposes
from tests.support.placing import place, save, tides
from tests.system.isolation.world import CLUB, SHOP, World, world

pytestmark = pytest.mark.anyio
SITE = policy(site=SHOP, origins=[f"https://{SHOP}.example"])
WIDE = {"statistics": {"retention_days": 700, "keep_rows_days": 60}}


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


def document(**changed: Any) -> dict[str, Any]:
    return {**SITE.document, **changed}


async def test_an_owner_sees_and_publishes_their_site(here: World) -> None:
    """A site owner publishes a new edition under their own name, and it is recorded."""
    async with here.program("olive") as client:
        listed = (await client.get("/v1/admin/sites")).json()["sites"]
        assert [(each["site"], each["state"], each["edition"]) for each in listed] == [
            (SHOP, "in-force", 1)
        ]
        new = {"policy": document(consent_days=300)}
        answer = await client.put(f"/v1/admin/sites/{SHOP}/policy", json=new)
        assert answer.status_code == 200, answer.text
        assert answer.json()["edition"] == 2
        whole = (await client.get(f"/v1/admin/sites/{SHOP}")).json()
        assert whole["policy"]["consent_days"] == 300
        editions = (await client.get(f"/v1/admin/sites/{SHOP}/editions")).json()["editions"]
    assert [each["number"] for each in editions] == [2, 1]
    [told] = changes(here.parts.engine, 1, sites={SHOP})
    assert (told.actor, told.action) == ("olive", "site.publish")
    published = [(edition["number"], edition["hash"]) for edition in editions]
    assert published == [(part["edition"], part["hash"]) for part in (told.after, told.before)]


async def test_every_conflict_is_answered_with_409(here: World) -> None:
    """M31: pointer, found, allowed, the link that forbids it, and what to write instead."""
    wide = {"policy": document(purposes=purposes(**WIDE))}
    async with here.program("olive") as client:
        answer = await client.put(f"/v1/admin/sites/{SHOP}/policy", json=wide)
    assert (answer.status_code, answer.json()["reason"]) == (409, "policy-conflict")
    pointers = {each["pointer"]: each for each in answer.json()["problems"]}
    found = pointers["/purposes/statistics/retention_days"]
    assert (found["found"], found["link"]) == (700, "host")
    assert found["allowed"] < 700
    assert "write" in found["message"]


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("https://shop.example/path", 422),
        ("https://Shop.Example", 422),
        ("http://shop.example", 422),
        ("https://müller.example", 422),
        ("https://xn--mller-kva.example", 200),
        ("http://localhost:8000", 200),
    ],
)
async def test_origins_are_exact(here: World, origin: str, status: int) -> None:
    """An origin with a path, mixed case, no TLS or other letters is refused with advice."""
    async with here.program("olive") as client:
        new = {"policy": document(origins=[origin])}
        answer = await client.put(f"/v1/admin/sites/{SHOP}/policy", json=new)
    assert answer.status_code == status
    if status == 422:
        [problem] = answer.json()["problems"]
        assert problem["pointer"].startswith("/origins")
        assert "https://example.org" in problem["message"]


async def test_a_policy_for_later_waits_and_can_be_dropped(here: World) -> None:
    """Effective now or later: it is shown until then, and goes when its owner drops it."""
    later = here.parts.now() + 86_400
    when = datetime.fromtimestamp(later, UTC).isoformat()
    async with here.program("olive") as client:
        body = {"policy": document(consent_days=300), "effective": when}
        answer = await client.put(f"/v1/admin/sites/{SHOP}/policy", json=body)
        assert answer.json()["edition"] == 1
        shown = (await client.get(f"/v1/admin/sites/{SHOP}")).json()["scheduled"]
        assert shown["effective"] == answer.json()["scheduled"]
        past = {**body, "effective": "2001-01-01T00:00:00Z"}
        refused = await client.put(f"/v1/admin/sites/{SHOP}/policy", json=past)
        assert refused.status_code == 422
        naive = {**body, "effective": "2031-01-01T00:00:00"}
        assert (await client.put(f"/v1/admin/sites/{SHOP}/policy", json=naive)).status_code == 422
        assert (await client.delete(f"/v1/admin/sites/{SHOP}/scheduled")).status_code == 204
        assert (await client.get(f"/v1/admin/sites/{SHOP}")).json()["scheduled"] is None


async def test_a_policy_of_another_site_is_refused(here: World) -> None:
    """An owner of one site cannot publish for another by its name in the body."""
    async with here.program("olive") as client:
        body = {"policy": document(site=CLUB)}
        answer = await client.put(f"/v1/admin/sites/{SHOP}/policy", json=body)
    assert (answer.status_code, answer.json()["reason"]) == (409, "other-name")


async def test_a_retired_site_is_over(here: World) -> None:
    """A host admin retires a site: it is shown so, and nothing is published there again."""
    async with here.program("ada") as client:
        assert (await client.delete(f"/v1/admin/sites/{SHOP}")).status_code == 204
        assert (await client.get(f"/v1/admin/sites/{SHOP}")).json()["state"] == "retired"
        body = {"policy": document(consent_days=300)}
        answer = await client.put(f"/v1/admin/sites/{SHOP}/policy", json=body)
        assert (answer.status_code, answer.json()["reason"]) == (410, "site-retired")


async def test_a_collector_from_draft_to_its_pages(here: World) -> None:
    """An owner adds a collector, is told of overlaps, and puts it on its pages."""
    place(here.parts, tides(SITE, collector="other"), owner="olive")
    at = f"/v1/admin/sites/{SHOP}/collectors/tides"
    async with here.program("olive") as client:
        body = {"document": tides(SITE).document, "expected": 0}
        made = (await client.put(at, json=body)).json()
        assert (made["state"], made["owner"], made["overlaps"]) == ("draft", "olive", ["other"])
        stale = await client.put(at, json=body)
        assert (stale.status_code, stale.json()["reason"]) == (409, "changed-meanwhile")
        state = {"state": "active", "expected": made["version"]}
        assert (await client.post(f"{at}/state", json=state)).json()["state"] == "active"
        other = (await client.post(f"{at}/key")).json()["write_key"]
        assert other != made["write_key"]
        listed = (await client.get(at.removesuffix("/tides"))).json()["collectors"]
    assert [each["name"] for each in listed] == ["other", "tides"]
    site = here.parts.registry.site(SHOP)
    assert site is not None
    assert sorted(site.editions.current.placed) == ["other", "tides"]


async def test_conflicts_of_a_collector_are_told_and_clamped_when_asked(here: World) -> None:
    """Default `refuse`; `clamp` only when the owner asks, and the answer shows what was cut."""
    at = f"/v1/admin/sites/{SHOP}/collectors/tides"
    wide = tides(SITE, statistics={"retention_days": 700}).document
    async with here.program("olive") as client:
        checked = (await client.post(f"{at}/check", json={"document": wide})).json()
        refused = await client.put(at, json={"document": wide})
        assert refused.status_code == 409
        assert [each["pointer"] for each in checked["conflicts"]] == [
            each["pointer"] for each in refused.json()["problems"]
        ]
        saved = (await client.put(at, json={"document": wide, "clamp": True})).json()
    assert "/purposes/statistics/retention_days" in {each["pointer"] for each in saved["cut"]}
    assert saved["document"]["purposes"]["statistics"]["retention_days"] < 700


async def test_an_owner_of_a_collector_reaches_that_one_alone(here: World) -> None:
    """carl owns a collector at shop: he changes it, and sees nothing else of shop."""
    save(here.parts, tides(SITE), owner="carl", actor="ada")
    save(here.parts, tides(SITE, collector="other"), owner="olive", actor="olive")
    at = f"/v1/admin/sites/{SHOP}/collectors"
    async with here.program("carl") as client:
        listed = (await client.get(at)).json()["collectors"]
        assert [each["name"] for each in listed] == ["tides"]
        body = {"document": tides(SITE, pages=["/tides/**", "/x"]).document}
        assert (await client.put(f"{at}/tides", json=body)).status_code == 200
        other = await client.get(f"{at}/other")
        none = await client.get(f"{at}/nothing")
        assert (other.status_code, other.content) == (none.status_code, none.content)
        assert (await client.get(f"/v1/admin/sites/{SHOP}")).status_code == 404
    async with here.program("olive") as client:
        # The site's owner may stop what stands on their pages, and not change it.
        changed = await client.put(f"{at}/tides", json=body)
        assert changed.status_code == 403


async def test_what_a_row_of_the_document_says_is_of_its_path(here: World) -> None:
    """A document of another name or another site is refused."""
    at = f"/v1/admin/sites/{SHOP}/collectors/other"
    async with here.program("olive") as client:
        answer = await client.put(at, json={"document": tides(SITE).document})
    assert (answer.status_code, answer.json()["reason"]) == (409, "other-name")


async def test_keys_are_drawn_listed_and_ended(here: World) -> None:
    """A key is shown once; an older one ends a week after, or at once when it is asked for."""
    keys, registry = f"/v1/admin/sites/{SHOP}/keys", here.parts.registry
    async with here.program("olive") as client:
        first = (await client.post(keys)).json()["key"]
        second = await client.post(keys)
        assert second.status_code == 201
        listed = (await client.get(keys)).json()["keys"]
        assert [each["expires"] is None for each in listed] == [False, True]
        assert first not in str(listed)
        assert registry.site_of_key(first) == registry.site_of_key(second.json()["key"]) == SHOP
        ended = await client.delete(f"{keys}/{listed[0]['id']}")
        assert ended.status_code == 204
        unknown = await client.delete(f"{keys}/{'0' * 16}")
        assert (unknown.status_code, unknown.json()["reason"]) == (404, "not-found")
    assert registry.site_of_key(first) is None
    assert registry.site_of_key(second.json()["key"]) == SHOP
    told = changes(here.parts.engine, 3, sites={SHOP})
    assert [(change.action, change.target) for change in told] == [
        ("site-key.end", listed[0]["id"]),
        ("site-key.create", listed[1]["id"]),
        ("site-key.create", listed[0]["id"]),
    ]
    assert first not in repr(told)


async def test_a_host_admin_says_how_many_rows_a_day(here: World) -> None:
    """From the next look on, in the list too, and in the audit."""
    async with here.program("ada") as client:
        for wrong in ({"rows_a_day": 0}, {"rows_a_day": 1.5}, {"rows_a_day": "9"}, {}):
            answer = await client.put(f"/v1/admin/sites/{SHOP}/limit", json=wrong)
            assert answer.status_code == 422
        answer = await client.put(f"/v1/admin/sites/{SHOP}/limit", json={"rows_a_day": 5_000})
        assert answer.status_code == 204
        assert (await client.get(f"/v1/admin/sites/{SHOP}")).json()["rows_a_day"] == 5_000
        (change, *_) = (await client.get("/v1/admin/changes")).json()["changes"]
    told = (change["action"], change["target"], change["before"], change["after"])
    assert told == (
        *("site.limit", SHOP),
        *({"rows_a_day": 1_000_000}, {"rows_a_day": 5_000}),
    )
