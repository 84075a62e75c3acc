"""Answers about placed collectors, from a browser to the ledger and the state cookie."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from askfirst.gate.gate import Known
from askfirst.terms.token import State, read_state
from tests.unit.gate.browser import Browser
from tests.unit.gate.conftest import Shop
from tests.unit.gate.memory import AWAY, KEY, NOW, PURPOSES
from tests.unit.gate.placing import TIDES, changed, place

NAME = "tides/statistics"
OWN = dict.fromkeys(PURPOSES, 2)
OPTED_OUT = [(b"sec-gpc", b"1")]


def state(browser: Browser) -> State:
    found = read_state(browser.jar[b"__Host-askfirst"].decode(), (KEY,), site="shop", now=NOW)
    assert found is not None
    return found


def details(browser: Browser) -> dict[str, int]:
    return {**state(browser).choices}


def opened(shop: Callable[..., Shop], **changes: object) -> tuple[Shop, str]:
    """A shop with the collector placed, and the hash of its edition."""
    at = shop()
    editions = place(at.collector, at.policy, changed(TIDES, statistics=changes))
    return at, editions.current.hash


@pytest.mark.anyio
async def test_all_is_the_sites_own_unless_names_are_given(shop: Callable[..., Shop]) -> None:
    """M49: a placed collector gathers only under grants that name it."""
    at, edition = opened(shop)
    await at.browser.consent("accept_all", edition)
    assert details(at.browser) == OWN
    other = at.another()
    await other.consent("accept_all", edition, choices={**OWN, NAME: 2})
    assert details(other) == {**OWN, NAME: 2}


@pytest.mark.anyio
async def test_it_is_answered_alone_and_not_asked_again(shop: Callable[..., Shop]) -> None:
    """M49: a visitor whose grant does not name it answers it alone, and a refusal stays."""
    at, edition = opened(shop)
    await at.browser.consent("accept_all", edition)
    await at.browser.consent("save", edition, choices={NAME: 0})
    assert state(at.browser).choices == {**OWN, NAME: 0}
    assert [each.choices for each in at.collector.decisions] == [OWN, {NAME: 0}]


@pytest.mark.anyio
async def test_a_refusal_is_the_same_bytes_wherever_it_is_given(
    shop: Callable[..., Shop],
) -> None:
    """M09, M49: who rejects, who withdraws, who turns everything off: no collector is named."""
    at, edition = opened(shop)
    await at.browser.consent("reject_all", edition)
    one_by_one = at.another()
    await one_by_one.consent("save", edition, choices={**dict.fromkeys(PURPOSES, 0), NAME: 0})
    late = at.another()
    await late.consent("accept_all", edition, choices={**OWN, NAME: 2})
    await late.consent("withdraw", edition)
    assert details(at.browser) == dict.fromkeys(PURPOSES, 0)
    assert at.browser.jar == one_by_one.jar == late.jar
    assert at.collector.decisions[-1].choices == {**dict.fromkeys(PURPOSES, 0), NAME: 0}


@pytest.mark.anyio
async def test_while_the_collector_is_away_refusing_it_holds_at_once(
    shop: Callable[..., Shop],
) -> None:
    """A refusal acts locally at once, a placed collector's too."""
    at, edition = opened(shop)
    await at.browser.consent("accept_all", edition, choices={**OWN, NAME: 2})
    at.collector.away = AWAY
    await at.browser.consent("save", edition, choices={NAME: 0})
    assert details(at.browser) == {**OWN, NAME: 0}


@pytest.mark.anyio
async def test_its_own_age_is_asked_for(shop: Callable[..., Shop]) -> None:
    """M30: a collector may ask for an age where the site asks for none."""
    at, edition = opened(shop, minimum_age=16)
    refused = await at.browser.consent("save", edition, choices={NAME: 2})
    assert (refused.status, refused.json["reason"]) == (422, "age-not-declared")
    assert (await at.browser.consent("save", edition, choices={NAME: 2}, adult=True)).status == 200
    assert (await at.another().consent("accept_all", edition)).status == 200


@pytest.mark.anyio
async def test_an_opt_out_signal_leaves_what_sells_unasked(shop: Callable[..., Shop]) -> None:
    """M21: under GPC a collector that sells is not granted, whatever the body claims."""
    at = shop()
    terms = {"data_use": "marketing.advertising", "levels": {"page": 1}}
    selling = {"marketing": {**TIDES["purposes"]["statistics"], **terms}}
    placed = {**TIDES, "purposes": selling}
    edition = place(at.collector, at.policy, placed).current.hash
    at.browser.also = OPTED_OUT
    choices = {**OWN, "tides/marketing": 2}
    await at.browser.consent("accept_all", edition, choices=choices)
    assert details(at.browser) == {"preferences": 2, "statistics": 2}


@pytest.mark.anyio
async def test_what_is_not_placed_is_no_purpose(shop: Callable[..., Shop]) -> None:
    """M49: a grant names what the edition in force asks; a refusal of what is gone is taken."""
    at, edition = opened(shop)
    refused = await at.browser.consent("save", edition, choices={"buoys/statistics": 2})
    assert (refused.status, refused.json["reason"]) == (422, "unknown-purpose")
    assert (await at.browser.consent("save", edition, choices={"gone/p": 0})).status == 200


@pytest.mark.anyio
async def test_forms_name_them_as_programs_do(shop: Callable[..., Shop]) -> None:
    """M45, M49: the same names in a form's fields."""
    at, edition = opened(shop)
    names = ("marketing", "preferences", "statistics", "tides%2Fstatistics")
    fields = "&".join(f"purpose.{name}=2" for name in names)
    form = f"v=2&method=save&edition={edition}&lang=en&detail=1&{fields}"
    assert (await at.browser.post_form("/askfirst/consent", form)).status == 303
    # Whatever is agreed to of a collector, the site's own detail bounds it.
    assert details(at.browser) == {**dict.fromkeys(PURPOSES, 1), NAME: 2}


@pytest.mark.anyio
async def test_collectors_that_come_and_go_do_not_fill_the_cookie(
    shop: Callable[..., Shop],
) -> None:
    """M08, M49: what was agreed to of those that are gone makes nobody be asked for ever."""
    at = shop()
    await at.browser.get("/")
    middleware: Any = at.app
    for number in range(50):
        name = f"a-collector-with-a-name-of-forty-chars{number:02}"
        editions = place(at.collector, at.policy, changed(TIDES, collector=name))
        middleware._gate.learn(Known(editions, (KEY,)))
        edition = editions.current.hash
        given = {f"{name}/statistics": 2} if number else {**OWN, f"{name}/statistics": 2}
        assert (await at.browser.consent("save", edition, choices=given)).status == 200
        assert details(at.browser).items() >= {**OWN, **given}.items()
