"""The end of a site: nothing of it is left on disk, and of the others everything."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from askfirst.client import Decision
from askfirst.errors import Refused
from askfirst_collector.closing.close import close_due
from askfirst_collector.ledger.changes import changes
from askfirst_collector.ledger.entries import mark_of
from askfirst_collector.members.permissions import Member
from askfirst_collector.members.rows import ON_THE_MACHINE, add_member
from askfirst_collector.services import Services
from askfirst_collector.store.database import writing
from askfirst_collector.store.disclosed_ranges import tables_of
from askfirst_collector.usecases import remove_site as module
from askfirst_collector.usecases.invitations import invite_member
from askfirst_collector.usecases.record_consent import record_now
from askfirst_collector.usecases.remove_site import remove_site
from askfirst_collector.usecases.site_keys import create_site_key
from askfirst_collector.usecases.sites import publish_policy
from tests.support.collectors import policy as other_policy
from tests.unit.closing.house import (
    MONDAY,
    Clock,
    after,
    handle_of,
    key_of,
    noon,
    opened,
    policy,
    raw_files,
    row,
    store,
)

TUESDAY = "2026-11-17"
PAGE, LATER = ("/secret-garden",), ("/unclosed-garden",)
VISITORS = range(8)
OTHER = 99  # a visitor of the other site


@contextmanager
def busy(folder: Path) -> Iterator[Services]:
    """A shop with answers, a closed and an open period, keys and people; and another site."""
    clock = Clock(noon())
    with opened(folder, clock, policy()) as parts:
        publish_policy(parts, ON_THE_MACHINE, other_policy(site="club"))
        agree(parts, "club", OTHER)
        for visitor in VISITORS:
            agree(parts, "shop", visitor)
        store(parts, [row(parts, visitor, {"page": PAGE}) for visitor in VISITORS])
        clock.now = after()
        close_due(parts, clock())
        clock.now = noon(TUESDAY)
        store(parts, [row(parts, n, {"page": LATER}, key_of(TUESDAY)) for n in VISITORS])
        create_site_key(parts, ON_THE_MACHINE, "shop")
        with writing(parts.engine) as connection:
            add_member(connection, "olive", "site-owner", ("shop", "club"), "")
        invite_member(parts, ON_THE_MACHINE, "reader", ("shop",))
        invite_member(parts, ON_THE_MACHINE, "reader", ("shop", "club"))
        parts.keys.site("shop")
        yield parts


def agree(parts: Services, site: str, visitor: int) -> None:
    record = parts.registry.site(site)
    assert record is not None
    edition = record.editions.current.hash
    handle = handle_of(visitor)
    answer = Decision(site, handle, edition, "en", "save", {"statistics": 2}, True, False)
    record_now(parts, answer)


@pytest.mark.file
def test_nothing_of_it_is_on_disk_afterwards(tmp_path: Path) -> None:
    """M20, M43: rows, figures, answers, salts and keys are gone from every byte of the folder."""
    data = tmp_path / "data"
    with busy(data) as parts:
        traces = [PAGE[0], LATER[0], *(handle_of(n)[:40] for n in VISITORS), '"site":"shop"']
        before = raw_files(data)
        assert all(trace.encode() in before for trace in traces)

        remove_site(parts, ON_THE_MACHINE, "shop")

        assert parts.registry.site("shop") is None
        assert not (data / "keys" / "site-shop.keys").exists()
        assert [key for key in parts.events.periods() if key.site == "shop"] == []
        assert parts.salts.open_periods("shop") == []
        assert tables_of(parts.engine, "shop") == []
        with parts.engine.connect() as connection:
            tables = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
            names = connection.exec_driver_sql(tables).scalars().all()
            left = {
                name
                for name in names
                if "shop" in repr(connection.exec_driver_sql(f"SELECT * FROM {name}").all())
            }
            sites = connection.exec_driver_sql("SELECT sites FROM invitation").scalars().all()
        assert left == {"entry", "change", "retired_site"}
        assert sites == ["club"]
        last = changes(parts.engine, 1)[0]
        assert (last.action, last.target, last.actor) == ("site.remove", "shop", "cli")
        # The other site is as it was.
        assert parts.registry.site("club") is not None
        assert parts.ledger.latest("club", handle_of(OTHER)) is not None
    bytes_left = raw_files(data)
    for trace in traces[:-1]:  # the audit names the site
        assert trace.encode() not in bytes_left, trace


def test_its_name_and_its_visitors_never_come_back(tmp_path: Path) -> None:
    """M48: every handle is dead, in the log too; no other site gets the name."""
    with busy(tmp_path / "data") as parts:
        remove_site(parts, ON_THE_MACHINE, "shop")
        log = parts.revocations.read().records()
        erased = {record["mark"] for record in log if record["do"] == "erase"}
        assert {mark_of("shop", handle_of(n)).hex() for n in VISITORS} <= erased
        assert all(parts.ledger.has_ended("shop", handle_of(n)) for n in VISITORS)
        with pytest.raises(Refused, match="site-retired"):
            publish_policy(parts, ON_THE_MACHINE, policy())
        with pytest.raises(Refused, match="no-such-site"):
            remove_site(parts, ON_THE_MACHINE, "shop")


def test_what_broke_off_is_finished_by_asking_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash between two steps leaves a site that gathers nothing and can be removed."""
    with busy(tmp_path / "data") as parts:
        with monkeypatch.context() as patch:
            patch.setattr(module, "forget_site", _crash)
            with pytest.raises(KeyboardInterrupt):
                remove_site(parts, ON_THE_MACHINE, "shop")
        record = parts.registry.site("shop")
        assert record is not None
        assert record.retired
        remove_site(parts, ON_THE_MACHINE, "shop")
        assert parts.registry.site("shop") is None


