"""Tokens: shown once, kept as a hash, never wider than their member."""

from __future__ import annotations

from pathlib import Path

import pytest

from askfirst_collector.ledger.changes import changes
from askfirst_collector.members.permissions import Member
from askfirst_collector.members.tokens import PREFIX
from askfirst_collector.services import Services
from askfirst_collector.usecases.account import (
    DAY,
    LARGEST_COUNT,
    LONGEST_DAYS,
    create_token,
    end_token,
)
from askfirst_collector.usecases.invitations import invite_member
from askfirst_collector.usecases.members import remove_member
from tests.support.collectors import Clock, bytes_of
from tests.unit.catalogue.conftest import PASSWORD, join, refusal


@pytest.mark.file
def test_a_token_is_shown_once_and_kept_as_a_hash(
    parts: Services, ada: Member, tmp_path: Path
) -> None:
    made, secret = create_token(parts, ada, "ci", ["read"], days=30)
    assert secret.startswith(PREFIX)
    assert parts.members.tokens.of("ada") == (made,)
    session = parts.members.sessions.begin(ada, lambda _: b"x" * 32)
    _, link = invite_member(parts, ada, "reader", ["shop"])
    kept = bytes_of(tmp_path)
    for each in (secret, secret.removeprefix(PREFIX), session, link, PASSWORD):
        assert each.encode() not in kept
        assert each not in repr(changes(parts.engine, 99))


def test_a_token_ends_by_its_day_and_by_hand(parts: Services, ada: Member, clock: Clock) -> None:
    made, secret = create_token(parts, ada, "ci", ["read"], days=2)
    clock.now += 2 * DAY - 1
    assert parts.members.tokens.member_of(secret) is not None
    clock.now += 1
    assert parts.members.tokens.member_of(secret) is None
    made, secret = create_token(parts, ada, "ci", ["read"], days=2)
    end_token(parts, ada, "ada", made.id)
    assert parts.members.tokens.member_of(secret) is None
    assert refusal(end_token, parts, ada, "ada", made.id) == "not-found"


def test_a_token_cannot_make_a_wider_one_nor_do_what_its_scope_leaves_out(
    parts: Services, ada: Member
) -> None:
    """Scope escalation: not by making tokens, not by inviting, not by changing oneself."""
    for scopes in (["read"], ["sites"], ["read", "sites"]):
        _, secret = create_token(parts, ada, "ci", scopes, days=1)
        actor = parts.members.tokens.member_of(secret)
        assert actor is not None
        assert refusal(create_token, parts, actor, "more", ["admin"], days=1) == "not-allowed"
        assert refusal(create_token, parts, actor, "same", scopes, days=1) == "not-allowed"
        assert refusal(invite_member, parts, actor, "host-admin", []) == "not-allowed"
        assert refusal(remove_member, parts, actor, "ada") == "not-allowed"
        (first, *_) = parts.members.tokens.of("ada")
        assert refusal(end_token, parts, actor, "ada", first.id) == "not-allowed"


@pytest.mark.parametrize(
    ("name", "scopes", "days"),
    [
        ("", ["read"], 1),
        ("x" * 81, ["read"], 1),
        ("a\0b", ["read"], 1),
        ("ci", [], 1),
        ("ci", ["root"], 1),
        ("ci", ["read", "root"], 1),
        ("ci", ["read"], 0),
        ("ci", ["read"], -1),
        ("ci", ["read"], LONGEST_DAYS + 1),
    ],
)
def test_a_token_for_nothing_or_for_ever_is_not_made(
    parts: Services, ada: Member, name: str, scopes: list[str], days: int
) -> None:
    assert refusal(create_token, parts, ada, name, scopes, days=days) == "bad-shape"


def test_a_member_has_a_bounded_number_of_tokens(parts: Services, ada: Member) -> None:
    rob = join(parts, ada, "rob", "reader", "shop")
    for at in range(LARGEST_COUNT):
        create_token(parts, rob, f"{at}", ["read"], days=1)
    assert refusal(create_token, parts, rob, "one more", ["read"], days=1) == "too-many-requests"


@pytest.mark.parametrize(
    "forged", ["", PREFIX, f"{PREFIX}{'A' * 43}", "\ud800", f"{PREFIX}\ud800", "x" * 10_000]
)
def test_a_made_up_token_is_nobody(parts: Services, ada: Member, forged: str) -> None:
    create_token(parts, ada, "ci", ["read"], days=1)
    assert parts.members.tokens.member_of(forged) is None
