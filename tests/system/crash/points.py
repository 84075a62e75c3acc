"""One point: servers under load, an end of them that was drawn, a new start, and the comparison."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from askfirst.errors import CollectorUnavailable
from askfirst.remote.key_file import read_key_file
from askfirst_collector.config import SettingError
from askfirst_collector.init.host_policy import write_host_policy
from askfirst_collector.runtime.open import close_services, open_services
from tests.support.site_keys import new_site_key
from tests.system.crash import compare
from tests.system.crash.compare import FOREVER, OTHER, Difference
from tests.system.crash.disk import AFTER, BEFORE, COUNT, JOURNAL, TORN, Disk, read_journal
from tests.system.crash.power_cut import Folder
from tests.system.crash.processes import Parent, gone, kill
from tests.system.crash.sites import COMMANDS, TOPOLOGIES, Site
from tests.system.crash.visits import POLICY, Crowd, Wrong

KINDS = ("random", "nth-write", "torn-write", "power-cut")
SETTLES = 20.0  # seconds until what waits in a spool must have arrived
FURTHER = 12  # operations after a new start


@dataclass(frozen=True)
class Point:
    """Where a run is ended: everything about it is drawn from `seed` and `number`."""

    number: int
    seed: int
    kind: str
    topology: str

    @property
    def drawn(self) -> random.Random:
        return random.Random(f"{self.seed}/{self.number}")


@dataclass
class Outcome:
    """What came of a point."""

    point: Point
    where: str = ""
    operations: int = 0
    seconds: float = 0.0
    differences: list[Difference] = field(default_factory=list)

    @property
    def counts(self) -> Counter[str]:
        return Counter(difference.kind for difference in self.differences)


def draw_points(
    count: int, seed: int, kinds: tuple[str, ...] = KINDS, topologies: tuple[str, ...] = TOPOLOGIES
) -> Iterator[Point]:
    """Each kind with each topology in turn."""
    for number in range(count):
        kind = kinds[number % len(kinds)]
        turn = number + number // len(kinds)
        yield Point(number, seed, kind, topologies[turn % len(topologies)])


def memory() -> Path | None:
    """Where files are in memory, if anywhere: a killed process leaves the same there as on a disk.

    What a disk would have after a power cut is reckoned from the changes, wherever they went.
    """
    folder = Path("/dev/shm")
    return folder if os.access(folder, os.W_OK) else None


class Bench:
    """What all points share: the parent of the servers, the disk and a folder to begin with."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.disk = Disk(folder)
        self.parent = Parent(self.disk.environment)
        self._first = folder / "first"
        (self._first / "disk/site").mkdir(parents=True)
        read_key_file(self._first / "disk/site/cookie.keys", urandom=os.urandom)
        data = self._first / "disk/collector"
        parts = open_services(data, host_policy=None, now=time.time, urandom=os.urandom)
        parts.registry.publish(POLICY)
        self.key = new_site_key(parts.engine, "shop", urandom=os.urandom)
        close_services(parts)

    def close(self) -> None:
        self.parent.end()
        self.disk.close()

    def run(self, point: Point, mode: int = 0) -> Outcome:
        """Run one point; its folder stays where something differs."""
        root = self.folder / f"{point.number}"
        shutil.copytree(self._first, root)
        outcome = Outcome(point)
        begun = time.monotonic()
        run = _Run(self, point, root, outcome, mode)
        try:
            run.power_cut() if point.kind == "power-cut" else run.killed()
        except (Wrong, AssertionError) as error:
            outcome.differences.append(_wrong(str(error)))
        finally:
            run.site.close()
        outcome.seconds = time.monotonic() - begun
        if not outcome.differences:
            shutil.rmtree(root)
        return outcome


