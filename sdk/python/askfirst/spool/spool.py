"""`Spool`: the folder of what a ledger is owed, shared by every process of a site.

One file a handle, named by it: that one is there says that no event of the handle may be stored,
in whichever process, at the cost of one look at a name. In it stands one JSON text a line, in the
order in which it was answered; never a secret or a signal (0600).
"""

from __future__ import annotations

import json
import os
import re
import threading
import time
import warnings
from collections.abc import Iterator, Set
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from askfirst.log_fault import log_fault
from askfirst.spool.events import Purposes
from askfirst.spool.files import sync_folder

from ..client import Decision, Handle, PendingEntry
from ..errors import AskfirstError, CollectorUnavailable
from . import files

MOST_UNKNOWN = 1_000_000  # bytes of entries of handles that the ledger cannot be asked about
MOST = 16_000_000  # bytes of all entries
SETTLED = 3.0  # seconds; file systems keep times in steps of two seconds at most
LINGER = 3.0  # seconds until what broke off on its way is known to have ended there too
MOST_OF_ONE = 16_000  # bytes of the entries of one handle
KINDS = ("answer", "erase", "restrict")
_HANDLE = re.compile(r"[0-9a-f]{64}")
_SUFFIX = ".owed"


class StillPending(AskfirstError):
    """A withdrawal of this handle is owed: nothing of it may be sent."""


@dataclass(frozen=True)
class Claim:
    """The entries of one handle, which no other process tells meanwhile."""

    spool: Spool
    file: int
    handle: Handle
    size: int  # bytes that were read
    entries: tuple[PendingEntry, ...]

    def done(self) -> bool:
        """Take them out, once the ledger has them; False where more came meanwhile."""
        path = self.spool.path_of(self.handle)
        try:
            with self.spool.locked():
                if os.fstat(self.file).st_size != self.size:
                    return False
                path.unlink(missing_ok=True)
                sync_folder(self.spool.folder)
        except OSError as error:
            log_fault("emptying the spool", error)
            return False
        return True


