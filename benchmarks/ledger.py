"""The ledger: grants a second with receipts; what a million entries cost to sign, prove, verify.

    scripts/benchmark ledger [--grants 300] [--sizes 10000 … 1000000] [--day 100000] [--plot FILE]

Grants are recorded one after another, each with a commit that waits for the disk, and its receipt;
then by 64 callers at once, as a server does, where one commit takes all who wait.
A large ledger is filled in one transaction with the content of one of them under other handles;
then its tree is signed, entries drawn by chance are proved, and all of it is verified in a process
of its own, of which the largest size in memory is read. What waits for its position, as a day's
answers do, is signed while somebody else asks for the write lock again and again: the longest that
they waited is how long a grant would. So is what has its position already, as all of a ledger has
that is older than its trees. `--plot` draws how size, time and memory grow, as SVG.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import random
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks._plot import growth
from sqlalchemy import func, insert, select

from askfirst.client import Decision
from askfirst.remote.key_file import read_key_file
from askfirst.terms.canonical import canonical
from askfirst.terms.policy import read_policy
from askfirst_collector.config import Folder
from askfirst_collector.ledger.entries import seconds_of
from askfirst_collector.ledger.leaves import SALT, leaf_hash
from askfirst_collector.ledger.packed import pack
from askfirst_collector.ledger.tables import entry
from askfirst_collector.ledger.trees import ROWS, prove, sign_tree
from askfirst_collector.ledger.verify import keys_of, read_folder, verify
from askfirst_collector.runtime.open import close_services, open_services
from askfirst_collector.services import Services
from askfirst_collector.store.database import writing
from askfirst_collector.usecases.record_consent import record, record_now
from tests.support.policies import every_purpose

PROOFS = 2_000
CALLERS = 64
Measured = dict[str, float]
POLICY = read_policy(
    {
        **every_purpose("standard").document,
        "site": "shop",
        "origins": ["https://shop.example"],
        "languages": ["en"],
    }
)


def handle_of(number: int) -> str:
    """A handle that is nobody's."""
    return hashlib.sha256(b"%d" % number).hexdigest()


