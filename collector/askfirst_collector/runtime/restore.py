"""Putting a backup in the place of a collector's databases, without bringing back what is over.

What was withdrawn, erased or restricted since is in `revocations.log`, which is in no backup: it is
asked for, and the start holds the backup against it (M48). Nothing is replaced before all of the
backup was read and found whole, and what is replaced is set aside, not destroyed.
"""

from __future__ import annotations

import hashlib
import json
import os
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from askfirst.spool.files import sync_folder
from askfirst_collector.catalogue.key_files import Keys
from askfirst_collector.config import Folder
from askfirst_collector.ledger.notes import NoteRefused, open_note, verifier_key
from askfirst_collector.runtime.backup import (
    FORMAT,
    IN_POSTGRESQL,
    KEY_FILE,
    MANIFEST,
    SIGNATURE,
    SIGNER,
    BackupError,
)
from askfirst_collector.store.migrate import HEAD
from askfirst_collector.store.revocations import look
from askfirst_collector.store.signed import UNKNOWN, write_signed
from askfirst_collector.store.snapshot import draft_folder, is_used, ledger_of, problem_of

DATABASES = ("events.db", "ledger.db")
_LARGEST = 1 << 20  # bytes of a manifest, of a file of keys, and read at once
_SUFFIXES = ("", "-wal", "-shm")

Sealed = Callable[[BinaryIO], None]


@dataclass(frozen=True)
class Restored:
    """What was put in place: when the backup was made, and where what it replaced lies now.

    `is_ours`: a key that is here signed it; else there is none to tell by.
    """

    moment: str
    aside: Path | None
    is_ours: bool


def restore(
    folder: Folder,
    sealed: Sealed,
    *,
    now: float,
    log: Path | None = None,
    without_log: bool = False,
) -> Restored:
    """Put `ledger.db` and `events.db` of a backup in their places; no process may have them open.

    The log of what was taken back has to be beside the folder, or at `log`, where it stays, and be
    of the same ledger.
    `without_log`, where it is lost, lets every grant of the backup end at the next start. Raises
    BackupError, and then nothing was changed.
    """
    if folder.ledger_url:
        raise BackupError(IN_POSTGRESQL)
    folder.path.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _read(folder, sealed) as (draft, manifest, is_ours):
        pair, trees = ledger_of(draft / "ledger.db")
        _check_log(log or folder.revocations, pair, without_log=without_log)
        _check_unused(folder)
        if log is not None:
            folder.place_revocations(log)
        aside = _set_aside(folder, now)
        for name in DATABASES:
            (draft / name).replace(folder.path / name)
        if without_log or not folder.checkpoints.exists():
            # Nobody can tell how far they were signed: they go on under names of their own.
            write_signed(folder.checkpoints, dict.fromkeys(trees, UNKNOWN))
        sync_folder(folder.path)
    return Restored(str(manifest["made"]), aside, is_ours)


def restore_keys(folder: Folder, sealed: Sealed) -> int:
    """Put keys of a backup where there are none; how many files. Raises BackupError."""
    folder.keys.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(folder.keys.iterdir()):
        raise BackupError(f"{folder.keys} holds keys: move them away first, none is replaced")
    count = 0
    with _members(sealed) as members:
        for name, source in members:
            if not name.endswith(KEY_FILE) or "/" in name or name.startswith("."):
                raise BackupError(f"{name!r} is no file of keys: this is another backup")
            with _created(folder.keys / name) as out:
                out.write(source.read(_LARGEST))
            count += 1
    return count


@contextmanager
def _read(folder: Folder, sealed: Sealed) -> Iterator[tuple[Path, dict[str, object], bool]]:
    """The databases of a backup in a folder of their own, whole, and what it says of itself."""
    with draft_folder(folder.path) as draft:
        manifest: dict[str, object] = {}
        small = {MANIFEST: b"", SIGNATURE: b""}
        with _members(sealed) as members:
            for name, source in members:
                if name in small:
                    small[name] = source.read(_LARGEST)
                    manifest = _manifest(small[MANIFEST])
                elif name in DATABASES:
                    with _created(draft / name) as out:
                        while block := source.read(_LARGEST):
                            out.write(block)
                        out.flush()
                        os.fsync(out.fileno())
                else:
                    raise BackupError(f"{name!r} is in no backup of ours: name another file")
        is_ours = _is_ours(folder, small[MANIFEST] + small[SIGNATURE])
        _check_files(draft, manifest)
        yield draft, manifest, is_ours


