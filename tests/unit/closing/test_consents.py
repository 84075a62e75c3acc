"""The `consent` table, from real ledger entries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from askfirst.terms.attributes import Value
from askfirst_collector.closing.close import close_due
from askfirst_collector.closing.consents import read_consents
from askfirst_collector.ledger.entries import mark_of, timestamp
from askfirst_collector.services import Services
from askfirst_collector.store.periods import IN_UTC
from askfirst_collector.usecases.retention import purge

from .house import DAY, Clock, after, handle_of, key_of
from .test_close import cells


def decide(
    parts: Services, visitor: int, edition: int = 1, *, unsized: bool = False, **details: int
) -> None:
    """Append an entry with these choices."""
    hour = int(parts.now()) // 3600 * 3600
    choices = {name: {"detail": n, "edition": edition} for name, n in details.items()}
    granted = any(details.values())
    body: Mapping[str, Any] = {
        "v": 2,
        "kind": "grant" if granted else "withdraw",
        "method": "save" if granted else "withdraw",
        "site": "shop",
        "handle": handle_of(visitor),
        "edition": {"number": edition, "hash": "0" * 64},
        "choices": choices,
        "collectors": [],
        "hour": timestamp(hour),
        "until": timestamp(hour + 100 * DAY),
        "status": "granted" if granted else "withdrawn",
    }
    day = IN_UTC.period_of("day", hour) if unsized else None
    parts.ledger.append("shop", handle_of(visitor), lambda past: body, unsized_on=day)


def found(parts: Services, period: str = "2026-11-16") -> dict[Value, int]:
    """Visitors by what happened and edition."""
    groups = read_consents(parts.ledger, key_of(period), IN_UTC).groups
    return {value: len(visitors) for value, visitors in groups.items()}


def test_what_an_entry_means_follows_from_the_one_before(parts: Services, clock: Clock) -> None:
    """Of a purpose: granted, changed, withdrawn at the edition it leaves, or not touched."""
    decide(parts, 1, statistics=2)
    decide(parts, 2, statistics=0, marketing=2)
    clock.now += DAY
    decide(parts, 1, edition=2, statistics=1)
    decide(parts, 1, edition=2, statistics=1, marketing=1)
    decide(parts, 1, edition=2, statistics=0)
    decide(parts, 2, edition=2, statistics=2, marketing=2)
    assert found(parts) == {("granted", "1"): 1}
    assert found(parts, "2026-11-17") == {
        ("changed", "2"): 1,
        ("withdrawn", "2"): 1,
        ("granted", "2"): 1,
    }


def test_each_handle_is_one_visitor(parts: Services) -> None:
    """Who changes a choice five times is one who changed it."""
    for detail in (3, 2, 3, 2, 3, 2):
        decide(parts, 1, statistics=detail)
    assert found(parts) == {("granted", "1"): 1, ("changed", "1"): 1}


def test_refusals_are_counted_where_the_policy_counts_them(parts: Services, clock: Clock) -> None:
    """They close like any table."""
    for _ in range(7):
        parts.ledger.tally_refusal("shop", 1, IN_UTC)
    clock.now += DAY
    parts.ledger.tally_refusal("shop", 1, IN_UTC)
    assert found(parts) == {("refused", "1"): 7}


def test_who_agreed_to_other_purposes_alone_refused_this_one(parts: Services, clock: Clock) -> None:
    """Counted once, by the first answer, and by editions alone that count refusals."""
    decide(parts, 1, statistics=0, marketing=2)
    decide(parts, 2, statistics=2, marketing=0)
    decide(parts, 3, edition=2, statistics=0, marketing=2)
    decide(parts, 1, statistics=0, marketing=1)
    parts.ledger.tally_refusal("shop", 1, IN_UTC)
    groups = read_consents(parts.ledger, key_of(), IN_UTC, {1}).groups
    assert {value: len(own) for value, own in groups.items()} == {
        ("granted", "1"): 1,
        ("refused", "1"): 2,
    }


def test_the_table_is_closed_like_any_other(parts: Services, clock: Clock) -> None:
    """M27: without one page view, 32 grants and 12 withdrawals are cells."""
    for visitor in range(32):
        decide(parts, visitor, statistics=2)
    for visitor in range(12):
        decide(parts, visitor, statistics=0)
    clock.now = after()
    close_due(parts, clock.now)
    shown = cells(parts, "consent")
    assert set(shown) == {
        ("granted",),
        ("granted", "1"),
        ("withdrawn",),
        ("withdrawn", "1"),
    }
    assert (shown["granted",], shown["withdrawn",]) == (32, 12)


def test_one_withdrawal_is_hidden(parts: Services, clock: Clock) -> None:
    """M27: 20 grants and one withdrawal, which is not shown and hides nothing."""
    for visitor in range(20):
        decide(parts, visitor, statistics=2)
    decide(parts, 40, statistics=2)
    clock.now += DAY
    for visitor in range(50, 70):
        decide(parts, visitor, statistics=2)
    decide(parts, 40, statistics=0)
    clock.now = after(days=2)
    close_due(parts, clock.now)
    assert set(cells(parts, "consent")) == {("granted",), ("granted", "1")}


def test_a_crowd_of_one_network_makes_no_line(parts: Services, clock: Clock) -> None:
    """M27: 40 invented grants, a withdrawal, two others. Of a day with ten others all count."""
    for visitor in range(40):
        decide(parts, visitor, statistics=2, unsized=visitor >= 3)
    decide(parts, 39, statistics=0)
    for visitor in (50, 51):
        decide(parts, visitor, statistics=2)
    clock.now += DAY
    for visitor in range(60, 80):
        decide(parts, visitor, statistics=2, unsized=visitor >= 70)
    clock.now = after(days=2)
    close_due(parts, clock.now)
    assert cells(parts, "consent") == {("granted",): 20, ("granted", "1"): 20}


def test_an_erasure_leaves_no_day_of_an_answer(parts: Services) -> None:
    """M29: the mark of an erased handle is known for good, and the day beside it told when."""
    for visitor in (1, 2):
        decide(parts, visitor, statistics=2, unsized=True)
    parts.ledger.erase("shop", handle_of(1), generation=0)
    left = {mark_of("shop", handle_of(2))}
    assert parts.ledger.unsized("shop", "2026-11-16", "2026-11-17") == left


def test_who_counts_towards_no_size_is_forgotten(parts: Services, clock: Clock) -> None:
    """M28: with the counts of refusals, once no period can ask for it."""
    decide(parts, 1, statistics=2, unsized=True)
    decide(parts, 1, statistics=1, unsized=True)
    assert len(parts.ledger.unsized("shop", "2026-11-16", "2026-11-17")) == 1
    assert parts.ledger.unsized("shop", "2026-11-17", "2026-12-31") == set()
    assert parts.ledger.unsized("other", "2026-11-16", "2026-11-17") == set()
    purge(parts, clock.now + 100 * DAY)
    assert parts.ledger.unsized("shop", "2026-11-16", "2026-11-17") == set()
