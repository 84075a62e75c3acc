"""Whose a placed collector is when its owner goes: nobody's who only has the name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from askfirst_collector.catalogue.webhook_queue import set_webhook, webhook_url
from askfirst_collector.ledger.changes import changes
from askfirst_collector.members.permissions import may
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.services import Services
from askfirst_collector.store.database import writing
from askfirst_collector.usecases.invitations import accept_invitation, invite_member
from askfirst_collector.usecases.links import create_set_up_link, set_up_admin
from askfirst_collector.usecases.members import remove_member
from tests.support.collectors import opened, policy
from tests.support.placing import place, tides

PASSWORD = "four quiet herons wade"
SITE = policy("standard")


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Services]:
    with opened(tmp_path) as found:
        found.registry.publish(SITE)
        yield found


def test_who_takes_the_name_of_a_former_owner_gets_nothing_with_it(parts: Services) -> None:
    """Whoever is invited chooses a name, and its figures are its owner's alone."""

    def join(name: str, site: str) -> None:
        _, token = invite_member(parts, ON_THE_MACHINE, "site-owner", {site})
        assert accept_invitation(parts, token, name, PASSWORD) is not None

    join("ann", "shop")
    place(parts, tides(SITE))
    with writing(parts.engine) as connection:
        told = "https://ann.example/told"
        set_webhook(connection, "shop", "tides", told, urandom=os.urandom)
    remove_member(parts, ON_THE_MACHINE, "ann")
    join("ann", "elsewhere")
    again, found = parts.members.get("ann"), parts.placed_collectors.get("shop", "tides")
    assert again is not None
    assert found is not None
    for action in ("collector.change", "collector.figures", "collector.read"):
        assert not may(again, action, "shop", owner=found.owner)
    with parts.engine.connect() as connection:
        assert webhook_url(connection, "shop", "tides") is None
    # It goes on under its own terms, and the record says to whom it went.
    assert (found.state, found.owner) == ("active", ON_THE_MACHINE.name)
    [told_of] = [each for each in changes(parts.engine, 10) if each.target == "tides"][:1]
    assert (told_of.site, told_of.before, told_of.after) == (
        "shop",
        {"owner": "ann"},
        {"owner": ON_THE_MACHINE.name},
    )


def test_an_admin_who_leaves_keeps_nothing_under_the_name(parts: Services) -> None:
    """An admin who removes themselves leaves no figures to whoever takes the name."""
    for name in ("ann", "bea"):
        set_up_admin(parts, create_set_up_link(parts, ON_THE_MACHINE), name, PASSWORD)
    place(parts, tides(SITE))
    ann = parts.members.get("ann")
    assert ann is not None
    remove_member(parts, ann, "ann")
    found = parts.placed_collectors.get("shop", "tides")
    assert found is not None
    assert found.owner == ON_THE_MACHINE.name
