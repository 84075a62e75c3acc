"""Members on real files: links used once, tokens that never outgrow their member, the audit."""

from __future__ import annotations

import multiprocessing
from pathlib import Path
from typing import Any

import pytest
from argon2 import Parameters, PasswordHasher, extract_parameters

from askfirst_collector.ledger.changes import changes
from askfirst_collector.members.invitations import INVITATION_SECONDS
from askfirst_collector.members.permissions import SCOPES, Member, may
from askfirst_collector.members.rows import LONGEST_NAME, ON_THE_MACHINE
from askfirst_collector.services import Services
from askfirst_collector.usecases.account import (
    change_password,
    create_token,
    end_session,
    end_token,
)
from askfirst_collector.usecases.invitations import (
    accept_invitation,
    invite_member,
    withdraw_invitation,
)
from askfirst_collector.usecases.members import change_member, remove_member
from askfirst_collector.usecases.retention import purge
from tests.support.collectors import Clock, bytes_of, opened
from tests.support.people import admin
from tests.unit.catalogue.conftest import PASSWORD, join, refusal

# No default account


def test_nobody_is_a_member_of_a_new_collector(parts: Services) -> None:
    """No default account."""
    assert not parts.members.any()
    assert parts.members.all() == ()
    for name in ("admin", "root", "askfirst", "cli", ""):
        assert parts.members.check(name, "admin") is None
        assert parts.members.check(name, "") is None


# Invitations


def test_an_invitation_gives_the_role_and_sites_it_names(parts: Services, ada: Member) -> None:
    olive = join(parts, ada, "olive", "site-owner", "shop", "blog")
    assert olive == Member("olive", "site-owner", frozenset({"shop", "blog"}))
    assert parts.members.check("olive", PASSWORD) == olive
    assert join(parts, ada, "anna", "host-admin", "shop").sites == frozenset()


def test_an_invitation_works_once_and_for_seven_days(
    parts: Services, ada: Member, clock: Clock
) -> None:
    _, once = invite_member(parts, ada, "reader", ["shop"])
    assert accept_invitation(parts, once, "rob", PASSWORD) is not None
    assert accept_invitation(parts, once, "eve", PASSWORD) is None
    _, late = invite_member(parts, ada, "reader", ["shop"])
    clock.now += INVITATION_SECONDS
    assert parts.members.invitations.find(late) is None
    assert accept_invitation(parts, late, "eve", PASSWORD) is None
    made, gone = invite_member(parts, ada, "reader", ["shop"])
    withdraw_invitation(parts, ada, made.id)
    assert accept_invitation(parts, gone, "eve", PASSWORD) is None
    assert refusal(withdraw_invitation, parts, ada, made.id) == "not-found"
    assert [each.name for each in parts.members.all()] == ["ada", "rob"]


@pytest.mark.parametrize(
    "name",
    [
        "ada",
        "ADA",
        "ａｄａ",
        "",
        " ",
        "cli",
        "Cli",
        "x" * (LONGEST_NAME + 1),
        "a\nb",
        "a/b",
        "a／b",
        "..",
        "a ",
    ],
)
def test_a_name_that_cannot_be_had_leaves_the_link(parts: Services, ada: Member, name: str) -> None:
    """Nor can anybody look like another member, or like the command line, in the audit."""
    _, token = invite_member(parts, ada, "reader", ["shop"])
    assert refusal(accept_invitation, parts, token, name, PASSWORD) in ("name-taken", "bad-shape")
    assert accept_invitation(parts, token, "rob", PASSWORD) is not None


@pytest.mark.parametrize(
    ("role", "sites", "email"),
    [
        ("root", ["shop"], ""),
        ("", ["shop"], ""),
        ("reader", [], ""),
        ("site-owner", [], ""),
        ("reader", ["Shop"], ""),
        ("reader", ["shop blog"], ""),
        ("reader", ["../shop"], ""),
        ("reader", ["shop"], "no address"),
        ("reader", ["shop"], "a@b"),
        ("reader", ["shop"], "a@b.example,c@d.example"),
        ("reader", ["shop"], "x" * 250 + "@a.example"),
    ],
)
def test_an_invitation_to_nothing_is_not_made(
    parts: Services, ada: Member, role: str, sites: list[str], email: str
) -> None:
    assert refusal(invite_member, parts, ada, role, sites, email=email) == "bad-shape"
    assert parts.members.invitations.open() == ()


