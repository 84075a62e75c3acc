"""Ends real servers at many drawn points, and says what of the acknowledged is not there.

    scripts/crash --points 200
    scripts/crash --points 200 --seed 4711 --only 17

Ends with 1 where anything was lost, doubled or damaged.
"""

from __future__ import annotations

import argparse
import logging
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.system.crash.disk import compiler
from tests.system.crash.points import KINDS, Bench, draw_points, memory
from tests.system.crash.report import line, table
from tests.system.crash.sites import TOPOLOGIES


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/crash", description=__doc__)
    parser.add_argument("--points", type=int, default=16, help="how many (16)")
    parser.add_argument("--seed", type=int, help="what everything is drawn from")
    parser.add_argument("--only", type=int, help="this one of the points alone")
    parser.add_argument("--kind", choices=KINDS, action="append", help="may be given again")
    parser.add_argument("--topology", choices=TOPOLOGIES, action="append")
    asked = parser.parse_args()
    if compiler() is None:
        print("scripts/crash needs a C compiler: install cc, gcc or clang", file=sys.stderr)
        return 2
    seed = random.SystemRandom().randrange(10**6) if asked.seed is None else asked.seed
    print(f"--seed {seed}", flush=True)
    points = [
        point
        for point in draw_points(
            asked.points,
            seed,
            tuple(asked.kind or KINDS),
            tuple(asked.topology or TOPOLOGIES),
        )
        if asked.only in (None, point.number)
    ]
    # Whoever looks at the outcome opens the folder, and is told each time what governs it.
    logging.getLogger("askfirst").setLevel(logging.ERROR)
    folder = Path(tempfile.mkdtemp(prefix="askfirst-crash-", dir=memory()))
    begun = time.monotonic()
    outcomes = []
    bench = Bench(folder)
    try:
        for point in points:
            outcomes.append(bench.run(point))
            print(line(outcomes[-1]), flush=True)
    finally:
        bench.close()
    print(table(outcomes))
    print(f"{time.monotonic() - begun:.0f} s")
    if any(outcome.differences for outcome in outcomes):
        print(f"What differs is kept in {folder}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
