"""Rows that are kept after their period closed, in a real store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from askfirst_collector.closing.close import close_due, close_period
from askfirst_collector.store.events import PeriodClosed, PeriodKey, Row, StoreUnavailable
from askfirst_collector.usecases.retention import purge

from .house import DAY, Clock, after, key_of, noon, opened, raw_files, row, store


def test_rows_are_lowered_blanked_and_kept(tmp_path: Path) -> None:
    """The row of a rare device stays, without what made it rare; nothing names a visitor."""
    clock = Clock(noon())
    with opened(tmp_path / "data", clock) as parts:
        rows = [row(parts, n, {"browser": ("Chrome", "130")}, keep=30) for n in range(9)]
        store(parts, [*rows, row(parts, 10, {"browser": ("Canary-of-one", "7")}, keep=30)])
        clock.now = after()
        close_due(parts, clock.now)
        kept = list(parts.events.rows(key_of()))
        assert len(kept) == 10
        assert {each.pseudonym for each in kept} == {None}
        assert b"Canary-of-one" not in raw_files(tmp_path)
        assert not [each for each in rows if (each.pseudonym or b"") in raw_files(tmp_path)]


def test_a_receipt_still_reaches_its_kept_rows(tmp_path: Path) -> None:
    """M29: with `visitor: receipt` the pseudonym stays as long as the grant's key."""
    clock = Clock(noon())
    with opened(tmp_path / "data", clock) as parts:
        rows = [row(parts, n, {"browser": ("Chrome",)}, keep=30, lasting=True) for n in range(9)]
        store(parts, rows)
        clock.now = after()
        close_due(parts, clock.now)
        name = rows[0].pseudonym
        assert name is not None
        assert len(parts.events.of_pseudonyms([name])) == 1
        assert parts.events.erase([name]) == 1
        assert name not in raw_files(tmp_path)


def test_no_account_outlives_the_pseudonym_beside_it(tmp_path: Path) -> None:
    """M29: what a visitor's erasure does not find any more is linked to nobody's account."""
    clock = Clock(noon())
    with opened(tmp_path / "data", clock) as parts:
        store(
            parts,
            [
                row(parts, n, {"user_id": (f"{n:032}",)}, keep=30, lasting=lasting)
                for lasting, numbers in ((True, range(9)), (False, range(10, 19)))
                for n in numbers
            ],
        )
        clock.now = after()
        close_due(parts, clock.now)
        kept = list(parts.events.rows(key_of()))
        assert [each.pseudonym is not None for each in kept].count(True) == 9
        assert all(("user_id" in r.values) is (r.pseudonym is not None) for r in kept)
        assert f"{10:032}".encode() not in raw_files(tmp_path)


def test_kept_rows_are_closed_and_lowered_once(tmp_path: Path) -> None:
    """Closing again, and rows that come late, change nothing of what is kept."""
    clock = Clock(noon())
    with opened(tmp_path / "data", clock) as parts:
        late = [row(parts, n, {"browser": ("Late",)}, keep=30) for n in range(20, 40)]
        store(parts, [row(parts, n, {"browser": ("Chrome",)}, keep=30) for n in range(9)])
        clock.now = after()
        close_due(parts, clock.now)
        before = sorted(str(each) for each in parts.events.rows(key_of()))
        with pytest.raises(PeriodClosed):
            store(parts, late)
        close_due(parts, clock.now)
        close_period(parts, key_of(), clock.now)
        assert sorted(str(each) for each in parts.events.rows(key_of())) == before


def test_kept_rows_go_when_their_days_are_over(tmp_path: Path) -> None:
    """M28: each row by its own terms, from the end of the period."""
    clock = Clock(noon())
    with opened(tmp_path / "data", clock) as parts:
        store(parts, [row(parts, n, {"page": ("/kept",)}, keep=10 + n % 2) for n in range(20)])
        clock.now = after()
        close_due(parts, clock.now)
        purge(parts, clock.now + 10 * DAY)
        assert len(list(parts.events.rows(key_of()))) == 10
        purge(parts, clock.now + 11 * DAY)
        assert parts.events.periods() == []


def test_many_rows_are_lowered_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """M27: nobody in a part stands out, so nobody does in all; each row is kept once."""
    monkeypatch.setattr("askfirst_collector.closing.close.TOGETHER", 40)
    clock = Clock(noon())
    browsers = ("Chrome", "Firefox", "Safari")
    with opened(tmp_path / "data", clock) as parts:
        rows = [
            row(
                parts,
                n,
                {"browser": (browsers[n % 3], str(m)), "page": ("/", f"/{n}-{m}")},
                keep=30,
            )
            for n in range(90)
            for m in range(3)
        ]
        lone = [row(parts, n, {"browser": (f"Canary-of-{n}",)}, keep=30) for n in range(90, 94)]
        store(parts, [*rows, *lone])
        clock.now = after()
        close_due(parts, clock.now)
        kept = list(parts.events.rows(key_of()))
        assert len(kept) == len(rows) + len(lone)
        assert {each.pseudonym for each in kept} == {None}
        assert {each.values["browser"][0] for each in kept if "browser" in each.values} == {
            *browsers,
        }
        assert b"Canary-of" not in raw_files(tmp_path)
        assert parts.events.kept(key_of())


def test_what_fails_half_way_keeps_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part that cannot be read leaves the rows as they were, for the next try."""
    monkeypatch.setattr("askfirst_collector.closing.close.TOGETHER", 40)
    clock = Clock(noon())
    with opened(tmp_path / "data", clock) as parts:
        store(parts, [row(parts, n, {"browser": ("Chrome",)}, keep=30) for n in range(600)])
        clock.now = after()
        whole = parts.events.parts

        def broken(key: PeriodKey, most: int) -> Iterator[list[Row]]:
            yield next(whole(key, most))
            raise StoreUnavailable("the disk is gone")

        monkeypatch.setattr(parts.events, "parts", broken)
        with pytest.raises(StoreUnavailable):
            close_due(parts, clock.now)
        assert len(list(parts.events.rows(key_of()))) == 600
        assert not parts.events.kept(key_of())
        monkeypatch.undo()
        close_due(parts, clock.now)
        assert len(list(parts.events.rows(key_of()))) == 600
        assert parts.events.kept(key_of())