def _race(folder: Path, tokens: list[str], name: str, start: Any, answers: Any) -> None:
    with opened(folder) as parts:
        for turn, token in enumerate(tokens):
            start.wait(timeout=60)  # both at once
            answers.put((turn, accept_invitation(parts, token, f"{name}-{turn}", PASSWORD)))


def test_two_processes_accept_one_invitation_once(tmp_path: Path) -> None:
    """Replay and race: exactly one of them makes a member, every time."""
    spawn = multiprocessing.get_context("spawn")
    with opened(tmp_path) as parts:
        tokens = [invite_member(parts, ON_THE_MACHINE, "reader", ["shop"])[1] for _ in range(3)]
        start, answers = spawn.Barrier(2), spawn.Queue()
        racers = [
            spawn.Process(target=_race, args=(tmp_path, tokens, name, start, answers))
            for name in ("a", "b")
        ]
        for racer in racers:
            racer.start()
        results = [answers.get(timeout=60) for _ in range(2 * len(tokens))]
        for racer in racers:
            racer.join()
        for turn in range(len(tokens)):
            accepted = [
                member for number, member in results if number == turn and member is not None
            ]
            assert len(accepted) == 1
        assert len(parts.members.all()) == len(tokens)


# Roles


def test_the_last_host_admin_cannot_be_removed_or_demoted(parts: Services, ada: Member) -> None:
    join(parts, ada, "olive", "site-owner", "shop")
    for actor in (ada, ON_THE_MACHINE):
        assert refusal(remove_member, parts, actor, "ada") == "last-host-admin"
        assert refusal(change_member, parts, actor, "ada", "reader", ["shop"]) == "last-host-admin"
    anna = join(parts, ada, "anna", "host-admin")
    change_member(parts, anna, "ada", "reader", ["shop"])
    assert refusal(remove_member, parts, anna, "anna") == "last-host-admin"


def test_two_admins_cannot_remove_each_other(parts: Services, ada: Member) -> None:
    """Whoever is second has lost the right by then, though their request came with it."""
    anna = join(parts, ada, "anna", "host-admin")
    change_member(parts, ada, "anna", "reader", ["shop"])
    assert refusal(remove_member, parts, anna, "ada") == "not-allowed"
    assert refusal(change_member, parts, anna, "anna", "host-admin", []) == "not-allowed"
    assert refusal(invite_member, parts, anna, "host-admin", []) == "not-allowed"


@pytest.mark.parametrize("role", ["site-owner", "reader"])
def test_nobody_but_a_host_admin_changes_members(parts: Services, ada: Member, role: str) -> None:
    actor = join(parts, ada, "olive", role, "shop")
    made, _ = invite_member(parts, ada, "reader", ["blog"])
    session = parts.members.sessions.begin(ada, lambda _: b"x")
    token, _ = create_token(parts, ada, "mine", ["read"], days=1)
    calls = [
        (change_member, parts, actor, "olive", "host-admin", []),
        (change_member, parts, actor, "olive", role, ["shop", "blog"]),
        (remove_member, parts, actor, "ada"),
        (invite_member, parts, actor, "reader", ["shop"]),
        (withdraw_invitation, parts, actor, made.id),
        (end_token, parts, actor, "ada", token.id),
        (end_session, parts, actor, "ada", parts.members.sessions.of("ada")[0].id),
    ]
    before = changes(parts.engine, 99)
    for call, *arguments in calls:
        assert refusal(call, *arguments) == "not-allowed"
    assert changes(parts.engine, 99) == before
    assert parts.members.sessions.member_of(session, [b"x"]) == ada


def test_a_role_that_changes_counts_at_the_next_request(parts: Services, ada: Member) -> None:
    """An open session and a token stand for the member as they are now, not as they were."""
    join(parts, ada, "anna", "host-admin")
    anna = parts.members.get("anna")
    assert anna is not None
    session = parts.members.sessions.begin(anna, lambda _: b"browser")
    _, secret = create_token(parts, anna, "all", SCOPES, days=30)
    change_member(parts, ada, "anna", "reader", ["shop"])
    by_token = parts.members.tokens.member_of(secret)
    assert parts.members.sessions.member_of(session, [b"browser"]) == Member(
        "anna", "reader", frozenset({"shop"})
    )
    assert by_token is not None
    assert not may(by_token, "member.read")
    assert not may(by_token, "site.read", "blog")
    remove_member(parts, ada, "anna")
    assert parts.members.tokens.member_of(secret) is None
    assert parts.members.sessions.member_of(session, [b"browser"]) is None


