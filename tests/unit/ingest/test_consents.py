"""From an answer to an acknowledgement, with the process killed in between."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import time
from pathlib import Path

import pytest

from askfirst.errors import CollectorUnavailable, Refused
from askfirst_collector.usecases.record_consent import record, record_now
from tests.conftest import ROOT
from tests.support.collectors import HANDLE, Clock, decision, opened, policy
from tests.support.programs import python

POLICY = policy()

# A worker that stops for ever where the ledger has committed and nobody was told yet.
STOPS = """
import sys, threading
from pathlib import Path
from askfirst_collector.usecases.record_consent import record_now
from tests.support.collectors import decision, opened, policy
folder, method, point = sys.argv[1:]
def stop(*_, **__):
    print("committed", flush=True)
    threading.Event().wait()
with opened(Path(folder)) as parts:
    target = {"barrier": parts.events, "end_grant": parts.salts, "new_grant_key": parts.salts}
    setattr(target[point], point, stop)
    record_now(parts, decision(policy(), method))
"""


def killed(folder: Path, method: str, point: str) -> None:
    """Run that worker on a folder, and kill it -9 at the point."""
    words = ("-c", STOPS, folder, method, point)
    with python(*words, stdout=subprocess.PIPE, cwd=ROOT, text=True) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "committed\n"
        worker.send_signal(signal.SIGKILL)
        assert worker.wait(10) == -signal.SIGKILL


@pytest.mark.parametrize("point", ["barrier", "end_grant"])
def test_a_withdrawal_survives_its_process(tmp_path: Path, point: str) -> None:
    """Committed but not acknowledged: it stands, and asking again finishes it."""
    with opened(tmp_path) as parts:
        parts.registry.publish(POLICY)
        record_now(parts, decision(POLICY))
        killed(tmp_path, "withdraw", point)
        standing = parts.ledger.consent_status("shop", HANDLE)
        assert standing is not None
        assert not standing.alive
        assert parts.salts.grant_key(HANDLE) is not None
        assert record_now(parts, decision(POLICY, "withdraw")).status == "withdrawn"
        assert parts.salts.grant_key(HANDLE) is None
        assert len(parts.ledger.history("shop", HANDLE)) == 2
        with pytest.raises(Refused, match="handle-ended"):
            record_now(parts, decision(POLICY))


def test_a_grant_survives_its_process(tmp_path: Path) -> None:
    """Committed but not acknowledged: sent again it is one grant, with its key."""
    with opened(tmp_path) as parts:
        parts.registry.publish(POLICY)
        killed(tmp_path, "accept_all", "new_grant_key")
        assert parts.salts.grant_key(HANDLE) is None
        again = record_now(parts, decision(POLICY))
        assert again.receipt is not None
        assert parts.salts.grant_key(HANDLE) is not None
        standing = parts.ledger.consent_status("shop", HANDLE)
        assert standing is not None
        assert standing.alive


def test_a_grant_that_takes_too_long_is_not_given(tmp_path: Path) -> None:
    """503 within little more than 2 s, whatever the disk does."""

    async def ask() -> float:
        start = time.monotonic()
        with pytest.raises(CollectorUnavailable):
            await record(parts, decision(POLICY))
        return time.monotonic() - start

    with opened(tmp_path, Clock()) as parts:
        parts.registry.publish(POLICY)
        with parts.engine.connect() as other:
            other.exec_driver_sql("BEGIN IMMEDIATE")
            assert asyncio.run(ask()) < 4
            other.exec_driver_sql("ROLLBACK")
        assert parts.ledger.consent_status("shop", HANDLE) is None


@pytest.mark.parametrize("handle", ["", "a" * 63, "A" * 64, "../" + "a" * 61])
def test_a_handle_is_a_hash(tmp_path: Path, handle: str) -> None:
    """Nothing else is ever written in its place."""
    with opened(tmp_path) as parts:
        parts.registry.publish(POLICY)
        with pytest.raises(Refused, match="bad-shape"):
            record_now(parts, decision(POLICY, handle=handle))


def test_an_unknown_site_records_nothing(tmp_path: Path) -> None:
    """Publish first."""
    with opened(tmp_path) as parts, pytest.raises(Refused, match="no-such-site"):
        record_now(parts, decision(POLICY))
