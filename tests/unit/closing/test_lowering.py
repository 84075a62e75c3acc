"""Kept rows: no device stands out, no string is rare, no order tells a time."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from askfirst.terms.attributes import Value
from askfirst_collector.closing.k_anonymity import COMBINED, caps_of, k_anonymise
from askfirst_collector.store.events import Row

from .populations import values_of

SIZE = 3


def _row(visitor: int | None, values: dict[str, Value], keep: int = 30) -> Row:
    name = None if visitor is None else b"%032d" % visitor
    fields = ("shop", "", "statistics", "day", "2026-11-16", "page_view")
    return Row(*fields, {k: v for k, v in values.items() if v}, name, SIZE, 365, keep)


def _combination(row: Row) -> tuple[Value, ...]:
    return tuple(row.values.get(name, ()) for name in COMBINED)


rows_of = st.lists(
    st.builds(
        _row,
        st.one_of(st.none(), st.integers(0, 12)),
        st.fixed_dictionaries(
            {
                "ip": values_of(3, "ab"),
                "browser": values_of(2, "xyz"),
                "os": values_of(1),
                "page": values_of(2, "pqr"),
            }
        ),
        st.sampled_from([0, 30, 30]),
    ),
    max_size=60,
)


@given(rows_of)
def test_each_combination_is_shared_by_enough(rows: list[Row]) -> None:
    """M27: no (ip, browser, os, screen, language) is kept that fewer than the size have."""
    everyone = {row.pseudonym for row in rows if row.pseudonym}
    kept = k_anonymise(rows, SIZE, lasting=everyone, caps={})
    sharing: dict[tuple[Value, ...], set[bytes]] = {}
    for row in kept:
        sharing.setdefault(_combination(row), set()).update({row.pseudonym or b""} - {b""})
    assert all(len(visitors) >= SIZE for visitors in sharing.values())


@given(rows_of)
def test_rows_are_only_lowered(rows: list[Row]) -> None:
    """Every kept row is a row that was to be kept, no finer; most keep what they may."""
    kept = k_anonymise(rows, SIZE, lasting=(), caps={})
    wanted = [row for row in rows if row.keep_rows_days]
    assert len(kept) in (0, len(wanted))
    for row in kept:
        assert any(
            all(
                then.values.get(name, ())[: len(value)] == value
                for name, value in row.values.items()
                if name in COMBINED
            )
            for then in wanted
        )


@given(rows_of)
def test_no_rare_string_is_kept(rows: list[Row]) -> None:
    """M25: a page that fewer than the size reached is `other`, below the last shared part."""
    reached: dict[Value, set[bytes]] = {}
    for row in rows:
        value = row.values.get("page", ())
        for level in range(1, len(value) + 1):
            reached.setdefault(value[:level], set()).update({row.pseudonym or b""} - {b""})
    for row in k_anonymise(rows, SIZE, lasting=(), caps={}):
        value = row.values.get("page", ())
        known = value[:-1] if value[-1:] == ("other",) else value
        assert not known or len(reached[known]) >= SIZE


@given(rows_of, st.randoms())
def test_no_order_of_rows_tells_an_order_of_events(rows: list[Row], draw: random.Random) -> None:
    """M26: kept rows are in the order of their content, however they were read."""
    shuffled = draw.sample(rows, len(rows))
    kept, again = (k_anonymise(each, SIZE, lasting=(), caps={}) for each in (rows, shuffled))
    assert [row.values for row in kept] == [row.values for row in again]


def test_pseudonyms_of_the_period_are_blanked() -> None:
    """Only those that a grant lasts for stay."""
    rows = [_row(number, {"page": ("/a",)}) for number in range(6)]
    name = rows[0].pseudonym
    assert name is not None
    kept = k_anonymise(rows, SIZE, lasting={name}, caps={})
    assert sorted(row.pseudonym or b"" for row in kept) == [b""] * 5 + [name]


def test_a_receipt_never_gets_finer_than_before() -> None:
    """A combination that was lowered once is not told by the next period's."""
    before = [_row(0, {"ip": ("DE",), "browser": ("x", "1")})]
    rows = [_row(number, {"ip": ("DE", "BY"), "browser": ("x", "1")}) for number in range(9)]
    rows += [_row(number, {"ip": ("DE",), "browser": ("x", "1")}) for number in range(20, 25)]
    name = rows[0].pseudonym
    assert name is not None
    caps = caps_of(before)
    kept = k_anonymise(rows, SIZE, lasting={name}, caps=caps)
    own = next(row for row in kept if row.pseudonym == name)
    assert len(own.values.get("ip", ())) <= 1
    assert any(row.values.get("ip") == ("DE", "BY") for row in kept if row.pseudonym is None)


def test_too_few_rows_are_not_kept_at_all() -> None:
    """Where fewer than the size would be kept, there is nothing to hide among."""
    rows = [_row(number, {"page": ("/a",)}) for number in range(SIZE - 1)]
    assert k_anonymise(rows, SIZE, lasting=(), caps={}) == []
