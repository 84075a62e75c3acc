"""Deriving every tree of a ledger again, from the folder of a collector or from an export.

Nothing is asked of a running collector, and nothing is taken over from what it derived: each leaf
from its entry and salt, each root from the leaves, each note by its key.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from askfirst.errors import Reason, Refused
from askfirst_collector.config import Folder
from askfirst_collector.ledger.leaves import leaf_hash
from askfirst_collector.ledger.merkle import Frontier
from askfirst_collector.ledger.notes import (
    Checkpoint,
    NoteRefused,
    is_verifier_key,
    open_note,
    read_checkpoint,
    verifier_key,
)
from askfirst_collector.ledger.packed import unpack
from askfirst_collector.ledger.tables import BEFORE
from askfirst_collector.ledger.trees import LEAF, node_number
from askfirst_collector.store.dialect import Ask, one_moment

MOST = 20  # problems of a tree that are listed
WAIT = 5.0  # seconds
_PLACE = ("tree", "position", "leaf")
_NAMES = frozenset(  # of the lines of an export
    map(frozenset, (("key",), ("tree", "checkpoint"), _PLACE, (*_PLACE, "salt", "entry")))
)
# Whoever changed a value may have left it as text or as a number.
_CHECKPOINTS = (
    "SELECT tree, size, origin, CAST(root AS BLOB), note FROM checkpoint ORDER BY tree, size"
)
_NODE = "SELECT CAST(hash AS BLOB) FROM tree_node WHERE tree = ? AND number = ?"
_ROWS = (
    "SELECT tree, position, CAST(leaf AS BLOB), CAST(salt AS BLOB), CAST(body AS BLOB), "
    "handle FROM entry ORDER BY tree, position IS NULL, position, idx"
)


@dataclass(frozen=True)
class Leaf:
    """One leaf as it is stored; without salt and entry where those were erased, or never were.

    It has a position from the checkpoint on that was signed after it.
    """

    tree: str
    position: int | None
    leaf: bytes
    salt: bytes | None
    entry: bytes | None  # canonical JSON
    is_visitors: bool = False  # what proves that somebody agreed


@dataclass(frozen=True)
class Signed:
    """What was signed: the notes of each tree, and the keys that are said to check them.

    Of a folder also what it answers by instead of them: `node` is a stored subtree, by tree and
    `node_number`; `disagreeing` are the sizes whose columns say something else than their note.
    """

    notes: Mapping[str, Sequence[str]]
    keys: Sequence[str]
    node: Callable[[str, int], bytes | None] | None = None
    disagreeing: Mapping[str, Sequence[object]] = field(default_factory=dict)


@dataclass
class TreeReport:
    """What came out of one tree."""

    tree: str
    size: int = 0
    erased: int = 0  # or blank
    waiting: int = 0  # to be signed; not in `size`
    checkpoints: int = 0
    root: str = ""
    problems: list[str] = field(default_factory=list)

    def add(self, problem: str) -> None:
        """Say what is wrong, as long as anybody reads it."""
        if len(self.problems) < MOST:
            self.problems.append(problem)


def verify(
    leaves: Iterable[Leaf],
    signed: Signed,
    *,
    since: Checkpoint | None = None,
    step: Callable[[], object] = lambda: None,
) -> list[TreeReport]:
    """Derive all trees; `since` is a checkpoint that somebody kept. `step` is called each leaf."""
    reports: dict[str, TreeReport] = {}
    expected: dict[str, dict[int, list[Checkpoint]]] = {}
    for tree, notes in signed.notes.items():
        report = reports.setdefault(tree, TreeReport(tree))
        for size in signed.disagreeing.get(tree, ()):
            report.add(f"the columns of the checkpoint of {size} leaves are not what its note says")
        expected[tree] = _expected(report, notes, signed.keys, since)
    if since is not None and not any(
        checkpoint is since
        for sizes in expected.values()
        for checkpoints in sizes.values()
        for checkpoint in checkpoints
    ):
        lost = reports.setdefault("", TreeReport(""))
        lost.add(f"no tree is called {since.origin}, of which the checkpoint is that was kept")
    sizes_signed = {tree: max(sizes, default=0) for tree, sizes in expected.items()}
    frontier, current = Frontier(complete=lambda *_: None), None
    for row in leaves:
        report = reports.setdefault(row.tree, TreeReport(row.tree))
        if row.tree != current:
            if report.size or report.waiting:
                report.add("its leaves stand in two places: nobody can say which are the tree")
            complete = partial(_check_node, report, signed, sizes_signed.get(row.tree, 0))
            frontier, current = Frontier(complete=complete), row.tree
        step()
        _check_leaf(report, row, frontier.size)
        if row.position is None:
            report.waiting += 1
            continue
        frontier.add(row.leaf)
        report.size = frontier.size
        if checkpoints := expected.get(row.tree, {}).pop(frontier.size, None):
            root = frontier.root()
            report.checkpoints += len(checkpoints)
            report.root = root.hex()
            for checkpoint in checkpoints:
                if checkpoint.root != root:
                    report.add(f"its first {frontier.size} leaves have another root than signed")
    for tree, sizes in expected.items():
        for size in sizes:
            reports[tree].add(f"{size} leaves were signed, and it has {reports[tree].size}")
    for tree, report in reports.items():
        # Those of before there were trees have had their positions ever since.
        beyond = report.size - sizes_signed.get(tree, 0)
        if beyond > 0 and tree != BEFORE:
            report.add(f"{beyond} leaves have a position, and no checkpoint was signed of them")
    return sorted(reports.values(), key=lambda report: report.tree)


def _expected(
    report: TreeReport, notes: Sequence[str], keys: Sequence[str], since: Checkpoint | None
) -> dict[int, list[Checkpoint]]:
    """The checkpoints of a tree by size, and the one that was kept where it is of this tree."""
    sizes: dict[int, list[Checkpoint]] = {}
    for note in notes:
        try:
            checkpoint = read_checkpoint(open_note(note, keys))
        except NoteRefused as error:
            report.add(f"a checkpoint proves nothing: {error}")
            continue
        sizes.setdefault(checkpoint.size, []).append(checkpoint)
        if since is not None and checkpoint.origin == since.origin:
            same = sizes.setdefault(since.size, [])
            if not any(other is since for other in same):
                same.append(since)
    return sizes


def _check_node(
    report: TreeReport, signed: Signed, size: int, level: int, number: int, node: bytes
) -> None:
    """Whether a subtree is stored as it is, where proofs are made of what is stored."""
    first, last = number << level, (number + 1 << level) - 1
    if signed.node is None or not level or last >= size:
        return
    if signed.node(report.tree, node_number(level, number)) != node:
        report.add(f"the node that is stored over its leaves {first} to {last} is not theirs")


def _check_leaf(report: TreeReport, row: Leaf, expected: int) -> None:
    if len(row.leaf) != LEAF:
        # Of two that were erased one could give a byte to the other, and no root would tell.
        report.add(f"the leaf at {row.position} has {len(row.leaf)} bytes: a hash has {LEAF}")
    if row.position is not None and row.position != expected:
        report.add(
            f"position {expected} is followed by {row.position}: leaves are missing, or twice"
        )
    if row.entry is None or row.salt is None:
        report.erased += row.position is not None
        if row.entry is not None or row.salt is not None:
            report.add(f"the leaf at {row.position} has an entry or a salt, and not the other")
    elif leaf_hash(row.salt, row.entry) != row.leaf:
        report.add(f"the entry at {row.position} is not that of its leaf")


@contextmanager
def read_folder(folder: Folder) -> Iterator[tuple[int, Iterator[Leaf], Signed]]:
    """How many leaves the ledger of a folder has, the leaves, and what was signed, without keys.

    Read as of one moment.
    """
    with one_moment(folder.ledger, folder.ledger_url, WAIT) as ask:
        ((count,),) = ask("SELECT COUNT(*) FROM entry")
        notes: dict[str, list[str]] = {}
        disagreeing: dict[str, list[object]] = {}
        for tree, size, origin, root, note in ask(_CHECKPOINTS):
            notes.setdefault(tree, []).append(str(note))
            columns = f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n\n"
            if not str(note).startswith(columns):
                disagreeing.setdefault(tree, []).append(size)

        def node(tree: str, number: int) -> bytes | None:
            row = next(iter(ask(_NODE, (tree, number))), None)
            return None if row is None else bytes(row[0])

        yield count, _leaves(ask), Signed(notes, (), node, disagreeing)


def _leaves(ask: Ask) -> Iterator[Leaf]:
    for tree, position, leaf, salt, body, handle in ask(_ROWS):
        content = _content(body, handle)
        yield Leaf(str(tree), position, leaf, salt, content, handle is not None)


def _content(body: bytes | None, handle: object) -> bytes | None:
    if body is None:
        return None
    try:
        return unpack(body, None if handle is None else str(handle))
    except ValueError:
        return b""  # of no leaf


def keys_of(notes: Mapping[str, Sequence[str]], seeds: Sequence[bytes]) -> list[str]:
    """The verifier keys of all trees, by the seeds that signed them."""
    origins = {note.partition("\n")[0] for all_of in notes.values() for note in all_of}
    return [verifier_key(origin, seed) for origin in sorted(origins) for seed in seeds]


def write_export(leaves: Iterable[Leaf], signed: Signed, write: Callable[[str], object]) -> None:
    """One JSON text a line: keys, checkpoints, then leaves in order, each with its entry.

    Of an entry of a visitor the leaf alone, as of one that is erased: evidence lies locked, until
    two members open that of one receipt, and nobody is to count how much of it there is.
    """
    lines: Iterable[Mapping[str, Any]] = (
        *({"key": key} for key in signed.keys),
        *({"tree": t, "checkpoint": note} for t, notes in signed.notes.items() for note in notes),
    )
    for line in lines:
        write(_line(line))
    for row in leaves:
        content = (
            {}
            if row.salt is None or row.entry is None or row.is_visitors
            else {
                "salt": row.salt.hex(),
                "entry": row.entry.decode(),
            }
        )
        place = {"tree": row.tree, "position": row.position, "leaf": row.leaf.hex()}
        write(_line({**place, **content}))


def read_export(file: Path) -> tuple[int, Iterator[Leaf], Signed]:
    """What `write_export` wrote; raises Refused for a line that is none of it."""
    keys: list[str] = []
    notes: dict[str, list[str]] = {}
    count = 0
    for number, line in enumerate(_lines(file), 1):
        if "key" in line:
            if not is_verifier_key(str(line["key"])):
                raise _no_line(number)
            keys.append(str(line["key"]))
        elif "checkpoint" in line:
            notes.setdefault(str(line["tree"]), []).append(str(line["checkpoint"]))
        else:
            count += 1
    return count, _exported(file), Signed(notes, keys)


def _exported(file: Path) -> Iterator[Leaf]:
    for number, line in enumerate(_lines(file), 1):
        if "leaf" not in line:
            continue
        try:
            salt = _bytes(line["salt"]) if "salt" in line else None
            entry = line["entry"].encode() if "entry" in line else None
            position = line["position"]
            if position is not None and type(position) is not int:
                raise ValueError
            yield Leaf(str(line["tree"]), position, _bytes(line["leaf"]), salt, entry)
        except (ValueError, AttributeError, TypeError):
            raise _no_line(number) from None


def _bytes(text: str) -> bytes:
    """Bytes as they are exported: other letters for the same ones would be a change unseen."""
    value = bytes.fromhex(text)
    if value.hex() != text:
        raise ValueError
    return value


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    """Each line as it is written, and nothing else: a name that is changed hides no line."""
    with file.open("rb") as lines:
        for number, text in enumerate(lines, 1):
            try:
                line = json.loads(text.decode())
            except ValueError:
                raise _no_line(number) from None
            if not isinstance(line, dict) or frozenset(line) not in _NAMES:
                raise _no_line(number)
            yield line


def _no_line(number: int) -> Refused:
    return Refused(Reason.NOT_JSON, f"line {number} is none of an export of a ledger")


def _line(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"
