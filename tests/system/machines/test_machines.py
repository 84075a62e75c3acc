"""Several machines, one ledger: what each accepted is counted once, and none is forgotten."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from click.testing import CliRunner

from askfirst.client import PendingEntry
from askfirst.errors import CollectorUnavailable, Refused
from askfirst_collector.cli import main
from askfirst_collector.closing.close import close_due
from askfirst_collector.config import SettingError, open_folder
from askfirst_collector.ingest.pending import owe
from askfirst_collector.ledger.changes import changes
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.runtime.open import close_services
from askfirst_collector.store import disclosed
from askfirst_collector.store.events import (
    Authorized,
    Batch,
    HandleEnded,
    PeriodClosed,
    StoreUnavailable,
)
from askfirst_collector.store.machines import machines_of
from askfirst_collector.usecases import visitor_rights as rights
from askfirst_collector.usecases.machines import lose_machine
from askfirst_collector.usecases.transfers import create_transfer
from askfirst_collector.usecases.users import export_user
from tests.system.machines.host import Host, agree, id_of, page_view, pages
from tests.unit.closing.house import DAY, after, handle_of, key_of, row


def test_rows_of_every_machine_are_counted_once(host: Host) -> None:
    """M50: whoever asks waits for what the others accepted, and has it once."""
    with host.machines("one", "two", "three") as machines:
        for number, parts in enumerate(machines):
            agree(parts, number)
            page_view(parts, number, f"p{number}")
            page_view(machines[0], number, f"first-{number}")
        assert {key.id for key in machines[0].machines.all()} == {*map(id_of, machines)}
        expected = ["first-0", "first-1", "first-2", "p0", "p1", "p2"]
        assert [pages(host.rows(parts)) for parts in machines] == [expected] * 3


def test_a_retry_at_another_machine_is_no_second_row(host: Host) -> None:
    """M50: the answer was lost, and the load balancer takes the next machine, also after days."""
    with host.machines("one", "two") as (one, two):
        agree(one, 1)
        for parts in (one, two, one):
            assert page_view(parts, 1, "same", b"k" * 16) == b"{}"
        assert pages(host.rows(two)) == ["same"]
        assert page_view(two, 1, "same", b"k" * 16) == b"{}"
        assert pages(host.rows(one)) == ["same"]


def test_machines_have_the_same_keys(host: Host) -> None:
    """A cookie of one machine holds at every other, and so does what it signed."""
    with host.machines("one", "two") as (one, two):
        for kind in ("site", "receipts", "ledger", "dashboard"):
            arguments = ("shop",) if kind == "site" else ()
            assert getattr(one.keys, kind)(*arguments) == getattr(two.keys, kind)(*arguments)
        two.keys.rotate("receipts")
        with host.machines("three") as (three,):
            assert three.keys.receipts() == two.keys.receipts()
            assert len(three.keys.receipts()) == 2


def test_closing_waits_for_every_machine(host: Host) -> None:
    """A period is closed with what each machine had accepted, and none accepts more of it."""
    with host.machines("one", "two") as (one, two):
        for number in range(20):
            agree(one, number)
            page_view(two if number % 2 else one, number, "all")
        host.clock.now = after()
        assert key_of() in close_due(one, one.now())
        closed = "SELECT visitors FROM closing WHERE purpose = 'statistics'"
        ((visitors,),) = host.server.run(closed, host.database)
        assert 12 < visitors < 28  # twenty and a draw; of one machine alone they were ten
        with pytest.raises(PeriodClosed):
            page_view(two, 3, "late")
        assert host.rows(two) == []


def test_a_machine_that_is_gone_is_waited_for_until_it_is_declared_lost(
    host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    """Its rows are lost, which is said with its id; nobody's withdrawal is."""
    gone = host.open("gone")
    with host.machines("one") as (one,):
        for number in range(4):
            agree(one, number)
        page_view(gone, 0, "on the lost disk")
        page_view(one, 1, "here")
        rights.withdraw(gone, "shop", handle_of(0))
        lost = id_of(gone)
        host.clock.now = after()
        one.machines._patience = 0.1
        with pytest.raises(StoreUnavailable, match=lost):
            close_due(one, one.now())
        assert not disclosed.is_closed(one.engine, key_of())
        with caplog.at_level(logging.ERROR):
            lose_machine(one, ON_THE_MACHINE, lost)
        assert f"askfirst.E175 the machine {lost} is lost" in caplog.text
        with pytest.raises(Refused, match="machine list"):
            lose_machine(one, ON_THE_MACHINE, lost)
        close_due(one, one.now())
        assert disclosed.is_closed(one.engine, key_of())
        status = one.ledger.consent_status("shop", handle_of(0))
        assert status is not None
        assert status.ended
        with pytest.raises(SettingError, match=rf"askfirst\.E173.*{lost}"):
            host.open("gone")
        with pytest.raises(StoreUnavailable, match=r"askfirst\.E173|used"):
            gone.events.drain()
        close_services(gone)


