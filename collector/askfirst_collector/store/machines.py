"""The machines that share one ledger in PostgreSQL, and what they have in common beside it.

    machine   one data folder, with spools of its own. `seen` is when it last said that it lives, by
              the server's clock; `moved` up to which call it moved all that it had accepted, or
              more than any where it was stopped with nothing left; `lost` since when it is counted
              on no more
    call      a number: whoever needs all that was accepted anywhere counts it up, and waits until
              every machine has moved as far
    key_file  what stands in each file of `keys/`
    period, answer, moved, leaving, generation
              what `events.db` says where one machine has the rows: see `schema`

All of it lies in a schema of its own (revision 0017). Nothing of it is asked of a file.
"""

from __future__ import annotations

import hashlib
import re
import socket
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine

from askfirst.errors import CollectorUnavailable
from askfirst_collector.config import Folder, SettingError, put_text
from askfirst_collector.store.database import changing, judge_writers, reading
from askfirst_collector.store.events import StoreUnavailable
from askfirst_collector.store.faults import FAULTS, StoreFault
from askfirst_collector.store.postgresql_address import read_address

ID = 8  # bytes of a machine's id
_ID = re.compile(f"[0-9a-f]{{{2 * ID}}}")
KEY_FILES = ("*.keys", "*.compromised")  # in `keys/`: what all machines have alike
BEAT = 10.0  # seconds between two signs of life
SILENT = 30  # seconds without one after which its folder may be at work in another place
ALIVE = 60  # seconds without one after which nobody counts on hearing of a machine
LOOK = 5.0  # seconds between two looks at what all machines have in a file
PATIENCE = 10.0  # seconds that whoever needs all rows waits for other machines
_DRAWN = 1 << 40  # RFC 9562, section 6.10: no hardware has it
_LOOK = 0.05  # seconds between two looks whether they are there

_SEEN = (
    "UPDATE machines.machine SET seen = clock_timestamp(), moved = LEAST(moved, number), place = %s"
    " FROM machines.call WHERE id = %s AND lost IS NULL"
    " AND (place IN ('', %s) OR seen < clock_timestamp() - make_interval(secs => %s))"
)
_WELL, _LOST, _ELSEWHERE = "well", "lost", "elsewhere"
_COPIED = (
    "is at work in another place, where a copy of this folder is: end one of both, and destroy its "
    "folder; where it only was moved, start it half a minute later; where that place is this very "
    "folder, seen from another container, run this in that one"
)
_RESTS = 2**62  # what it has moved up to while it has nothing, and accepts nothing
_BEHIND = "SELECT id FROM machines.machine WHERE lost IS NULL AND moved < %s AND id <> %s"
_AMONG = "SELECT count(*) FILTER (WHERE id < %s), count(*) FROM machines.machine WHERE lost IS NULL"
_ALIVE = (
    "SELECT count(*) FROM machines.machine WHERE lost IS NULL"
    " AND seen > clock_timestamp() - make_interval(secs => %s)"
)


@dataclass(frozen=True)
class Machine:
    """One of them, as `askfirst machine list` shows it."""

    id: str
    name: str  # of the host, as it called itself when it joined
    last_beat: datetime  # by the clock of the server
    is_lost: bool


