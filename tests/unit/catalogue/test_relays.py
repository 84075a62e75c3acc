"""Site keys: rotated with an overlap, ended by hand, and never more than a few."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from askfirst.errors import Refused
from askfirst_collector.catalogue.relay_keys import (
    MOST,
    OVERLAP,
    draw_site_key,
    end_site_key,
    site_keys,
)
from askfirst_collector.services import Services
from askfirst_collector.store.database import writing
from tests.support.collectors import Clock, opened
from tests.support.site_keys import new_site_key


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def parts(tmp_path: Path, clock: Clock) -> Iterator[Services]:
    with opened(tmp_path, clock) as found:
        yield found


def draw(parts: Services, site: str = "shop") -> str:
    with writing(parts.engine) as connection:
        return draw_site_key(connection, site, now=parts.now(), urandom=parts.urandom)


def test_keys_rotate_the_old_ones_valid_for_a_stated_time(parts: Services, clock: Clock) -> None:
    """Newest last, old ones valid for a stated time."""
    first = draw(parts)
    clock.now += 100
    second = draw(parts)
    with parts.engine.connect() as connection:
        old, new = site_keys(connection, "shop", now=clock.now)
    assert (old.expires, new.expires) == (int(clock.now) + OVERLAP, None)
    clock.now += OVERLAP - 1
    assert parts.registry.site_of_key(first) == "shop"
    clock.now += 1
    assert parts.registry.site_of_key(first) is None
    assert parts.registry.site_of_key(second) == "shop"
    with parts.engine.connect() as connection:
        assert site_keys(connection, "shop", now=clock.now) == (new,)


def test_drawing_again_makes_no_key_live_longer(parts: Services, clock: Clock) -> None:
    """A key that is to end ends then, however often another is drawn meanwhile."""
    first = draw(parts)
    draw(parts)
    clock.now += OVERLAP - 10
    draw(parts)
    clock.now += 10
    assert parts.registry.site_of_key(first) is None


def test_a_key_ends_by_hand_under_its_own_site_alone(parts: Services) -> None:
    """A key used after its end is refused; another site's is not ended by its id."""
    key, other = draw(parts), draw(parts, "club")
    with writing(parts.engine) as connection:
        (mine,) = site_keys(connection, "shop", now=parts.now())
        (theirs,) = site_keys(connection, "club", now=parts.now())
        assert not end_site_key(connection, "shop", theirs.id)
        assert end_site_key(connection, "shop", mine.id)
        assert not end_site_key(connection, "shop", mine.id)
    assert parts.registry.site_of_key(key) is None
    assert parts.registry.site_of_key(other) == "club"


def test_keys_from_before_they_could_end_are_listed_and_go_on(parts: Services) -> None:
    key = new_site_key(parts.engine, "shop", urandom=parts.urandom)
    with parts.engine.connect() as connection:
        (found,) = site_keys(connection, "shop", now=parts.now())
    assert (found.made, found.expires) == (None, None)
    assert parts.registry.site_of_key(key) == "shop"
    assert found.id not in key


def test_a_site_has_a_few_keys_at_a_time(parts: Services) -> None:
    for _ in range(MOST):
        draw(parts)
    with pytest.raises(Refused, match="too-many-requests"):
        draw(parts)
