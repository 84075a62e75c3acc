"""Rows that are kept, written out: lowered ones alone, by the hour, and said in the audit."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from askfirst.errors import Reason, Refused
from askfirst_collector.cli import main
from askfirst_collector.closing.close import close_due
from askfirst_collector.closing.shared_rows import shared_rows
from askfirst_collector.ledger.changes import changes
from askfirst_collector.members.permissions import Member
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.store.events import Row
from askfirst_collector.usecases.kept_rows import export_rows
from tests.unit.closing.house import MONDAY, Clock, after, key_of, noon, opened, row, store


def test_only_what_is_shared_goes_out(tmp_path: Path) -> None:
    """M25, M27: no open row, no id, no minute, and no row that fewer than the size are like."""
    clock = Clock(noon())
    with opened(tmp_path / "data", clock) as parts:
        often = [
            row(
                parts,
                n,
                {"page": ("/a",), "time": (MONDAY, "09", f"{n:02}")},
                keep=30,
                lasting=True,
            )
            for n in range(9)
        ]
        # Nine others, each in an hour of its own.
        spread = [
            row(parts, n, {"page": ("/b",), "time": (MONDAY, f"{n:02}", "30")}, keep=30)
            for n in range(10, 19)
        ]
        store(parts, [*often, *spread, row(parts, 30, {"browser": ("Canary", "7")}, keep=30)])
        assert list(export_rows(parts, ON_THE_MACHINE, "shop")) == []  # it is open
        clock.now = after()
        close_due(parts, clock.now)
        tuesday = key_of("2026-11-17")
        store(parts, [row(parts, n, {"page": ("/open",)}, tuesday, keep=30) for n in range(9)])
        exported = list(export_rows(parts, ON_THE_MACHINE, "shop"))
        text = json.dumps(exported)
        for absent in (
            "Canary",
            "/open",
            "pseudonym",
            *((r.pseudonym or b"").hex() for r in often),
        ):
            assert absent not in text
        values = Counter(json.dumps(entry["values"]) for entry in exported)
        assert values == {
            json.dumps({"page": ["/a"], "time": [MONDAY, "09"]}): 9,
            json.dumps({"page": ["/b"], "time": [MONDAY]}): 9,
        }
        audit = [entry.action for entry in changes(parts.engine, 9)]
        assert audit.count("rows.export") == 2


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.integers(0, 3)), max_size=60
    ),
    st.integers(1, 7),
)
def test_every_row_is_like_enough_others(drawn: list[tuple[str, str, int]], size: int) -> None:
    """Whatever the rows: none is written with fewer than the size beside it, and none twice."""
    rows = [
        Row(
            *("shop", "", "statistics", "day", MONDAY, "page_view"),
            {"page": (f"/{page}",), "browser": (browser,), "time": (MONDAY, str(hour), "59")},
            None,
            *(5, 365, 30),
        )
        for page, browser, hour in drawn
    ]
    counts = Counter(repr(entry) for entry in shared_rows(rows, size))
    assert all(count >= size for count in counts.values())
    assert size > 1 or sum(counts.values()) == len(rows)


def test_whose_account_a_row_is_goes_out_nowhere() -> None:
    """M25: not by the number of one who came often; without it rows are as like as others."""
    rows = [
        Row(
            *("shop", "", "statistics", "day", MONDAY, "page_view"),
            {"page": ("/a",), "user_id": (("ab" if often else f"{n:02}") * 16,)},
            None,
            *(5, 365, 30),
        )
        for often in (True, False)
        for n in range(9)
    ]
    assert shared_rows(rows, 5) == [("page_view", {"page": ("/a",)})] * 18


def test_an_owner_of_the_site_gets_none(tmp_path: Path) -> None:
    """Rows are for a host admin; whoever may not have them leaves no trace of it."""
    with opened(tmp_path / "data", Clock(noon())) as parts:
        owner = Member("olive", "site-owner", frozenset({"shop"}))
        before = changes(parts.engine, 9)
        with pytest.raises(Refused) as refused:
            export_rows(parts, owner, "shop")
        assert refused.value.reason == Reason.NOT_ALLOWED
        assert changes(parts.engine, 9) == before


def test_the_command_writes_a_new_file_for_its_owner_alone(tmp_path: Path) -> None:
    """0600, and never over a file that is there; a site that is none is said."""
    with opened(tmp_path / "data", Clock(noon())):
        pass
    file = tmp_path / "rows.jsonl"
    words = ["export", "shop", "--rows", str(file), "--data", str(tmp_path / "data")]
    assert CliRunner().invoke(main, words).output.endswith("no rows are kept of shop\n")
    assert file.stat().st_mode & 0o777 == 0o600
    again = CliRunner().invoke(main, words)
    assert again.exit_code == 1
    assert "is there already" in again.output
    unknown = ["export", "nowhere", "--rows", str(tmp_path / "x"), *words[-2:]]
    assert CliRunner().invoke(main, unknown).exit_code == 1
    assert not (tmp_path / "x").exists()
