"""The table of jobs: what runs, and how often."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from askfirst_collector.closing.close import close_due
from askfirst_collector.closing.so_far import count_days
from askfirst_collector.closing.today import add_newcomers
from askfirst_collector.ingest.pending import deliver_pending
from askfirst_collector.jobs.checkpoints import sign_trees
from askfirst_collector.jobs.upkeep import end_orphans
from askfirst_collector.services import Services
from askfirst_collector.store.job_times import note_times, read_times
from askfirst_collector.store.periods import DAY
from askfirst_collector.transfers.deliver import deliver_transfers
from askfirst_collector.usecases.retention import destroy_salts, purge
from askfirst_collector.usecases.save_host_policy import follow_file
from askfirst_collector.webhooks.deliver import tell_owners

MINUTE = 60  # seconds
HOUR = 3600  # seconds


@dataclass(frozen=True)
class Job:
    """Something that runs by itself every `seconds`; it may raise CollectorUnavailable.

    With 0 seconds it runs at every look, and nothing is noted of that. `is_of_machine` is one of
    what lies on a machine's own disk: where several share a ledger, each does it.
    """

    name: str
    seconds: int
    run: Callable[[Services, float], object]
    is_of_machine: bool = False


def _move(parts: Services, now: float) -> None:
    parts.events.move(now)


def _answer_call(parts: Services, _: float) -> None:
    parts.events.answer_call()


def _end_orphans(parts: Services, _: float) -> None:
    end_orphans(parts)


# In this order: a salt that is due is destroyed even where a long close follows.
JOBS: tuple[Job, ...] = (
    Job("owed", 0, deliver_pending, is_of_machine=True),
    Job("call", 0, _answer_call, is_of_machine=True),
    Job("host-policy", 0, follow_file),
    Job("lots", 0, _move, is_of_machine=True),
    Job("salts", MINUTE, destroy_salts),
    Job("close", MINUTE, close_due),
    Job("days", MINUTE, count_days),
    Job("retention", HOUR, purge),
    Job("ledger", HOUR, _end_orphans),
    Job("checkpoints", DAY, sign_trees),
    Job("today", MINUTE, add_newcomers),
    # The last, since they wait for others.
    Job("telling", 0, tell_owners),
    Job("transfers", MINUTE, deliver_transfers),
)


def last_runs(parts: Services, jobs: Sequence[Job]) -> Mapping[str, int]:
    """When each of these last ran, in whichever process (unix seconds)."""
    return read_times(parts.engine, [job.name for job in jobs if job.seconds])


def is_due(job: Job, last: int | None, now: float) -> bool:
    """Whether a job's time has come; a clock that was set back does not stop it."""
    return last is None or now >= last + job.seconds or now < last


def note_run(parts: Services, job: Job, now: float) -> None:
    """Say that a job ran now."""
    note_times(parts.engine, {job.name: now})
