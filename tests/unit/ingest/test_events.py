"""Events come in: who may be stored is judged first, and nothing beyond the terms is written."""

from __future__ import annotations

import json
import logging
import re
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from askfirst.terms.edition import Choice, bounded_terms
from askfirst.terms.policy import read_policy
from tests.unit.ingest.world import MARKETING

from .world import VISIT, World, site_policy

# What is stored


def test_a_row_holds_what_was_agreed_to_at_its_level(world: World) -> None:
    """M25, M26: every value of the row, none finer than the terms, and the time of arrival."""
    handle = world.grant()
    event = {
        **VISIT,
        "page": "/coffee/beans?ref=x#frag",
        "referrer": "https://www.search.example.co.uk",
        "screen": [1366, 768],
        "cookies": {"enabled": True, "names": ["_ga"]},
    }
    answer = world.post(
        world.body(event), handle=handle, headers=[(b"accept-language", b"en-GB,en;q=0.9")]
    )
    assert (answer.status, answer.body) == (202, {"stored": 1, "dropped": []})
    (row,) = world.rows()
    assert dict(row.values) == {
        "time": ("2026-11-22", "14", "05"),
        "page": ("/coffee", "/coffee/beans", "none"),
        "referrer": ("other", "example.co.uk"),
        "campaign": ("x", "none", "none"),
        "browser": ("Firefox", "140"),
        "os": ("Linux", "unknown"),
        "screen": ("desktop", "1300x700"),
        "ip": ("unknown",),
        "language": ("en",),
        "cookies": ("enabled",),
    }
    assert (row.site, row.collector, row.purpose, row.type) == (
        "example",
        "",
        "statistics",
        "page_view",
    )
    assert (row.closes, row.period, row.min_cell_size) == ("day", "2026-11-22", 5)
    assert (row.retention_days, row.keep_rows_days) == (365, 30)
    assert row.pseudonym is not None
    assert len(row.pseudonym) == 32


def test_less_detail_has_first_levels_and_a_pseudonym_of_its_period(tmp_path: Path) -> None:
    """M27: with detail 1 a visitor who would be known while the grant lasts is, for a period."""
    with closing(World(tmp_path / "data", site_policy("full"))) as world:
        handle = world.grant(statistics=1)
        world.post(world.body(VISIT, VISIT), handle=handle)
        world.now += 86_400
        world.post(world.body(VISIT), handle=handle)
        rows = world.rows()
        assert {len(value) for row in rows for value in row.values.values()} == {1}
        assert len({row.pseudonym for row in rows}) == len({row.period for row in rows}) == 2


def test_a_pseudonym_lives_with_its_period_or_with_its_grant(tmp_path: Path) -> None:
    """M27: level 1 changes with the day, level 2 stays with the receipt; purposes never share."""
    for name, changes in (("standard", True), ("full", False)):
        with closing(World(tmp_path / name, site_policy(name))) as world:
            handle = world.grant(statistics=2, marketing=2)
            world.post(world.body(VISIT, VISIT, MARKETING), handle=handle)
            world.now += 86_400
            world.post(world.body(VISIT), handle=handle)
            seen = {(row.purpose, row.period): row.pseudonym for row in world.rows()}
            assert len(world.rows()) == 4
            assert len(set(seen.values())) == (3 if changes else 2)
            assert seen["marketing", "2026-11-22"] != seen["statistics", "2026-11-22"]


def test_rows_of_a_receipt_are_kept_no_longer_than_its_grant(world: World) -> None:
    """With `visitor: receipt` the days that rows are kept end with the grant."""
    handle = world.grant()
    standing = world.parts.ledger.consent_status("example", handle)
    assert standing is not None
    world.now = standing.expires - 10 * 86_400
    world.post(world.body(), handle=handle)
    (row,) = world.rows()
    assert row.keep_rows_days == 9


def test_an_action_is_stored_by_its_listed_name(tmp_path: Path) -> None:
    """Names and values that are not listed never come in."""
    document = site_policy().document
    purposes = json.loads(json.dumps(document["purposes"]))
    purposes["statistics"]["actions"] = {"order": {"size": ["s", "m"]}}
    with closing(
        World(tmp_path / "data", read_policy({**document, "purposes": purposes}))
    ) as world:
        handle = world.grant()
        for name, size in (("order", "m"), ("order", "id-of-alice"), ("id-of-alice", "m")):
            action = {"name": name, "properties": {"size": size}}
            world.post(world.body({**VISIT, "type": "action", "action": action}), handle=handle)
        assert sorted(row.values["action"] for row in world.rows()) == [
            ("order", "size=m"),
            ("order", "size=other"),
            ("other", "none"),
        ]


