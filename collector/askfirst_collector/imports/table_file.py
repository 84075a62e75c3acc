"""An export file as a table: its text, its columns by name, its rows by line; zip files of such."""

from __future__ import annotations

import csv
import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any, BinaryIO

from askfirst_collector.imports.problems import ImportProblems

LARGEST = 256_000_000  # bytes, unpacked
LONGEST_LINE = 1_000_000  # bytes of a line that are read at once
MOST_ABOVE = 100  # comments that are kept
# What these raise of a damaged file: offsets before its start, and names in no encoding, too.
_DAMAGED = (
    OSError,
    EOFError,
    ValueError,
    NotImplementedError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)
_ZIP = b"PK\x03\x04"
_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


@dataclass(frozen=True)
class Export:
    """An export file: its name, how it is opened, each time anew, and how large it may be."""

    name: str
    open: Callable[[], BinaryIO]
    largest: int = LARGEST  # bytes, unpacked

    @classmethod
    def at(cls, path: Path) -> Export:
        """A file on disk."""
        return cls(path.name, lambda: path.open("rb"))


@dataclass(frozen=True)
class Row:
    """One line of a table; `fields` as the columns are."""

    line: int
    fields: Sequence[str]


@dataclass(frozen=True)
class Table:
    """A table of a file: `columns` in lower case, and what stands above them."""

    columns: dict[str, int]
    rows: Iterator[Row]
    above: Sequence[str] = ()

    def value(self, row: Row, *names: str) -> str | None:
        """The field of the first of these columns that there is; None where there is none.

        A line that ends before it has "" there.
        """
        at = next((self.columns[name] for name in names if name in self.columns), None)
        if at is None:
            return None
        return row.fields[at].strip() if at < len(row.fields) else ""

    def has(self, *names: str) -> bool:
        """Whether there is a column of one of these names."""
        return any(name in self.columns for name in names)


def read_tables(
    export: Export, *, wanted: Collection[str], separators: str = ",", member: str = ""
) -> Iterator[Table]:
    """The tables of a file, each begun by a line with one of the `wanted` columns.

    Read line by line, so that a file takes no more memory than its sums: the rows of a table are
    there until the next one is asked for. A zip holds one file whose name begins with `member`.
    Raises ImportProblems, also while rows are read.
    """
    with _opened(export, member) as file:
        try:
            separator = _separator(_lines(file), wanted, separators)
        except csv.Error as error:
            raise _no_table(error) from None
    with _opened(export, member) as file:
        yield from _tables(_lines(file), separator, wanted)


def first(tables: Iterator[Table]) -> Table:
    """The first of these; its rows are there as long as `tables` is."""
    for table in tables:
        return table
    raise ImportProblems([(0, "the line with the columns stands within another table")])


@contextmanager
def _opened(export: Export, member: str) -> Iterator[io.BufferedReader]:
    """What is in a file, unpacked while it is read."""
    with ExitStack() as stack:
        try:
            file = stack.enter_context(export.open())
            start = file.read(4)
            file.seek(0)
            packed: Any = file
            if start[:2] == b"\x1f\x8b":
                packed = stack.enter_context(gzip.open(file))
            elif start == _ZIP:
                archive = stack.enter_context(zipfile.ZipFile(file))
                packed = stack.enter_context(archive.open(_member(archive, export, member)))
        except _DAMAGED as error:
            raise _unreadable(export, error) from None
        except RuntimeError:  # what zipfile says of a password
            raise ImportProblems([(0, f"{export.name} has a password: unpack it first")]) from None
        yield io.BufferedReader(_Bounded(export, packed))


def _member(archive: zipfile.ZipFile, export: Export, member: str) -> zipfile.ZipInfo:
    names = _named(archive, member)
    if not member or len(names) != 1:
        what = f"one file {member}….csv" if member else "no zip of this tool"
        raise ImportProblems([(0, f"{export.name} is a zip that should hold {what}")])
    info = archive.getinfo(names[0])
    # Of other kinds a few bytes may ask for as much memory as they like.
    if info.compress_type not in _PACKED:
        advice = f"{export.name} is packed in an unusual way: unpack it first"
        raise ImportProblems([(0, advice)])
    return info


