"""Evidence lies locked: two host admins open it, the audit says so, and an erasure ends it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from askfirst.errors import Refused
from askfirst.terms.canonical import canonical
from askfirst_collector.catalogue.evidence_locks import ASKED, OPENED, locks_of
from askfirst_collector.ledger.changes import changes
from askfirst_collector.ledger.leaves import leaf_hash
from askfirst_collector.members.permissions import Member
from askfirst_collector.services import Services
from askfirst_collector.usecases.evidence import ask_evidence, open_evidence, read_evidence
from askfirst_collector.usecases.members import change_member
from askfirst_collector.usecases.record_consent import record_now
from askfirst_collector.usecases.retention import purge
from askfirst_collector.usecases.visitor_rights import erase
from tests.support.collectors import HANDLE, OTHER, Clock, bytes_of, decision, opened, policy
from tests.support.people import admin, member

POLICY = policy()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def parts(tmp_path: Path, clock: Clock) -> Iterator[Services]:
    """Somebody who agreed and withdrew, and two who run the host."""
    with opened(tmp_path / "data", clock) as services:
        services.registry.publish(POLICY)
        record_now(services, decision(POLICY))
        record_now(services, decision(POLICY, "withdraw"))
        record_now(services, decision(POLICY, handle=OTHER))
        yield services


@pytest.fixture
def admins(parts: Services) -> tuple[Member, Member]:
    return admin(parts, "ada"), admin(parts, "bob")


def leaf_of(parts: Services) -> str:
    return parts.ledger.history("shop", HANDLE)[0].leaf.hex()


def test_two_open_it_and_all_of_it_is_in_the_audit(
    parts: Services, admins: tuple[Member, Member]
) -> None:
    """M17: the whole history of one receipt, which proves itself; no handle in the audit."""
    ada, bob = admins
    id = ask_evidence(parts, ada, leaf_of(parts).upper())
    with pytest.raises(Refused, match="has to agree first"):
        read_evidence(parts, ada, id)
    open_evidence(parts, bob, id)
    for reader in admins:
        entries = read_evidence(parts, reader, id)
        assert [one["entry"]["kind"] for one in entries] == ["grant", "withdraw"]
        for one in entries:
            leaf = leaf_hash(bytes.fromhex(one["salt"]), canonical(one["entry"]))
            assert leaf.hex() == one["leaf"]
    audit = [(change.actor, change.action) for change in reversed(changes(parts.engine, 4))]
    assert audit == [
        ("ada", "evidence.ask"),
        ("bob", "evidence.open"),
        ("ada", "evidence.read"),
        ("bob", "evidence.read"),
    ]
    assert HANDLE not in str(changes(parts.engine, 9))


def test_nobody_opens_it_alone(parts: Services, admins: tuple[Member, Member]) -> None:
    """Not the one who asked, not for one who is no admin any more, not by a third one."""
    ada, bob = admins
    id = ask_evidence(parts, ada, leaf_of(parts))
    with pytest.raises(Refused, match="another host admin"):
        open_evidence(parts, ada, id)
    with pytest.raises(Refused, match="not-allowed"):
        open_evidence(parts, member(parts, "olive", "site-owner", "shop"), id)
    change_member(parts, bob, "ada", "reader", ["shop"])
    with pytest.raises(Refused, match="another host admin"):
        open_evidence(parts, bob, id)
    other = ask_evidence(parts, bob, leaf_of(parts))
    carl = admin(parts, "carl")
    open_evidence(parts, carl, other)
    with pytest.raises(Refused, match="the two who opened it"):
        read_evidence(parts, admin(parts, "dora"), other)


def test_it_is_locked_again(
    parts: Services, clock: Clock, admins: tuple[Member, Member], tmp_path: Path
) -> None:
    """After a day; and a question that nobody agreed to after a week; nothing is left of either."""
    ada, bob = admins
    leaf = leaf_of(parts)
    id, late = ask_evidence(parts, ada, leaf), ask_evidence(parts, ada, leaf)
    open_evidence(parts, bob, id)
    with pytest.raises(Refused, match="open already"):
        open_evidence(parts, bob, id)
    clock.now += OPENED
    with pytest.raises(Refused, match="it is over"):
        read_evidence(parts, ada, id)
    clock.now += ASKED
    with pytest.raises(Refused, match="it is over"):
        open_evidence(parts, bob, late)
    purge(parts, clock.now)
    assert locks_of(parts.engine, 0) == ()
    assert id.encode() not in bytes_of(tmp_path)


def test_what_is_erased_or_over_cannot_be_opened(
    parts: Services, clock: Clock, admins: tuple[Member, Member]
) -> None:
    """M28, M29: an erasure ends it at once, `evidence_days` at their end."""
    ada, bob = admins
    id, leaf = ask_evidence(parts, ada, leaf_of(parts)), leaf_of(parts)
    open_evidence(parts, bob, id)
    erase(parts, "shop", HANDLE)
    with pytest.raises(Refused, match="no entry of a visitor"):
        read_evidence(parts, ada, id)
    other = parts.ledger.history("shop", OTHER)[0].leaf.hex()
    clock.now += (366 + POLICY.evidence_days) * 86_400
    purge(parts, clock.now)
    for gone in (leaf, other):
        with pytest.raises(Refused, match="no entry of a visitor"):
            ask_evidence(parts, ada, gone)


@pytest.mark.parametrize("leaf", ["", "x" * 64, "0" * 63, "0" * 65, "'; --"])
def test_what_is_no_leaf_is_said(parts: Services, admins: tuple[Member, Member], leaf: str) -> None:
    with pytest.raises(Refused, match="64 hexadecimal digits"):
        ask_evidence(parts, admins[0], leaf)


def test_the_leaf_of_a_change_is_none_of_a_visitor(
    parts: Services, admins: tuple[Member, Member]
) -> None:
    """What members changed is read in the audit, and opens nothing."""
    ask_evidence(parts, admins[0], leaf_of(parts))
    newest = parts.ledger.leaves()[-1].hex()
    with pytest.raises(Refused, match="no entry of a visitor"):
        ask_evidence(parts, admins[0], newest)