def test_who_comes_back_under_the_name_of_one_removed_has_nothing_of_theirs(
    parts: Services, ada: Member
) -> None:
    join(parts, ada, "rob", "reader", "shop")
    rob = parts.members.get("rob")
    assert rob is not None
    session = parts.members.sessions.begin(rob, lambda _: b"x")
    _, secret = create_token(parts, rob, "old", ["read"], days=30)
    remove_member(parts, ada, "rob")
    assert join(parts, ada, "rob", "reader", "blog").sites == {"blog"}
    assert parts.members.sessions.member_of(session, [b"x"]) is None
    assert parts.members.tokens.member_of(secret) is None


def test_a_session_of_one_removed_meanwhile_waits_for_nobody(parts: Services, ada: Member) -> None:
    """The password was right, and the account is gone before the session begins."""
    rob = join(parts, ada, "rob", "reader", "shop")
    remove_member(parts, ada, "rob")
    assert refusal(parts.members.sessions.begin, rob, lambda _: b"x") == "no-such-member"


def test_a_sign_in_that_a_change_of_password_overtakes_begins_no_session(
    parts: Services, ada: Member
) -> None:
    """Whoever knew the old password is not let in by having been checked a moment before."""
    found = parts.members.checked("ada", PASSWORD)
    assert found is not None
    change_password(parts, admin(parts, "ada"), "another row of words")
    late = refusal(parts.members.sessions.begin, found[0], lambda _: b"x", password=found[1])
    assert late == "no-such-member"
    assert parts.members.sessions.of("ada") == ()


# What is kept, and told


@pytest.mark.file
def test_what_is_over_is_removed_by_the_job(
    parts: Services, ada: Member, clock: Clock, tmp_path: Path
) -> None:
    """An invited address goes with its invitation, also where nobody ever looks again."""
    invite_member(parts, ada, "reader", ["shop"], email="canary@example.org")
    assert b"canary@example.org" in bytes_of(tmp_path)
    clock.now += INVITATION_SECONDS
    purge(parts, clock.now)
    assert b"canary@example.org" not in bytes_of(tmp_path)


def test_every_change_is_in_the_ledger_with_before_and_after(
    parts: Services, ada: Member, clock: Clock
) -> None:
    """Every change by a member is a ledger entry with before and after."""
    join(parts, ada, "rob", "reader", "shop")
    change_member(parts, ada, "rob", "site-owner", ["shop", "blog"])
    change_member(parts, ada, "rob", "site-owner", ["blog", "shop"])  # changes nothing
    rob = parts.members.get("rob")
    assert rob is not None
    token, _ = create_token(parts, rob, "ci", ["read"], days=1)
    end_token(parts, ada, "rob", token.id)
    change_password(parts, admin(parts, "rob"), "another row of words")
    remove_member(parts, ON_THE_MACHINE, "rob")
    found = [
        (each.actor, each.action, each.target, each.before, each.after)
        for each in changes(parts.engine, 99)[::-1]
    ]
    assert [each[:2] for each in found] == [
        ("cli", "link.create"),
        ("cli", "member.set-up"),
        ("ada", "member.invite"),
        ("rob", "member.accept"),
        ("ada", "member.change"),
        ("rob", "api-token.make"),
        ("ada", "api-token.end"),
        ("rob", "account.password"),
        ("cli", "member.remove"),
    ]
    assert found[4][2:] == (
        "rob",
        {"role": "reader", "sites": ["shop"]},
        {"role": "site-owner", "sites": ["blog", "shop"]},
    )
    assert found[8][2:] == ("rob", {"role": "site-owner", "sites": ["blog", "shop"]}, None)


# Passwords


def test_an_unknown_name_is_as_slow_as_a_wrong_password(
    parts: Services, ada: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Login timing: the same Argon2 work is done, for nobody and from the first time on."""
    compared: list[Parameters] = []
    verify = PasswordHasher.verify

    def recorded(hasher: PasswordHasher, digest: str, password: str) -> bool:
        compared.append(extract_parameters(digest))
        return verify(hasher, digest, password)

    monkeypatch.setattr(PasswordHasher, "verify", recorded)
    assert parts.members.check("nobody", "not the password") is None
    assert parts.members.check("ada", "not the password") is None
    unknown, known = compared
    assert unknown == known
