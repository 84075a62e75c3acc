"""Events of placed collectors: whose they are, on which pages, how precise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from askfirst.client import Caller
from askfirst_collector.catalogue.placed import PlacedCollector
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.usecases import visitor_rights as rights
from askfirst_collector.usecases.sites import retire_site
from tests.support.placing import place, save, state, tides
from tests.support.site_keys import new_site_key
from tests.unit.ingest.world import (
    AGENT,
    ORIGIN,
    SAME_ORIGIN,
    SECRET,
    SECRET_HANDLE,
    Answered,
    World,
    site_policy,
)

PURPOSE = "tides/statistics"
PAGE = "/tides/dublin?spring=1"
PATH = "/tides/dublin"
WORD = "w" * 43
VISIT: dict[str, object] = {"purpose": PURPOSE, "type": "page_view", "page": PAGE}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with closing(World(tmp_path / "data")) as opened:
        yield opened


@pytest.fixture
def placed(world: World) -> PlacedCollector:
    return place(world.parts, tides(world.policy))


def gated(world: World, handle: str | None, body: bytes, *headers: tuple[bytes, bytes]) -> Answered:
    """A batch from a page behind a gate that vouches for `PATH` alone, by `WORD`."""

    def accepts_page_token(collector: str, path: str, word: str) -> bool:
        return (collector, path, word) == ("tides", PATH, WORD)

    caller = Caller("example", handle, False, False, None, accepts_page_token)
    told = [*SAME_ORIGIN, (b"user-agent", AGENT.encode()), *headers]
    return world.send(body, told, {"askfirst.caller": caller})


def send(world: World, handle: str | None, key: str, *events: Any, **more: Any) -> Answered:
    body = world.body(*(events or [VISIT]), **{"collector": key, "vouch": WORD, **more})
    return gated(world, handle, body)


def agreed(world: World, **choices: int) -> str:
    """A visitor who agreed to the collector, or to these details as well."""
    return granted(world, {PURPOSE: 2, **choices})


def granted(world: World, choices: dict[str, int]) -> str:
    """A visitor who chose these details."""
    return world.grant(None, **choices)


def test_an_event_is_its_collectors_own_and_cut_to_its_terms(
    world: World, placed: PlacedCollector
) -> None:
    """Events of a placed collector are gathered under host ∧ site ∧ placed ∧ agreed."""
    told = {**VISIT, "screen": [1366, 768], "referrer": "https://a.example"}
    answer = send(world, agreed(world), placed.write_key, told)
    assert answer.body == {"stored": 1, "dropped": []}
    [row] = world.rows()
    assert (row.collector, row.purpose) == ("tides", "statistics")
    assert row.values == {
        "page": ("/tides", "/tides/dublin"),
        "time": ("2026-11-22", "14"),
        "browser": ("Firefox",),
    }
    assert row.retention_days == 30


def test_two_collectors_and_the_site_share_no_pseudonym(
    world: World, placed: PlacedCollector
) -> None:
    """M27: one visitor, one page, three gatherers: no value that is the visitor's alone."""
    other = place(world.parts, tides(world.policy, collector="winds"))
    handle = agreed(world, **{"statistics": 2, "winds/statistics": 2})
    own = {**VISIT, "purpose": "statistics"}
    assert world.post(world.body(own), handle=handle).body["stored"] == 1
    assert send(world, handle, placed.write_key).body["stored"] == 1

    def winds(collector: str, path: str, word: str) -> bool:
        return collector == "winds"

    caller = Caller("example", handle, False, False, None, winds)
    body = world.body({**VISIT, "purpose": "winds/statistics"}, collector=other.write_key)
    scope = {"askfirst.caller": caller}
    assert world.send(body, SAME_ORIGIN, scope).body["stored"] == 1
    rows = world.rows()
    assert {row.collector for row in rows} == {"", "tides", "winds"}
    assert len({row.pseudonym for row in rows}) == 3


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"key": "placed_nobody"}, "unknown-collector"),
        ({"key": "other site"}, "unknown-collector"),
        ({"vouch": "x" * 43}, "wrong-page"),
        ({"vouch": ""}, "wrong-page"),
        ({"page": "/tides/cork"}, "wrong-page"),
        ({"page": "/about"}, "wrong-page"),
        ({"page": "/tides/../tides/dublin"}, "wrong-page"),
        ({"page": "https://example.org/tides/dublin"}, "wrong-page"),
        ({"page": None}, "wrong-page"),
        ({"page": 7}, "bad-event"),
        ({"purpose": "statistics"}, "unknown-purpose"),
        ({"purpose": "winds/statistics"}, "unknown-purpose"),
        ({"purpose": "tides/marketing"}, "unknown-purpose"),
        ({"purpose": "tides/tides/statistics"}, "unknown-purpose"),
        # The key is looked at before the page, and the page before the purpose.
        ({"key": "placed_nobody", "page": "/about", "purpose": "x"}, "unknown-collector"),
        ({"page": "/about", "purpose": "x"}, "wrong-page"),
    ],
)
def test_what_is_not_its_own_is_dropped_with_its_reason(
    world: World, placed: PlacedCollector, change: dict[str, Any], reason: str
) -> None:
    """With a wrong key, site, page or purpose an event is dropped, with its reason.

    Without a valid receipt the reason is `no-grant` whatever is wrong (M20, M43).
    """
    elsewhere = site_policy(site="other")
    world.parts.registry.publish(elsewhere)
    keys = {"other site": place(world.parts, tides(elsewhere)).write_key}
    named = change.get("key", placed.write_key)
    told = {k: v for k, v in {**VISIT, **change}.items() if k in VISIT and v is not None}
    more = {k: v for k, v in change.items() if k == "vouch"}
    handle = agreed(world, statistics=2)
    assert send(world, handle, keys.get(named, named), told, **more).reasons == [reason]
    assert world.rows() == []
    before = world.files()
    for stranger in (None, "e" * 64):
        assert send(world, stranger, keys.get(named, named), told, **more).reasons == ["no-grant"]
    assert world.files() == before


