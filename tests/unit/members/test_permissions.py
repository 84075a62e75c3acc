"""Who may do what: the whole table, role by role, scope by scope."""

from __future__ import annotations

import itertools

import pytest

from askfirst_collector.members.permissions import ACTIONS, ROLES, SCOPES, Member, may, may_all

ADMIN = Member("ada", "host-admin")
OWNER = Member("olive", "site-owner", frozenset({"shop"}))
READER = Member("rob", "reader", frozenset({"shop"}))
OF_SITE = sorted(name for name, action in ACTIONS.items() if action.of_site)
OF_HOST = sorted(name for name, action in ACTIONS.items() if not action.of_site)


def allowed(member: Member, site: str | None, **more: str) -> set[str]:
    return {name for name in ACTIONS if may(member, name, site, **more)}


def test_a_host_admin_may_do_everything() -> None:
    assert allowed(ADMIN, "shop") == set(ACTIONS)


@pytest.mark.parametrize("member", [OWNER, READER])
def test_nobody_else_may_do_anything_to_a_site_of_others(member: Member) -> None:
    """An owner of one site and a reader are refused everything of another."""
    assert not any(may(member, name, "club") for name in OF_SITE)
    assert not any(may(member, name, "club", owner="somebody") for name in OF_SITE)


def test_a_reader_reads_and_nothing_more() -> None:
    assert allowed(READER, "shop") == {"site.read", "collector.read", "account"}
    assert allowed(READER, "shop", owner="rob") == allowed(READER, "shop")


def test_a_site_owner_has_their_own_site_and_no_say_over_host_or_members() -> None:
    assert allowed(OWNER, "shop") & set(OF_HOST) == {"host-policy.read", "account"}
    assert {"site.change", "site.key", "site.audit", "collector.add"} <= allowed(OWNER, "shop")
    assert not may(OWNER, "site.rows", "shop")


def test_the_owner_of_a_placed_collector_sees_only_what_it_gathered() -> None:
    """It stands on another's site: its owner gets that collector, and nothing of the site."""
    placing = Member("paul", "site-owner", frozenset({"club"}))
    of_placed = {name for name in OF_SITE if may(placing, name, "shop", owner="paul")}
    assert of_placed == {
        "collector.read", "collector.change", "collector.suspend", "collector.figures",
    }  # fmt: skip
    assert not may(OWNER, "collector.figures", "shop", owner="paul")
    assert may(OWNER, "collector.suspend", "shop", owner="paul")


def test_a_token_never_reaches_further_than_its_member() -> None:
    for member, count in itertools.product((ADMIN, OWNER, READER), range(len(SCOPES) + 1)):
        for scopes in itertools.combinations(SCOPES, count):
            token = Member(member.name, member.role, member.sites, frozenset(scopes))
            for site in ("shop", "club"):
                assert allowed(token, site) <= allowed(member, site)
                assert {ACTIONS[name].scope for name in allowed(token, site)} <= set(scopes)
            for name in ACTIONS:
                assert not may_all(token, name) or may_all(member, name)


def test_what_is_not_in_the_table_is_refused() -> None:
    for role in (*ROLES, "root", ""):
        member = Member("eve", role, frozenset({"shop"}))
        assert not may(member, "no.such.action", "shop")
    assert allowed(Member("eve", "root", frozenset({"shop"})), "shop") == set()
    assert not any(may(ADMIN, name, None) for name in OF_SITE)
    assert not any(may(ADMIN, name, "") for name in OF_SITE)
