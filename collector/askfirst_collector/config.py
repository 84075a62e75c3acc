"""The data folder of a collector: what lies where, and that nobody else can read it."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from pathlib import Path

from askfirst.errors import AskfirstError

# Nobody opens a file that another thread is still creating.
_creating = threading.Lock()


class SettingError(AskfirstError):
    """A setting that cannot be used: its stable id, the value, and what to write instead."""

    def __init__(self, code: str, value: object, advice: str) -> None:
        self.code = code
        self.found = value
        self.advice = advice
        super().__init__(f"{code}: {value}: {advice}")


# What to do where a move was not cut off, but a copy of before it put back; by what is in the way.
_INSTEAD = {
    "ledger.db": "remove it, as what is valid is on the server",
    "salts.db": "remove it, as its salts are destroyed",
    "events.db": "the same once more, too, and days that it does not know begin anew",
    "ledger.url": "begin with a new folder, as one more machine",
}


def cut_off(name: str) -> SettingError:
    """The refusal of a folder that still has a file of which it notes that it is on a server."""
    advice = (
        "askfirst move was ended before it was done: run the same once more, and it finishes. Or a "
        f"copy of before it was put back: then {_INSTEAD[name]}"
    )
    return SettingError("askfirst.E165", name, advice)


@dataclass(frozen=True)
class Folder:
    """One collector's files. `salts.db` is never backed up; `keys/` goes apart from the rest.

    `revocations.log` lies beside the folder: it is what a copy that is put back is held against.
    """

    path: Path

    @property
    def identity(self) -> tuple[int, int]:
        """The same for every path to it: device and inode."""
        status = self.path.stat()
        return status.st_dev, status.st_ino

    @property
    def ledger(self) -> Path:
        """Registry, editions, ledger and disclosed tables."""
        return self.path / "ledger.db"

    @property
    def events(self) -> Path:
        """Rows of open periods, and rows that are kept."""
        return self.path / "events.db"

    @property
    def salts(self) -> Path:
        """What makes pseudonyms, and stops making them when it is destroyed."""
        return self.path / "salts.db"

    @property
    def transfers(self) -> Path:
        """What waits to be delivered to third parties; it is made when something does."""
        return self.path / "transfers.db"

    @property
    def revocations(self) -> Path:
        """What no restore undoes: beside the folder, or where `revocations.path` in it says.

        Noted in the folder, so that every command finds it. Raises OSError.
        """
        try:
            return Path(self._revocations_path.read_text("utf-8").removesuffix("\n"))
        except FileNotFoundError:
            folder = self.path.resolve()
            return folder.with_name(f"{folder.name}.revocations.log")

    @property
    def checkpoints(self) -> Path:
        """How much of each tree of the ledger was signed: beside `revocations.log`."""
        log = self.revocations
        return log.with_name(f"{log.name.removesuffix('.log')}.checkpoints")

    @property
    def _revocations_path(self) -> Path:
        return self.path / "revocations.path"

    def place_revocations(self, path: Path) -> None:
        """Have `revocations.log` at a path of one's own from now on; it must lie there already.

        Raises SettingError `askfirst.E105`, and OSError.
        """
        path = path.absolute().parent.resolve() / path.name
        if self.path.resolve() in path.parents:
            advice = "name a path outside of the data folder: a copy of it must not carry the log"
            raise SettingError("askfirst.E105", str(path), advice)
        before = self.revocations
        if path == before:
            return
        if before.exists():
            advice = f"the log is {before}: stop what uses the folder, move it, then start again"
            raise SettingError("askfirst.E105", str(path), advice)
        draft = self.path / ".revocations.path.new"
        draft.write_text(f"{path}\n", "utf-8")
        draft.replace(self._revocations_path)

    @property
    def events_url(self) -> str:
        """Where rows are, if not in `events.db`: a ClickHouse, with whoever signs in. ''.

        Noted in the folder, so that every command finds it. Raises OSError.
        """
        return self._noted("events.url")

    def place_events(self, url: str) -> None:
        """Have rows at this URL from now on. Raises OSError."""
        self._note("events.url", url)

    @property
    def ledger_url(self) -> str:
        """Where what else is in `ledger.db` lies: a PostgreSQL, with whoever signs in. ''.

        Noted as `events_url` is. Raises OSError.
        """
        return self._noted("ledger.url")

    def place_ledger(self, url: str) -> None:
        """Have the ledger at this URL from now on. Raises OSError."""
        self._note("ledger.url", url)

    @property
    def salts_url(self) -> str:
        """Where salts are, if not in `salts.db`: a PostgreSQL of their own. ''.

        Noted as `events_url` is. Raises OSError.
        """
        return self._noted("salts.url")

    def place_salts(self, url: str) -> None:
        """Have salts at this URL from now on. Raises OSError."""
        self._note("salts.url", url)

    @property
    def machine(self) -> str:
        """The id of this folder among several that share a ledger; '' for the only one.

        Raises OSError.
        """
        return self._noted("machine.id")

    def place_machine(self, id: str) -> None:
        """Be one of several from now on. Raises OSError."""
        self._note("machine.id", id)

    def _noted(self, name: str) -> str:
        try:
            return (self.path / name).read_text("utf-8").strip()
        except FileNotFoundError:
            return ""

    def _note(self, name: str, url: str) -> None:
        put_text(self.path / name, f"{url}\n")

    @property
    def spool(self) -> Path:
        """What waits: for the ledger what it is owed, for the store what each process accepted."""
        return self.path / "spool"

    @property
    def keys(self) -> Path:
        """Cookie keys of the sites, and the key that signs receipts."""
        return self.path / "keys"


def open_folder(path: Path | str, revocations: Path | None = None) -> Folder:
    """Make what is missing: the folder, `keys/`, `spool/` (0700), the empty databases (0600).

    With `revocations` its log is to be found there from now on. Raises SettingError
    `askfirst.E101` where the path cannot be such a folder, `askfirst.E105` for the log's.
    """
    folder = Folder(Path(path).absolute())
    try:
        fresh = not folder.path.exists() or not any(folder.path.iterdir())
        folder.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        # A folder with other people's files in it is not ours to close.
        if fresh or folder.ledger.exists():
            folder.path.chmod(0o700)
        for inner in (folder.keys, folder.spool):
            inner.mkdir(mode=0o700, exist_ok=True)
            inner.chmod(0o700)
        for file in (folder.ledger, folder.events, folder.salts):
            create_file(file)
            file.chmod(0o600)
        if revocations is not None:
            folder.place_revocations(revocations)
    except OSError as error:
        advice = f"give a folder that this user can write ({error.strerror})"
        raise SettingError("askfirst.E101", str(path), advice) from error
    return folder


def create_file(file: Path) -> None:
    """Make an empty file (0600) where there is none; what is there is not opened.

    Journals take the mode of their database, so it must be right before the first write. Closing a
    descriptor of a database drops every lock that this process has on it (POSIX): the file of one
    that may be in use is left to SQLite. Raises OSError.
    """
    with _creating:
        try:
            os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        except FileExistsError:
            return


def put_text(file: Path, text: str) -> None:
    """Have this text in a file (0600): whoever reads sees the former or all of it. Raises OSError.

    Other workers do the same at the same time, so that each has a draft of its own.
    """
    draft = file.with_name(f".{file.name}.{os.getpid()}-{threading.get_ident()}.new")
    draft.unlink(missing_ok=True)
    create_file(draft)
    draft.write_text(text, "utf-8")
    draft.replace(file)
