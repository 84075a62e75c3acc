"""`/v1/admin/ceiling`: shown, tried, published; the second of two admins is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from askfirst.terms.policy import shipped
from tests.support.placing import place, tides
from tests.system.isolation.world import SHOP, World, world

pytestmark = pytest.mark.anyio
HOST_POLICY = "/v1/admin/ceiling"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


def narrow(page: int) -> dict[str, Any]:
    """The shipped host policy, with pages less precise."""
    document = shipped("host-default").document
    purposes = {
        name: {**each, "levels": {**each["levels"], "page": page}}
        for name, each in document["purposes"].items()
    }
    return {**document, "purposes": purposes}


async def test_a_host_policy_is_shown_to_whoever_publishes_below_it(here: World) -> None:
    """A site owner may read what nothing may go above."""
    async with here.program("olive") as client:
        shown = (await client.get(HOST_POLICY)).json()
    assert shown["hash"] == shipped("host-default").hash
    assert (shown["number"], shown["file"], shown["history"]) == (0, None, [])


async def test_what_would_be_suspended_is_said_before_it_is(here: World) -> None:
    """M33: preview writes nothing; saving suspends whom it named, with the conflicts."""
    site = here.parts.registry.site(SHOP)
    assert site is not None
    place(here.parts, tides(site.editions.current.policy), owner="olive")
    before = here.state()
    async with here.program("ada") as client:
        tried = (await client.post(f"{HOST_POLICY}/preview", json={"policy": narrow(1)})).json()
        assert here.state() == before
        named = {(each["site"], each["collector"]) for each in tried["suspends"]}
        assert (SHOP, "") in named
        assert (SHOP, "tides") in named
        saved = (await client.put(HOST_POLICY, json={"policy": narrow(1), "expected": 0})).json()
        assert {(each["site"], each["collector"]) for each in saved["suspended"]} == named
        whole = (await client.get(f"/v1/admin/sites/{SHOP}")).json()
    assert whole["state"] == "suspended"
    assert all(each["link"] == "host" and each["message"] for each in whole["conflicts"])


async def test_what_is_newer_than_a_host_policy_is_proposed(here: World) -> None:
    """M31: a policy of before allows no more than it did; each answer says what it lacks."""
    before = narrow(2)
    for purpose in before["purposes"].values():
        purpose["levels"] = {**purpose["levels"], "campaign": 0}
    async with here.program("ada") as client:
        assert (await client.get(HOST_POLICY)).json()["proposals"] == []
        answers = [
            await client.post(f"{HOST_POLICY}/preview", json={"policy": before}),
            await client.put(HOST_POLICY, json={"policy": before, "expected": 0}),
            await client.get(HOST_POLICY),
        ]
        allowed = await client.put(HOST_POLICY, json={"policy": narrow(2), "expected": 1})
    for answer in answers:
        assert [proposal["found"] for proposal in answer.json()["proposals"]] == ["campaign"]
        assert "write campaign = 3, or less" in answer.json()["proposals"][0]["message"]
    assert allowed.json()["proposals"] == []


async def test_the_second_admin_is_told(here: World) -> None:
    """Two admins saving at once: the second gets 409, and the first one's host policy governs."""
    async with here.program("ada") as client:
        first = await client.put(HOST_POLICY, json={"policy": narrow(2), "expected": 0})
        second = await client.put(HOST_POLICY, json={"policy": narrow(1), "expected": 0})
        shown = (await client.get(HOST_POLICY)).json()
    assert (second.status_code, second.json()["reason"]) == (409, "changed-meanwhile")
    assert shown["hash"] == first.json()["hash"]
    assert [each["number"] for each in shown["history"]] == [1]


async def test_a_host_policy_that_cannot_be_read_is_refused(here: World) -> None:
    """M32: a key that is not known is said with its pointer, and nothing is saved."""
    async with here.program("ada") as client:
        bad = {"policy": {**narrow(2), "colour": "red"}, "expected": 0}
        answer = await client.put(HOST_POLICY, json=bad)
        assert (await client.get(HOST_POLICY)).json()["number"] == 0
    assert answer.status_code == 422
    assert "/colour" in {each["pointer"] for each in answer.json()["problems"]}