def test_who_is_erased_is_not_brought_back_by_another_machine(host: Host) -> None:
    """M29, M48: an erasure waits for no machine; what waits on one is judged when it is moved."""
    with host.machines("one") as (one,):
        two = host.open("two")
        for number in range(3):
            agree(one, number)
            page_view(two, number, f"two-{number}")
        rights.erase(one, "shop", handle_of(1))
        rights.restrict(one, "shop", handle_of(2))
        rights.withdraw(one, "shop", handle_of(2))
        with pytest.raises(HandleEnded):
            page_view(two, 1, "after")
        two.events.answer_call()
        two.events.drain()
        one.machines._patience = 0.1
        assert pages([r for key in two.events.periods() for r in two.events.file.rows(key)]) == [
            "two-0"
        ]
        close_services(two)


def test_a_withdrawal_is_refused_where_no_other_machine_would_know_of_it(host: Host) -> None:
    """It is not accepted on one disk alone: the caller has it still, and goes to another."""
    with host.machines("one") as (one,):
        agree(one, 1)
        entry = PendingEntry("shop", handle_of(1), "restrict", None)
        with pytest.raises(CollectorUnavailable, match="another"):
            asyncio.run(owe(one.spool, one, entry))
        assert not one.spool.owes(handle_of(1))


def test_what_is_linked_to_a_user_is_shown_from_every_machine(host: Host) -> None:
    """M50: also of a period of which nothing has been moved yet."""
    with host.machines("one", "two") as (one, two):
        number = one.salts.user_number("shop", "user:ada").hex()
        handle = agree(one, 1)
        latest = two.ledger.latest("shop", handle)
        assert latest is not None
        linked = row(two, 1, {"page": ("/", "/a"), "user_id": (number,)}, key_of())
        judged = Authorized("shop", handle, latest.index)
        day = int(two.now()) // DAY
        batch = Batch(judged, day, b"k" * 16, (linked,), b"{}")
        assert asyncio.run(two.events.append(batch)) == b"{}"
        assert len(export_user(one, "shop", ["user:ada"])["rows"]) == 1


def test_who_may_join(host: Host) -> None:
    """Not beside a folder of its own, and not where nobody is left who knows who withdrew."""
    single = host.server.url(host.database)
    first = host.open("one")
    agree(first, 1)
    with pytest.raises(SettingError, match=r"askfirst\.E162|askfirst\.E174"):
        host.open("stranger", ledger=single)
    with pytest.raises(SettingError, match=r"askfirst\.E174.*ClickHouse"):
        host.open("rows", events="")
    with pytest.raises(SettingError, match=r"askfirst\.E174.*--salts"):
        host.open("salts", salts=None)
    second = host.open("two")
    assert second.ledger.latest("shop", handle_of(1)) is not None
    close_services(second)
    with pytest.raises(SettingError, match=r"askfirst\.E174.*machines=many"):
        host.open("two", ledger=single)
    close_services(first)
    host.server.run("UPDATE machines.machine SET seen = seen - interval '2 minutes'", host.database)
    with pytest.raises(SettingError, match=r"askfirst\.E174.*revocations\.log"):
        host.open("three")
    close_services(host.open("one"))
    with suppress(SettingError):
        close_services(host.open("three"))