class Machines:
    """What the machine `id` knows of the others. Every method may raise CollectorUnavailable."""

    def __init__(
        self,
        engine: Engine,
        id: str,
        place: str = "",
        clock: Callable[[], float] = time.monotonic,
        patience: float = PATIENCE,
    ) -> None:
        self.engine = engine
        self.id = id
        self._place = place
        # One value: what this machine may do, as of now. Both are digits of our own.
        self.state = (
            f"SELECT (SELECT CASE WHEN lost IS NOT NULL THEN '{_LOST}'"  # noqa: S608
            f" WHEN place NOT IN ('', '{place}') THEN '{_ELSEWHERE}' ELSE '{_WELL}' END"
            f" FROM machines.machine WHERE id = '{id}')"
        )
        self._clock = clock
        self._patience = patience
        self._beaten = -BEAT
        self._shared: dict[str, float] = {}  # files, and when each was looked at
        self._among = (0, 0)
        self._counted = -LOOK

    def join(self) -> None:
        """Be one of them; twice is harmless. SettingError `askfirst.E173` for one that is lost."""
        insert = "INSERT INTO machines.machine (id, name) VALUES (%s, %s) ON CONFLICT DO NOTHING"
        with changing(self.engine) as connection:
            _ask(connection, insert, self.id, socket.gethostname())
        if self._state() == _LOST:
            advice = (
                "this machine was declared lost, and what its spools hold is counted nowhere: "
                "destroy its data folder, and begin with a new one"
            )
            raise SettingError("askfirst.E173", self.id, advice)
        self.wake()

    def check(self) -> None:
        """StoreFault where this machine was declared lost, or is at work in another place."""
        self.judge(self._state())

    def judge(self, state: object) -> None:
        """The same, of what `state` selected."""
        if state == _LOST:
            reason = f"askfirst.E173 the machine {self.id} was declared lost"
        elif state == _ELSEWHERE:
            reason = f"askfirst.E210 the machine {self.id} {_COPIED}"
        else:
            # Where a copy of before was put back it is not known yet.
            FAULTS.went_well("this machine")
            return
        FAULTS.failed("this machine", reason)
        raise StoreFault("ledger", reason)

    def beat(self) -> None:
        """Say now and then that this machine lives."""
        now = self._clock()
        if now - self._beaten >= BEAT:
            self.wake()
            self._beaten = now

    def wake(self) -> None:
        """Be waited for, from now on: before anything is accepted. Raises as `check`."""
        with changing(self.engine) as connection:
            values = (self._place, self.id, self._place, SILENT)
            is_seen = _ask(connection, _SEEN, *values).rowcount
        if not is_seen:
            self.check()

    def rest(self) -> None:
        """Be waited for no more: nothing is left in any spool of this machine."""
        with changing(self.engine) as connection:
            statement = "UPDATE machines.machine SET moved = %s WHERE id = %s"
            _ask(connection, statement, _RESTS, self.id)

    def called(self) -> int:
        """The number of the last call; 0 where this machine has answered it."""
        query = (
            "SELECT number FROM machines.call, machines.machine"
            " WHERE id = %s AND lost IS NULL AND moved < number"
        )
        with reading(self.engine) as connection:
            row = _ask(connection, query, self.id).first()
        return 0 if row is None else int(row[0])

    def answer(self, number: int) -> None:
        """Say that all that this machine accepted before that call is in the store."""
        statement = "UPDATE machines.machine SET moved = %s WHERE id = %s AND moved < %s"
        with changing(self.engine) as connection:
            _ask(connection, statement, number, self.id, number)

    def gather(self) -> None:
        """Return once the others moved all that they had accepted before.

        StoreUnavailable, with their ids, where one does not in time.
        """
        with changing(self.engine) as connection:
            statement = "UPDATE machines.call SET number = number + 1 RETURNING number"
            number = int(_ask(connection, statement).one()[0])
        until = self._clock() + self._patience
        while behind := self._behind(number):
            if self._clock() > until:
                names = ", ".join(behind)
                raise StoreUnavailable(
                    f"events wait on {names}: start it, or say askfirst machine lost"
                )
            time.sleep(_LOOK)

    def all(self) -> list[Machine]:
        """All of them, in the order in which they were seen last."""
        query = "SELECT id, name, seen, lost IS NOT NULL FROM machines.machine ORDER BY seen, id"
        with reading(self.engine) as connection:
            return [Machine(*row) for row in _ask(connection, query)]

    def among(self) -> tuple[int, int]:
        """Which of those that are not lost this is, from 0 on, and how many there are.

        Looked at again after some seconds; of a server that is away the former answer, or (0, 0).
        """
        now = self._clock()
        if now - self._counted >= LOOK:
            self._counted = now
            with suppress(CollectorUnavailable), reading(self.engine) as connection:
                rank, count = _ask(connection, _AMONG, self.id).one()
                self._among = (int(rank), int(count))
        return self._among

    def share(self, file: Path, create: Callable[[], object]) -> None:
        """Have in a file what all machines have in it; what `create` makes where none has any.

        Looked at again after some seconds.
        """
        now = self._clock()
        if now - self._shared.get(file.name, -LOOK) < LOOK and file.exists():
            return
        query = "SELECT content FROM machines.key_file WHERE name = %s"
        with reading(self.engine) as connection:
            row = _ask(connection, query, file.name).first()
        if row is None:
            create()
            insert = "INSERT INTO machines.key_file VALUES (%s, %s) ON CONFLICT DO NOTHING"
            with changing(self.engine) as connection:
                _ask(connection, insert, file.name, file.read_text("ascii"))
                row = _ask(connection, query, file.name).one()
        if not file.exists() or file.read_text("ascii") != row[0]:
            put_text(file, row[0])
        self._shared[file.name] = now

    def give(self, file: Path) -> None:
        """Let every machine have what stands in a file now; nothing, where it is gone."""
        statement = (
            "INSERT INTO machines.key_file VALUES (%s, %s)"
            " ON CONFLICT (name) DO UPDATE SET content = excluded.content"
        )
        with changing(self.engine) as connection:
            if file.exists():
                _ask(connection, statement, file.name, file.read_text("ascii"))
            else:
                _ask(connection, "DELETE FROM machines.key_file WHERE name = %s", file.name)

    def _behind(self, number: int) -> list[str]:
        with reading(self.engine) as connection:
            return [id for (id,) in _ask(connection, _BEHIND, number, self.id)]

    def _state(self) -> object:
        with reading(self.engine) as connection:
            return _ask(connection, self.state).scalar()


