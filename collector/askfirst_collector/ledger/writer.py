"""One thread of each process that appends for all who wait: one commit, however many they are.

What is made of the past of a handle is decided inside the transaction, in the order in which they
asked; nobody is answered before it is on disk.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, func, insert, select

from askfirst.errors import CollectorUnavailable
from askfirst_collector.ledger.append import Fields, append_rows, make_entry, next_index
from askfirst_collector.ledger.entries import Entry, mark_of, read_body, status_of
from askfirst_collector.ledger.leaves import SALT
from askfirst_collector.ledger.revoked import revocation
from askfirst_collector.ledger.tables import dead, entry, unsized
from askfirst_collector.store.database import changing
from askfirst_collector.store.faults import StoreFault
from askfirst_collector.store.group import Full, Group
from askfirst_collector.store.prepared import Prepared
from askfirst_collector.store.revocations import Record, Revocations
from askfirst_collector.store.watch import Watch

Body = Mapping[str, Any]


@dataclass(frozen=True)
class Past:
    """What a decision is made upon, read inside the transaction that records it."""

    latest: Entry | None
    ended: bool  # for good: a dead handle never lives again
    settled: bool = False  # its end is true everywhere: nothing is left to do


@dataclass(frozen=True)
class Appending:
    """One decision about a handle (see `Ledger.append`)."""

    site: str
    handle: str
    decide: Callable[[Past], Body | None]
    commits: Callable[[], None] = lambda: None
    unsized_on: str | None = None  # a day (ISO 8601)


Appended = tuple[Past, Entry | None]
_Handle = tuple[str, str]  # with its site

# Made once: making them costs more than asking.
_NEWEST = (
    select(func.max(entry.c.idx))
    .where(
        entry.c.site == bindparam("site"),
        entry.c.handle.in_(bindparam("handles", expanding=True)),
        entry.c.body.is_not(None),
    )
    .group_by(entry.c.handle)
)
_LATEST = Prepared(
    select(entry.c.idx, entry.c.leaf, entry.c.salt, entry.c.body, entry.c.handle).where(
        entry.c.idx.in_(_NEWEST)
    )
)
_DEAD = Prepared(select(dead.c.mark).where(dead.c.mark.in_(bindparam("marks", expanding=True))))


class LedgerWriter:
    """Safe in any thread. What it raises is as of `Ledger.append`."""

    def __init__(
        self,
        engine: Engine,
        watch: Watch,
        revocations: Revocations,
        *,
        now: Callable[[], float],
        urandom: Callable[[int], bytes],
    ) -> None:
        self._engine = engine
        self._watch = watch
        self._revocations = revocations
        self._now = now
        self._urandom = urandom
        self._group: Group[Appending, Appended] = Group(self._round, name="askfirst-ledger")

    async def ask(self, appending: Appending) -> Appended:
        """What came of it, awaited."""
        try:
            return await self._group.ask(appending)
        except Full as full:
            raise CollectorUnavailable(str(full)) from None

    def ask_now(self, appending: Appending) -> Appended:
        """The same, for callers that are threads: blocks."""
        try:
            return self._group.ask_now(appending)
        except Full as full:
            raise CollectorUnavailable(str(full)) from None

    def close(self) -> None:
        """Append what waits, and stop; closing twice is harmless."""
        self._group.close()

    # From here on: the writing thread.

    def _round(self, jobs: Sequence[Appending]) -> Sequence[Appended | Exception]:
        try:
            outcomes = self._transaction(jobs)
        except Exception as error:
            is_away = isinstance(error, StoreFault) and error.part == "ledger"
            if len(jobs) == 1 or is_away:
                return [error] * len(jobs)
            # What one of them needs is away: each by itself, so that it fails alone.
            return [outcome for job in jobs for outcome in self._round([job])]
        try:
            self._watch.present.check()
        except (
            Exception
        ) as error:  # it is written, if to a file that is gone: nothing is done twice
            return [error] * len(jobs)
        return outcomes

    def _transaction(self, jobs: Sequence[Appending]) -> list[Appended | Exception]:
        outcomes: list[Appended | Exception] = []
        rows: list[Fields] = []
        records: list[Record] = []
        with changing(self._engine) as connection:
            latest, settled = self._read(connection, jobs)
            index = next_index(connection)
            for job in jobs:
                name = job.site, job.handle
                past = self._past(latest.get(name), settled=mark_of(*name) in settled)
                try:
                    body = job.decide(past)
                    if body is not None:
                        job.commits()
                except Exception as error:
                    outcomes.append(error)
                    continue
                new = None
                if body is not None:
                    salt = self._urandom(SALT)
                    new, fields = make_entry(
                        index + len(rows), body, salt=salt, site=job.site, handle=job.handle
                    )
                    rows.append(fields)
                    latest[name] = new
                    record = revocation(new)
                    if record is not None:
                        # All of them are committed, or none: a cut may take each before it along.
                        first = {"of": index} if len(rows) > 1 else {}
                        records.append({**record, **first})
                    if job.unsized_on is not None:
                        _note_unsized(connection, job.site, job.handle, job.unsized_on)
                outcomes.append((past, new))
            append_rows(connection, rows)
            if records:
                # Before the ledger: where it ends between the two, the next start sees to it.
                self._revocations.append(*records)
        return outcomes

    def _read(
        self, connection: Connection, jobs: Sequence[Appending]
    ) -> tuple[dict[_Handle, Entry], set[bytes]]:
        handles: defaultdict[str, list[str]] = defaultdict(list)
        for job in jobs:
            handles[job.site].append(job.handle)
        latest = {
            (site, handle): Entry(index, leaf, salt, read_body(body, handle))
            for site, own in handles.items()
            for index, leaf, salt, body, handle in _LATEST.rows(
                connection, {"site": site, "handles": own}
            )
        }
        marks = [mark_of(job.site, job.handle) for job in jobs]
        return latest, {mark for (mark,) in _DEAD.rows(connection, {"marks": marks})}

    def _past(self, latest: Entry | None, *, settled: bool) -> Past:
        if latest is None:
            return Past(None, settled, settled)
        return Past(latest, settled or status_of(latest, now=self._now()).ended, settled)


def _note_unsized(connection: Connection, site: str, handle: str, day: str) -> None:
    mark = mark_of(site, handle)
    same = (unsized.c.site == site) & (unsized.c.day == day) & (unsized.c.mark == mark)
    if connection.execute(select(unsized.c.mark).where(same)).first() is None:
        connection.execute(insert(unsized).values(site=site, day=day, mark=mark))
