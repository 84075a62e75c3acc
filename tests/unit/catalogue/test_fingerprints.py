"""What a change is about is read again, in every worker, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import event

from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.services import Services
from askfirst_collector.usecases.sites import limit_site, publish_policy, retire_site
from tests.support.collectors import Clock, opened, policy

LATER = 3_600
SHOP = policy()
WIDER = policy(origins=["https://shop.example", "https://new.example"])


CHANGES: dict[str, Callable[[Services], object]] = {
    "edition": lambda parts: parts.registry.publish(WIDER),
    "later": lambda parts: publish_policy(
        parts, ON_THE_MACHINE, WIDER, effective=int(parts.now()) + LATER
    ),
    "end": lambda parts: retire_site(parts, ON_THE_MACHINE, "shop"),
    "limit": lambda parts: limit_site(parts, ON_THE_MACHINE, "shop", 900),
}


@pytest.mark.parametrize("change", CHANGES)
def test_one_change_reads_one_site(tmp_path: Path, change: str) -> None:
    """M33: the next event is judged by it in another worker, which reads no other site for it."""
    clock = Clock()
    with opened(tmp_path, clock) as parts, opened(tmp_path, clock) as worker:
        for name in ("shop", "tides", "club"):
            parts.registry.publish(policy(site=name, origins=[f"https://{name}.example"]))
        before = {name: worker.registry.site(name) for name in ("shop", "tides", "club")}
        read: list[object] = []

        @event.listens_for(worker.engine, "before_cursor_execute")
        def seen(_c: object, _u: object, text: str, values: object, *_: object) -> None:
            read.append((text, values))

        CHANGES[change](parts)
        after = {name: worker.registry.site(name) for name in ("shop", "tides", "club")}
        assert after["tides"] is before["tides"]
        assert after["club"] is before["club"]
        assert not any("tides" in str(values) for _, values in read)
        shop, again = after["shop"], parts.registry.site("shop")
        assert shop is not None
        assert again is not None
        assert (len(shop.editions), shop.retired, shop.rows_a_day) == (
            *(len(again.editions), again.retired, again.rows_a_day),
        )
        if change == "later":
            clock.now += LATER
            after["shop"] = worker.registry.site("shop")
        assert after["shop"] is not before["shop"]


def test_origins_are_those_of_now(tmp_path: Path) -> None:
    """Of every worker's changes, and of what takes effect by itself; no site is gone over."""
    clock = Clock()
    with opened(tmp_path, clock) as parts, opened(tmp_path, clock) as worker:
        parts.registry.publish(SHOP)
        parts.registry.publish(policy(site="tides", origins=["https://tides.example"]))
        assert worker.registry.has_origin("https://shop.example")
        assert not worker.registry.has_origin("https://new.example")
        CHANGES["later"](parts)
        assert not worker.registry.has_origin("https://new.example")
        clock.now += LATER
        assert worker.registry.has_origin("https://new.example")
        parts.registry.publish(policy(origins=["https://other.example"]))
        assert not worker.registry.has_origin("https://new.example")
        assert worker.registry.origins()["shop"] == ("https://other.example",)
        statements: list[str] = []
        event.listen(
            worker.engine, "before_cursor_execute", lambda *args: statements.append(args[2])
        )
        assert worker.registry.has_origin("https://tides.example")
        assert statements == []
