"""A host admin who goes, or is one no more, has left no way back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from askfirst_collector.ledger.changes import changes
from askfirst_collector.members.members import Members
from askfirst_collector.members.permissions import Member
from askfirst_collector.services import Services
from tests.collectors import Clock, opened

PASSWORD = "four quiet herons wade"


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Services]:
    with opened(tmp_path) as found:
        yield found


@pytest.fixture
def members(parts: Services) -> Members:
    return Members(parts.engine, now=Clock(), urandom=os.urandom)


def admin(members: Members, name: str) -> Member:
    made = members.set_up(members.new_link(), name, PASSWORD)
    assert made is not None
    return made


@pytest.mark.parametrize("removed", [True, False])
def test_the_invitations_they_made_end_with_their_role(
    parts: Services, members: Members, removed: bool
) -> None:
    """Whoever invited themselves beforehand does not come back by it; others' links go on."""
    ada, mal = admin(members, "ada"), admin(members, "mal")
    own, back = members.invitations.invite(mal, "host-admin", ())
    _, also = members.invitations.invite(mal, "site-owner", {"shop"})
    other, kept = members.invitations.invite(ada, "reader", {"shop"})
    if removed:
        members.remove(ada, "mal")
    else:
        members.change(ada, "mal", "reader", {"shop"})
    assert [each.id for each in members.invitations.open()] == [other.id]
    for token in (back, also):
        assert members.invitations.accept(token, "mallory", PASSWORD) is None
    assert members.invitations.accept(kept, "rob", PASSWORD) is not None
    ended = {each.target for each in changes(parts.engine, 20) if each.action == "invitation.end"}
    assert own.id in ended


def test_another_role_of_somebody_else_ends_none(members: Members) -> None:
    """Only a host admin ever invites."""
    ada = admin(members, "ada")
    _, token = members.invitations.invite(ada, "site-owner", {"shop"})
    assert members.invitations.accept(token, "olive", PASSWORD) is not None
    members.invitations.invite(ada, "reader", {"shop"})
    members.change(ada, "olive", "reader", {"shop"})
    assert len(members.invitations.open()) == 1