def grant(parts: Services, count: int) -> None:
    """How many durable grants there are in a second: one after another, then of many at once."""
    _report("one after another", count, lambda: _one_after_another(parts, count))
    each = max(1, 10 * count // CALLERS)
    _report(f"{CALLERS} at once", each * CALLERS, lambda: asyncio.run(_at_once(parts, each)))


def _one_after_another(parts: Services, count: int) -> None:
    for number in range(count):
        assert record_now(parts, _agrees(handle_of(-number - 1))).receipt


async def _at_once(parts: Services, count: int) -> None:
    async def visit(caller: int) -> None:
        for number in range(count):
            recorded = await record(parts, _agrees(handle_of(-(caller + 1) * 10**9 - number)))
            assert recorded.receipt

    await asyncio.gather(*(visit(caller) for caller in range(CALLERS)))


def _agrees(handle: str) -> Decision:
    return Decision("shop", handle, POLICY.hash, "en", "accept_all", {}, False, False)


def _report(how: str, count: int, run: Callable[[], None]) -> None:
    start, cpu = time.perf_counter(), time.process_time()
    run()
    seconds, used = time.perf_counter() - start, time.process_time() - cpu
    print(
        f"grants with receipts, {how}: {count / seconds:.0f} a second, "
        f"{used / count * 1e6:.0f} µs of CPU"
    )


def fill(
    parts: Services, body: dict[str, Any], first: int, count: int, *, placed: bool = True
) -> None:
    """Entries that differ by their handle, in one transaction, as `append_entry` writes them.

    Those that are not `placed` wait for their position, as the answers of a day do.
    """
    with writing(parts.engine) as connection:
        ends = connection.execute(select(func.max(entry.c.idx), func.max(entry.c.position))).one()
        rows: list[dict[str, Any]] = []
        for number in range(first, count):
            handle, salt = handle_of(number), os.urandom(SALT)
            content = canonical({**body, "handle": handle})
            rows.append(
                {
                    "idx": ends[0] + 1 + number - first,
                    "position": ends[1] + 1 + number - first if placed else None,
                    "tree": "shop",
                    "leaf": leaf_hash(salt, content),
                    "salt": salt,
                    "body": pack(content, handle),
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


def measure(parts: Services, size: int) -> Measured:
    """Sign, prove, and verify what there is."""
    signed, waited = sign(parts)
    parts.ledger.truncate()  # what is in the journal counts too
    leaves = random.sample(parts.ledger.leaves(), PROOFS)
    times, used = [], []
    for leaf in leaves:
        start, cpu = time.perf_counter(), time.process_time()
        prove(parts.engine, leaf)
        used.append((time.process_time() - cpu) * 1e3)
        times.append((time.perf_counter() - start) * 1e3)
    command = [sys.executable, "-m", "benchmarks.ledger", "--verify", str(parts.folder.path)]
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    report = json.loads(run.stdout)
    assert not report["problems"]
    print(
        f"{size:>9} entries: signed in {signed:.1f} s, others waited {waited:.2f} s at most; "
        f"proof {statistics.median(times):.2f} ms, "
        f"99 % {statistics.quantiles(times, n=100)[98]:.2f}, longest {max(times):.2f}, of "
        f"CPU {statistics.median(used):.2f}, 99 % {statistics.quantiles(used, n=100)[98]:.2f}; "
        f"verified in {report['seconds']:.1f} s, {report['cpu']:.1f} of CPU, with "
        f"{report['megabytes']:.0f} MB; {parts.folder.ledger.stat().st_size / size:.0f} bytes an "
        "entry",
        flush=True,
    )
    return {
        "ledger.db, MB": parts.folder.ledger.stat().st_size / 1e6,
        "verified, s of CPU": report["cpu"],
        "memory for it, MB": report["megabytes"],
        "a proof, ms of CPU (99 %)": statistics.quantiles(used, n=100)[98],
    }


def wait_for_lock(path: Path, ended: threading.Event, waits: list[float]) -> None:
    """How long each of many waits for the write lock took, in seconds."""
    while not ended.is_set():
        with closing(sqlite3.connect(path, timeout=60, isolation_level=None)) as connection:
            start = time.perf_counter()
            connection.execute("BEGIN IMMEDIATE")
            waits.append(time.perf_counter() - start)
            connection.execute("ROLLBACK")
        ended.wait(0.02)


def sign(parts: Services) -> tuple[float, float]:
    """Sign what there is while others want to write: seconds, and how long they waited at most."""
    waits: list[float] = []
    ended = threading.Event()
    other = threading.Thread(target=wait_for_lock, args=(parts.folder.ledger, ended, waits))
    other.start()
    start = time.perf_counter()
    seed = parts.keys.ledger()[-1]
    sign_tree(parts.engine, "shop", origin="shop", seed=seed, urandom=os.urandom)
    seconds = time.perf_counter() - start
    ended.set()
    other.join()
    return seconds, max(waits)


def verify_alone(folder: Path) -> None:
    """In a process of its own: time and memory, as JSON."""
    start = time.perf_counter()
    seeds = read_key_file(folder / "keys/ledger.keys", urandom=os.urandom)
    with read_folder(Folder(folder)) as (_, leaves, signed):
        reports = verify(leaves, replace(signed, keys=keys_of(signed.notes, seeds)))
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    problems = [problem for report in reports for problem in report.problems]
    seconds, cpu = time.perf_counter() - start, time.process_time()
    print(json.dumps({"seconds": seconds, "cpu": cpu, "megabytes": used, "problems": problems}))


def main() -> None:
    """Everything, on a disk of this machine."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--grants", type=int, default=300)
    parser.add_argument("--day", type=int, default=100_000, help="entries that are signed at once")
    sizes = [10_000, 30_000, 100_000, 300_000, 1_000_000]
    parser.add_argument("--sizes", type=int, nargs="+", default=sizes)
    parser.add_argument("--plot", type=Path, help="an SVG of how it grows, to be written")
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
            # The positions of the rest follow those that were drawn.
            seed = parts.keys.ledger()[-1]
            sign_tree(parts.engine, "shop", origin="shop", seed=seed, urandom=os.urandom)
            done, measured = 0, {}
            for size in options.sizes:
                fill(parts, body, done, size)
                done = size
                measured[size] = measure(parts, size)
            if options.day:
                fill(parts, body, done, done + options.day, placed=False)
                seconds, waited = sign(parts)
                print(
                    f"{options.day} new entries signed in {seconds:.1f} s; others waited "
                    f"{waited:.2f} s at most"
                )
            if options.plot:
                options.plot.write_text(growth(measured, unit="entries"), "utf-8")
        finally:
            close_services(parts)


if __name__ == "__main__":
    main()