class _Run:
    def __init__(self, bench: Bench, point: Point, root: Path, outcome: Outcome, mode: int) -> None:
        self._bench = bench
        self._disk = bench.disk
        self._point = point
        self._root = root
        self._outcome = outcome
        self._drawn = point.drawn
        self._mode = mode
        self.site = Site(bench.parent, point.topology, root / "disk", bench.key)

    def killed(self) -> None:
        """Kill, start again, let everybody finish, and compare."""
        self._disk.watch(self._root / "disk", self._root / "journal", self._mode | COUNT)
        drawn = self._drawn
        if self._point.kind != "random" and drawn.random() < 0.2:
            self._arm()  # the start is written, too
        self.site.start()
        crowd = self._crowd()
        with self._beside(crowd):
            crowd.start()
            crowd.wait(drawn.randint(0, 10), lambda: bool(self._disk.fired))
            for _ in range(drawn.randint(1, 3) if self._point.kind == "random" else 1):
                self._kill(crowd)
                crowd.wait(FURTHER, self._started_again)
            crowd.stop()
        self._compare(crowd, self.site)

    def _started_again(self) -> bool:
        """As a supervisor does: also what ended because it met a lock when it began."""
        self.site.start()
        return False

    def _kill(self, crowd: Crowd) -> None:
        """kill -9 one process at the point, and perhaps the others a little later."""
        drawn = self._drawn
        place, holder = drawn.randrange(len(self.site.pids)), 0
        if self._point.kind == "random":
            crowd.wait(drawn.randint(5, 80))
            if drawn.random() < 0.25:
                # Another program holds the ledger: what visitors take back meets it.
                holder = self.site.hold()
                time.sleep(drawn.uniform(0.3, 1.5))
            time.sleep(drawn.uniform(0, 0.02))  # the point of the kill, not a wait
            self._outcome.where += f"after operation {crowd.done} "
        else:
            if not self._disk.fired:
                self._arm()
            crowd.wait(150, lambda: bool(self._disk.fired))
            fired = self._disk.fired
            place = self.site.pids.index(fired) if fired in self.site.pids else place
            self._outcome.where += f"at change {self._disk.sequence} "
            self._disk.disarm()
        self._outcome.where += f"of {self.site.name(place)} "
        self.site.kill(place)
        # How long the others are on their own.
        time.sleep(drawn.choice((0, 0.1, 0.5, 1.5)) if len(self.site.pids) > 1 else 0)
        if drawn.random() < 0.5:
            self.site.kill()
        kill(holder)
        gone(holder)

    def power_cut(self) -> None:
        """Let the load end, and then look at the folder as a cut before that may have left it."""
        disk = self._root / "disk"
        self._disk.watch(disk, self._root / "journal", self._mode | COUNT | JOURNAL)
        before = Folder(disk)
        self.site.start()
        crowd = self._crowd()
        with self._beside(crowd):
            crowd.start()
            crowd.wait(self._drawn.randint(40, 160))
            crowd.stop()
        self.site.kill()
        granted = [person.operations[0].acknowledged or 0 for person in crowd.people]
        cut = self._drawn.randint(min(granted), self._disk.sequence)
        self._outcome.where = f"at change {cut} of {self._disk.sequence}"
        journal = read_journal(self._root / "journal")
        before.pass_through(change for change in journal if change.sequence <= cut)
        shutil.move(disk, self._root / "uncut")
        before.write(disk, random.Random(f"{self._point.seed}/{self._point.number}/image"))
        shutil.copytree(disk, self._root / "image")
        self._disk.watch(disk, self._root / "journal", COUNT)
        self.site.start()
        self._compare(crowd, self.site, cut)

    def _arm(self) -> None:
        fault = TORN if self._point.kind == "torn-write" else self._drawn.choice((BEFORE, AFTER))
        after = int(10 ** self._drawn.uniform(0, 3))
        self._disk.arm(fault, after, self._drawn.randint(0, 999))

    def _crowd(self) -> Crowd:
        return Crowd(
            self.site.fronts,
            lambda: self._disk.sequence,
            self._drawn,
        )

    @contextmanager
    def _beside(self, crowd: Crowd) -> Iterator[None]:
        """Commands beside the servers, one after the other."""
        over = threading.Event()
        drawn = random.Random(self._drawn.random())
        text = write_host_policy(name="A host", contact="host@shop.example", country="IE")
        (self._root / "host.toml").write_text(text, "utf-8")

        def run() -> None:
            while not over.is_set():
                gone(self.site.command(drawn.choice(COMMANDS)))

        thread = threading.Thread(target=run)
        if self._point.topology == "commands":
            thread.start()
        try:
            yield
        finally:
            over.set()
            if thread.ident is not None:
                thread.join()
            crowd.stop()

    def _compare(self, crowd: Crowd, site: Site, cut: int = FOREVER) -> None:
        self._outcome.operations = crowd.done
        self._outcome.differences += map(_wrong, crowd.wrong)
        if not crowd.wrong:
            self._ask(crowd, cut)
        data = self._root / "disk/collector"
        until = time.monotonic() + SETTLES
        while self._differences(crowd, cut) and time.monotonic() < until and not crowd.wrong:
            time.sleep(0.1)
        site.kill()
        self._outcome.differences += self._differences(crowd, cut) + compare.damage(data)

    def _ask(self, crowd: Crowd, cut: int) -> None:
        """Retries are answered as the first time, and ended grants as ended."""
        drawn = self._drawn
        for person in crowd.people:
            words = {word for word, _ in compare.states(person, cut)}
            batches = [
                each for each in person.operations if each.kind == "events" and each.started <= cut
            ]
            if words and "granted" not in words:
                crowd.haunt(person, drawn)
            elif words == {"granted"}:
                for batch in {id(each): each for each in batches[-1:] + batches[:1]}.values():
                    crowd.retry(person, batch, drawn)
                    batch.acknowledged = min(batch.acknowledged or cut, cut)

    def _differences(self, crowd: Crowd, cut: int) -> list[Difference]:
        data = self._root / "disk/collector"
        move_spools(data)
        expected: dict[str, tuple[int, int]] = {}
        for person in crowd.people:
            if compare.states(person, cut):
                expected |= compare.rows(person, cut, spooled=self.site.is_relayed)
        try:
            return compare.ledger_differences(data, crowd.people, cut) + compare.row_differences(
                data, expected, crowd.ghosts
            )
        except sqlite3.DatabaseError as error:
            return [Difference(OTHER, str(error))]


def move_spools(data: Path) -> None:
    """Move what was accepted to the store: one process more, beside those that live."""
    with suppress(CollectorUnavailable, SettingError):
        parts = open_services(data, host_policy=None, now=time.time, urandom=os.urandom)
        try:
            parts.events.drain()
        finally:
            close_services(parts)


def _wrong(text: str) -> Difference:
    kind = text.split(" lost")[0] + "s" if " lost" in text else OTHER
    return Difference(kind, text)
