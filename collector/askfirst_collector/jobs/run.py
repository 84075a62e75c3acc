"""Running the jobs: once, or in a thread for as long as a process lives."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from functools import cache, partial

from askfirst.errors import CollectorUnavailable
from askfirst_collector.services import Services
from askfirst_collector.store.faults import FAULTS
from askfirst_collector.store.lease import RENEW_AFTER, release, take

from .clock import JobClock
from .table import JOBS, Job, is_due, last_runs, note_run

log = logging.getLogger("askfirst.collector")

LOOK = 2.0  # seconds between two looks at what is due
CALLED = 0.5  # seconds between two looks whether another machine waits for this one


def run_jobs(parts: Services, now: float, *, jobs: Sequence[Job] = JOBS) -> list[str]:
    """Run every job whose time has come, each by itself; the names of those that went well.

    What fails is tried again the next time, and does not keep the others from running.
    """
    done = []
    # Asked once, and by each job again as long as there is no answer.
    last = cache(partial(last_runs, parts, jobs))
    for job in jobs:
        try:
            if job.seconds and not is_due(job, last().get(job.name), now):
                continue
            job.run(parts, now)
            if job.seconds:
                note_run(parts, job, now)
        except CollectorUnavailable:
            message = f"askfirst.W140 the job {job.name} cannot run now"
            FAULTS.failed(f"the job {job.name}", message, level=logging.WARNING)
        except Exception as error:
            # Only the type: a message may hold what is stored.
            log.error("askfirst.E140 the job %s failed: %s", job.name, type(error).__name__)
        else:
            FAULTS.went_well(f"the job {job.name}")
            done.append(job.name)
    return done


class JobsThreads:
    """The jobs of a process; those of its machine by a lease of their own, where it has others."""

    def __init__(
        self, parts: Services, extra: Sequence[Job], monotonic: Callable[[], float] | None
    ) -> None:
        jobs = (*JOBS, *extra)
        self._threads = [JobsThread(parts, jobs=jobs, monotonic=monotonic)]
        if parts.machines is not None:
            own = [job for job in jobs if job.is_of_machine]
            of_all = [job for job in jobs if not job.is_of_machine]
            lease = f"machine {parts.machines.id}"
            self._threads = [
                JobsThread(parts, jobs=of_all, monotonic=monotonic),
                JobsThread(parts, jobs=own, seconds=CALLED, lease=lease),
            ]

    def start(self) -> None:
        """Start; starting twice is harmless."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Finish the jobs that run, give the leases back, and return."""
        for thread in self._threads:
            thread.stop()


class JobsThread:
    """Runs the jobs while this process holds the lease; `seconds` is how often it looks.

    With `monotonic`, seconds that go on evenly, the clock of the parts is believed only as far as
    it goes on beside them; without, whatever it says.
    """

    def __init__(
        self,
        parts: Services,
        *,
        jobs: Sequence[Job] = JOBS,
        seconds: float = LOOK,
        monotonic: Callable[[], float] | None = None,
        lease: str = "jobs",
    ) -> None:
        self._parts = parts
        self._monotonic = monotonic
        self._clock: JobClock | None = None
        self._jobs = jobs
        self._seconds = seconds
        self._lease = lease
        self._holder = parts.urandom(16).hex()
        self._stopped = threading.Event()
        self._renewer: threading.Thread | None = None
        self._thread: threading.Thread | None = None
        self._held = threading.Event()

    @property
    def holds(self) -> bool:
        """Whether this process held the lease when it last looked."""
        return self._held.is_set()

    def start(self) -> None:
        """Start; starting twice is harmless."""
        if self._thread is None:
            self._renewer = self._started(self._renew, "askfirst-lease")
            self._thread = self._started(self._run, "askfirst-jobs")

    def stop(self) -> None:
        """Finish the job that runs, give the lease back, and return."""
        self._stopped.set()
        self._held.set()  # wakes whoever waits for the lease
        for thread in (self._thread, self._renewer):
            if thread is not None:
                thread.join()
        try:
            release(self._parts.engine, self._holder, name=self._lease)
        except CollectorUnavailable:
            log.warning("askfirst.W141 the lease of jobs is left to run out")

    def _started(self, target: Callable[[], None], name: str) -> threading.Thread:
        thread = threading.Thread(target=target, name=name, daemon=True)
        thread.start()
        return thread

    def _is_over(self) -> bool:
        return self._stopped.is_set() or self._parts.watch.is_closed

    def _renew(self) -> None:
        # A thread of its own: closing a large period takes longer than a lease lasts.
        while not self._is_over():
            try:
                now = self._parts.now()
                mine = take(self._parts.engine, self._holder, now, name=self._lease)
            except CollectorUnavailable:
                mine = False
            if mine:
                self._held.set()
            elif not self._stopped.is_set():
                self._held.clear()
            self._stopped.wait(self._seconds * RENEW_AFTER / LOOK)

    def _run(self) -> None:
        while not self._is_over():
            if not self._held.is_set():
                self._clock = None  # whoever has the lease meanwhile notes what it sees
            self._held.wait()
            if self._is_over():
                break
            try:
                present = self._present()
            except CollectorUnavailable:
                log.warning("askfirst.W145 no job can run now: the ledger is away")
            else:
                run_jobs(self._parts, present, jobs=self._jobs)
            self._stopped.wait(self._seconds)

    def _present(self) -> float:
        if self._monotonic is None:
            return self._parts.now()
        if self._clock is None:
            self._clock = JobClock(self._parts, self._monotonic)
        return self._clock()
