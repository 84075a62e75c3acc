"""What ends by itself: destroyed where its time is over, recorded with numbers, and rehearsed.

The audit has a number of what says nothing of visitors (closed periods, sessions, letters); of
grants one by the rule of every figure, where enough ended at once; of rows, keys and what waits
none, as a number, or that there were any, would tell who came.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from pyroaring import BitMap

from askfirst.errors import CollectorUnavailable
from askfirst_collector.catalogue.evidence_locks import drop_locks
from askfirst_collector.catalogue.mail_queue import purge_mails
from askfirst_collector.catalogue.requests import purge_requests
from askfirst_collector.catalogue.shares import drop_ended
from askfirst_collector.catalogue.sites import Site
from askfirst_collector.closing.allowed import allowed_now
from askfirst_collector.closing.restricted import erase_restricted
from askfirst_collector.closing.rule import Rule
from askfirst_collector.ledger.tables import forget_days
from askfirst_collector.ledger.transfers import forget_transfers
from askfirst_collector.members.rows import ON_THE_MACHINE, drop_expired
from askfirst_collector.members.transaction import Transaction, unchecked
from askfirst_collector.services import Services
from askfirst_collector.store import disclosed
from askfirst_collector.store.events import ANSWER_DAYS, PeriodKey
from askfirst_collector.store.imported import purge_imported
from askfirst_collector.store.periods import DAY, Calendar
from askfirst_collector.store.salts import GRACE
from askfirst_collector.store.snapshot import destroy_drafts
from askfirst_collector.store.so_far import purge_days
from askfirst_collector.store.today import purge_sums
from askfirst_collector.usecases.imported_figures import oldest_days

PURGED = "retention.purge"  # the action in the audit
MOST_BEHIND = 12 * 3600  # seconds that local time is behind UTC
TALLIES = 62  # days that counted refusals wait for the closing of their month

# Each kind, and how long it is kept. What has no number in the audit is named as such.
KINDS: Mapping[str, str] = {
    "rows": "Visits: destroyed when their period closes, or lowered and kept for the days that the "
    "policy says (keep_rows_days)",
    "figures": "Closed periods with their figures: retention_days of the purpose after their end",
    "days": "Totals of the days of longer periods: as the period",
    "imported": "Figures of another tool: as long as the policy keeps its own",
    "evidence": "Entries about a grant, with their salts: evidence_days after it ended",
    "deliveries": "What was delivered to whom: as long as the site keeps figures; events that wait "
    "to be delivered: two days",
    "keys": "Keys of pseudonyms: two hours after their period, or with the grant",
    "waiting": "Events that wait to be stored: five minutes; answers for retries: two days",
    "access": "Sessions, API tokens, invitations and shared links: when they end",
    "letters": "What was mailed to whom: 40 days",
    "requests": "Requests of visitors by mail: a year after they were closed",
    "copies": "Copies of a backup that was cut off: an hour",
}
UNCOUNTED = ("rows", "evidence", "deliveries", "keys", "waiting")  # in a rehearsal


@dataclass(frozen=True, slots=True)
class Ended:
    """How many of a kind were past their time, of a site ("" for the host); None: not told."""

    kind: str
    site: str
    number: int | None


class _Rehearsed(Exception):
    """Undoes a transaction that was made to see what it does."""


def purge(parts: Services, now: float) -> list[Ended]:
    """Destroy what is past its time by `now` (unix seconds); what is told of it.

    Each kind by itself, so that one that fails holds no other up; what was cut off is done by the
    next call. Raises CollectorUnavailable once all were tried.
    """
    ended: list[Ended] = []
    fault: CollectorUnavailable | None = None
    for step in (
        *(_purge_ledger, _purge_rows, _purge_evidence, _purge_deliveries),
        *(destroy_salts, _purge_copies),
    ):
        try:
            ended += step(parts, now)
        except CollectorUnavailable as error:
            fault = fault or error
    if fault is not None:
        raise fault
    return ended


def rehearse(parts: Services, now: float) -> list[Ended]:
    """What `purge` would tell now, with everything left as it is.

    The changes of `ledger.db` are made and undone: they are those of a purge.
    """
    terms, counts = _terms(parts, now), {}
    try:
        with unchecked(parts, ON_THE_MACHINE) as work:
            counts = _drop(work, terms, now)
            raise _Rehearsed
    except _Rehearsed:
        pass
    uncounted = [Ended(kind, site.name, None) for site in _sites(parts) for kind in UNCOUNTED]
    return [*_counted(counts), *uncounted]


def _purge_ledger(parts: Services, now: float) -> list[Ended]:
    terms = _terms(parts, now)
    with unchecked(parts, ON_THE_MACHINE) as work:
        ended = _counted(_drop(work, terms, now))
        _record(work, ended)
    parts.ledger.truncate()
    return ended


@dataclass(frozen=True)
class _Terms:
    """What is known before the transaction: the days of figures, calendars, the oldest imports."""

    days: Mapping[disclosed.Subject, int]
    calendars: Mapping[str, Calendar]
    oldest: Mapping[str, str]


def _terms(parts: Services, now: float) -> _Terms:
    allowed = allowed_now(parts, parts.host.current().policy)
    days = {subject: entry.tables for subject, entry in allowed.items()}
    calendars = {site: parts.registry.calendar(site) for site, _, _ in days}
    return _Terms(days, calendars, oldest_days(parts, now))


def _drop(work: Transaction, terms: _Terms, now: float) -> dict[str, Counter[str]]:
    """Remove from `ledger.db` what is over; how much, by kind and site."""
    calendar, connection = terms.calendars.__getitem__, work.connection
    forget_days(connection, datetime.fromtimestamp(now - TALLIES * DAY, UTC).date().isoformat())
    purge_sums(connection, int(now - MOST_BEHIND) // DAY * DAY)
    access = drop_ended(connection, now)
    access[""] += drop_expired(connection, now) + drop_locks(connection, now)
    return {
        "figures": disclosed.purge(connection, now, terms.days, calendar),
        "days": purge_days(connection, now, terms.days, calendar),
        "imported": purge_imported(connection, terms.oldest),
        "access": access,
        "letters": Counter({"": purge_mails(connection, now)}),
        "requests": Counter({"": purge_requests(connection, now)}),
    }


def _purge_rows(parts: Services, now: float) -> list[Ended]:
    allowed = allowed_now(parts, parts.host.current().policy)
    rows = {subject: days.rows for subject, days in allowed.items()}
    parts.events.expire_kept(now, rows, parts.registry.calendar)
    parts.events.forget_answers(int(now) // DAY - ANSWER_DAYS)
    return []


def _purge_evidence(parts: Services, now: float) -> list[Ended]:
    """Erase the entries of grants that ended `evidence_days` ago."""
    ended = []
    for site in _sites(parts):
        days = site.editions.current.policy.evidence_days
        grants = parts.ledger.forget_evidence(site.name, now - days * DAY)
        if grants:
            number = Rule(_size(site), parts.urandom).figure(BitMap(range(grants)))
            ended.append(Ended("evidence", site.name, number))
    if any(entry.number for entry in ended):
        with unchecked(parts, ON_THE_MACHINE) as work:
            _record(work, ended)
    return [entry for entry in ended if entry.number]


def _purge_deliveries(parts: Services, now: float) -> list[Ended]:
    """Empty the entries of deliveries that are older than any figure of their site may be."""
    for site in _sites(parts):
        terms = [p.terms for edition in site.editions for p in edition.policy.purposes.values()]
        days = max((own.retention_days for own in terms), default=0)
        forget_transfers(parts.engine, site.name, now - days * DAY)
    parts.transfers.forget_due(now)
    return []


def destroy_salts(parts: Services, now: float) -> list[Ended]:
    """What waits in a spool says whose it is: it is moved before, or destroyed with the salt."""
    try:
        if parts.salts.is_due(now):
            _empty_spools(parts, now)
            erase_restricted(parts, now)
    finally:
        parts.salts.destroy_due(now, parts.registry.calendar)
    return []


def _empty_spools(parts: Services, now: float) -> None:
    try:
        parts.events.drain()
    except CollectorUnavailable:
        parts.events.forget_spooled(partial(_is_due, parts, now))


def _is_due(parts: Services, now: float, key: PeriodKey) -> bool:
    return parts.registry.calendar(key.site).end_of(key.closes, key.period) + GRACE <= now


def _purge_copies(parts: Services, _: float) -> list[Ended]:
    ended = _counted({"copies": Counter({"": destroy_drafts(parts.folder.path)})})
    if ended:
        with unchecked(parts, ON_THE_MACHINE) as work:
            _record(work, ended)
    return ended


def _sites(parts: Services) -> Iterable[Site]:
    return parts.registry.readable()


def _size(site: Site) -> int:
    """The smallest group of a site: the largest of its purposes'; of none, of nobody."""
    purposes = site.editions.current.policy.purposes.values()
    return max((purpose.terms.min_cell_size for purpose in purposes), default=10)


def _counted(counts: Mapping[str, Counter[str]]) -> list[Ended]:
    return [
        Ended(kind, site, number)
        for kind, by_site in counts.items()
        for site, number in sorted(by_site.items())
        if number
    ]


def _record(work: Transaction, ended: Iterable[Ended]) -> None:
    """One entry a site, in its tree; what is the host's own in the tree of the host."""
    by_site: dict[str, dict[str, int]] = {}
    for entry in ended:
        if entry.number:
            by_site.setdefault(entry.site, {})[entry.kind] = entry.number
    for site, numbers in sorted(by_site.items()):
        target = site or "host"
        work.record(PURGED, target, before=None, after=numbers, site=site or None, ended=True)
