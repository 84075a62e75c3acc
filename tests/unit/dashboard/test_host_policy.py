"""The page of the host policy: where it is, and the one script that it may run."""

from __future__ import annotations

import pytest

from tests.system.isolation.world import BASE, World

pytestmark = pytest.mark.anyio


async def test_only_the_host_policy_has_a_script(here: World) -> None:
    """M38 in the dashboard: a page without a script allows none."""
    async with here.browser("ada") as client:
        for path in ("/sites", "/sites/shop/publish", "/sites/club/collectors/tides/edit"):
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
