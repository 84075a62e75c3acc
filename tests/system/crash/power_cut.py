"""What a folder may hold after a power cut, by everything that was written and synced before it.

What was synced is there. Of every other write a drawn part is: none of it, all of it, or some
sectors. A name is there once its folder was synced; of later changes of names some are, but none
without those before it that touch the same name.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.system.crash.disk import (
    CREATE,
    LINK,
    MKDIR,
    RENAME,
    RMDIR,
    SYNC,
    TRUNCATE,
    UNLINK,
    WRITE,
    Change,
)

SECTOR = 512  # bytes that a disk writes whole


@dataclass(eq=False)
class File:
    """One file, whatever its names: what is on disk, and what is not yet."""

    content: bytearray = field(default_factory=bytearray)
    pending: list[Change] = field(default_factory=list)


FOLDER = File()  # stands for every folder
Names = dict[str, File]


@dataclass(frozen=True)
class Naming:
    """One change of names that is not on disk yet."""

    change: Change
    file: File | None

    @property
    def names(self) -> set[str]:
        return {self.change.path, self.change.other} - {""}

    @property
    def folders(self) -> set[str]:
        return {str(Path(name).parent) for name in self.names}

    def apply(self, names: Names) -> None:
        kind, path = self.change.kind, self.change.path
        if kind in (CREATE, MKDIR) and self.file is not None:
            names[path] = self.file
        elif kind in (UNLINK, RMDIR):
            names.pop(path, None)
        elif kind in (LINK, RENAME) and self.file is not None:
            names[self.change.other] = self.file
            if kind == RENAME:
                names.pop(path, None)


class Folder:
    """A folder from a state that is on disk, through every change until the power is cut."""

    def __init__(self, root: Path) -> None:
        self._files: dict[int, File] = {}
        self._folders: dict[int, str] = {}
        self._now: Names = {}
        for path in (root, *sorted(root.rglob("*"))):
            if path.is_dir():
                self._folders[path.stat().st_ino] = str(path)
                self._now[str(path)] = FOLDER
            elif not path.name.endswith("-shm"):
                file = self._files[path.stat().st_ino] = File(bytearray(path.read_bytes()))
                self._now[str(path)] = file
        self._names: Names = dict(self._now)  # on disk
        self._pending: list[Naming] = []
        self._root = str(root)

    def pass_through(self, changes: Iterable[Change]) -> None:
        """Take the changes as they happened."""
        for change in changes:
            if change.kind in (WRITE, TRUNCATE):
                if file := self._files.get(change.inode):
                    file.pending.append(change)
            elif change.kind == SYNC:
                self._sync(change)
            else:
                self._name(change)

    def _sync(self, change: Change) -> None:
        if file := self._files.get(change.inode):
            for write in file.pending:
                if write.sequence < change.begun:
                    _apply(write, file.content)
            file.pending = [write for write in file.pending if write.sequence >= change.begun]
        elif folder := self._folders.get(change.inode):
            synced = [
                naming
                for naming in self._pending
                if naming.change.sequence < change.begun and folder in naming.folders
            ]
            for naming in synced:
                naming.apply(self._names)
            self._pending = [naming for naming in self._pending if naming not in synced]

    def _name(self, change: Change) -> None:
        file = self._now.get(change.path)
        if change.kind == CREATE:
            file = self._files[change.inode] = File()
        elif change.kind == MKDIR:
            file = FOLDER
            self._folders[change.inode] = change.path
        naming = Naming(change, file)
        naming.apply(self._now)
        self._pending.append(naming)

    def write(self, target: Path, drawn: random.Random) -> None:
        """One of the folders that may be there when the power is back."""
        share = drawn.choice((0.0, 0.3, 0.7, 0.95, 1.0))  # of what was not synced
        names = dict(self._names)
        lost: set[str] = set()
        for naming in self._pending:
            if (naming.names | naming.folders) & lost or drawn.random() >= share:
                lost |= naming.names
            else:
                naming.apply(names)
        contents: dict[int, bytes] = {}
        for name in sorted(names):
            path = target / Path(name).relative_to(self._root)
            file = names[name]
            if file is FOLDER:
                path.mkdir(mode=0o700, parents=True, exist_ok=True)
                continue
            if id(file) not in contents:
                contents[id(file)] = _content(file, share, drawn)
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.write_bytes(contents[id(file)])
            path.chmod(0o600)


def _content(file: File, share: float, drawn: random.Random) -> bytes:
    content = bytearray(file.content)
    for write in file.pending:
        if drawn.random() < share:
            _apply(write, content)
        elif share and write.kind == WRITE and drawn.random() < 0.3:
            _apply(write, content, lambda _: drawn.random() < 0.5)
    return bytes(content)


def _apply(
    write: Change, content: bytearray, arrives: Callable[[int], bool] = lambda _: True
) -> None:
    """A write or a change of size, sector by sector."""
    if write.kind == TRUNCATE:
        del content[write.offset :]
        content.extend(bytes(write.offset - len(content)))
        return
    at = write.offset
    end = at + len(write.data)
    while at < end:
        upto = min(end, (at // SECTOR + 1) * SECTOR)
        if arrives(at // SECTOR):
            content.extend(bytes(max(0, upto - len(content))))
            content[at:upto] = write.data[at - write.offset : upto - write.offset]
        at = upto
