"""Closing a period: once, atomically, by whoever holds the lease."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from askfirst.terms.policy import read_policy
from askfirst.terms.widening import widened
from askfirst_collector.closing import close as closing_module
from askfirst_collector.closing.calendar import asked_of
from askfirst_collector.closing.close import close_due, close_period, due
from askfirst_collector.services import Services
from askfirst_collector.store import disclosed
from askfirst_collector.store.events import PeriodClosed
from askfirst_collector.store.periods import IN_UTC
from askfirst_collector.store.salts import GRACE, pseudonym

from .house import (
    DAY,
    MONDAY,
    Clock,
    after,
    crowd,
    handle_of,
    key_of,
    noon,
    opened,
    policy,
    raw_files,
    row,
    store,
)


def closings(parts: Services) -> dict[tuple[str, str], int | None]:
    """Visitors by purpose and period of what is closed."""
    with parts.engine.connect() as connection:
        rows = connection.execute(select(disclosed.closing)).all()
    return {(row.purpose, row.period): row.visitors for row in rows}


def cells(parts: Services, table: str) -> dict[tuple[str, ...], int]:
    """The visitors of a table's cells but those not given; `other` ends in that."""
    with parts.engine.connect() as connection:
        rows = connection.execute(select(disclosed.cell).where(disclosed.cell.c.table == table))
        return {
            disclosed.read(row.path) + (() if row.kind == "value" else (row.kind,)): row.visitors
            for row in rows
            if row.kind != "not given"
        }


def test_an_ended_period_is_closed_and_its_rows_are_destroyed(
    parts: Services, clock: Clock
) -> None:
    """The tables stay, the rows go."""
    store(parts, [*crowd(parts, 20, page=("/a",)), *crowd(parts, 10, 50, page=("/b",))])
    clock.now = after()
    close_due(parts, clock.now)
    assert closings(parts)["statistics", MONDAY] == 30
    assert cells(parts, "page") == {("/a",): 20, ("/b",): 10}
    assert parts.events.periods() == []


def test_an_open_period_is_never_closed(parts: Services, clock: Clock) -> None:
    """`askfirst close` closes only ended periods."""
    store(parts, crowd(parts, 20, page=("/a",)))
    clock.now = noon() + DAY / 2
    close_due(parts, clock.now)
    assert ("statistics", MONDAY) not in closings(parts)
    assert key_of() in parts.events.periods()


def test_a_dry_run_closes_and_counts_nothing(parts: Services, clock: Clock) -> None:
    """It says which periods are due; a period without a row looks the same as one with some."""
    empty = close_due(parts, after(), dry_run=True)
    store(parts, crowd(parts, 2, page=("/a",)))
    clock.now = after()
    assert close_due(parts, clock.now, dry_run=True) == empty
    assert key_of() in empty
    assert closings(parts) == {}


def test_a_period_of_nobody_and_one_of_a_few_are_closed_alike(
    parts: Services, clock: Clock
) -> None:
    """M27: what is closed does not tell whether one visitor came or none."""
    store(parts, crowd(parts, 2, page=("/rare",)))
    clock.now = after(days=2)
    close_due(parts, clock.now)
    found = closings(parts)
    assert found["statistics", MONDAY] is None
    assert found["statistics", "2026-11-17"] is None
    assert cells(parts, "page") == {}


def test_a_closed_period_is_never_recomputed(parts: Services, clock: Clock) -> None:
    """Rows that come too late are destroyed, never counted, and change no figure."""
    late = crowd(parts, 40, 500, page=("/late",))
    store(parts, crowd(parts, 20, page=("/a",)))
    clock.now = after()
    close_due(parts, clock.now)
    with pytest.raises(PeriodClosed):
        store(parts, late)
    close_due(parts, clock.now + 60)
    assert closings(parts)["statistics", MONDAY] == 20
    assert cells(parts, "page") == {("/a",): 20}
    assert parts.events.periods() == []


def test_rows_that_come_while_a_period_is_closed_are_not_stored(
    parts: Services, clock: Clock
) -> None:
    """A sealed period takes no row, so what was answered is what was there."""
    late = crowd(parts, 5, 500, page=("/late",))
    store(parts, crowd(parts, 20, page=("/a",)))
    parts.events.seal(key_of())
    with pytest.raises(PeriodClosed):
        store(parts, late)
    assert parts.events.counts(key_of()).visitors == 20