EVENTS = st.fixed_dictionaries(
    {
        "purpose": st.sampled_from(["statistics", "marketing", "preferences", "nothing"]),
        "type": st.sampled_from(["page_view", "action"]),
    },
    optional={
        "page": st.text(max_size=60).map(lambda text: f"/{text}"),
        "referrer": st.none() | st.text(max_size=60),
        "screen": st.sampled_from(["phone", [390, 844], [2560, 1440], [0, 0]]),
        "cookies": st.fixed_dictionaries({"enabled": st.booleans(), "names": st.just(["_ga"])}),
        "action": st.fixed_dictionaries({"name": st.text(max_size=9)}),
    },
)


@pytest.mark.parametrize("name", ["minimal", "standard", "full"])
def test_no_row_is_finer_than_its_terms(tmp_path: Path, name: str) -> None:
    """M25: whatever is sent, a row has only attributes and levels of its effective terms."""
    with closing(World(tmp_path / "data", site_policy(name))) as world:
        site = world.parts.registry.site("example")
        assert site is not None
        handles = {detail: world.grant(statistics=detail, marketing=detail) for detail in (1, 2)}

        @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
        @given(st.lists(EVENTS, min_size=1, max_size=8), st.sampled_from([1, 2]), st.text())
        def holds(events: list[dict[str, object]], detail: int, language: str) -> None:
            before = len(world.rows())
            headers = [(b"accept-language", language.encode("utf-8", "replace"))]
            answer = world.post(world.body(*events), handle=handles[detail], headers=headers)
            assert answer.status in (202, 422)
            if answer.status == 422:  # a lone surrogate or NUL
                return
            rows = world.rows()
            assert len(rows) == before + answer.body["stored"]
            for row in rows:
                best = bounded_terms(site.editions, row.purpose, Choice(2, 1), site.host).scope
                assert row.values.keys() <= best.as_dict().keys() - {"visitor", "user_id"}
                assert all(len(row.values[each]) <= best.level(each) for each in row.values)
            world.parts.events.drop(rows[0].key) if rows else None

        holds()


def test_canaries_reach_no_file_and_no_log(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """M25: agent, address, e-mail, query, fragment, cookie, action, batch: none is in the files."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.WARNING, "asyncio")  # the loop of the test itself
    handle = world.grant(statistics=2, marketing=2)
    event = {
        "page": "/users/canary1@example.org/2f1de3a4b5c6d7e8?canary3=canary4#canary5",
        "referrer": "https://canary6:canary7@news.example/canary8?canary9=1#canary10",
        "screen": "phone",
        "cookies": {"enabled": True, "names": ["canary11"], "canary12": 1},
        "action": {"name": "canary13", "properties": {"canary14": "canary15"}},
    }
    headers = [
        (b"accept-language", b"en-canary16"),
        (b"referer", b"https://example.org/canary17"),
        (b"x-forwarded-for", b"198.51.100.99"),
        (b"cookie", b"canary18=canary19"),
        (b"x-canary20", b"canary21"),
    ]
    bodies = [
        world.body(
            {**event, "purpose": purpose, "type": kind}, batch=f"canary22{purpose[:1]}{kind:_<13}"
        )
        for purpose in ("statistics", "marketing")
        for kind in ("page_view", "action")
    ]
    bodies += [
        world.body({**VISIT, "purpose": "canary23"}, batch="canary24-canary24-cana"),
        world.body({**VISIT, "canary25": "canary26"}),
        world.body({**VISIT, "screen": "canary27"}),
        world.body({**VISIT, "observed": {"ip": ["canary28"]}}),
        world.body(vouch="canary29"),
        world.body(collector="canary30"),
        world.body(canary31=1),
        b'{"canary32',
    ]
    agent = "Mozilla/5.0 (X11; Linux x86_64; canary33) Gecko/20100101 Firefox/140.0.canary34"
    for body in bodies:
        assert world.post(body, handle=handle, headers=headers, agent=agent).status in (
            202,
            400,
            422,
        )
    assert len(world.rows()) >= 3
    whole = b"".join(world.files().values()) + caplog.text.encode()
    assert re.findall(rb"[^\0]{0,9}canary[\w-]*", whole) == []
    assert b"2f1de3a4b5c6d7e8" not in whole
    for address in (b"203.0.113", b"198.51.100", bytes([203, 0, 113, 7]), bytes([203, 0, 113])):
        assert address not in whole
    events = b"".join(held for name, held in world.files().items() if "events" in name)
    assert handle.encode() not in events
    assert bytes.fromhex(handle) not in events


def test_pages_are_named_by_the_routes_of_the_site(world: World) -> None:
    """M26: those of the policy that is current; another one asks nobody again."""
    handle = world.grant()
    world.parts.registry.publish(site_policy(routes=["/coffee/:kind"]))
    assert world.post(world.body(), handle=handle).body["stored"] == 1
    (row,) = world.rows()
    assert row.values["page"][:2] == ("/coffee", "/coffee/:kind")
