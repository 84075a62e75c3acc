"""The ledger: grants a second with receipts; what a million entries cost to sign, prove, verify.

    scripts/benchmark ledger [--grants 300] [--sizes 10000 100000 1000000]

Grants are recorded one after another, each with a commit that waits for the disk, and its receipt.
A large ledger is filled in one transaction with the content of one of them under other handles;
then its tree is signed, entries drawn by chance are proved, and all of it is verified in a process
of its own, of which the largest size in memory is read.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, select

from askfirst.client import Decision
from askfirst.remote.key_file import read_key_file
from askfirst.terms.canonical import canonical
from askfirst.terms.policy import read_policy, shipped
from askfirst_collector.ledger.entries import seconds_of
from askfirst_collector.ledger.leaves import SALT, leaf_hash
from askfirst_collector.ledger.tables import entry
from askfirst_collector.ledger.trees import ROWS, prove, sign_tree
from askfirst_collector.ledger.verify import Signed, keys_of, read_folder, verify
from askfirst_collector.runtime.open import close_services, open_services
from askfirst_collector.services import Services
from askfirst_collector.store.database import writing
from askfirst_collector.usecases.record_consent import record_now

PROOFS = 2_000
POLICY = read_policy(
    {
        **shipped("standard").document,
        "site": "shop",
        "origins": ["https://shop.example"],
        "languages": ["en"],
    }
)


def handle_of(number: int) -> str:
    """A handle that is nobody's."""
    return hashlib.sha256(b"%d" % number).hexdigest()


def grant(parts: Services, count: int) -> None:
    """How many durable grants there are in a second, one after another."""
    start = time.perf_counter()
    cpu = time.process_time()
    for number in range(count):
        decision = Decision(
            "shop", handle_of(-number - 1), POLICY.hash, "en", "accept_all", {}, False, False
        )
        assert record_now(parts, decision).receipt
    seconds, used = time.perf_counter() - start, time.process_time() - cpu
    print(
        f"grants with receipts: {count / seconds:.0f} a second, {used / count * 1e3:.2f} ms of CPU"
    )


def fill(parts: Services, body: dict[str, Any], first: int, count: int) -> None:
    """Entries that differ by their handle, in one transaction, as `append_entry` writes them."""
    with writing(parts.engine) as connection:
        ends = connection.execute(select(func.max(entry.c.idx), func.max(entry.c.position))).one()
        rows: list[dict[str, Any]] = []
        for number in range(first, count):
            handle, salt = handle_of(number), os.urandom(SALT)
            content = canonical({**body, "handle": handle})
            rows.append(
                {
                    "idx": ends[0] + 1 + number - first,
                    "position": ends[1] + 1 + number - first,
                    "tree": "shop",
                    "leaf": leaf_hash(salt, content),
                    "salt": salt,
                    "body": content,
                    "site": "shop",
                    "handle": handle,
                    "kind": body["kind"],
                    "hour": seconds_of(body["hour"]),
                    "until": seconds_of(body["until"]),
                }
            )
            if len(rows) == ROWS or number == count - 1:
                connection.execute(insert(entry), rows)
                rows.clear()


def measure(parts: Services, size: int) -> None:
    """Sign, prove, and verify what there is."""
    seed = parts.keys.ledger()[-1]
    start = time.perf_counter()
    sign_tree(parts.engine, "shop", origin="shop", seed=seed, urandom=os.urandom)
    signed = time.perf_counter() - start
    leaves = random.sample(parts.ledger.leaves(), PROOFS)
    times = []
    for leaf in leaves:
        start = time.perf_counter()
        prove(parts.engine, leaf)
        times.append((time.perf_counter() - start) * 1e3)
    command = [sys.executable, "-m", "benchmarks.ledger", "--verify", str(parts.folder.path)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    report = json.loads(run.stdout)
    assert not report["problems"]
    print(
        f"{size:>9} entries: signed in {signed:.1f} s; proof {statistics.median(times):.2f} ms, "
        f"99 % {statistics.quantiles(times, n=100)[98]:.2f}, longest {max(times):.2f}; verified in "
        f"{report['seconds']:.1f} s with {report['megabytes']:.0f} MB",
        flush=True,
    )


def verify_alone(folder: Path) -> None:
    """In a process of its own: time and memory, as JSON."""
    start = time.perf_counter()
    _, leaves, notes = read_folder(folder / "ledger.db")
    seeds = read_key_file(folder / "keys/ledger.keys", urandom=os.urandom)
    reports = verify(leaves, Signed(notes, keys_of(notes, seeds)))
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    problems = [problem for report in reports for problem in report.problems]
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "megabytes": used, "problems": problems}))


def main() -> None:
    """Everything, on a disk of this machine."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--grants", type=int, default=300)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--folder", type=Path, help="where the folder is made, such as on a disk")
    parser.add_argument("--verify", type=Path)
    options = parser.parse_args()
    if options.verify:
        verify_alone(options.verify)
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        parts = open_services(
            Path(folder) / "data", host_policy=None, now=time.time, urandom=os.urandom
        )
        try:
            parts.registry.publish(POLICY)
            grant(parts, options.grants)
            body = dict(parts.ledger.history("shop", handle_of(-1))[0].body)
            done = 0
            for size in options.sizes:
                fill(parts, body, done, size)
                done = size
                measure(parts, size)
        finally:
            close_services(parts)


if __name__ == "__main__":
    main()
