"""The page of the host policy: where it is, its script, its fields."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

import pytest

from askfirst.terms.policy import read_policy, shipped
from askfirst_collector.dashboard.host_policy.form import by_use, document_of, for_every_use
from tests.system.isolation.world import BASE, World
from tests.unit.catalogue.test_host_policies import host_policy
from tests.unit.dashboard.test_settings import post

pytestmark = pytest.mark.anyio


async def test_only_forms_of_policies_have_a_script(here: World) -> None:
    """M38 in the dashboard: a page without a script allows none."""
    async with here.browser("ada") as client:
        for path in ("/sites", "/sites/shop/letters", "/sites/club/collectors/tides/edit"):
            answer = await client.get(path)
            assert "script-src" not in answer.headers["content-security-policy"]
            assert "<script src" not in answer.text
        answer = await client.get("/host-policy")
    assert answer.headers["content-security-policy"].endswith("; script-src 'self'")
    assert answer.headers.get_list("content-security-policy") == [
        answer.headers["content-security-policy"]
    ]
    assert f'<script src="{BASE}/static/host-policy.js" defer></script>' in answer.text


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/ceiling", "/host-policy"),
        ("/ceiling/2", "/host-policy/2"),
        ("/ceiling/evil.example", "/host-policy/-1"),
    ],
)
async def test_an_old_address_of_the_host_policy_leads_to_it(
    here: World, old: str, new: str
) -> None:
    """For whoever kept it, and nowhere else, whatever is typed behind it."""
    async with here.browser("ada") as client:
        answer = await client.get(old)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{BASE}{new}")


async def test_what_is_newer_than_the_policy_is_proposed(here: World) -> None:
    """M31: before it is published, and for as long as it lacks it."""
    document = copy.deepcopy(dict(shipped("host-default").document))
    for purpose in document["purposes"].values():
        purpose["levels"]["campaign"] = 0
    advice = "write campaign = 3, or less, under [purposes.NAME.levels]"
    async with here.browser("ada") as client:
        assert advice not in (await client.get("/host-policy")).text
        looked = await post(client, "/host-policy", text=json.dumps(document), expected="0")
        assert advice in looked.text
        assert advice not in (await client.get("/host-policy")).text
        await post(client, "/host-policy", document=json.dumps(document), expected="0", do="save")
        assert advice in (await client.get("/host-policy")).text


def sent(document: Mapping[str, Any]) -> dict[str, str]:
    """The fields of the page as a browser sends them."""
    rows = [line for _, part in for_every_use(document) for line in part]
    own = [line for use in by_use(document) for line in (*use.others, *use.followed)]
    return {cell.name: cell.value for line in (*rows, *own) for cell in line.cells}


@pytest.mark.parametrize("document", [shipped("host-default").document, host_policy().document])
def test_one_set_for_every_use_and_what_differs_is_the_same_policy(
    document: Mapping[str, Any],
) -> None:
    """Untouched, the fields say what the document says; a use that differs keeps its own."""
    same = document_of(sent(document), document)
    assert read_policy(same, kind="host").hash == read_policy(dict(document), kind="host").hash


def test_what_follows_every_use_changes_with_it() -> None:
    document = copy.deepcopy(dict(shipped("host-default").document))
    first, *others = document["purposes"]
    for name in document["purposes"]:
        document["purposes"][name]["levels"]["page"] = 1 if name == first else 2
    form = sent(document)
    assert (form["*.level.page"], form[f"{first}.level.page"]) == ("2", "1")
    assert {form[f"{name}.level.page"] for name in others} == {""}
    changed = document_of({**form, "*.level.page": "3"}, document)["purposes"]
    levels = [changed[name]["levels"]["page"] for name in (first, *others)]
    assert levels == [1, *[3] * len(others)]
    other = document_of({**form, f"{others[0]}.level.page": "0"}, document)["purposes"]
    assert other[others[0]]["levels"]["page"] == 0


def test_the_page_has_far_fewer_fields_in_sight() -> None:
    """One set, and what differs; the rest is folded away."""
    document = shipped("host-default").document
    every = sum(len(part) for _, part in for_every_use(document))
    in_sight = every + sum(len(use.others) for use in by_use(document))
    assert in_sight < every * len(document["purposes"]) / 2
