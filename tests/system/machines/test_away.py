"""ClickHouse away for longer than the spools hold, and back as it was made by another version."""

from __future__ import annotations

from functools import partial

import pytest

from askfirst.errors import CollectorUnavailable
from askfirst_collector.config import SettingError
from askfirst_collector.runtime.open import close_services
from askfirst_collector.services import Services
from askfirst_collector.store.clickhouse.events import ClickHouseEvents
from askfirst_collector.store.events import StoreUnavailable
from tests.system.clickhouse.engines import Face, database_of
from tests.system.machines.host import Host, agree, page_view, pages
from tests.system.visits import holds

SMALL = 4_000  # bytes


def _is_accepted(parts: Services, visitor: int, page: str) -> bool:
    try:
        page_view(parts, visitor, page)
    except StoreUnavailable:
        return False
    return True


def test_spools_of_every_machine_grow_to_their_cap(
    host: Host, face: Face, monkeypatch: pytest.MonkeyPatch
) -> None:
    """M50: what is answered is there once the server is back; what is too much is refused."""
    with host.machines("one", "two") as machines:
        face.kill()
        answered = ["after-0", "after-1"]
        for number, parts in enumerate(machines):
            agree(parts, number)
            assert isinstance(parts.events, ClickHouseEvents)
            monkeypatch.setattr(parts.events.spool, "_most", SMALL)
            names = [f"{number}-{place}" for place in range(60)]
            accepted = [name for name in names if _is_accepted(parts, number, name)]
            assert 0 < len(accepted) < len(names)
            with pytest.raises(StoreUnavailable, match="waits"):
                parts.events.check()
            answered += accepted
        face.start()
        for number, parts in enumerate(machines):
            parts.events.drain()
            holds(partial(_is_accepted, parts, number, f"after-{number}"))
        assert pages(host.rows(machines[0])) == sorted(answered)


def test_a_clickhouse_of_before_takes_no_row_until_it_is_right(host: Host, face: Face) -> None:
    """M50: its backup was put back. Rows wait, and who begins anew is told what is wrong."""
    database = database_of(host.events)
    with host.machines("one", "two") as (one, two):
        agree(one, 1)
        face.ask("ALTER TABLE event DROP COLUMN campaign", database)
        assert page_view(one, 1, "one") == b"{}"
        assert page_view(two, 1, "two") == b"{}"
        with pytest.raises(CollectorUnavailable):
            host.rows(one)
        with pytest.raises(SettingError, match=r"askfirst\.E142.*campaign"):
            host.open("three")
        face.ask("ALTER TABLE event ADD COLUMN campaign LowCardinality(String)", database)
        assert pages(host.rows(two)) == ["one", "two"]
        close_services(host.open("three"))
