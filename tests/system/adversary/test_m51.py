"""M51 by kill -9: whatever was sent is in the ledger, and what is sent twice has one id."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.support.programs import python
from tests.unit.jobs.listener import Listener, listening
from tests.unit.transfers.house import (
    Clock,
    answer,
    deliver_to,
    entries,
    messages,
    noon,
    run,
    shop,
    state_of,
    visit,
)

# Ends itself where the name says, in the middle of a delivery.
KILLED = """
import os, signal, sys
from pathlib import Path
from askfirst_collector.transfers import deliver
from askfirst_collector.store.transfer_queue import TransferQueue
from tests.unit.jobs.listener import Listener
from tests.unit.transfers.house import Clock, run, shop

folder, port, ca, now, point = sys.argv[1:]

def die(*arguments, **options):
    os.kill(os.getpid(), signal.SIGKILL)

owner, name = {
    "before the entry": (deliver, "record_transfer"),
    "after the entry": (deliver, "_headers"),
    "after sending": (TransferQueue, "forget_message"),
    "after it is over": (deliver, "note_arrival"),
}[point]
setattr(owner, name, die)
with shop(Path(folder), Clock(float(now)), urandom=os.urandom) as parts:
    run(parts, Listener(int(port), Path(ca)))
"""


@pytest.mark.parametrize(
    ("point", "sent", "again"),
    [
        ("before the entry", 0, 1),
        ("after the entry", 0, 1),
        ("after sending", 1, 1),
        ("after it is over", 1, 0),
    ],
)
def test_a_delivery_that_is_killed_is_in_the_ledger_once(
    tmp_path: Path, point: str, sent: int, again: int
) -> None:
    """M51, M50: nothing is lost, and whatever came twice can be told."""
    data, clock = tmp_path / "data", Clock(noon())
    with listening(tmp_path) as listener:
        with shop(data, clock, urandom=os.urandom) as parts:
            deliver_to(parts, listener)
            for visitor in range(3):
                answer(parts, visitor)
                visit(parts, visitor)
        assert kill(data, listener, clock.now, point) == -signal.SIGKILL
        assert len(listener.came) == sent
        with shop(data, clock, urandom=os.urandom) as parts:
            assert len(entries(parts)) == (point != "before the entry")
            assert run(parts, listener) == again
            (entry,) = entries(parts)
            ids = {headers["webhook-id"] for _, headers, _ in listener.came}
            assert ids == {entry["message"]}
            assert {json.dumps(message) for message in messages(listener)} == {
                json.dumps(messages(listener)[0])
            }
            assert len(messages(listener)[0]["events"]) == 3
            assert parts.transfers.count(state_of(parts).id) == 0


def kill(data: Path, listener: Listener, now: float, point: str) -> int:
    """Run the job in a process that ends at a point; how it ended."""
    arguments = (str(data), str(listener.port), str(listener.ca), str(now), point)
    with python("-c", KILLED, *arguments, cwd=ROOT) as process:
        return process.wait(60)