class Spool:
    """Safe in any thread and process. It is made (0700) where its parent is there already."""

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder).absolute()
        self._prefix = f"{self.folder}{os.sep}"
        # Which folder, as it was changed when it was read last, and what was in it.
        self._look: tuple[tuple[int, ...], Set[Handle]] | None = None
        # The same, and since when it is known to have stood like that.
        self._first_seen: tuple[tuple[int, ...], float] = ((), 0.0)

    def make(self) -> None:
        """Make the folder where it is missing; raises OSError."""
        self.folder.mkdir(mode=0o700, exist_ok=True)

    def path_of(self, handle: Handle) -> Path:
        """Where the entries of a handle stand; ValueError for what is no handle."""
        if not _HANDLE.fullmatch(handle):
            raise ValueError("a handle is 64 hexadecimal digits")
        return self.folder / f"{handle}{_SUFFIX}"

    def owes(self, handle: Handle) -> bool:
        """Whether the ledger is owed anything of it; CollectorUnavailable where nobody can tell."""
        if not _HANDLE.fullmatch(handle):
            return False
        try:
            os.stat(f"{self._prefix}{handle}{_SUFFIX}")  # noqa: PTH116 - for each event
        except FileNotFoundError:
            return False
        except OSError as error:
            log_fault("reading the spool", error)
            raise CollectorUnavailable("the spool cannot be read") from None
        return True

    def owing(self) -> Set[Handle]:
        """All handles for which `owes` is true; CollectorUnavailable where nobody can tell.

        The folder is read again only where it changed, as its own times say. Those count in steps:
        within one, another change may hide behind it. So what is remembered was read when all steps
        of before were over, by this process's own time: whatever the two clocks say, and however
        long it was held up meanwhile.
        """
        try:
            status = os.stat(self.folder)  # noqa: PTH116 - for each event
            state = status.st_dev, status.st_ino, status.st_mtime_ns, status.st_ctime_ns
            look = self._look
            if look is not None and look[0] == state:
                return look[1]
            begun = time.monotonic()
            owing = frozenset(name.removesuffix(_SUFFIX) for name in self._names())
        except FileNotFoundError:
            return frozenset()
        except OSError as error:
            log_fault("reading the spool", error)
            raise CollectorUnavailable("the spool cannot be read") from None
        before, since = self._first_seen
        if before != state:
            self._first_seen = state, begun
        elif begun - since > SETTLED:
            self._look = state, owing
        return owing

    def handles(self) -> list[Handle]:
        """Whose entries wait, the longest waiting first. Raises CollectorUnavailable."""
        try:
            waiting = sorted((status.st_mtime_ns, name) for name, status in self._files())
        except OSError as error:
            log_fault("reading the spool", error)
            raise CollectorUnavailable("the spool cannot be read") from None
        return [name.removesuffix(_SUFFIX) for _, name in waiting]

    def add(self, entry: PendingEntry, *, known: bool = False) -> None:
        """Have one entry on disk when this returns; CollectorUnavailable where that cannot be.

        Of handles that are not `known` to the ledger there is room for 1 MB altogether: anybody can
        invent them. Half of it is for withdrawals alone.
        """
        line = json.dumps(_written(entry), separators=(",", ":")).encode("ascii") + b"\n"
        path = self.path_of(entry.handle)
        most = MOST if known else MOST_UNKNOWN
        if entry.decision is not None and entry.decision.method == "rollback":
            most = MOST_UNKNOWN // 2
        try:
            self.make()
            with self.locked():
                self._append(path, line, most)
        except OSError as error:
            log_fault("writing the spool", error)
            raise CollectorUnavailable("this could not be recorded: try again") from None

    def taken_back(self, handle: Handle) -> Purposes:
        """What the ledger has yet to hear of a handle. Raises CollectorUnavailable."""
        try:
            data = self.path_of(handle).read_bytes()
        except FileNotFoundError:
            return frozenset()
        except OSError as error:
            log_fault("reading the spool", error)
            raise CollectorUnavailable("the spool cannot be read") from None
        purposes: set[str] = set()
        for entry in _read(data):
            more = taken_back(entry)
            if more is None:
                return None
            purposes |= more
        return frozenset(purposes)

    def check(self) -> None:
        """Raise CollectorUnavailable where what is owed could not be written down now."""
        try:
            self.make()
            os.close(self._open_file("lock"))
        except OSError as error:
            raise CollectorUnavailable(
                f"{type(error).__name__}: withdrawals have nowhere to wait"
            ) from None

    @contextmanager
    def claim(self, handle: Handle) -> Iterator[Claim | None]:
        """The entries of a handle, for this caller alone; None where there are none to be had."""
        try:
            file = os.open(self.path_of(handle), os.O_RDWR)
        except OSError:
            yield None
            return
        try:
            yield self._claimed(file, handle) if files.lock(file) else None
        finally:
            os.close(file)

    def _claimed(self, file: int, handle: Handle) -> Claim | None:
        with suppress(OSError):
            # Between opening and locking, whoever had it may have told and removed it.
            if os.path.samestat(os.fstat(file), self.path_of(handle).stat()):
                data = _all(file)
                return Claim(self, file, handle, len(data), tuple(_read(data)))
        return None

    @contextmanager
    def sending(self, handle: Handle) -> Iterator[None]:
        """While an event of a handle is on its way; raises StillPending where it may not leave.

        Many may be on their way at once; a withdrawal waits for them (`pass_by`). Of one whose
        answer was lost the collector may be busy with it still: it counts as on its way a little
        longer, in which the collector hears that nobody listens, and lets go of it.
        """
        file = self._lane(handle)
        lost = False
        try:
            files.lock(file, shared=True, wait=True)
            if self.owes(handle):
                raise StillPending
            try:
                yield
            except ConnectionRefusedError:
                raise
            except Exception:
                lost = True
                raise
        finally:
            if lost:
                timer = threading.Timer(LINGER, os.close, (file,))
                timer.daemon = True
                timer.start()
            else:
                os.close(file)

    def pass_by(self, handle: Handle, seconds: float) -> None:
        """Return when whatever was on its way before an entry was added has arrived.

        Raises CollectorUnavailable after so many seconds.
        """
        deadline = time.monotonic() + seconds
        try:
            file = self._lane(handle)
        except OSError as error:
            log_fault("writing the spool", error)
            raise CollectorUnavailable("this could not be recorded: try again") from None
        try:
            while not files.lock(file):
                if time.monotonic() > deadline:
                    raise CollectorUnavailable("events are still on their way: try again")
                time.sleep(0.005)
        finally:
            os.close(file)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else adds or removes meanwhile; raises OSError."""
        file = self._open_file("lock")
        try:
            files.lock(file, wait=True)
            yield
        finally:
            os.close(file)

    def _lane(self, handle: Handle) -> int:
        # A few visitors share one: files for each would pile up.
        return self._open_file(f"lane-{handle[:2]}")

    def _open_file(self, name: str) -> int:
        return os.open(self.folder / name, os.O_CREAT | os.O_RDWR, 0o600)

    def _files(self) -> Iterator[tuple[str, os.stat_result]]:
        with suppress(FileNotFoundError):
            for name in self._names():
                with suppress(FileNotFoundError):
                    yield name, (self.folder / name).stat()

    def _names(self) -> list[str]:
        # Of what one folder has; names alone, as that is read for each event while it changes.
        names = os.listdir(self.folder)  # noqa: PTH208
        return [n for n in names if n.endswith(_SUFFIX) and _HANDLE.fullmatch(n[: -len(_SUFFIX)])]

    def _append(self, path: Path, line: bytes, most: int) -> None:
        file = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        data = b""
        try:
            data = _all(file)
            if not data.endswith(b"\n") and data:
                line = b"\n" + line  # what was written last broke off
            if not data.endswith(b"\n" + line) and data != line:
                self._check_room(len(data), len(line), most)
                files.write_at(file, line, len(data))
            os.fsync(file)
            sync_folder(self.folder)
        except BaseException:
            with suppress(OSError):
                os.ftruncate(file, len(data))
                if not data:
                    path.unlink()
            raise
        finally:
            os.close(file)

    def _check_room(self, size: int, more: int, most: int) -> None:
        if size + more > MOST_OF_ONE:
            raise CollectorUnavailable("too much of this visitor waits already: try again later")
        if sum(status.st_size for _, status in self._files()) + more > most:
            raise CollectorUnavailable("too much waits already: try again later")


def renamed(spill: Path | str | None) -> Path | None:
    """The folder for what was named `spill`, a file, before; warns where it is."""
    if spill is None:
        return None
    message = "spill= is spool= now, a folder for all processes: what is named here gets .spool"
    warnings.warn(message, DeprecationWarning, stacklevel=3)
    return Path(f"{spill}.spool")


def taken_back(entry: PendingEntry) -> Purposes:
    """The purposes of which a visitor wants nothing stored any more; None: all of them.

    A grant that is taken back for having come too late is no wish of its visitor: the ledger says
    what it leaves.
    """
    decision = entry.decision
    if decision is None or decision.method in ("withdraw", "reject_all"):
        return None
    if decision.method == "rollback":
        return frozenset()
    return frozenset(name for name, detail in decision.choices.items() if not detail)


def rollback(decision: Decision) -> PendingEntry:
    """What takes back a grant that may have been recorded after its visitor was told that not."""
    refused = {name: 0 for name, detail in decision.choices.items() if detail}
    undone = replace(decision, method="rollback", choices=refused)
    return PendingEntry(decision.site, decision.handle, "answer", undone)


def _all(file: int) -> bytes:
    with os.fdopen(os.dup(file), "rb") as reader:
        reader.seek(0)
        return reader.read()


def _written(entry: PendingEntry) -> dict[str, Any]:
    # Signals and ages are said of grants alone, and none is ever in here.
    answer = entry.decision and replace(entry.decision, gpc=False, adult=False)
    decision = None if answer is None else asdict(answer)
    if decision is not None:
        # An older process of the site reads it, too, and would pass over what it does not know.
        del decision["sized"]
    return {"site": entry.site, "handle": entry.handle, "kind": entry.kind, "decision": decision}


def _read(data: bytes) -> Iterator[PendingEntry]:
    """The entries of a file; a line that broke off, or grants, is passed over."""
    for line in data.splitlines():
        try:
            value = json.loads(line)
            answer = value["decision"]
            decision = None if answer is None else Decision(**answer)
            grants = decision is not None and any(decision.choices.values())
            if (
                grants
                or value["kind"] not in KINDS
                or (decision is None) != (value["kind"] != "answer")
            ):
                raise ValueError("this is nothing that is ever spooled")
            yield PendingEntry(value["site"], value["handle"], value["kind"], decision)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            log_fault("reading the spool", error)
