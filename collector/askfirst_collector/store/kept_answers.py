"""What a retry of a batch is answered, for as long as that is kept.

A batch is named by a key, which is random: in a table by key each would have a page of its own
written. So what was moved lately is kept in lots, and read from memory, and many lots at a time
become a run, whose keys lie together at the end of `answer`. Nearly every name that is asked for is
a new one: of each key in a run four bytes are remembered (two in memory, as they are in order), and
only a name that begins like one of its day is looked for, in one run after the other.
"""

from __future__ import annotations

import sqlite3
import sys
from array import array
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence

from pyroaring import BitMap

from .lots import AnyBatch, Name, answers_in, encoded_answers, read_answers
from .statements import insert

OWN = 2_000  # answers of one's own lots after which one looks which of these were moved
RUN = 32_768  # answers in lots, from which on they become a run
_MARK = 4  # bytes of a key
_COLUMNS = 3  # of `answer`


class LotAnswers:
    """What retries of the lots of one file are answered, for as long as they are there.

    Whoever adds a lot by the same connection says so once it is committed (`note`).
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.answers: dict[Name, bytes] = {}
        self._lots: deque[tuple[int, list[Name]]] = deque()  # oldest first
        self._last = 0
        self._version = -1
        self._fresh = 0  # answers that were noted since it was refreshed

    def among(self, names: Sequence[Sequence[Name]]) -> dict[Name, bytes]:
        """The answers that are there under any of these names."""
        answers = self.answers
        if not answers:
            return {}
        return {name: answers[name] for own in names for name in own if name in answers}

    def let_go(self) -> None:
        """`refresh`, now and then, of a file to which nobody else adds: nothing came meanwhile."""
        if self._version == -1 or self._fresh >= OWN:
            self.refresh()

    def refresh(self, version: int | None = None) -> bool:
        """Read what came, and let go of what was moved; whether anybody else wrote meanwhile.

        `version` is the `data_version` of whoever has just asked for it. Raises sqlite3.Error, and
        BadLot.
        """
        self._fresh = 0
        if version is None:
            version = self.connection.execute("PRAGMA data_version").fetchone()[0]
        if version == self._version:
            return False
        query = "SELECT id, answers FROM lot WHERE id > ?"
        for number, blob in self.connection.execute(query, (self._last,)).fetchall():
            self.note(number, dict(read_answers(blob)))
        first = self.connection.execute("SELECT MIN(id) FROM lot").fetchone()[0]
        while self._lots and (first is None or self._lots[0][0] < first):
            for name in self._lots.popleft()[1]:
                self.answers.pop(name, None)
        self._version = version
        return True

    def note(self, number: int, answers: Mapping[Name, bytes]) -> None:
        """Remember those of the newest lot."""
        self.answers.update(answers)
        self._lots.append((number, list(answers)))
        self._last = number
        self._fresh += len(answers)


class KeptAnswers:
    """What retries of what is in `events.db` are answered; belongs to one thread.

    Every method may raise sqlite3.Error, and BadLot.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._lots = LotAnswers(connection)
        self._marks: dict[int, BitMap] = {}  # by day
        self._last = 0  # the newest run that was read

    def refresh(self, version: int | None = None) -> None:
        """See what others wrote until now (see `LotAnswers.refresh`)."""
        # Lots first: what leaves one is in a run in the same commit.
        if self._lots.refresh(version):
            self._read_runs()

    def among(self, names: Sequence[Sequence[Name]]) -> dict[Name, bytes]:
        """The answers that are kept under any of these names."""
        known = self._lots.among(names)
        if self._marks:
            for name in [name for own in names for name in own if self._may_have(name)]:
                for (answer,) in self._connection.execute(_IN_RUNS, name):
                    known[name] = answer
        return known

    def add(self, batches: Sequence[AnyBatch]) -> None:
        """Keep the answers of these, in a transaction that is open, and was refreshed in."""
        lot = max(batch.day for batch in batches), encoded_answers(batches)
        added = self._connection.execute("INSERT INTO lot (day, answers) VALUES (?, ?)", lot)
        self._lots.note(added.lastrowid or 0, answers_in(batches))
        if len(self._lots.answers) >= RUN:
            put_away(self._connection, self._lots.answers)
            self._connection.execute("DELETE FROM lot")
            self._lots = LotAnswers(self._connection)
            self._read_runs()

    def _may_have(self, name: Name) -> bool:
        day, key = name
        return day in self._marks and int.from_bytes(_mark(key)) in self._marks[day]

    def _read_runs(self) -> None:
        query = "SELECT id, day, marks FROM run WHERE id > ? ORDER BY id"
        for number, day, blob in self._connection.execute(query, (self._last,)):
            marks = array("I")
            marks.frombytes(blob)
            if sys.byteorder == "little":
                marks.byteswap()
            self._marks.setdefault(day, BitMap()).update(marks)
            self._last = number
        # What was forgotten since does no harm: it would be looked for, and not found.
        oldest = self._connection.execute("SELECT MIN(day) FROM run").fetchone()[0]
        for day in [day for day in self._marks if oldest is None or day < oldest]:
            del self._marks[day]


_IN_RUNS = (
    "SELECT answer FROM run CROSS JOIN answer ON answer.run = run.id"
    " WHERE run.day = ? AND answer.key = ?"
)


def put_away(connection: sqlite3.Connection, answers: Mapping[Name, bytes]) -> None:
    """Make runs of these, one for each day, in a transaction that is open."""
    days: dict[int, list[tuple[bytes, bytes]]] = defaultdict(list)
    for (day, key), answer in answers.items():
        days[day].append((key, answer))
    for day, own in sorted(days.items()):
        own.sort()
        run = add_run(connection, day, [key for key, _ in own])
        insert(connection, "answer", _COLUMNS, [(run, key, answer) for key, answer in own])


def add_run(connection: sqlite3.Connection, day: int, keys: Iterable[bytes]) -> int:
    """The number of a new run of a day that has these keys, which are in order."""
    row = day, b"".join(map(_mark, keys))
    return connection.execute("INSERT INTO run (day, marks) VALUES (?, ?)", row).lastrowid or 0


def _mark(key: bytes) -> bytes:
    return key[:_MARK].ljust(_MARK, b"\0")


def forget_answers(connection: sqlite3.Connection, before: int) -> bool:
    """Remove those kept for retries on days before this one, of one run; whether more are left."""
    runs = connection.execute("SELECT id FROM run WHERE day < ? LIMIT 2", (before,)).fetchall()
    for run in runs[:1]:
        connection.execute("DELETE FROM answer WHERE run = ?", run)
        connection.execute("DELETE FROM run WHERE id = ?", run)
    connection.execute("DELETE FROM lot WHERE day < ?", (before,))
    return len(runs) > 1
