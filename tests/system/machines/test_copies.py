"""A machine that was declared lost, and a copy of a machine's folder: neither writes anything."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest

from askfirst.errors import CollectorUnavailable
from askfirst_collector.config import Folder, SettingError
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.runtime.open import close_services
from askfirst_collector.services import Services
from askfirst_collector.store.machines import SILENT
from askfirst_collector.usecases import visitor_rights as rights
from askfirst_collector.usecases.machines import lose_machine
from tests.system.machines.host import POLICY, Host, agree, handle_of, id_of, page_view, pages

WRITES: dict[str, Callable[[Services], object]] = {
    "a grant": lambda parts: agree(parts, 2),
    "an event": lambda parts: page_view(parts, 1, "late"),
    "a withdrawal": lambda parts: rights.withdraw(parts, "shop", handle_of(1)),
    "an erasure": lambda parts: rights.erase(parts, "shop", handle_of(1)),
    "a policy": lambda parts: parts.registry.publish(POLICY),
    "a key": lambda parts: parts.keys.rotate("receipts"),
    "another machine": lambda parts: lose_machine(parts, ON_THE_MACHINE, "0" * 16),
    "a sign of life": lambda parts: _wake(parts),
}


def _wake(parts: Services) -> None:
    assert parts.machines is not None
    parts.machines.wake()


def _copy(host: Host, name: str, to: str) -> None:
    """All that an image of the machine has."""
    shutil.copytree(host.data(name), host.data(to))
    shutil.copy(Folder(host.data(name)).revocations, Folder(host.data(to)).revocations)


def _entries(host: Host) -> object:
    return host.server.run(
        "SELECT (SELECT count(*) FROM entry), (SELECT count(*) FROM edition),"
        " (SELECT string_agg(content, ',') FROM machines.key_file),"
        " (SELECT count(*) FROM machines.machine WHERE lost IS NULL)",
        host.database,
    )


def test_a_machine_that_was_declared_lost_writes_nothing(
    host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    """M20, M50: it comes back, with processes that go on: each commit looks."""
    gone = host.open("gone")
    with host.machines("one") as (one,):
        agree(one, 1)
        lose_machine(one, ON_THE_MACHINE, id_of(gone))
        state = _entries(host)
        for name, write in WRITES.items():
            with pytest.raises((CollectorUnavailable, SettingError), match=r"E173|used"):
                write(gone)
            assert _entries(host) == state, name
        assert caplog.text.count("askfirst.E173") == 1
        agree(one, 3)  # the others go on
    close_services(gone)


def test_a_copy_of_a_folder_that_is_at_work_is_refused(host: Host) -> None:
    """M50: the image of a machine, started beside it: refused with an id, and it says which."""
    with host.machines("one", "two") as (one, _):
        agree(one, 1)
        page_view(one, 1, "before")
        _copy(host, "one", "copy")
        with pytest.raises(CollectorUnavailable, match=rf"askfirst\.E210.*{id_of(one)}"):
            host.open("copy")
        # Another process of the same folder is the same machine.
        again = host.open("one")
        agree(again, 2)
        page_view(again, 2, "beside")
        close_services(again)
        page_view(one, 1, "after")
        assert pages(host.rows(one)) == ["after", "before", "beside"]


def test_a_machine_whose_copy_took_over_writes_nothing(
    host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    """M20, M50: it was away for long, frozen maybe; its copy is the machine from then on."""
    with host.machines("two") as (two,):
        one = host.open("one")
        agree(one, 1)
        page_view(one, 1, "before")
        one.events.drain()
        _copy(host, "one", "copy")
        host.server.run(
            f"UPDATE machines.machine SET seen = seen - interval '{SILENT + 1} s'"
            f" WHERE id = '{id_of(one)}'",
            host.database,
        )
        copy = host.open("copy")
        assert id_of(copy) == id_of(one)
        state = _entries(host)
        for name, write in WRITES.items():
            with pytest.raises((CollectorUnavailable, SettingError), match=r"E210|used"):
                write(one)
            assert _entries(host) == state, name
        assert caplog.text.count("askfirst.E210") == 1
        agree(copy, 5)
        page_view(copy, 5, "copy")
        copy.events.drain()
        assert pages([r for k in two.events.periods() for r in two.events.file.rows(k)]) == [  # type: ignore[attr-defined]
            "before",
            "copy",
        ]
        close_services(one)
        close_services(copy)
