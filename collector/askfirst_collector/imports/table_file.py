"""An export file as a table: its text, its columns by name, its rows by line; zip files of such."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
import zlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from askfirst_collector.imports.problems import ImportProblems

LARGEST = 256_000_000  # bytes, unpacked
LONGEST = 100_000  # characters of one field
_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


@dataclass(frozen=True)
class Row:
    """One line of a table; `fields` as the columns are."""

    line: int
    fields: Sequence[str]


@dataclass(frozen=True)
class Table:
    """A table of a file: `columns` in lower case, and what stands above them."""

    columns: dict[str, int]
    rows: Sequence[Row]
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
    path: Path, *, wanted: Collection[str], separators: str = ",", member: str = ""
) -> list[Table]:
    """The tables of a file, each begun by a line with one of the `wanted` columns.

    A zip holds one file whose name begins with `member`. Raises ImportProblems.
    """
    text = _decoded(_unpacked(path, member))
    csv.field_size_limit(LONGEST)
    try:
        separator = _separator(text.splitlines(), wanted, separators)
        tables = _tables(text, separator)
        return [table for table in tables if table.columns.keys() & set(wanted)]
    except csv.Error as error:
        raise ImportProblems([(0, f"this is no CSV file: {error}")]) from None


def _unpacked(path: Path, member: str) -> bytes:
    try:
        content = path.read_bytes() if path.stat().st_size <= LARGEST else None
        if content is None:
            raise ImportProblems([(0, f"the file is larger than {LARGEST // 1_000_000} MB")])
        if content[:2] == b"\x1f\x8b":
            with gzip.open(io.BytesIO(content)) as packed:
                return _bounded(packed.read(LARGEST + 1))
        if content[:4] != b"PK\x03\x04":
            return content
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [n for n in archive.namelist() if n.rpartition("/")[2].startswith(member)]
            if not member or len(names) != 1:
                what = f"one file {member}….csv" if member else "no zip of this tool"
                raise ImportProblems([(0, f"{path.name} is a zip that should hold {what}")])
            # Of other kinds a few bytes may ask for as much memory as they like.
            if archive.getinfo(names[0]).compress_type not in _PACKED:
                advice = f"{path.name} is packed in an unusual way: unpack it first"
                raise ImportProblems([(0, advice)])
            with archive.open(names[0]) as packed:
                return _bounded(packed.read(LARGEST + 1))
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        kind = type(error).__name__
        raise ImportProblems([(0, f"{path.name} cannot be read ({kind})")]) from None
    except RuntimeError:  # what zipfile says of a password
        raise ImportProblems([(0, f"{path.name} has a password: unpack it first")]) from None


def _bounded(content: bytes) -> bytes:
    if len(content) > LARGEST:
        raise ImportProblems([(0, f"unpacked it is larger than {LARGEST // 1_000_000} MB")])
    return content


def _decoded(content: bytes) -> str:
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ImportProblems([(line, "this is not UTF-8: export it as UTF-8")]) from None


def _separator(lines: Sequence[str], wanted: Collection[str], allowed: str) -> str:
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


def _tables(text: str, separator: str) -> Iterator[Table]:
    """Tables with empty lines between, or one; lines that begin with `#` are comments."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    above: list[str] = []
    columns: dict[str, int] = {}
    rows: list[Row] = []
    for fields in reader:
        if fields and fields[0].startswith("#"):
            above.append(separator.join(fields))
        elif not any(field.strip() for field in fields):
            if columns:
                yield Table(columns, rows, above)
            columns, rows = {}, []
        elif not columns:
            columns = {_name(field): at for at, field in enumerate(fields)}
        else:
            rows.append(Row(reader.line_num, fields))
    if columns:
        yield Table(columns, rows, above)


def _name(field: str) -> str:
    return " ".join(field.strip().lower().split())
