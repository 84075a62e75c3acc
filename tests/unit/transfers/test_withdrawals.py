"""What is taken back is never sent, whatever waits and whenever it comes (M51)."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from askfirst.client import PendingEntry
from askfirst.terms.policy import read_policy
from askfirst_collector.catalogue.activate import move_revision
from askfirst_collector.closing.close import close_due
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.services import Services
from askfirst_collector.store.database import writing
from askfirst_collector.store.dictionary import time_value
from askfirst_collector.transfers.deliver import deliver_transfers
from askfirst_collector.usecases.record_consent import record_now
from askfirst_collector.usecases.sites import retire_site
from askfirst_collector.usecases.transfers import create_transfer, remove_transfer
from askfirst_collector.usecases.visitor_rights import erase, restrict
from askfirst_collector.webhooks.pinned_http import Poster
from tests.support.collectors import decision
from tests.unit.closing.house import DAY, after, row
from tests.unit.jobs.listener import Listener

from .house import (
    NAME,
    SEEN,
    Clock,
    accept,
    answer,
    deliver_to,
    entries,
    handle_of,
    left,
    messages,
    named,
    run,
    shop,
    visit,
)


@pytest.mark.parametrize("how", ["withdraw", "erase", "restrict", "less", "anew"])
def test_what_was_not_sent_is_never_sent_once_it_is_taken_back(
    parts: Services, clock: Clock, listener: Listener, how: str
) -> None:
    """M51: nor once it is given again; and no byte of it is left."""
    deliver_to(parts, listener)
    answer(parts, 1)
    visit(parts, 1)
    parts.events.drain()
    clock.now += 1
    if how == "withdraw":
        answer(parts, 1, {})
    elif how == "erase":
        erase(parts, "shop", handle_of(1))
    elif how == "restrict":
        restrict(parts, "shop", handle_of(1))
        answer(parts, 1)
    elif how == "less":
        answer(parts, 1, {"statistics": 1})
    else:
        answer(parts, 1)
    run(parts, listener)
    assert listener.came == entries(parts) == []
    assert parts.transfers.of_handle("shop", handle_of(1)) == []
    assert handle_of(1).encode() not in left(parts)


@pytest.mark.parametrize("how", ["withdraw", "erase", "restrict"])
def test_what_is_taken_back_is_not_even_written_down(
    parts: Services, clock: Clock, listener: Listener, how: str
) -> None:
    """M51: an event that waits in a spool meanwhile is not copied when it is moved."""
    deliver_to(parts, listener)
    for visitor in (1, 2):
        answer(parts, visitor)
    visit(parts, 1)
    if how == "withdraw":
        answer(parts, 1, {})
    elif how == "erase":
        erase(parts, "shop", handle_of(1))
    else:
        restrict(parts, "shop", handle_of(1))
    visit(parts, 2)
    parts.events.drain()
    assert handle_of(2).encode() in left(parts)
    assert handle_of(1).encode() not in left(parts)


def test_a_withdrawal_that_the_ledger_is_owed_counts(
    parts: Services, clock: Clock, listener: Listener
) -> None:
    """M50, M51: it was answered as done, and is in the spool alone."""
    deliver_to(parts, listener)
    answer(parts, 1)
    visit(parts, 1)
    parts.events.drain()
    withdrawal = decision(named(), "withdraw", handle=handle_of(1))
    parts.spool.add(PendingEntry("shop", handle_of(1), "answer", withdrawal), known=True)
    assert run(parts, listener) == 0
    assert listener.came == entries(parts) == []


def test_a_withdrawal_while_the_connection_is_made_is_in_time(
    parts: Services, clock: Clock, listener: Listener
) -> None:
    """M51: the question who still agrees is the last before the first byte."""
    deliver_to(parts, listener)
    answer(parts, 1)
    visit(parts, 1)
    parts.events.drain()

    def resolve(host: str, port: int) -> list[str]:
        answer(parts, 1, {})
        return ["127.0.0.1"]

    clock.now += 3_600
    late = Poster(resolve=resolve, allowed=lambda _: True, tls=listener.trusting())
    deliver_transfers(parts, clock.now, poster=late)
    assert listener.came == entries(parts) == []


def test_one_of_two_withdraws_between_two_attempts(
    tmp_path: Path, clock: Clock, listener: Listener
) -> None:
    """M51: the second attempt has the rest, under the same id, and is the same entry."""
    with shop(tmp_path / "data", clock, urandom=os.urandom) as parts:
        _withdraw_between(parts, clock, listener)


def _withdraw_between(parts: Services, clock: Clock, listener: Listener) -> None:
    deliver_to(parts, listener)
    for visitor in (1, 2):
        answer(parts, visitor)
    visit(parts, 1, {"screen": ("tablet",)})
    visit(parts, 2)
    listener.answers.append((500, {}))
    assert run(parts, listener) == 0
    answer(parts, 1, {})
    clock.now += 60
    assert run(parts, listener) == 1
    first, second = messages(listener)
    assert len(first["events"]) == 2
    assert [event["screen"] for event in second["events"]] == [["desktop"]]
    assert len({headers["webhook-id"] for _, headers, _ in listener.came}) == 1
    assert len(entries(parts)) == 1


def test_a_retired_site_delivers_nothing_of_what_waits(
    parts: Services, clock: Clock, listener: Listener
) -> None:
    """M51: whoever agreed to it agreed to a site that is no more."""
    deliver_to(parts, listener)
    answer(parts, 1)
    visit(parts, 1)
    parts.events.drain()
    clock.now += 1
    retire_site(parts, ON_THE_MACHINE, "shop")
    run(parts, listener)
    assert listener.came == entries(parts) == []
    assert handle_of(1).encode() not in left(parts)


@pytest.mark.parametrize("how", ["removed", "unnamed"])
@pytest.mark.parametrize("what", ["events", "figures"])
def test_a_delivery_that_ends_while_the_connection_is_made_sends_nothing(
    parts: Services, clock: Clock, listener: Listener, what: str, how: str
) -> None:
    """M51: nothing goes once whoever ended it was answered."""
    entry, _ = deliver_to(parts, listener, what=what)
    for visitor in range(9):
        answer(parts, visitor)
        visit(parts, visitor)
    parts.events.drain()
    clock.now = after() if what == "figures" else clock.now + 3_600
    if what == "figures":
        close_due(parts, clock.now)

    def resolve(host: str, port: int) -> list[str]:
        if how == "removed":
            remove_transfer(parts, ON_THE_MACHINE, "shop", entry.id)
        else:
            parts.registry.publish(named(recipients=[]))
        return ["127.0.0.1"]

    late = Poster(resolve=resolve, allowed=lambda _: True, tls=listener.trusting())
    deliver_transfers(parts, clock.now, poster=late)
    assert listener.came == entries(parts) == []


def test_a_site_that_cannot_be_read_holds_up_no_other(
    parts: Services, clock: Clock, listener: Listener
) -> None:
    """M32: its own events wait, and are destroyed in time; those of other sites go."""
    zoo = read_policy({**named().document, "site": "zoo", "origins": ["https://zoo.example"]})
    parts.registry.publish(zoo)
    create_transfer(
        *(parts, ON_THE_MACHINE, "zoo"),
        purpose="statistics",
        recipient=NAME,
        what="events",
        way="webhook",
        url=listener.url("/zoo"),
    )
    agreed = decision(zoo, "save", {"statistics": 2}, handle=handle_of(9))
    record_now(parts, dataclasses.replace(agreed, site="zoo"))
    status = parts.ledger.consent_status("zoo", handle_of(9))
    assert status is not None
    event = row(parts, 9, {**SEEN, "time": time_value(int(clock.now), 2)})
    accept(parts, 9, status.index, [replace(event, site="zoo")], site="zoo")
    clock.now += 1
    deliver_to(parts, listener)
    answer(parts, 1)
    visit(parts, 1)
    with writing(parts.engine) as connection:
        connection.exec_driver_sql("UPDATE edition SET document = ? WHERE site = 'zoo'", (b"[]",))
        move_revision(connection)
    run(parts, listener)
    assert [path for path, _, _ in listener.came] == ["/in"]
    assert handle_of(9).encode() in left(parts)
    clock.now += 3 * DAY
    run(parts, listener)
    assert handle_of(9).encode() not in left(parts)