def test_a_drop_is_counted_where_the_visitor_agreed(world: World, placed: PlacedCollector) -> None:
    """Drops reach people only by closing: a wrong page's at its collector, a wrong key's at the
    site; where that purpose was not agreed to, nothing is written at all (M20)."""
    handle = agreed(world, statistics=2)
    send(world, handle, placed.write_key, {**VISIT, "page": "/about"})
    send(world, handle, "placed_nobody")
    noted = {(row.collector, row.values["action"]) for row in world.rows(drops=True)}
    assert noted == {("tides", ("wrong-page",)), ("", ("unknown-collector",))}
    before = world.files()
    other = world.grant(preferences=2)
    known = world.files()
    assert known != before
    send(world, other, placed.write_key, {**VISIT, "page": "/about"})
    send(world, other, "placed_nobody")
    assert len(world.rows(drops=True)) == 2
    assert world.files().keys() == known.keys()


def test_only_a_grant_that_names_it_lets_it_gather(world: World, placed: PlacedCollector) -> None:
    """M49: who agreed to the site's statistics has not agreed to the collector's."""
    assert send(world, world.grant(statistics=2), placed.write_key).reasons == ["no-grant"]
    refused = granted(world, {"statistics": 2, PURPOSE: 0})
    assert send(world, refused, placed.write_key).reasons == ["no-grant"]
    assert world.rows() == []


def test_its_purposes_are_not_gathered_without_its_key(
    world: World, placed: PlacedCollector
) -> None:
    """M49: a batch of the site itself may not speak for a collector."""
    assert world.post(world.body(VISIT), handle=agreed(world)).reasons == ["unknown-purpose"]


@pytest.mark.parametrize("to", ["suspended", "retired"])
def test_what_is_suspended_or_retired_gathers_nothing(
    world: World, placed: PlacedCollector, to: str
) -> None:
    """A collector in conflict, or gone, stores nothing from the next event on."""
    handle = agreed(world)
    assert send(world, handle, placed.write_key).body["stored"] == 1
    state(world.parts, placed.placed, to)
    assert send(world, handle, placed.write_key).reasons == ["unknown-collector"]


def test_a_draft_gathers_nothing(world: World) -> None:
    """Only what is active gathers; nobody can have been asked about a draft."""
    saved = save(world.parts, tides(world.policy), owner="ann", actor="ann").collector
    handle = world.grant()
    assert send(world, handle, saved.write_key).reasons == ["unknown-collector"]


def test_a_retired_site_drops_and_stores_nothing(world: World, placed: PlacedCollector) -> None:
    """A site deleted while events arrive: a typed drop, nothing widened."""
    handle = agreed(world)
    retire_site(world.parts, ON_THE_MACHINE, "example")
    answer = send(world, handle, placed.write_key)
    assert answer.status == 202
    assert answer.reasons == ["no-grant"]
    assert world.rows() == []


def test_a_collector_of_one_origin_is_not_gathered_from_another(world: World) -> None:
    """Globs on the path, of one or more of the site's origins."""
    policy = site_policy(origins=[ORIGIN, "https://www.example.org"])
    world.parts.registry.publish(policy)
    key = place(world.parts, tides(policy, origins=[ORIGIN])).write_key
    handle = agreed(world)

    def post(*headers: tuple[bytes, bytes]) -> Answered:
        return gated(world, handle, world.body(VISIT, collector=key, vouch=WORD), *headers)

    assert post((b"origin", ORIGIN.encode())).body["stored"] == 1
    assert post((b"origin", b"https://www.example.org")).reasons == ["wrong-page"]
    assert post().reasons == ["wrong-page"]