def is_shared(engine: Engine) -> bool:
    """Whether any machine has joined."""
    with reading(engine) as connection:
        return _ask(connection, "SELECT id FROM machines.machine LIMIT 1").first() is not None


def others_live(engine: Engine) -> bool:
    """Whether any machine has said of late that it lives."""
    with reading(engine) as connection:
        return bool(_ask(connection, _ALIVE, ALIVE).scalar())


def lose(connection: Connection, id: str) -> bool:
    """Count on a machine no more, for good; False where there is none of that id."""
    statement = "UPDATE machines.machine SET lost = clock_timestamp() WHERE id = %s"
    count = _ask(connection, f"{statement} AND lost IS NULL", id).rowcount
    _ask(connection, "DELETE FROM machines.moved WHERE machine = %s", id)
    return bool(count)


def place_of(folder: Folder) -> str:
    """Which folder it is, on which running system: a copy of it is in another place.

    All processes of a machine have the same, until it is started anew.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii")
    except OSError:
        node = uuid.getnode()
        # Where there is no hardware address it is drawn, in each process anew.
        boot = f"{socket.gethostname()} {0 if node & _DRAWN else node}"
    return hashlib.sha256(repr((boot, folder.identity)).encode()).hexdigest()[:16]


def machines_of(engine: Engine, folder: Folder, urandom: Callable[[int], bytes]) -> Machines | None:
    """The machine that a folder is, joined; None where its ledger is its own.

    Raises SettingError, and CollectorUnavailable.
    """
    if not folder.ledger_url or not read_address(folder.ledger_url).is_shared:
        return None
    if not folder.machine:
        # Of workers that start at once one draws it: a second would be waited for, for ever.
        with changing(engine):
            if not folder.machine:
                folder.place_machine(urandom(ID).hex())
    if not _ID.fullmatch(folder.machine):
        advice = f"{folder.path / 'machine.id'} is not as it was written: put that back"
        raise SettingError("askfirst.E186", folder.machine, advice)
    machines = Machines(engine, folder.machine, place_of(folder))
    machines.join()
    judge_writers(engine, machines.state, machines.judge)
    return machines


def _ask(connection: Connection, statement: str, *values: object) -> Any:
    return connection.exec_driver_sql(statement, tuple(values) or None)
