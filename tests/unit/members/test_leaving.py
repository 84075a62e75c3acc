"""A host admin who goes, or is one no more, has left no way back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from askfirst_collector.ledger.changes import changes
from askfirst_collector.members.permissions import Member
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.services import Services
from askfirst_collector.usecases.invitations import accept_invitation, invite_member
from askfirst_collector.usecases.links import create_set_up_link, set_up_admin
from askfirst_collector.usecases.members import change_member, remove_member
from tests.support.collectors import opened

PASSWORD = "four quiet herons wade"


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Services]:
    with opened(tmp_path) as found:
        yield found


def admin(parts: Services, name: str) -> Member:
    made = set_up_admin(parts, create_set_up_link(parts, ON_THE_MACHINE), name, PASSWORD)
    assert made is not None
    return made


@pytest.mark.parametrize("removed", [True, False])
def test_the_invitations_they_made_end_with_their_role(parts: Services, removed: bool) -> None:
    """Whoever invited themselves beforehand does not come back by it; others' links go on."""
    ada, mal = admin(parts, "ada"), admin(parts, "mal")
    own, back = invite_member(parts, mal, "host-admin", ())
    _, also = invite_member(parts, mal, "site-owner", {"shop"})
    other, kept = invite_member(parts, ada, "reader", {"shop"})
    if removed:
        remove_member(parts, ada, "mal")
    else:
        change_member(parts, ada, "mal", "reader", {"shop"})
    assert [each.id for each in parts.members.invitations.open()] == [other.id]
    for token in (back, also):
        assert accept_invitation(parts, token, "mallory", PASSWORD) is None
    assert accept_invitation(parts, kept, "rob", PASSWORD) is not None
    ended = {each.target for each in changes(parts.engine, 20) if each.action == "invitation.end"}
    assert own.id in ended


def test_another_role_of_somebody_else_ends_none(parts: Services) -> None:
    """Only a host admin ever invites."""
    ada = admin(parts, "ada")
    _, token = invite_member(parts, ada, "site-owner", {"shop"})
    assert accept_invitation(parts, token, "olive", PASSWORD) is not None
    invite_member(parts, ada, "reader", {"shop"})
    change_member(parts, ada, "olive", "reader", {"shop"})
    assert len(parts.members.invitations.open()) == 1