def is_zip(export: Export) -> bool:
    """Whether it is a zip that can be opened."""
    try:
        with export.open() as file:
            return zipfile.is_zipfile(file)
    except OSError:
        return False


def holds(export: Export, member: str) -> bool:
    """Whether a zip has one file whose name begins like that."""
    try:
        with export.open() as file, zipfile.ZipFile(file) as archive:
            return len(_named(archive, member)) == 1
    except _DAMAGED as error:
        raise _unreadable(export, error) from None


def _named(archive: zipfile.ZipFile, member: str) -> list[str]:
    return [name for name in archive.namelist() if name.rpartition("/")[2].startswith(member)]


class _Bounded(io.RawIOBase):
    """As many bytes as an export may have; ImportProblems beyond, and where it is damaged."""

    def __init__(self, export: Export, packed: Any) -> None:
        self._export = export
        self._packed = packed
        self._rest = export.largest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data: bytes = self._packed.read(len(buffer))
        except _DAMAGED as error:
            raise _unreadable(self._export, error) from None
        self._rest -= len(data)
        if self._rest < 0:
            size = f"{self._export.largest // 1_000_000} MB"
            raise ImportProblems([(0, f"the file is larger than {size}, unpacked")])
        buffer[: len(data)] = data
        return len(data)


def _unreadable(export: Export, error: Exception) -> ImportProblems:
    return ImportProblems([(0, f"{export.name} cannot be read ({type(error).__name__})")])


def _lines(file: io.BufferedReader) -> Iterator[str]:
    if file.peek(2)[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = io.TextIOWrapper(file, "utf-16", newline="")
        number = 0
        try:
            while line := text.readline(LONGEST_LINE):
                number += 1
                yield line
        except UnicodeError:
            raise ImportProblems([(number + 1, "this is not UTF-16: export as UTF-8")]) from None
        return
    number = 0
    while content := file.readline(LONGEST_LINE):
        number += 1
        try:
            yield content.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            raise ImportProblems([(number, "this is not UTF-8: export it as UTF-8")]) from None


def _separator(lines: Iterator[str], wanted: Collection[str], allowed: str) -> str:
    """What stands between the columns of the first line that has one of the wanted ones."""
    for header in lines:
        if header.startswith("#") or not any(name in header.lower() for name in wanted):
            continue
        for separator, words in _SEPARATORS.items():
            names = {_name(field) for field in next(csv.reader([header], delimiter=separator), [])}
            if not names & set(wanted):
                continue
            if separator in allowed:
                return separator
            advice = f"columns are separated by {words}: export it again with commas between them"
            raise ImportProblems([(0, advice)])
    columns = " or ".join(sorted(wanted))
    raise ImportProblems([(0, f"no line begins a table: none has the column {columns}")])


def _tables(lines: Iterator[str], separator: str, wanted: Collection[str]) -> Iterator[Table]:
    """Tables with empty lines between, or one; lines that begin with `#` are comments."""
    reader = csv.reader(lines, delimiter=separator)
    above: list[str] = []
    for row in _rows(reader, separator, above):
        if _is_no_gap(row):
            columns = {_name(field): at for at, field in enumerate(row.fields)}
            own = takewhile(_is_no_gap, _rows(reader, separator, above))
            if columns.keys() & set(wanted):
                yield Table(columns, own, above)
            for _ in own:
                pass


def _rows(reader: Any, separator: str, above: list[str]) -> Iterator[Row]:
    try:
        for fields in reader:
            if not (fields and fields[0].startswith("#")):
                yield Row(reader.line_num, fields)
            elif len(above) < MOST_ABOVE:
                above.append(separator.join(fields))
    except csv.Error as error:
        raise _no_table(error) from None


def _no_table(error: csv.Error) -> ImportProblems:
    return ImportProblems([(0, f"this is no CSV file: {error}")])


def _is_no_gap(row: Row) -> bool:
    return any(field.strip() for field in row.fields)


def _name(field: str) -> str:
    return " ".join(field.strip().lower().split())