def test_a_page_without_a_server_is_matched_by_origin_and_path(world: World) -> None:
    """Script-only, Origin and raw path are matched while parsing."""
    policy = site_policy(origins=[ORIGIN, "https://www.example.org"])
    world.parts.registry.publish(policy)
    key = place(world.parts, tides(policy, origins=[ORIGIN])).write_key
    world.grant(SECRET_HANDLE, **{PURPOSE: 2})

    def post(origin: str, **change: object) -> Answered:
        body = world.body({**VISIT, **change}, site="example", secret=SECRET, collector=key)
        headers = [(b"origin", origin.encode()), (b"user-agent", AGENT.encode())]
        return world.send(body, headers)

    assert post(ORIGIN).body["stored"] == 1
    assert post(ORIGIN, page="/about").reasons == ["wrong-page"]
    assert post("https://www.example.org").reasons == ["wrong-page"]


@pytest.mark.parametrize(
    ("told", "reasons"),
    [
        ({"page": PATH}, []),
        ({"page": "/about"}, ["wrong-page"]),
        ({"observed": {"page": ["/tides", "/tides/:id", "none"]}}, []),
        ({"observed": {"page": ["/tides"]}}, ["wrong-page"]),
        ({"observed": {"page": ["/a", "/about"]}}, ["wrong-page"]),
        ({"page": "/tides/**", "observed": {"browser": ["Firefox"]}}, []),
        ({}, ["wrong-page"]),
    ],
)
def test_what_a_relay_sends_is_matched_again(
    world: World, placed: PlacedCollector, told: dict[str, Any], reasons: list[str]
) -> None:
    """Under a site's key the relay has checked the vouch; on which page, it says (M49)."""
    key = new_site_key(world.parts.engine, "example", urandom=lambda n: bytes(n))
    event = {"purpose": PURPOSE, "type": "page_view", **told}
    more = {"site": "example", "handle": agreed(world), "collector": placed.write_key}
    bearer = (b"authorization", f"Bearer {key}".encode())
    assert world.send(world.body(event, **more), [bearer]).reasons == reasons


def test_an_opt_out_signal_holds_for_what_a_collector_sells(world: World) -> None:
    """M21: under `Sec-GPC: 1` nothing is stored for a placed purpose that sells or shares."""
    recipient = {"name": "Acme", "role": "third_party", "country": "US"}
    purposes = dict(world.policy.document["purposes"])
    sold = {"recipients": [recipient], "sells_or_shares": True}
    purposes["statistics"] = {**purposes["statistics"], **sold}
    policy = site_policy(purposes=purposes)
    world.parts.registry.publish(policy)
    key = place(world.parts, tides(policy, statistics=sold)).write_key
    handle = agreed(world)
    assert send(world, handle, key, gpc=True).reasons == ["opt-out-signal"]
    assert send(world, handle, key).body["stored"] == 1


def test_a_narrowed_collector_narrows_older_grants(world: World, placed: PlacedCollector) -> None:
    """M16: what a collector asks less of is gathered less of, at once; wider, as was agreed."""
    handle = agreed(world)
    coarse = tides(world.policy, statistics={"levels": {"page": 1, "visitor": 1}})
    save(world.parts, coarse)
    assert send(world, handle, placed.write_key).body["stored"] == 1
    wide = tides(world.policy, statistics={"levels": {"page": 3, "ip": 2, "visitor": 1}})
    save(world.parts, wide)
    assert send(world, handle, placed.write_key).body["stored"] == 1
    assert {tuple(row.values) for row in world.rows()} == {("page",)}
    assert {row.values["page"] for row in world.rows()} == {
        ("/tides",),
        ("/tides", "/tides/dublin"),
    }


def test_rights_reach_the_rows_of_every_collector(world: World, placed: PlacedCollector) -> None:
    """M29: a visitor sees and erases what placed collectors hold, gone ones too."""
    handle = agreed(world, statistics=2)
    send(world, handle, placed.write_key)
    world.post(world.body({**VISIT, "purpose": "statistics"}), handle=handle)
    state(world.parts, placed.placed, "retired")
    shown = rights.me(world.parts, "example", handle)["rows"]
    assert {(row["collector"], row["purpose"]) for row in shown} == {
        ("", "statistics"),
        ("tides", "statistics"),
    }
    rights.erase(world.parts, "example", handle)
    assert world.rows() == []
