"""A placed collector that goes to more pages than its visitors were told of (M16, M49)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from askfirst.client import Caller
from askfirst.terms.consent import Consent
from askfirst.terms.token import State
from tests.support.placing import place, save, tides
from tests.support.site_keys import new_site_key
from tests.unit.ingest.world import ORIGIN, SAME_ORIGIN, Header, World, site_policy

PURPOSE = "tides/statistics"
VISIT: dict[str, object] = {"purpose": PURPOSE, "type": "page_view"}
JSON = (b"content-type", b"application/json")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with closing(World(tmp_path / "data")) as opened:
        yield opened


def sent(
    world: World, handle: str, key: str, page: str, headers: Iterable[Header] = SAME_ORIGIN
) -> list[str]:
    """Send a visit by a gate that vouches for every page; why it was dropped, empty: stored."""
    caller = Caller("example", handle, False, False, None, lambda *_: True)
    body = world.body({**VISIT, "page": page}, collector=key)
    return world.send(body, [*headers, JSON], {"askfirst.caller": caller}).reasons


def relayed(world: World, handle: str, key: str, pattern: str) -> list[str]:
    """The same by a relay, which tells the pattern of the page."""
    token = new_site_key(world.parts.engine, "example", urandom=world.parts.urandom)
    told = {**VISIT, "page": pattern, "observed": {}}
    body = world.body(told, collector=key, site="example", handle=handle)
    return world.send(body, [(b"authorization", b"Bearer " + token.encode()), JSON]).reasons


def more(world: World, **changes: Any) -> str:
    """Its owner saves it with other pages; its write key."""
    wider = tides(world.policy, **changes)
    return save(world.parts, wider, owner="ann", actor="ann").collector.write_key


def test_an_older_grant_goes_on_where_it_was_agreed_to_alone(world: World) -> None:
    """M16: what an edition adds is gathered from nobody who has not agreed to it since."""
    place(world.parts, tides(world.policy))
    old = world.grant(None, **{PURPOSE: 2})
    key = more(world, pages=["/tides/**", "/health/**"])
    assert sent(world, old, key, "/tides/dublin") == []
    assert sent(world, old, key, "/health/test") == ["no-grant"]
    new = world.grant(None, **{PURPOSE: 2})
    assert sent(world, new, key, "/health/test") == []


def test_nor_by_a_relay(world: World) -> None:
    """M49: matched again at the collector, by the pattern that the relay matched."""
    place(world.parts, tides(world.policy, pages=["/tides/*"]))
    old = world.grant(None, **{PURPOSE: 2})
    key = more(world, pages=["/tides/**", "/health/*"])
    assert relayed(world, old, key, "/tides/*") == []
    for wider in ("/tides/**", "/health/*"):
        assert relayed(world, old, key, wider) == ["no-grant"]


def test_nor_on_another_origin(tmp_path: Path) -> None:
    """M16: one that stood on an origin of the site, and stands on all now."""
    origins = ["https://one.example", "https://two.example"]
    with closing(World(tmp_path / "two", policy=site_policy(origins=origins))) as world:
        place(world.parts, tides(world.policy, origins=origins[:1]))
        old = world.grant(None, **{PURPOSE: 2})
        key = more(world, origins=[])
        for origin, reasons in zip(origins, ([], ["no-grant"]), strict=True):
            at = [(b"origin", origin.encode())]
            assert sent(world, old, key, "/tides/dublin", at) == reasons


def asked(world: World, since: int, path: str) -> list[tuple[str, object]] | None:
    """What the collector asks on a page of who agreed to it in an edition; None for nothing."""
    site = world.parts.registry.site("example")
    assert site is not None
    choices = dict.fromkeys(("statistics", PURPOSE), 2)
    consent = Consent("example", State("example", since, choices, 2**33), site.editions)
    found = [each for each in consent.asks_on(path) if each.purpose == PURPOSE]
    return [(each.dimension, each.new) for each in found[0].widened] if found else None


def test_its_visitors_are_asked_again_about_the_pages(world: World) -> None:
    """M16, M49: about those that are new; whoever only leaves some asks nothing."""
    place(world.parts, tides(world.policy))
    site = world.parts.registry.site("example")
    assert site is not None
    since = site.editions.current.number
    more(world, pages=["/tides/today", "/tides/d*/**", "/health/**"])
    assert asked(world, since, "/health/x") == [("/pages", "/health/**")]
    more(world, pages=["/tides/today", "/tides/d*/**"])
    assert asked(world, since, "/tides/today") is None
    more(world, origins=[ORIGIN])
    assert asked(world, since, "/tides/today") is None
