"""A backup of a collector: a consistent copy of what may be copied, sealed before it is on disk.

A tar of `manifest.json`, its `signature` by the key that signs the ledger, `events.db` and
`ledger.db`, encrypted with age (the format of
age-encryption.org/v1) for whoever may open it. `salts.db`, `spool/` and `revocations.log` are in no
backup: a copy of them would undo what was destroyed and taken back. Keys go into one of their own.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from askfirst import __version__
from askfirst.errors import AskfirstError
from askfirst_collector.ledger.entries import timestamp
from askfirst_collector.ledger.notes import sign_note
from askfirst_collector.services import Services
from askfirst_collector.store.migrate import HEAD
from askfirst_collector.store.snapshot import copy_database, draft_folder

FORMAT = 1
MANIFEST, SIGNATURE = "manifest.json", "signature"
SIGNER = "askfirst/backup"  # the name of the signature: no checkpoint of a tree has it
KEY_FILE = (".keys", ".compromised")  # how files of keys end

IN_POSTGRESQL = (
    "the ledger of this folder is in PostgreSQL: pg_dump copies it, pg_restore puts it back, and "
    "the next start sees to what was taken back since"
)


class BackupError(AskfirstError):
    """A backup that cannot be made or opened; the message says what to do."""


def write_backup(parts: Services, file: Path, recipients: Sequence[str]) -> str:
    """Copy `events.db` and `ledger.db` into FILE, sealed for age recipients; when, RFC 3339.

    Beside running processes, each database as of one moment: the events first, so that no row in it
    is of somebody whom the ledger does not know. Raises BackupError, also where FILE is there.
    """
    if parts.folder.ledger_url:
        raise BackupError(IN_POSTGRESQL)
    lock = _recipients(recipients)
    moment = timestamp(parts.now())
    parts.events.drain()
    with draft_folder(parts.folder.path) as folder:
        copies = [folder / "events.db", folder / "ledger.db"]
        for copy in copies:
            copy_database(parts.folder.path / copy.name, copy)
        manifest = {
            "format": FORMAT,
            "version": __version__,
            "revision": HEAD,
            "made": moment,
            "files": {copy.name: _digest(copy) for copy in copies},
        }
        text = json.dumps(manifest, indent=2) + "\n"
        # Whoever knows the recipient can seal a file; this one is ours.
        signature = sign_note(text, SIGNER, parts.keys.ledger()[-1]).removeprefix(text)
        _seal(file, lock, {MANIFEST: text.encode(), SIGNATURE: signature.encode()}, copies)
    return moment


def write_keys(parts: Services, file: Path, recipients: Sequence[str]) -> int:
    """Copy `keys/` into FILE, sealed for age recipients; how many files. Raises BackupError."""
    lock = _recipients(recipients)
    keys = sorted(path for path in parts.folder.keys.iterdir() if path.name.endswith(KEY_FILE))
    _seal(file, lock, {path.name: path.read_bytes() for path in keys}, ())
    return len(keys)


def identity_for(passphrase: str, file: Path) -> str:
    """A new key pair: the recipient. Who knows the passphrase has the other half in FILE.

    As age keeps identities under a passphrase, so that `age -d -i FILE` opens the backup, too.
    """
    pyrage = _pyrage()
    identity = pyrage.x25519.Identity.generate()
    sealed = pyrage.passphrase.encrypt(f"{identity}\n".encode(), passphrase)
    _new(file)
    with _written(file):
        file.write_bytes(sealed)
    return str(identity.to_public())


def open_sealed(file: Path, identity: Path, passphrase: str | None) -> Callable[[BinaryIO], None]:
    """What writes the tar of a sealed FILE. Raises BackupError where it cannot be opened."""
    pyrage = _pyrage()
    try:
        data = identity.read_bytes()
        if passphrase is not None:
            data = pyrage.passphrase.decrypt(data, passphrase)
        lines = [line.strip() for line in data.decode().splitlines()]
        keys = [pyrage.x25519.Identity.from_str(x) for x in lines if x and not x.startswith("#")]
    except pyrage.DecryptError:
        raise BackupError(f"the passphrase does not open {identity}") from None
    except (OSError, ValueError, pyrage.IdentityError) as error:
        advice = "name the file of an age identity, or with a passphrase the one made beside it"
        raise BackupError(f"{identity} is no identity ({type(error).__name__}): {advice}") from None

    def write(out: BinaryIO) -> None:
        try:
            with file.open("rb") as sealed:
                pyrage.decrypt_io(sealed, out, keys)
        except (pyrage.DecryptError, OSError):
            raise BackupError(f"{identity} does not open {file}, or it is not whole") from None

    return write


def _recipients(recipients: Sequence[str]) -> list[object]:
    pyrage = _pyrage()
    try:
        return [pyrage.x25519.Recipient.from_str(one) for one in recipients]
    except pyrage.RecipientError:
        raise BackupError("write each recipient as age1…, as `age-keygen` prints it") from None


def _pyrage() -> Any:
    try:
        import pyrage
    except ImportError:
        raise BackupError("install what encrypts: pip install 'askfirst[backup]'") from None
    return pyrage


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _new(file: Path) -> Path:
    try:
        file.touch(0o600, exist_ok=False)
    except FileExistsError:
        raise BackupError(f"{file} is there already: name another one") from None
    except OSError as error:
        raise BackupError(f"{file} cannot be made ({error.strerror})") from None
    return file


def _seal(
    file: Path, recipients: list[object], small: Mapping[str, bytes], files: Sequence[Path]
) -> None:
    """A tar of these, sealed while it is written: nothing of it is on disk in the clear."""
    _new(file)
    with _written(file):
        reader, writer = os.pipe()
        failures: list[BaseException] = []

        def pack() -> None:
            try:
                with os.fdopen(writer, "wb") as out, tarfile.open(fileobj=out, mode="w|") as tar:
                    for name, data in small.items():
                        entry = tarfile.TarInfo(name)
                        entry.size, entry.mode = len(data), 0o600
                        tar.addfile(entry, io.BytesIO(data))
                    for path in files:
                        entry = tarfile.TarInfo(path.name)
                        entry.size, entry.mode = path.stat().st_size, 0o600
                        with path.open("rb") as source:
                            tar.addfile(entry, source)
            except BaseException as error:
                failures.append(error)

        thread = threading.Thread(target=pack)
        thread.start()
        try:
            with os.fdopen(reader, "rb") as source, file.open("wb") as out:
                _pyrage().encrypt_io(source, out, recipients)
                out.flush()
                os.fsync(out.fileno())
        finally:
            thread.join()
        if failures:
            raise BackupError(f"the backup could not be written ({failures[0]})")


@contextmanager
def _written(file: Path) -> Iterator[None]:
    """Where a file of ours cannot be written to its end nothing of it stays."""
    try:
        yield
    except BaseException as error:
        file.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise BackupError(f"{file} cannot be written ({error.strerror or error})") from None
        raise
