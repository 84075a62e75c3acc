"""A collector on a real file, and its first member."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from askfirst.errors import Refused
from askfirst_collector.members.members import Members
from askfirst_collector.members.permissions import Member
from askfirst_collector.services import Services
from tests.collectors import Clock, opened

PASSWORD = "four quiet herons wade"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def parts(tmp_path: Path, clock: Clock) -> Iterator[Services]:
    with opened(tmp_path, clock) as found:
        yield found


@pytest.fixture
def members(parts: Services, clock: Clock) -> Members:
    return Members(parts.engine, now=clock, urandom=os.urandom)


@pytest.fixture
def ada(members: Members) -> Member:
    made = members.set_up(members.new_link(), "ada", PASSWORD)
    assert made is not None
    return made


def join(members: Members, actor: Member, name: str, role: str, *sites: str) -> Member:
    """A member by invitation, as each but the first comes in."""
    _, token = members.invitations.invite(actor, role, sites)
    made = members.invitations.accept(token, name, PASSWORD)
    assert made is not None
    return made


def refusal(call: Any, *arguments: Any, **named: Any) -> str:
    with pytest.raises(Refused) as raised:
        call(*arguments, **named)
    return raised.value.reason
