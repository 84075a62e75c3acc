"""`transfers.db`: copies of rows that wait to be delivered to a third party. It is in no backup.

    waiting   a row for one delivery, with the handle whose grant it hangs on until it is sent: a
              withdrawal finds it here. `idx` is the ledger's entry that it was judged by; `name`
              tells a row that came twice; `message` is the delivery that it is part of, once there
              is one; from `after` on the moment it goes tells no more than its time does; `until`
              is when it is too late
    copied    up to which lot each spool was looked through; `day` is when that was last

Rows are copied before their lot is moved to the store: where that is cut off, the same lot comes
again, and is known. The file is there only where something waited once. Nothing here keeps a
connection: each step opens the file and closes it, which empties its journal.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from askfirst.errors import CollectorUnavailable
from askfirst.terms.attributes import Value
from askfirst_collector.config import SettingError

from .dictionary import time_value
from .events import Authorized, Batch, Ended, Row
from .faults import fault, unavailable
from .lots import BadLot, encoded_row, read_row
from .periods import DAY, Calendar, CalendarOf
from .present import connect
from .salts import GRACE
from .schema import use_journal
from .spool_file import Lot
from .versions import Step, bring_up, run_script

MOST = 100_000  # rows that wait for one delivery; more are not delivered
LONGEST = 48 * 3600  # seconds that a row waits once it could go
_BUSY = 1_800  # milliseconds
_FORGET = 7 * DAY  # seconds after which a spool of which nothing came is forgotten
_SECONDS = {2: 3600, 3: 60, 4: 1}  # that a time of so many parts stands for
_TYPES = ("page_view", "action")  # what is delivered: a drop counts, and is nobody else's

# The ids of deliveries that take the events of a purpose of a site, by both.
Targets = Mapping[tuple[str, str], Sequence[str]]

STEPS: tuple[Step, ...] = (
    run_script("""
