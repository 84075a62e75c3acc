"""The token of a signed-in user: what the gate makes of an id, and when it leaves."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from askfirst import ConsentMiddleware, identify
from askfirst.contracts.events import read_batch
from askfirst.contracts.names import USER
from askfirst.errors import Refused
from askfirst.gate.user_token import user_tokens
from askfirst.gate.visit import Visit
from tests.unit.gate.browser import Browser, until
from tests.unit.gate.test_page_views import Build, seen

KEYS = (b"a" * 32, b"b" * 32)


def test_a_token_is_of_one_key_site_and_user() -> None:
    """M18: the id cannot be read from it, nor tried out without the key; the newest key is last."""
    first, newest = user_tokens(KEYS, "shop", "mira@shop.example")
    assert first != newest
    assert USER.fullmatch(newest)
    assert newest == user_tokens(KEYS[1:], "shop", "mira@shop.example")[0]
    others = [("shop", "mira@shop.exampl"), ("shopm", "ira@shop.example"), ("club", "mira")]
    tokens = {user_tokens(KEYS, site, id)[-1] for site, id in others}
    assert newest not in tokens
    assert len(tokens) == 3


def test_an_id_is_text_a_number_or_a_uuid() -> None:
    """A number and its text are one user, as a database and a session may have them."""
    assert user_tokens(KEYS, "shop", 7) == user_tokens(KEYS, "shop", "7")
    id = UUID(int=7)
    assert user_tokens(KEYS, "shop", id) == user_tokens(KEYS, "shop", str(id))
    assert user_tokens(KEYS, "shop", "\ud800")
    assert user_tokens(KEYS, "shop", None) == user_tokens(KEYS, "shop", "") == ()
    for wrong in (True, 1.5, object(), b"mira", ["mira"]):
        with pytest.raises(TypeError, match="text, a number or a UUID"):
            user_tokens(KEYS, "shop", wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="1000"):
        user_tokens(KEYS, "shop", "x" * 1001)


def test_a_page_cannot_say_who_is_signed_in() -> None:
    """M46: only what comes under the site's key may."""
    body = {"v": 1, "batch": "A" * 22, "events": [{"purpose": "statistics", "type": "page_view"}]}
    token = user_tokens(KEYS, "shop", "mira")[0]
    assert read_batch({**body, "user": token}, relay=True).user == token
    with pytest.raises(Refused, match="wrong-key"):
        read_batch({**body, "user": token})
    for wrong in ("mira", "user:", token.upper(), f"{token}0", 7, ["x"]):
        with pytest.raises(Refused, match="bad-shape"):
            read_batch({**body, "user": wrong}, relay=True)


@pytest.mark.anyio
async def test_what_the_server_tells_is_linked_from_then_on(shop: Build) -> None:
    """The page view of a request, and actions told with another id; the id itself goes nowhere."""
    site = shop(server_side=True)
    await site.browser.consent("accept_all", site.policy.hash)
    visits: list[Visit] = []
    page = site.page

    async def account(scope: Any, receive: Any, send: Any) -> None:
        identify(scope, "mira@shop.example")
        visits.append(scope["askfirst"])
        await page(scope, receive, send)

    browser = Browser(ConsentMiddleware(account, policy=site.policy, collector=site.collector))
    browser.jar.update(site.browser.jar)
    told: list[object] = []
    await browser.get("/account")
    await until(lambda: bool(site.collector.submitted))
    visit = visits[0]
    visit.tell = lambda name, properties, user_id: told.append(user_id)
    visit.track("order")
    visit.track("order", user_id="other@shop.example")
    assert told == ["mira@shop.example", "other@shop.example"]
    keys = await site.collector.keys("shop")
    caller = site.collector.submitted[0][0]
    assert (caller.user,) == user_tokens(keys, site.policy.site, "mira@shop.example")[-1:]
    assert "mira" not in repr(site.collector.submitted)


@pytest.mark.anyio
async def test_nobody_is_signed_in_by_itself(shop: Build) -> None:
    """Without `identify` there is no token."""
    site = shop(server_side=True)
    await site.browser.consent("accept_all", site.policy.hash)
    await seen(site, "/account")
    assert {caller.user for caller, _, _, _ in site.collector.submitted} == {""}


def test_without_the_middleware_it_says_so() -> None:
    """As `track` does."""
    with pytest.raises(LookupError, match="ConsentMiddleware"):
        identify({}, "mira")
