"""The table of jobs: what runs, and how often."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from askfirst.errors import CollectorUnavailable
from askfirst_collector.catalogue.mail_queue import purge_mails
from askfirst_collector.catalogue.shares import purge_shares
from askfirst_collector.closing.allowed import allowed_now
from askfirst_collector.closing.close import close_due
from askfirst_collector.closing.so_far import count_days
from askfirst_collector.closing.today import add_newcomers
from askfirst_collector.ingest.pending import deliver_pending
from askfirst_collector.jobs.checkpoints import sign_trees
from askfirst_collector.jobs.upkeep import upkeep
from askfirst_collector.ledger.tables import forget_days
from askfirst_collector.members.rows import drop_expired
from askfirst_collector.services import Services
from askfirst_collector.store import disclosed
from askfirst_collector.store.events import ANSWER_DAYS, PeriodKey
from askfirst_collector.store.imported import purge_imported
from askfirst_collector.store.job_times import note_times, read_times
from askfirst_collector.store.periods import DAY
from askfirst_collector.store.salts import GRACE
from askfirst_collector.store.so_far import purge_days
from askfirst_collector.store.today import purge_sums
from askfirst_collector.usecases.imported_figures import oldest_days
from askfirst_collector.usecases.save_host_policy import follow_file
from askfirst_collector.webhooks.deliver import tell_owners

MINUTE = 60  # seconds
HOUR = 3600  # seconds
MOST_BEHIND = 12 * HOUR  # that local time is behind UTC
TALLIES = 62  # days that counted refusals wait for the closing of their month


@dataclass(frozen=True)
class Job:
    """Something that runs by itself every `seconds`; it may raise CollectorUnavailable.

    With 0 seconds it runs at every look, and nothing is noted of that.
    """

    name: str
    seconds: int
    run: Callable[[Services, float], object]


def purge(parts: Services, now: float) -> None:
    """Remove tables, kept rows, answers, tallies, invitations, links, mails: what is over."""
    tallied = datetime.fromtimestamp(now - TALLIES * DAY, UTC).date().isoformat()
    allowed = allowed_now(parts, parts.host.current().policy)
    tables = {subject: days.tables for subject, days in allowed.items()}
    forget_days(parts.engine, tallied)
    calendar = parts.registry.calendar
    disclosed.purge(parts.engine, now, tables, calendar)
    purge_days(parts.engine, now, tables, calendar)
    purge_sums(parts.engine, int(now - MOST_BEHIND) // DAY * DAY)
    drop_expired(parts.engine, now)
    purge_shares(parts.engine, now)
    purge_mails(parts.engine, now)
    purge_imported(parts.engine, oldest_days(parts, now))
    parts.ledger.truncate()
    rows = {subject: days.rows for subject, days in allowed.items()}
    parts.events.expire_kept(now, rows, calendar)
    parts.events.forget_answers(int(now) // DAY - ANSWER_DAYS)


def _move(parts: Services, now: float) -> None:
    parts.events.move(now)


def _destroy_salts(parts: Services, now: float) -> None:
    """What waits in a spool says whose it is: it is moved before, or destroyed with the salt."""
    try:
        if parts.salts.is_due(now):
            _empty_spools(parts, now)
    finally:
        parts.salts.destroy_due(now, parts.registry.calendar)


def _empty_spools(parts: Services, now: float) -> None:
    try:
        parts.events.drain()
    except CollectorUnavailable:
        parts.events.forget_spooled(partial(_is_due, parts, now))


def _is_due(parts: Services, now: float, key: PeriodKey) -> bool:
    return parts.registry.calendar(key.site).end_of(key.closes, key.period) + GRACE <= now


# In this order: a salt that is due is destroyed even where a long close follows.
JOBS: tuple[Job, ...] = (
    Job("owed", 0, deliver_pending),
    Job("host-policy", 0, follow_file),
    Job("lots", 0, _move),
    Job("salts", MINUTE, _destroy_salts),
    Job("close", MINUTE, close_due),
    Job("days", MINUTE, count_days),
    Job("retention", HOUR, purge),
    Job("ledger", HOUR, upkeep),
    Job("checkpoints", DAY, sign_trees),
    Job("today", MINUTE, add_newcomers),
    # The last, since it waits for others.
    Job("telling", 0, tell_owners),
)


def is_due(parts: Services, job: Job, now: float) -> bool:
    """Whether a job's time has come; a clock that was set back does not stop it."""
    last = read_times(parts.engine, [job.name]).get(job.name) if job.seconds else None
    return last is None or now >= last + job.seconds or now < last


def note_run(parts: Services, job: Job, now: float) -> None:
    """Say that a job ran now."""
    note_times(parts.engine, {job.name: now})
