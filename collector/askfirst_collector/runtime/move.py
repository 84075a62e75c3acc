"""Taking a folder's ledger, rows and salts from their files to servers, with nobody at work on it.

What is on a server is complete, and the same, before the folder notes its address. Ended anywhere,
the files are as they were, or the address is noted: then the same again finishes it. Where several
machines are to share the ledger, that is the last step (`move_to_many`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from askfirst.spool.files import sync_folder
from askfirst_collector.config import Folder, SettingError, create_file
from askfirst_collector.ledger.check import ledger_problems
from askfirst_collector.runtime.move_to_many import (
    become_one_of_several,
    check_many,
    count_shared,
    is_many,
    rehearse_many,
)
from askfirst_collector.runtime.open_salts import check_apart
from askfirst_collector.store.clickhouse.address import read_address
from askfirst_collector.store.clickhouse.move_rows import (
    check_events,
    count_events,
    move_rows,
    owner_of,
    tally_of,
    write_index,
)
from askfirst_collector.store.clickhouse.server import Server
from askfirst_collector.store.postgresql_address import of_one_machine
from askfirst_collector.store.present import Connection
from askfirst_collector.store.snapshot import alone, as_of_now, destroy, draft_folder, problem_of

Step = Callable[[int], object]

_ELSEWHERE = "it is there already: a folder is taken from files to servers once"
_NOTHING = "there is nothing in it"
_DAMAGED = "the files have to be sound before they are moved: look with askfirst ledger check"


@dataclass(frozen=True)
class Targets:
    """Where to: the addresses of a PostgreSQL, a ClickHouse, and a PostgreSQL for salts; or ''."""

    ledger: str = ""
    events: str = ""
    salts: str = ""

    @property
    def of_one_machine(self) -> Targets:
        """The same for a ledger that is not shared yet."""
        return replace(self, ledger=self.ledger and of_one_machine(self.ledger))


@dataclass(frozen=True)
class Portion:
    """What is moved of one table or file: how many rows, and seconds that was measured to take."""

    part: str
    table: str
    rows: int
    seconds: float | None = None


def rehearse_move(folder: Folder, targets: Targets, clock: Callable[[], float]) -> list[Portion]:
    """Read all that would be moved, and ask the servers; nothing is written, also beside a server.

    `clock` gives seconds. Raises as `move`, but for files that are in use.
    """
    with ExitStack() as stack:
        own = {
            name: stack.enter_context(as_of_now(path))
            for name, path in _files(folder, targets).items()
        }
        portions = list(_portions(folder, targets, own))
        if targets.ledger and "ledger" in own:
            from askfirst_collector.store.move_ledger import rehearse_ledger_move

            pace = rehearse_ledger_move(own["ledger"], targets.ledger)
            rows = sum(portion.rows for portion in portions if portion.part == "ledger")
            # Sent, and read back.
            portions.append(Portion("ledger", "", rows, 2 * rows / pace if pace else 0.0))
        if _goes(folder, targets, own):
            begun = clock()
            tally_of(own["events"], lambda _: None)
            portions.append(Portion("events", "", count_events(own["events"]), clock() - begun))
            with _server(folder, own["events"], targets.events) as server:
                server.is_ours()
        if targets.salts:
            from askfirst_collector.store.move_salts import rehearse_salts_move

            rehearse_salts_move(targets.salts)
        if is_many(targets.ledger) and "events" in own:
            rehearse_many(folder, own, targets.ledger)
    return portions


def move(
    folder: Folder,
    targets: Targets,
    *,
    now: float,
    urandom: Callable[[int], bytes],
    begin: Callable[[int], Step],
) -> Path | None:
    """Move what has a target, and say where the files of before are now; None where there are none.

    `begin` is told how many rows there are, and gives what is told of each that went. `salts.db` is
    destroyed: a second copy would undo the destruction of each salt. Raises SettingError
    `askfirst.E164` for a target that is not empty, `askfirst.E165` while a process has the folder
    open, StoreFault and StoreUnavailable.
    """
    with ExitStack() as stack:
        own = {
            name: stack.enter_context(alone(path)) for name, path in _files(folder, targets).items()
        }
        step = begin(sum(portion.rows for portion in _portions(folder, targets, own)))
        aside = _move_files(folder, targets.of_one_machine, own, step, now=now, urandom=urandom)
    if is_many(targets.ledger):
        become_one_of_several(folder, targets.ledger, urandom=urandom, step=step)
    return aside if aside.exists() else None


def _move_files(
    folder: Folder,
    targets: Targets,
    own: dict[str, Connection],
    step: Step,
    *,
    now: float,
    urandom: Callable[[int], bytes],
) -> Path:
    with draft_folder(folder.path) as draft:
        aside = folder.path / datetime.fromtimestamp(now, UTC).strftime(
            "replaced-%Y%m%dT%H%M%S.%fZ"
        )
        if targets.ledger and "ledger" in own:
            _move_ledger(folder, own["ledger"], targets.ledger, step)
        is_going = _goes(folder, targets, own)
        if is_going:
            with _server(folder, own["events"], targets.events) as server:
                if folder.events_url != targets.events:
                    move_rows(own["events"], server, urandom(8).hex(), step)
            write_index(own["events"], draft / "events.db")
        if targets.salts and "salts" in own:
            _move_salts(folder, own, targets)
        # From here on it is there.
        if targets.ledger and "ledger" in own:
            folder.place_ledger(targets.ledger)
            create_file(draft / "ledger.db")
            _replace(folder.ledger, draft / "ledger.db", aside)
        if is_going:
            folder.place_events(targets.events)
            _replace(folder.events, draft / "events.db", aside)
        if targets.salts and "salts" in own:
            folder.place_salts(targets.salts)
            destroy(folder.salts)
            create_file(folder.salts)
        sync_folder(folder.path)
    return aside


def _goes(folder: Folder, targets: Targets, own: dict[str, Connection]) -> bool:
    """Whether rows have to go, or their file: what is left of it says which periods there are."""
    if not targets.events or "events" not in own:
        return False
    return folder.events_url != targets.events or bool(count_events(own["events"]))


def _files(folder: Folder, targets: Targets) -> dict[str, Path]:
    """The files of a folder that have anything; SettingError where it cannot be moved so."""
    if is_many(targets.ledger):
        check_many(folder, targets.ledger, targets.events, targets.salts)
    noted = Targets(folder.ledger_url, folder.events_url, folder.salts_url)
    paths = {"ledger": folder.ledger, "events": folder.events, "salts": folder.salts}
    present = {name: path for name, path in paths.items() if path.exists() and path.stat().st_size}
    for name, path in paths.items():
        target, before = getattr(targets, name), getattr(noted, name)
        # One that is to be shared may be named anew: that it is the same is seen there.
        is_same = before in ("", target) or (name == "ledger" and is_many(target))
        if target and not is_same:
            raise SettingError("askfirst.E164", name, _ELSEWHERE)
        if target and not before and name not in present:
            raise SettingError("askfirst.E164", path, _NOTHING)
    for path in present.values():
        if problem := problem_of(path):
            raise SettingError("askfirst.E164", f"{path} ({problem})", _DAMAGED)
    return present


def _portions(folder: Folder, targets: Targets, own: dict[str, Connection]) -> Iterator[Portion]:
    """What there is to move, once it is known to be sound and of this version."""
    if targets.ledger and "ledger" in own:
        from askfirst_collector.store.move_ledger import check_source, count_rows

        check_source(own["ledger"])
        if problem := next(ledger_problems(own["ledger"].execute), ""):
            raise SettingError("askfirst.E164", f"ledger.db ({problem})", _DAMAGED)
        for table, rows in count_rows(own["ledger"]).items():
            yield Portion("ledger", table, rows)
    if targets.events and "events" in own:
        check_events(own["events"])
        yield Portion("events", "event", count_events(own["events"]))
    if is_many(targets.ledger) and "events" in own:
        for table, rows in count_shared(folder, own).items():
            yield Portion("machines", table, rows)
    if targets.salts and "salts" in own:
        from askfirst_collector.store.move_salts import check_salts, count_salts

        check_salts(own["salts"])
        yield Portion("salts", "", count_salts(own["salts"]))


def _move_ledger(folder: Folder, source: Connection, url: str, step: Step) -> None:
    from askfirst_collector.store.database import open_ledger
    from askfirst_collector.store.move_ledger import move_ledger

    open_ledger(folder.ledger, url).dispose()  # makes the tables
    move_ledger(source, url, step)


def _move_salts(folder: Folder, own: dict[str, Connection], targets: Targets) -> None:
    from askfirst_collector.store.move_ledger import name_in, name_of
    from askfirst_collector.store.move_salts import move_salts
    from askfirst_collector.store.salts_server import SaltServer

    ledger = targets.ledger or folder.ledger_url
    name = name_in(own["ledger"]) if "ledger" in own else name_of(ledger)
    with closing(SaltServer(targets.salts, now=lambda: 0.0, urandom=os.urandom)) as server:
        check_apart(server, ledger)
    move_salts(own["salts"], targets.salts, name.hex())


@contextmanager
def _server(folder: Folder, source: Connection, url: str) -> Iterator[Server]:
    owner = owner_of(source)
    server = Server(read_address(url), lambda: owner, urandom=os.urandom)
    try:
        yield server
    finally:
        server.close()


def _replace(path: Path, by: Path, aside: Path) -> None:
    """Put an empty file in the place of one, which is set aside: there is always one of the two."""
    aside.mkdir(mode=0o700, exist_ok=True)
    with suppress(OSError):  # not every file system has links
        (aside / path.name).hardlink_to(path)
        by.replace(path)
        return
    path.replace(aside / path.name)
    by.replace(path)