CREATE TABLE waiting (
    transfer TEXT NOT NULL,
    name BLOB NOT NULL,
    site TEXT NOT NULL,
    handle TEXT NOT NULL,
    idx INTEGER NOT NULL,
    after INTEGER NOT NULL,
    until INTEGER NOT NULL,
    row BLOB NOT NULL,
    message TEXT,
    PRIMARY KEY (transfer, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX waiting_by_handle ON waiting (handle);
CREATE TABLE copied (
    spool TEXT NOT NULL PRIMARY KEY, upto INTEGER NOT NULL, day INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
"""),
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A row that waits, and whose it is."""

    name: bytes
    judged: Authorized
    row: Row


class TransferQueue:
    """The file at `path`; safe in any thread of any process.

    `targets` says what is delivered, `ended` who has answered anew since they were judged.
    """

    def __init__(
        self,
        path: Path,
        *,
        targets: Callable[[], Targets],
        ended: Ended,
        calendar_of: CalendarOf,
        now: Callable[[], float],
        urandom: Callable[[int], bytes],
    ) -> None:
        self._path = path
        self._targets = targets
        self._ended = ended
        self._calendar_of = calendar_of
        self._now = now
        self._urandom = urandom
        self._lock = threading.Lock()

    def copy(self, spool: str, lots: Sequence[Lot]) -> None:
        """Take what is to be delivered of lots of a spool, its oldest, in order.

        Raises nothing: what cannot be taken is not delivered, and holds up nobody.
        """
        try:
            targets = self._targets()
            if targets:
                self._copy(spool, lots, targets)
        except CollectorUnavailable:
            return  # it is logged

    def message(self, transfer: str, most: int) -> str | None:
        """The delivery to make next: one that was begun, or the oldest `most` rows; None for none.

        It keeps its id, and gets no other rows, until it has ended.
        """
        with self._writing() as file:
            if file is None:
                return None
            query = "SELECT message FROM waiting WHERE transfer = ? AND message IS NOT NULL LIMIT 1"
            row = file.execute(query, (transfer,)).fetchone()
            if row is not None:
                return str(row[0])
            id = "msg_" + self._urandom(16).hex()
            due = "SELECT name FROM waiting WHERE transfer = ? AND after <= ?"
            names = f"{due} ORDER BY until, name LIMIT ?"
            begun = file.execute(
                f"UPDATE waiting SET message = ? WHERE transfer = ? AND name IN ({names})",  # noqa: S608
                (id, transfer, transfer, int(self._now()), most),
            )
            return id if begun.rowcount else None

    def rows(self, transfer: str, message: str) -> list[Waiting]:
        """What is left of a delivery, in an order that says nothing."""
        query = (
            "SELECT name, site, handle, idx, row FROM waiting"
            " WHERE transfer = ? AND message = ? AND until > ? ORDER BY name"
        )
        with self._writing() as file:
            if file is None:
                return []
            rows = file.execute(query, (transfer, message, int(self._now()))).fetchall()
        try:
            return [Waiting(name, Authorized(*of), read_row(blob)) for name, *of, blob in rows]
        except BadLot:
            self.forget_transfer(transfer)
            return []

    def count(self, transfer: str) -> int:
        """How many rows wait for a delivery."""
        with self._writing() as file:
            if file is None:
                return 0
            query = "SELECT COUNT(*) FROM waiting WHERE transfer = ?"
            return int(file.execute(query, (transfer,)).fetchone()[0])

    def of_handle(self, site: str, handle: str) -> list[Row]:
        """What waits of a visitor, each row once; without what is damaged, which is never sent."""
        query = "SELECT DISTINCT name, row FROM waiting WHERE site = ? AND handle = ? AND until > ?"
        with self._writing() as file:
            if file is None:
                return []
            rows = file.execute(query, (site, handle, int(self._now()))).fetchall()
        waiting: list[Row] = []
        for _, blob in rows:
            with suppress(BadLot):
                waiting.append(read_row(blob))
        return waiting

    def remove(self, transfer: str, names: Collection[bytes]) -> None:
        """Deliver these no more."""
        with self._writing() as file:
            if file is not None:
                pairs = [(transfer, name) for name in names]
                file.executemany("DELETE FROM waiting WHERE transfer = ? AND name = ?", pairs)

    def forget_handle(self, site: str, handle: str) -> None:
        """Deliver nothing more of a visitor."""
        self._delete("site = ? AND handle = ?", site, handle)

    def forget_site(self, site: str) -> None:
        """Deliver nothing more of a site."""
        self._delete("site = ?", site)

    def forget_message(self, transfer: str, message: str) -> None:
        """A delivery has ended."""
        self._delete("transfer = ? AND message = ?", transfer, message)

    def forget_transfer(self, transfer: str) -> None:
        """Deliver nothing more of one."""
        self._delete("transfer = ?", transfer)

    def forget_due(self, now: float) -> int:
        """Destroy what is too late, and what no delivery takes any more; how many rows."""
        ids = sorted({id for own in self._targets().values() for id in own})
        marks = ", ".join("?" * len(ids))
        with self._writing() as file:
            if file is None:
                return 0
            file.execute("DELETE FROM copied WHERE day < ?", (int(now) - _FORGET,))
            gone = file.execute(
                f"DELETE FROM waiting WHERE until <= ? OR transfer NOT IN ({marks})",  # noqa: S608
                (int(now), *ids),
            )
            return gone.rowcount

    def _delete(self, where: str, *values: str) -> None:
        with self._writing() as file:
            if file is not None:
                file.execute(f"DELETE FROM waiting WHERE {where}", values)  # noqa: S608

    def _copy(self, spool: str, lots: Sequence[Lot], targets: Targets) -> None:
        with self._writing(create=True) as file:
            assert file is not None
            query = "SELECT upto FROM copied WHERE spool = ?"
            upto = file.execute(query, (spool,)).fetchone() or (0,)
            fresh = [lot for lot in lots if lot.id > upto[0]]
            if not fresh:
                return
            room, now = self._room(file, targets), int(self._now())
            batches = [batch for lot in fresh for batch in lot.batches]
            # Within this transaction: whoever ends a grant removes from this file after it.
            ended = self._ended({batch.judged for batch in batches})
            rows = [
                row
                for batch in batches
                if batch.judged not in ended
                for row in self._rows(batch, targets, now)
                if _fits(room, row[0])
            ]
            statement = "INSERT OR IGNORE INTO waiting VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL)"
            file.executemany(statement, rows)
            done = (spool, fresh[-1].id, now)
            file.execute("INSERT OR REPLACE INTO copied VALUES (?, ?, ?)", done)

    def _rows(self, batch: Batch, targets: Targets, now: int) -> Iterator[tuple[object, ...]]:
        for number, row in enumerate(batch.rows):
            own = () if row.collector else targets.get((row.site, row.purpose), ())
            # Of what has no time, the moment of a delivery would be one.
            if not own or row.type not in _TYPES or "time" not in row.values:
                continue
            # Under a key of that day, which is destroyed: it says nothing of who it was.
            name = hashlib.sha256(batch.key + number.to_bytes(4, "big")).digest()[:16]
            calendar = self._calendar_of(row.site)
            after = told_by_then(calendar, row.values.get("time", ()), now)
            until = min(calendar.end_of(row.closes, row.period) + GRACE, after + LONGEST)
            judged = batch.judged
            of = (judged.site, judged.handle, judged.index, after, until)
            for transfer in own:
                yield transfer, name, *of, encoded_row(row)

    def _room(self, file: sqlite3.Connection, targets: Targets) -> dict[object, int]:
        query = "SELECT transfer, COUNT(*) FROM waiting GROUP BY transfer"
        counts = dict(file.execute(query).fetchall())
        return {id: MOST - counts.get(id, 0) for own in targets.values() for id in own}

    def _bring_up(self, file: sqlite3.Connection) -> None:
        try:
            bring_up(file, STEPS, self._path.name)
        except SettingError as error:
            raise fault("transfers", error.advice) from None

    @contextmanager
    def _writing(self, *, create: bool = False) -> Iterator[sqlite3.Connection | None]:
        """One write transaction; None where there is no file. CollectorUnavailable."""
        if not create and not self._path.exists():
            yield None
            return
        with (
            self._lock,
            unavailable("transfers"),
            closing(connect(self._path, timeout=_BUSY / 1_000, create=create)) as file,
        ):
            use_journal(file, _BUSY)
            self._bring_up(file)
            file.execute("BEGIN IMMEDIATE")
            try:
                yield file
                file.execute("COMMIT")
            except BaseException:
                if file.in_transaction:
                    file.execute("ROLLBACK")
                raise
            file.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()


def told_by_then(calendar: Calendar, time: Value, now: int) -> int:
    """From when on (unix seconds) the moment of a delivery says no more than the time of its row.

    A row of an hour, a day or a minute waits for the end of it.
    """
    clock = calendar.clock(now)
    if time != time_value(clock, len(time)):
        return now
    if len(time) == 1:
        return calendar.end_of("day", time[0])
    seconds = _SECONDS[len(time)]
    return now + seconds - clock % seconds


def _fits(room: dict[object, int], transfer: object) -> bool:
    room[transfer] -= 1
    return room[transfer] >= 0
