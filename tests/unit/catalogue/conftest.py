"""A collector on a real file, and its first member."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from askfirst.errors import Refused
from askfirst_collector.members.permissions import Member
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.services import Services
from askfirst_collector.usecases.invitations import accept_invitation, invite_member
from askfirst_collector.usecases.links import create_set_up_link, set_up_admin
from tests.support.collectors import Clock, opened

PASSWORD = "four quiet herons wade"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def parts(tmp_path: Path, clock: Clock) -> Iterator[Services]:
    with opened(tmp_path, clock) as found:
        yield found


@pytest.fixture
def ada(parts: Services) -> Member:
    made = set_up_admin(parts, create_set_up_link(parts, ON_THE_MACHINE), "ada", PASSWORD)
    assert made is not None
    return made


def join(parts: Services, actor: Member, name: str, role: str, *sites: str) -> Member:
    """A member by invitation, as each but the first comes in."""
    _, token = invite_member(parts, actor, role, sites)
    made = accept_invitation(parts, token, name, PASSWORD)
    assert made is not None
    return made


def refusal(call: Any, *arguments: Any, **named: Any) -> str:
    with pytest.raises(Refused) as raised:
        call(*arguments, **named)
    return raised.value.reason