def test_workers_that_start_at_once_are_one_machine(host: Host) -> None:
    """M50: an id that another worker replaced would be one that everybody waits for."""

    def late(seconds: float) -> str:
        def urandom(count: int) -> bytes:
            time.sleep(seconds)
            return os.urandom(count)

        machines = machines_of(first.engine, folder, urandom)
        assert machines is not None
        return machines.id

    first = host.open("one")
    folder = open_folder(host.data("two"))
    folder.place_ledger(host.ledger)
    with ThreadPoolExecutor(2) as workers:
        assert {*workers.map(late, (0.1, 0.4))} == {folder.machine}
    assert {one.id for one in first.machines.all()} == {id_of(first), folder.machine}
    # Nor are their notes in each other's way.
    with ThreadPoolExecutor(8) as workers:
        assert {*workers.map(folder.place_ledger, [host.ledger] * 800)} == {None}
    assert (folder.path / "ledger.url").stat().st_mode & 0o777 == 0o600
    folder.place_machine("x'; DROP TABLE machines.machine; --")
    with pytest.raises(SettingError, match=r"askfirst\.E186"):
        machines_of(first.engine, folder, os.urandom)
    close_services(first)


def test_a_log_that_is_lost_on_one_machine_ends_no_grant(host: Host) -> None:
    """The others go on by their own: that machine begins anew."""
    with host.machines("one", "two") as (one, two):
        agree(one, 1)
        path = two.revocations.path
    path.unlink()
    with host.machines("one") as (one,):
        with pytest.raises(SettingError, match=r"askfirst\.E105.*machine lost"):
            host.open("two")
        status = one.ledger.consent_status("shop", handle_of(1))
        assert status is not None
        assert not status.ended


def test_many_movers_lose_and_double_nothing(host: Host) -> None:
    """M50: three machines accept and move at once, under one lock, and each row is there once."""
    with host.machines("one", "two", "three") as machines:
        agree(machines[0], 1)
        names = [f"{n}-{i}" for n in range(3) for i in range(30)]

        def send(number: int) -> None:
            for place in range(30):
                page_view(machines[number], 1, f"{number}-{place}")
                if place % 5 == 0:
                    machines[number].events.drain()

        threads = [threading.Thread(target=send, args=(n,)) for n in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert pages(host.rows(machines[0])) == sorted(names)


def test_the_command_tells_of_machines(host: Host) -> None:
    """Which there are, which one this is, and that none is lost by mistake."""
    run = CliRunner()
    with host.machines("one", "two") as (one, two):
        data = ["--data", str(one.folder.path)]
        answer = run.invoke(main, ["machine", "list", *data, "--json"])
        assert answer.exit_code == 0, answer.output
        rows = {row["id"]: row for row in json.loads(answer.stdout)}
        assert rows[id_of(one)]["this"]
        assert not rows[id_of(two)]["lost"]
        answer = run.invoke(main, ["machine", "lost", id_of(one), *data])
        assert (answer.exit_code, "another one" in answer.output) == (1, True)
        answer = run.invoke(main, ["machine", "lost", "0" * 16, *data])
        assert (answer.exit_code, "machine list" in answer.output) == (1, True)
        assert run.invoke(main, ["machine", "lost", id_of(two), *data]).exit_code == 0
        text = run.invoke(main, ["machine", "list", *data]).output
        assert [line.split()[-1] for line in text.splitlines()].count("lost") == 1
        actions = [change.action for change in changes(one.engine, 50)]
        assert "machine.lost" in actions


def test_events_are_delivered_by_no_machine(host: Host) -> None:
    """M51: what waits on one of them would be sent by none; figures are in the ledger."""
    with host.machines("one") as (one,), pytest.raises(Refused, match="figures"):
        create_transfer(
            one,
            ON_THE_MACHINE,
            "shop",
            purpose="statistics",
            recipient="Harbour Hosting",
            what="events",
            way="webhook",
            url="https://hooks.example/in",
        )
