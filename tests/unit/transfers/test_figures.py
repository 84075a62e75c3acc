"""Figures go to a recipient as they were disclosed, after each closing (M27, M51)."""

from __future__ import annotations

from askfirst_collector.closing.close import close_due
from askfirst_collector.services import Services
from tests.unit.closing.house import DAY, after
from tests.unit.jobs.listener import Listener

from .house import Clock, answer, deliver_to, entries, messages, named, run, state_of, visit


def close(parts: Services, clock: Clock, visitors: int = 9) -> None:
    """A day on which so many read one page, closed."""
    for visitor in range(visitors):
        answer(parts, visitor)
        visit(parts, visitor)
    clock.now = after()
    close_due(parts, clock.now)


def test_a_closed_period_is_delivered_once(
    parts: Services, clock: Clock, listener: Listener
) -> None:
    """M51: with its tables, and an entry of the ledger."""
    deliver_to(parts, listener, what="figures")
    close(parts, clock)
    assert run(parts, listener) == 1
    (message,) = messages(listener)
    assert (message["type"], message["period"], message["closes"]) == (
        "askfirst.figures",
        "2026-11-16",
        "day",
    )
    assert message["visitors"] == 9
    assert {"path": ["/blog", "/blog/one"], "kind": "value", "visitors": 9} in message["tables"][
        "page"
    ]
    (entry,) = entries(parts)
    assert (entry["what"], entry["period"], entry["visitors"]) == ("figures", "2026-11-16", 9)
    clock.now += DAY
    close_due(parts, clock.now)
    assert run(parts, listener) == 1
    assert messages(listener)[1]["tables"] == {}
    assert len({headers["webhook-id"] for _, headers, _ in listener.came}) == 2


def test_what_closed_before_is_not_delivered(
    parts: Services, clock: Clock, listener: Listener
) -> None:
    """A delivery begins with the next closing."""
    close(parts, clock)
    deliver_to(parts, listener, what="figures")
    assert run(parts, listener) == 0


def test_a_figure_that_did_not_arrive_is_tried_again_as_it_was(
    parts: Services, clock: Clock, listener: Listener
) -> None:
    """M27: the same id and the same bytes, in order; nothing is drawn twice."""
    deliver_to(parts, listener, what="figures")
    close(parts, clock)
    listener.answers += [(500, {}), (500, {})]
    for _ in range(3):
        run(parts, listener)
        clock.now = state_of(parts).due
    assert len({(headers["webhook-id"], body) for _, headers, body in listener.came}) == 1
    assert (len(listener.came), len(entries(parts))) == (3, 1)


def test_who_is_not_named_any_more_gets_no_figures(
    parts: Services, clock: Clock, listener: Listener
) -> None:
    """M51: and not later, what closed meanwhile."""
    deliver_to(parts, listener, what="figures")
    parts.registry.publish(named(recipients=[]))
    close(parts, clock)
    run(parts, listener)
    clock.now += 60
    parts.registry.publish(named())
    run(parts, listener)
    assert listener.came == entries(parts) == []
