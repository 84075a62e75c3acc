"""Tokens: shown once, kept as a hash, never wider than their member."""

from __future__ import annotations

from pathlib import Path

import pytest

from askfirst_collector.ledger.changes import changes
from askfirst_collector.members.members import Members
from askfirst_collector.members.permissions import Member
from askfirst_collector.members.tokens import DAY, LARGEST_COUNT, LONGEST_DAYS, PREFIX
from tests.collectors import Clock, bytes_of

from .conftest import PASSWORD, join, refusal


def test_a_token_is_shown_once_and_kept_as_a_hash(
    members: Members, ada: Member, tmp_path: Path
) -> None:
    made, secret = members.tokens.make(ada, "ci", ["read"], days=30)
    assert secret.startswith(PREFIX)
    assert members.tokens.of("ada") == (made,)
    session = members.sessions.begin(ada, lambda _: b"x" * 32)
    _, link = members.invitations.invite(ada, "reader", ["shop"])
    kept = bytes_of(tmp_path)
    for each in (secret, secret.removeprefix(PREFIX), session, link, PASSWORD):
        assert each.encode() not in kept
        assert each not in repr(changes(members._engine, 99))


def test_a_token_ends_by_its_day_and_by_hand(members: Members, ada: Member, clock: Clock) -> None:
    made, secret = members.tokens.make(ada, "ci", ["read"], days=2)
    clock.now += 2 * DAY - 1
    assert members.tokens.member_of(secret) is not None
    clock.now += 1
    assert members.tokens.member_of(secret) is None
    made, secret = members.tokens.make(ada, "ci", ["read"], days=2)
    members.tokens.end(ada, "ada", made.id)
    assert members.tokens.member_of(secret) is None
    assert refusal(members.tokens.end, ada, "ada", made.id) == "not-found"


def test_a_token_cannot_make_a_wider_one_nor_do_what_its_scope_leaves_out(
    members: Members, ada: Member
) -> None:
    """Scope escalation: not by making tokens, not by inviting, not by changing oneself."""
    for scopes in (["read"], ["sites"], ["read", "sites"]):
        _, secret = members.tokens.make(ada, "ci", scopes, days=1)
        actor = members.tokens.member_of(secret)
        assert actor is not None
        assert refusal(members.tokens.make, actor, "more", ["admin"], days=1) == "not-allowed"
        assert refusal(members.tokens.make, actor, "same", scopes, days=1) == "not-allowed"
        assert refusal(members.invitations.invite, actor, "host-admin", []) == "not-allowed"
        assert refusal(members.remove, actor, "ada") == "not-allowed"
        (first, *_) = members.tokens.of("ada")
        assert refusal(members.tokens.end, actor, "ada", first.id) == "not-allowed"


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
    members: Members, ada: Member, name: str, scopes: list[str], days: int
) -> None:
    assert refusal(members.tokens.make, ada, name, scopes, days=days) == "bad-shape"


def test_a_member_has_a_bounded_number_of_tokens(members: Members, ada: Member) -> None:
    rob = join(members, ada, "rob", "reader", "shop")
    for at in range(LARGEST_COUNT):
        members.tokens.make(rob, f"{at}", ["read"], days=1)
    assert refusal(members.tokens.make, rob, "one more", ["read"], days=1) == "too-many-requests"


@pytest.mark.parametrize(
    "forged", ["", PREFIX, f"{PREFIX}{'A' * 43}", "\ud800", f"{PREFIX}\ud800", "x" * 10_000]
)
def test_a_made_up_token_is_nobody(members: Members, ada: Member, forged: str) -> None:
    members.tokens.make(ada, "ci", ["read"], days=1)
    assert members.tokens.member_of(forged) is None
