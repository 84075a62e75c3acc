"""After a leak: which receipts a key can have signed."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from askfirst_collector.cli import main
from askfirst_collector.ledger.signed_by import KeyTime, signed_leaves, times_of_keys
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.usecases.record_consent import record_now
from askfirst_collector.usecases.rotate_keys import rotate_keys
from askfirst_collector.usecases.visitor_rights import erase
from tests.support.collectors import NOON, Clock, decision, opened, policy

POLICY = policy()
DAY = 86_400
HOUR = int(NOON) // 3600 * 3600


def test_what_a_key_signed_is_listed_by_its_hours(tmp_path: Path) -> None:
    """M17: of three keys, the second, which leaked; no handle, and no order that tells when."""
    clock = Clock()
    folder = tmp_path / "data"
    handles = [f"{number:064x}" for number in range(6)]
    with opened(folder, clock) as parts:
        parts.registry.publish(POLICY)
        for number, handle in enumerate(handles):
            if number in (2, 4):
                rotate_keys(parts, ON_THE_MACHINE, "receipts", compromised=number == 4)
            record_now(parts, decision(POLICY, handle=handle))
            clock.now += DAY
        erase(parts, "shop", handles[3])
        times = times_of_keys(parts.engine, "receipts", 3)
        assert times == [
            KeyTime(None, HOUR + 2 * DAY),
            KeyTime(HOUR + 2 * DAY, HOUR + 4 * DAY),
            KeyTime(HOUR + 4 * DAY, None),
        ]
        leaves = signed_leaves(parts.engine, times[1])
        # Who looks at their record gets its receipt anew: those of before were not over.
        expected = [parts.ledger.history("shop", handles[n])[0].leaf.hex() for n in (0, 1, 2, 4)]
        assert leaves == sorted(expected)
        newest = signed_leaves(parts.engine, times[2])
        assert parts.ledger.history("shop", handles[5])[0].leaf.hex() in newest
    with opened(folder, clock) as parts:
        second = str(parts.receipts.public()[1]["kid"])
    words = ["keys", "signed", second, "--data", str(folder)]
    document = json.loads(CliRunner().invoke(main, [*words, "--json"]).stdout)
    assert document["leaves"] == leaves
    assert document["compromised"]
    assert not [handle for handle in handles if handle in json.dumps(document)]
    # Of the letters of a kid one is a hyphen, which no option begins with here.
    for kid in ("x", "-x", "--x", "-h", "-xhx"):
        unknown = CliRunner().invoke(main, ["keys", "signed", kid, "--data", str(folder)])
        assert (unknown.exit_code, second in unknown.output) == (1, True)


def test_keys_of_before_the_audit_have_open_times(tmp_path: Path) -> None:
    """What nobody noted is not guessed: such a key can have signed all there is until then."""
    with opened(tmp_path) as parts:
        assert times_of_keys(parts.engine, "receipts", 2) == [KeyTime(None, None)] * 2