@contextmanager
def _members(sealed: Sealed) -> Iterator[Iterator[tuple[str, BinaryIO]]]:
    """The files of a sealed tar, one after the other, while it is opened."""
    reader, writer = os.pipe()
    failures: list[BaseException] = []

    def unseal() -> None:
        try:
            with os.fdopen(writer, "wb") as out:
                sealed(out)
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=unseal)
    thread.start()
    try:
        with os.fdopen(reader, "rb") as source, tarfile.open(fileobj=source, mode="r|") as tar:
            yield ((entry.name, _data(tar, entry)) for entry in tar)
            while source.read(_LARGEST):
                pass  # what age says of its last block is only known at the end
    except (tarfile.TarError, ValueError):  # the second of headers of somebody's own making
        with suppress(BackupError):
            _raise(failures)
        raise BackupError("it is no backup of ours: name another file") from None
    except OSError as error:
        # Here, and then who unseals it fails as well: nobody reads on.
        raise BackupError(f"it could not be unpacked ({error.strerror or error})") from None
    except BaseException:
        _raise([f for f in failures if isinstance(f, BackupError)])
        raise
    finally:
        thread.join()
    _raise(failures)


def _created(path: Path) -> BinaryIO:
    try:
        path.touch(0o600, exist_ok=False)
    except FileExistsError:
        raise BackupError(f"{path.name} is in it twice: this is no backup of ours") from None
    return path.open("wb")


def _raise(failures: list[BaseException]) -> None:
    for error in failures:
        raise error


def _data(tar: tarfile.TarFile, entry: tarfile.TarInfo) -> BinaryIO:
    # A sparse file of a few bytes would fill the disk.
    is_plain = entry.isreg() and not entry.issparse()
    data = tar.extractfile(entry) if is_plain else None
    if data is None:
        raise BackupError(f"{entry.name!r} is no file: this is no backup of ours")
    return data  # type: ignore[return-value]


def _manifest(data: bytes) -> dict[str, object]:
    try:
        manifest: dict[str, object] = json.loads(data)
        version, revision = manifest["format"], manifest["revision"]
        if not isinstance(version, int) or not isinstance(revision, str):
            raise ValueError(version)
    except (ValueError, LookupError, TypeError):
        raise BackupError(f"its {MANIFEST} cannot be read: this is no backup of ours") from None
    if version > FORMAT or revision > HEAD:
        advice = f"a newer askfirst made this backup ({manifest.get('version')}): update first"
        raise BackupError(advice)
    return manifest


def _is_ours(folder: Folder, note: bytes) -> bool:
    """Whether a key of the ledger signed it; where there is none here, nobody can tell.

    A backup holds who may sign in: one that anybody can make would make them host admin.
    """
    if not (folder.keys / "ledger.keys").exists():
        return False
    seeds = Keys(folder.keys, urandom=os.urandom).ledger()
    try:
        open_note(note.decode(), [verifier_key(SIGNER, seed) for seed in seeds])
    except (NoteRefused, UnicodeDecodeError):
        raise BackupError(
            f"no key in {folder.keys} signed it, and anybody who knows for whom it is sealed can "
            "make such a file. Put the keys of that time back, with --keys; where they are lost, "
            "and you know where it comes from, move these away"
        ) from None
    return True


def _check_files(draft: Path, manifest: dict[str, object]) -> None:
    digests = manifest.get("files")
    for name in DATABASES:
        path = draft / name
        if not isinstance(digests, dict) or not path.is_file():
            raise BackupError(f"there is no {name} in it: this is no backup of the databases")
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != digests.get(name):
                raise BackupError(f"{name} in it is not what was backed up")
        if problem := problem_of(path):
            raise BackupError(f"{name} in it is damaged ({problem})")


def _check_log(path: Path, pair: bytes | None, *, without_log: bool) -> None:
    present = look(path)
    if present is None:
        if not without_log:
            raise BackupError(
                f"{path} is not there: without it nobody can tell who withdrew since. Put it back, "
                "or say --without-revocations: every grant of the backup ends"
            )
        return
    if without_log:
        raise BackupError(f"{path} is there: leave --without-revocations out, or move it away")
    if present.ledger != pair:
        raise BackupError(f"{path} is of another ledger than this backup: put the right one there")


def _check_unused(folder: Folder) -> None:
    for name in DATABASES:
        if is_used(folder.path / name):
            advice = "stop every process of this folder first"
            raise BackupError(f"{folder.path / name} is in use: {advice}")


def _set_aside(folder: Folder, now: float) -> Path | None:
    files = [folder.path / f"{name}{suffix}" for name in DATABASES for suffix in _SUFFIXES]
    present = [path for path in files if path.exists()]
    if not any(path.stat().st_size for path in present):
        for path in present:
            path.unlink()
        return None
    aside = folder.path / datetime.fromtimestamp(now, UTC).strftime("replaced-%Y%m%dT%H%M%S.%fZ")
    aside.mkdir(mode=0o700)
    # Journals first, and a database stays in its place until another one takes it: where this ends
    # half way, no start makes an empty one.
    for path in sorted(present, key=lambda path: path.name in DATABASES):
        if path.name in DATABASES:
            with suppress(OSError):  # not every file system has links
                (aside / path.name).hardlink_to(path)
                continue
        path.replace(aside / path.name)
    return aside