def test_a_period_without_rows_takes_none_while_it_is_closed(
    parts: Services, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """M50: nor after it: what is answered as stored is not removed as having come too late."""
    late = [row(parts, 1, {"page": ("/late",)})]
    clock.now = after()
    disclose, closes = closing_module.disclose, []

    def meanwhile(*arguments: Any, **options: Any) -> Any:
        with pytest.raises(PeriodClosed):
            store(parts, late)
        closes.append(arguments)
        return disclose(*arguments, **options)

    monkeypatch.setattr(closing_module, "disclose", meanwhile)
    close_period(parts, key_of(), clock.now)
    assert len(closes) == 1
    with pytest.raises(PeriodClosed):
        store(parts, late)
    assert parts.events.periods() == []


@pytest.mark.parametrize("at", ["disclose", "_settle"])
def test_a_close_that_is_cut_off_is_open_or_closed(
    parts: Services, clock: Clock, at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before its one transaction a period is open, after it closed; either way once."""
    store(parts, crowd(parts, 20, page=("/a",)))
    clock.now = after()

    def cut(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(closing_module, at, cut)
        with pytest.raises(KeyboardInterrupt):
            close_period(parts, key_of(), clock.now)
    assert (("statistics", MONDAY) in closings(parts)) == (at == "_settle")
    close_due(parts, clock.now)
    assert closings(parts)["statistics", MONDAY] == 20
    assert parts.events.periods() == []


def test_what_rows_say_governs_no_period(parts: Services, clock: Clock) -> None:
    """M27: one old grant of stricter terms shows in no size and no retention: editions decide."""
    store(parts, [*crowd(parts, 9, page=("/a",)), row(parts, 99, {}, size=12, retention=30)])
    clock.now = after()
    close_due(parts, clock.now)
    with parts.engine.connect() as connection:
        closed = disclosed.closing
        where = (closed.c.purpose == "statistics") & (closed.c.period == MONDAY)
        closing = connection.execute(select(closed).where(where)).one()
    assert (closing.visitors, closing.min_cell_size) == (10, 5)
    assert closing.expires == after() - 600 + 365 * DAY


def test_the_largest_size_and_the_shortest_retention_govern(parts: Services, clock: Clock) -> None:
    """Of every edition by which a grant may have been given when the period opened, none later."""
    clock.now += DAY
    parts.registry.publish(policy(min_cell_size=12, retention_days=100))
    parts.registry.publish(policy(min_cell_size=8, retention_days=200))
    clock.now += DAY
    parts.registry.publish(policy(min_cell_size=500, retention_days=31))
    site = parts.registry.site("shop")
    assert site is not None
    limits = []
    for period in (MONDAY, "2026-11-18", "2026-11-19", "2028-01-10"):
        terms = asked_of(site, key_of(period))
        assert terms is not None
        limits.append((terms.min_cell_size, terms.retention_days))
    assert limits == [(5, 365), (12, 100), (500, 31), (500, 31)]


def test_a_period_closes_without_its_salt(parts: Services, clock: Clock) -> None:
    """A salt is destroyed two hours after its period, closed or not."""
    store(parts, crowd(parts, 20, page=("/a",)))
    clock.now = after(days=3)
    parts.salts.destroy_due(clock.now, lambda _: IN_UTC)
    close_due(parts, clock.now)
    assert closings(parts)["statistics", MONDAY] == 20


def test_what_is_past_its_retention_is_not_closed_any_more(parts: Services, clock: Clock) -> None:
    """M28: rows of a period whose tables would be too old already are destroyed unanswered."""
    store(parts, crowd(parts, 20, page=("/a",)))
    clock.now = after(days=800)
    close_period(parts, key_of(), clock.now)
    assert ("statistics", MONDAY) not in closings(parts)
    assert parts.events.periods() == []


@pytest.mark.parametrize(
    ("closes", "first", "days"), [("week", MONDAY, 7), ("month", "2026-11-01", 30)]
)
def test_weeks_and_months_close_at_their_end(
    tmp_path: Path, closes: str, first: str, days: int
) -> None:
    """By ISO week and by month, UTC; a visitor is one visitor in all of it."""
    clock = Clock(noon())
    with opened(tmp_path / "data", clock, policy(closes=closes)) as parts:
        key = key_of(first, closes)
        store(parts, [row(parts, n, {"page": ("/a",)}, key) for n in range(20)] * 2)
        close_due(parts, after(first, days) - 2 * 600)
        assert ("statistics", first) not in closings(parts)
        clock.now = after(first, days)
        assert key in due(parts, clock.now)
        close_due(parts, clock.now)
        assert closings(parts)["statistics", first] == 20


def test_nothing_rare_is_in_any_file_once_its_period_is_closed(
    tmp_path: Path, parts: Services, clock: Clock
) -> None:
    """M25: a hostile owner's 64 bits, one to a visitor, are in no file of a closed period."""
    secrets = [f"canary-{number:016x}" for number in range(30)]
    store(
        parts,
        [
            row(
                parts,
                number,
                {
                    "page": ("/a", f"/a/{secret}"),
                    "referrer": ("other", secret),
                    "browser": (secret,),
                },
            )
            for number, secret in enumerate(secrets)
        ],
    )
    clock.now = after()
    close_due(parts, clock.now)
    left = raw_files(tmp_path)
    assert cells(parts, "page") == {("/a",): 30, ("/a", "other"): 30}
    assert not [secret for secret in secrets if secret.encode() in left]


@pytest.mark.file  # a server that has the salts has them in files of its own
def test_no_pseudonym_of_a_closed_period_can_be_computed_again(
    tmp_path: Path, parts: Services, clock: Clock
) -> None:
    """M48: the salt is in no byte of any file, and no row holds what it made."""
    salt = parts.salts.period("shop", "day", MONDAY, IN_UTC.end_of("day", MONDAY))
    store(parts, crowd(parts, 20, page=("/a",)))
    made = [pseudonym(salt, "shop", "statistics", "", handle_of(n)) for n in range(20)]
    before = raw_files(tmp_path)
    assert salt in before
    assert all(each in before for each in made)
    clock.now = after() + GRACE
    close_due(parts, clock.now)
    parts.salts.destroy_due(clock.now, lambda _: IN_UTC)
    left = raw_files(tmp_path)
    assert salt not in left
    assert not [each for each in made if each in left]


def test_drops_are_counted_apart(parts: Services, clock: Clock) -> None:
    """A dropped event is no visit; its reason is closed like any table, its own visitors."""
    store(parts, crowd(parts, 20, page=("/a",)))
    dropped = [row(parts, 100 + n, {"action": ("bot",)}, type="drop") for n in range(10)]
    store(parts, [*dropped, *dropped, row(parts, 1, {"action": ("bad-event",)}, type="drop")])
    assert parts.events.counts(key_of()).visitors == 20
    clock.now = after()
    close_due(parts, clock.now)
    assert closings(parts)["statistics", MONDAY] == 20
    # One visitor of `bad-event` alone is left out, and takes nobody along.
    assert cells(parts, "drops") == {("bot",): 10}
    assert cells(parts, "action") == {}
    assert cells(parts, "page") == {("/a",): 20}


def test_drops_of_enough_visitors_are_shown(parts: Services, clock: Clock) -> None:
    """By their reason."""
    store(parts, crowd(parts, 20, page=("/a",)))
    store(parts, [row(parts, n, {"action": ("bot",)}, type="drop") for n in range(10)])
    clock.now = after()
    close_due(parts, clock.now)
    assert cells(parts, "drops") == {("bot",): 10}


def test_a_table_is_asked_from_the_next_period_on(parts: Services, clock: Clock) -> None:
    """M27: none can be tried against one open period; it asks nobody anew, and widens nothing."""
    clock.now += DAY
    tables = {"pairs": [["browser", "page"]]}
    listed = policy(tables=tables)
    before = policy(tables={})
    assert widened(before, listed, "statistics") == ()
    parts.registry.publish(before)
    clock.now += DAY
    parts.registry.publish(listed)
    site = parts.registry.site("shop")
    assert site is not None
    pairs = []
    for period in ("2026-11-18", "2026-11-19"):
        terms = asked_of(site, key_of(period))
        assert terms is not None
        pairs.append(terms.pairs)
    assert pairs == [(), (("browser", "page"),)]


def test_a_purpose_that_was_on_for_an_hour_is_closed_by_what_it_was_asked(
    parts: Services, clock: Clock
) -> None:
    """M27: it opens no period of its own: the day closes by the calendar, whoever came or did not.

    Figures of ten, no line of four, and the rows are gone: nothing stays because nobody asks.
    """
    document = policy().document
    research = {**document["purposes"]["statistics"], "min_cell_size": 7}
    with_it = {**document, "purposes": {**document["purposes"], "research": research}}
    clock.now += 3600
    parts.registry.publish(read_policy(with_it))
    key = key_of(purpose="research")
    few = [row(parts, 20 + n, {"page": ("/b",)}, key) for n in range(4)]
    store(parts, [*[row(parts, n, {"page": ("/a",)}, key) for n in range(10)], *few])
    clock.now += 3600
    parts.registry.publish(read_policy(document))
    clock.now = after()
    close_due(parts, clock.now)
    assert closings(parts)["research", MONDAY] == 14
    assert cells(parts, "page") == {("/a",): 10}
    assert parts.events.periods() == []
