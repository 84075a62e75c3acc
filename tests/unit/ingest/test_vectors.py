"""Each case of the vectors at the collector: behind a gate, and under the key of a site."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.site_keys import new_site_key
from tests.unit.contracts.vectors import differs, vectors

from .world import World

# What only a page may not say, or not of itself: the answer under a key.
UNDER_KEY: dict[str, str | None] = {
    "what only a relay observes": None,
    "a secret from a page": "wrong-key",
    "another site's name": "wrong-key",
}
OF_A_PAGE = "a handle from a page"  # under a key that is how it is


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with closing(World(tmp_path / "data")) as opened:
        yield opened


def test_the_collector_behind_a_gate_answers_as_the_vectors_say(world: World) -> None:
    """Status, reason, what is stored and why the rest is not: as everywhere."""
    handle = world.grant(statistics=1)
    for vector in vectors("events"):
        answer = world.post(vector.data, handle=handle)
        assert differs(vector, answer.status, answer.body) is None
    assert len(world.rows()) == sum(vector.stored for vector in vectors("events"))


def test_without_a_grant_only_the_whole_body_is_looked_at(world: World) -> None:
    """M43: refused for the same reasons; every event of every other body is `no-grant`."""
    for vector in vectors("events"):
        answer = world.post(vector.data, handle=None)
        assert answer.status == vector.status, vector.name
        if vector.reason is not None:
            assert answer.body["reason"] == vector.reason, vector.name
        else:
            assert set(answer.reasons) == {"no-grant"}, vector.name
            assert answer.body["stored"] == 0


def test_a_relay_is_answered_as_the_vectors_say(world: World) -> None:
    """Under the key of its site it says what it observed, and names site and handle itself."""
    handle = world.grant(statistics=1)
    key = new_site_key(world.parts.engine, "example", urandom=lambda n: bytes(n))
    bearer = [(b"authorization", f"Bearer {key}".encode())]
    for vector in vectors("events"):
        if vector.name == OF_A_PAGE:
            continue
        answer = world.send(vector.with_more(site="example", handle=handle), bearer)
        if vector.name not in UNDER_KEY:
            assert differs(vector, answer.status, answer.body) is None
        elif UNDER_KEY[vector.name] is None:
            assert answer.body == {"stored": 1, "dropped": []}, vector.name
        else:
            assert answer.body["reason"] == UNDER_KEY[vector.name]


@pytest.mark.parametrize(
    "otherwise",
    [{"status": 500}, {"stored": 7}, {"dropped": [(0, "no-grant")]}, {"reason": "bad-shape"}],
)
def test_an_answer_that_is_not_the_vectors_is_seen(world: World, otherwise: dict[str, Any]) -> None:
    """A test of what every face is compared by, with a real answer: each part of it counts."""
    vector = next(case for case in vectors("events") if case.reason is None and not case.dropped)
    answer = world.post(vector.data, handle=world.grant(statistics=1))
    assert differs(vector, answer.status, answer.body) is None
    assert differs(replace(vector, **otherwise), answer.status, answer.body) is not None
