"""The ledger: entries are appended in one order, read back, and erased down to their leaves."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence, Set
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    bindparam,
    case,
    delete,
    func,
    insert,
    select,
    update,
)

from askfirst_collector.ledger.append import append_entry
from askfirst_collector.ledger.consent_status import ConsentStatuses
from askfirst_collector.ledger.entries import (
    OF_NO_VISITOR,
    VERSION,
    ConsentStatus,
    Entry,
    hour_of,
    mark_of,
    read_entry,
    status_of,
    timestamp,
)
from askfirst_collector.ledger.revoked import position
from askfirst_collector.ledger.tables import dead, entry, refusal, unsized
from askfirst_collector.ledger.writer import Appended, Appending, Body, LedgerWriter
from askfirst_collector.ledger.writer import Past as Past
from askfirst_collector.store.database import (
    SOME_AT_A_TIME,
    changing,
    reading,
    reading_many,
)
from askfirst_collector.store.dialect import empty_journal
from askfirst_collector.store.events import Authorized
from askfirst_collector.store.periods import Calendar
from askfirst_collector.store.revocations import Revocations
from askfirst_collector.store.watch import Watch

CHUNK = 500  # handles in one statement


class Ledger:
    """Safe in any thread of any process. Every method may raise CollectorUnavailable."""

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
        self._revocations = revocations
        self._now = now
        self._urandom = urandom
        self._watch = watch
        self._statuses = ConsentStatuses(self, watch, now=now)
        self._writer = LedgerWriter(engine, watch, revocations, now=now, urandom=urandom)

    # Appending

    def append(
        self,
        site: str,
        handle: str,
        decide: Callable[[Past], Body | None],
        *,
        commits: Callable[[], None] = lambda: None,
        unsized_on: str | None = None,
    ) -> tuple[Past, Entry | None]:
        """Append what `decide` makes of the past of a handle; None appends nothing.

        `decide` runs inside the write transaction, in a thread of the writer's: between what it
        reads and what is appended no other answer can come, from whichever process. `commits` is
        called when that is ready to be on disk. What either raises is raised, and nothing is
        written. `unsized_on` is the day (ISO 8601) of an answer that counts towards no size.
        """
        return self.append_now(Appending(site, handle, decide, commits, unsized_on))

    def append_now(self, appending: Appending) -> Appended:
        """`append`, of what was put together."""
        return self._writer.ask_now(appending)

    async def append_soon(self, appending: Appending) -> Appended:
        """`append`, awaited: whoever waits meanwhile is in the same commit."""
        return await self._writer.ask(appending)

    def close(self) -> None:
        """Append what waits, and stop."""
        self._writer.close()

    def bar(self, site: str, handle: str) -> bool:
        """Let a handle that was never recorded be dead from the start; False where it was."""
        with changing(self._engine) as connection:
            is_new = _latest(connection, site, handle) is None
            if is_new:
                _end(connection, site, handle)
        self._watch.present.check()
        return is_new

    def settle(self, site: str, handle: str) -> None:
        """Note that the end of a handle is true everywhere."""
        with changing(self._engine) as connection:
            _end(connection, site, handle)
        self._watch.present.check()

    def erase(self, site: str, handle: str, *, generation: int) -> bool:
        """Remove every entry of a handle and end it; False where there was nothing to erase.

        The leaves stay. What is appended says that an erasure happened, when, and whether it ended
        a grant of which edition; it does not say whose. `generation` is how far the event store
        had come once the handle's rows were gone.
        """
        with changing(self._engine) as connection:
            past = self._past(connection, site, handle)
            if past.latest is None:
                return False
            _end(connection, site, handle)
            _blank(connection, (entry.c.site == site) & (entry.c.handle == handle))
            own = (unsized.c.site == site) & (unsized.c.mark == mark_of(site, handle))
            connection.execute(delete(unsized).where(own))
            body = {
                "v": VERSION,
                "kind": "erase",
                "site": site,
                "hour": timestamp(hour_of(self._now())),
                "edition": past.latest.body["edition"],
                "ended": not past.ended or past.latest.body["method"] == "erase",
                "status": "erased",
            }
            note = self._insert(connection, body)
            self._revocations.append(
                {
                    **position(note.index, note.leaf),
                    "do": "erase",
                    "mark": mark_of(site, handle).hex(),
                    "generation": generation,
                }
            )
        self._watch.present.check()
        self.truncate()
        return True

    def forget_evidence(self, site: str, before: float) -> int:
        """Remove the entries of handles that ended before this moment; how many there were.

        A few at a time, between which others write: the grants of half a year end at one moment.
        Interrupted, it is called again: who ended stays so.
        """
        newest = (
            select(entry.c.handle, func.max(entry.c.idx).label("idx"))
            .where(entry.c.site == site, entry.c.handle.is_not(None))
            .group_by(entry.c.handle)
            .subquery()
        )
        over = select(entry.c.handle).join(newest, entry.c.idx == newest.c.idx)
        over = over.where(
            (entry.c.until <= before) | ((entry.c.kind == "withdraw") & (entry.c.hour <= before))
        )
        with reading(self._engine) as connection:
            handles = list(connection.execute(over).scalars())
        for start in range(0, len(handles), CHUNK):
            with changing(self._engine) as connection:
                for handle in handles[start : start + CHUNK]:
                    _end(connection, site, handle)
                    _blank(connection, (entry.c.site == site) & (entry.c.handle == handle))
        with changing(self._engine) as connection:
            # The notes of erasures name nobody, and have their time too.
            noted = (entry.c.site == site) & (entry.c.kind == "erase") & (entry.c.hour <= before)
            _blank(connection, noted)
        if handles:
            self.truncate()
        return len(handles)

    def tally_refusal(self, site: str, edition: int, calendar: Calendar) -> None:
        """Add one refusal to the day's count of an edition; nothing else about it is known here.

        Like an entry, it counts to the day in which its hour begins.
        """
        day = calendar.period_of("day", hour_of(self._now()))
        same = (refusal.c.site == site) & (refusal.c.edition == edition) & (refusal.c.day == day)
        more = update(refusal).where(same).values(count=refusal.c.count + 1)
        with changing(self._engine) as connection:
            if not connection.execute(more).rowcount:
                first = insert(refusal).values(site=site, edition=edition, day=day, count=1)
                connection.execute(first)

    # Reading

    def consent_status(
        self, site: str, handle: str, *, heard: bool = False
    ) -> ConsentStatus | None:
        """How a handle stands (see `ConsentStatuses.consent_status`)."""
        return self._statuses.consent_status(site, handle, heard=heard)

    def ended(self, judged: Collection[Authorized]) -> Set[Authorized]:
        """Those whose handle is not as it was judged any more; asked inside the event writer."""
        return self._statuses.ended(judged)

    def latest(self, site: str, handle: str) -> Entry | None:
        """The newest entry of a handle."""
        with reading(self._engine) as connection:
            return _latest(connection, site, handle)

    def history(self, site: str, handle: str) -> tuple[Entry, ...]:
        """Every entry of a handle, oldest first."""
        query = _entries().where(entry.c.site == site, entry.c.handle == handle)
        with reading(self._engine) as connection:
            return tuple(read_entry(row) for row in connection.execute(query.order_by(entry.c.idx)))

    def between(self, site: str, first: int, last: int) -> Iterator[Entry]:
        """The entries of a site whose hour is in [first, last), in order: for closing."""
        query = _entries().where(entry.c.site == site, entry.c.hour >= first, entry.c.hour < last)
        query = query.order_by(entry.c.idx)
        with reading_many(self._engine) as connection:
            for row in connection.execute(query, execution_options=SOME_AT_A_TIME):
                yield read_entry(row)

    def handles(self) -> list[tuple[str, str]]:
        """Every site and handle that has entries: for what must be seen to after a restore."""
        query = select(entry.c.site, entry.c.handle).where(entry.c.handle.is_not(None)).distinct()
        with reading(self._engine) as connection:
            return [(row.site, row.handle) for row in connection.execute(query)]

    def check(self) -> None:
        """CollectorUnavailable when what is written now would be lost."""
        self._watch.present.check()

    def newest(self) -> int:
        """The index of the last entry; -1 in an empty ledger."""
        return self.top()[0]

    def top(self) -> tuple[int, bytes]:
        """Index and leaf of the last entry; -1 and nothing in an empty ledger."""
        query = select(entry.c.idx, entry.c.leaf).order_by(entry.c.idx.desc()).limit(1)
        with reading(self._engine) as connection:
            row = connection.execute(query).first()
        return (-1, b"") if row is None else (row.idx, row.leaf)

    def handles_since(self, index: int) -> list[tuple[int, str | None, str | None]]:
        """Index, site and handle of the entries after an index; an erasure names no handle.

        What members changed, and what was delivered, is left out: it is about no visitor.
        """
        with reading(self._engine) as connection:
            rows = connection.execute(_SINCE, {"index": index})
            return [(row.idx, row.site, row.handle) for row in rows]

    def leaves(self, start: int = 0) -> list[bytes]:
        """The leaves from an index on, in order: for the Merkle tree and its checkpoints."""
        query = select(entry.c.leaf).where(entry.c.idx >= start).order_by(entry.c.idx)
        with reading(self._engine) as connection:
            return list(connection.execute(query).scalars())

    def sites_of(self, handle: str) -> tuple[str, ...]:
        """The sites that know a handle: one, as the secret is drawn for each."""
        query = select(entry.c.site).where(entry.c.handle == handle).distinct()
        with reading(self._engine) as connection:
            return tuple(connection.execute(query).scalars())

    def living(self, handles: Sequence[str]) -> set[str]:
        """Those of many handles that have entries and were not ended by anybody."""
        living: set[str] = set()
        with reading(self._engine) as connection:
            for start in range(0, len(handles), CHUNK):
                known = select(entry.c.site, entry.c.handle)
                known = known.where(entry.c.handle.in_(handles[start : start + CHUNK]))
                known = known.group_by(entry.c.site, entry.c.handle)
                # One that was withdrawn has ended, settled or not.
                withdrawn = func.sum(case((entry.c.kind == "withdraw", 1), else_=0))
                rows = connection.execute(known.having(withdrawn == 0))
                marks = {mark_of(row.site, row.handle): row.handle for row in rows}
                ended = select(dead.c.mark).where(dead.c.mark.in_(marks))
                for mark in connection.execute(ended).scalars().all():
                    del marks[mark]
                living.update(marks.values())
        return living

    def restricted(self, site: str) -> list[str]:
        """The handles of a site of which nothing may be used now (GDPR, article 18)."""
        query = select(entry.c.handle).where(entry.c.site == site, entry.c.kind == "restrict")
        with reading(self._engine) as connection:
            handles = connection.execute(query.distinct()).scalars().all()
            latest = [(handle, _latest(connection, site, handle)) for handle in handles if handle]
        return [handle for handle, e in latest if e and e.body["status"] == "restricted"]

    def has_ended(self, site: str, handle: str) -> bool:
        """Whether this handle once lived and does not any more, even where its entries are gone."""
        return self.past(site, handle).ended

    def past(self, site: str, handle: str) -> Past:
        """What this handle came to until now, and whether its end is true everywhere."""
        with reading(self._engine) as connection:
            return self._past(connection, site, handle)

    def refusals(self, site: str, first: str, last: str) -> dict[int, int]:
        """Counted refusals by edition, of the days in [first, last): for closing alone."""
        query = select(refusal.c.edition, func.sum(refusal.c.count)).where(
            refusal.c.site == site, refusal.c.day >= first, refusal.c.day < last
        )
        with reading(self._engine) as connection:
            rows = connection.execute(query.group_by(refusal.c.edition)).all()
        return {row[0]: row[1] for row in rows}

    def unsized(self, site: str, first: str, last: str) -> set[bytes]:
        """The marks of those who answered in the days [first, last), and count towards no size."""
        query = select(unsized.c.mark).distinct()
        query = query.where(unsized.c.site == site, unsized.c.day >= first, unsized.c.day < last)
        with reading(self._engine) as connection:
            return set(connection.execute(query).scalars())

    # Within

    def _past(self, connection: Connection, site: str, handle: str) -> Past:
        latest = _latest(connection, site, handle)
        marked = select(dead.c.mark).where(dead.c.mark == mark_of(site, handle))
        settled = connection.execute(marked).first() is not None
        if latest is None:
            return Past(None, settled, settled)
        return Past(latest, settled or status_of(latest, now=self._now()).ended, settled)

    def _insert(self, connection: Connection, body: Body) -> Entry:
        return append_entry(
            connection,
            body,
            urandom=self._urandom,
            site=body["site"],
            handle=body.get("handle"),
        )

    def truncate(self) -> None:
        """Empty the journal, where what was removed still is; a reader may hold it till later."""
        with reading(self._engine) as connection:
            empty_journal(connection)


def _entries() -> Any:
    return select(entry.c.idx, entry.c.leaf, entry.c.salt, entry.c.body, entry.c.handle).where(
        entry.c.body.is_not(None)
    )


# Made once: it is asked after every commit.
_SINCE = select(entry.c.idx, entry.c.site, entry.c.handle).where(
    entry.c.idx > bindparam("index"), entry.c.kind.is_(None) | entry.c.kind.not_in(OF_NO_VISITOR)
)
# Made once: it is asked for every handle that is new to a worker, and making it costs more.
_LATEST = (
    _entries()
    .where(entry.c.site == bindparam("site"), entry.c.handle == bindparam("handle"))
    .order_by(entry.c.idx.desc())
    .limit(1)
)


def _latest(connection: Connection, site: str, handle: str) -> Entry | None:
    row = connection.execute(_LATEST, {"site": site, "handle": handle}).first()
    return None if row is None else read_entry(row)


def _end(connection: Connection, site: str, handle: str) -> None:
    mark = mark_of(site, handle)
    if connection.execute(select(dead.c.mark).where(dead.c.mark == mark)).first() is None:
        connection.execute(insert(dead).values(mark=mark))


def _blank(connection: Connection, which: Any) -> None:
    nothing = dict.fromkeys(("salt", "body", "site", "handle", "kind", "hour", "until"))
    connection.execute(update(entry).where(which).values(nothing))
