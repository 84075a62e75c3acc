"""The lease: one holder at a time, in any number of processes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from sqlalchemy import Engine

from askfirst_collector.store.database import open_ledger
from askfirst_collector.store.lease import SECONDS, release, take
from tests.support.programs import python

NOW = 1_800_000_000.0


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return open_ledger(tmp_path / "ledger.db")


def test_one_holds_it_and_renews_it(engine: Engine) -> None:
    """Who has it keeps it; nobody else gets it before it runs out."""
    assert take(engine, "a", NOW)
    assert not take(engine, "b", NOW + SECONDS - 1)
    assert take(engine, "a", NOW + SECONDS - 1)
    assert not take(engine, "b", NOW + SECONDS)


def test_it_runs_out(engine: Engine) -> None:
    """A holder that died is replaced after 30 seconds, and does not come back to it."""
    assert take(engine, "a", NOW)
    assert take(engine, "b", NOW + SECONDS)
    assert not take(engine, "a", NOW + SECONDS + 1)


def test_it_is_given_back(engine: Engine) -> None:
    """After a clean stop nobody waits; only the holder can give it back."""
    assert take(engine, "a", NOW)
    release(engine, "b")
    assert not take(engine, "b", NOW)
    release(engine, "a")
    assert take(engine, "b", NOW)


def test_a_clock_set_back_does_not_keep_it_for_ever(engine: Engine) -> None:
    """A lease that ends later than any lease can is nobody's."""
    assert take(engine, "a", NOW + 10**6)
    assert take(engine, "b", NOW)


def test_of_many_processes_one_gets_it(tmp_path: Path) -> None:
    """Real processes on one real file at the same moment."""
    open_ledger(tmp_path / "ledger.db").dispose()
    program = (
        "import sys; from pathlib import Path;"
        "from askfirst_collector.store.lease import take;"
        "from askfirst_collector.store.database import open_ledger;"
        "engine = open_ledger(Path(sys.argv[1])); sys.stdin.read();"
        f"print(take(engine, sys.argv[2], {NOW}))"
    )
    running = [
        python(
            *("-c", program, tmp_path / "ledger.db", name),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in "abcd"
    ]
    for process in running:
        assert process.stdin is not None
        process.stdin.close()
    answers = []
    for process in running:
        assert process.stdout is not None
        answers.append(process.stdout.read().strip())
        process.stdout.close()
        assert process.wait() == 0
    assert sorted(answers) == ["False", "False", "False", "True"]