def _crash(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_whoever_may_not_end_a_site_may_not_remove_it(tmp_path: Path) -> None:
    """An owner of the site may not, and nothing of it is touched."""
    with busy(tmp_path / "data") as parts:
        olive = Member("olive", "site-owner", frozenset({"shop"}))
        with pytest.raises(Refused, match="not-allowed"):
            remove_site(parts, olive, "shop")
        record = parts.registry.site("shop")
        assert record is not None
        assert not record.retired


@pytest.mark.parametrize("typed", ["shop", "Shop", ""])
def test_the_command_asks_for_the_name_and_exports_first(tmp_path: Path, typed: str) -> None:
    """The figures and the policies stand in the folder; another word removes nothing."""
    data, out = tmp_path / "data", tmp_path / "out"
    with busy(data):
        pass
    words = ["site", "remove", "shop", "--data", str(data), "--export", str(out)]
    command = [sys.executable, "-m", "askfirst", *words]
    run = subprocess.run(command, input=f"{typed}\n", capture_output=True, text=True, check=False)
    assert "Traceback" not in run.stderr
    assert (run.returncode == 0) is (typed == "shop"), run.stderr
    if typed != "shop":
        assert not out.exists()
        return
    (pages,) = out.glob(f"statistics-page-{MONDAY}-*.csv")
    assert PAGE[0] in pages.read_text("utf-8")
    assert 'site = "shop"' in (out / "policy-1.toml").read_text("utf-8")


def test_a_folder_with_files_is_not_written_into(tmp_path: Path) -> None:
    """An export that cannot be written removes nothing."""
    data = tmp_path / "data"
    with busy(data):
        pass
    words = ["site", "remove", "shop", "--data", str(data), "--export", str(data), "--yes"]
    command = [sys.executable, "-m", "askfirst", *words]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (run.returncode, "is not empty" in run.stderr) == (1, True)
    clock = Clock(noon(TUESDAY))
    with opened(data, clock, policy()) as parts:
        record = parts.registry.site("shop")
        assert record is not None
        assert not record.retired
