"""The ledger as Merkle trees: one a site, one of the host's own acts, one of all before trees.

tree_node    the complete subtrees above the leaves, as far as a checkpoint was signed
checkpoint   each checkpoint of each tree, as a signed note
A leaf is a row of `entry`, which keeps its tree and its position when all else of it is erased.
A proof tells a position to whoever has a receipt. So the positions of all that came since the last
checkpoint are drawn when the next is signed: who answers twice does not see who answered between.
Of more than some thousands each slice is drawn and signed by itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    bindparam,
    func,
    insert,
    select,
    update,
)

from askfirst.errors import AskfirstError
from askfirst_collector.ledger.merkle import (
    Frontier,
    Subtree,
    consistency_proof,
    inclusion_proof,
    root_of,
)
from askfirst_collector.ledger.notes import Checkpoint, sign_checkpoint
from askfirst_collector.ledger.tables import BEFORE, entry
from askfirst_collector.store.database import (
    SOME_AT_A_TIME,
    changing,
    metadata,
    reading,
    reading_many,
)

MULTIPLE = 64  # a checkpoint's size tells no more of how many answered than this
LEAF = 32  # bytes
DRAW = 16  # bytes: no two are alike
ROWS = 10_000  # in one statement
PAUSE = 0.12  # seconds between slices: SQLite looks at a lock each 0.1 s, and then others have it
SLICE = 40 * MULTIPLE  # entries, at least, whose positions are drawn together, where many wait
SEALED = 4 * SLICE  # leaves that have their positions already, and are signed together

tree_node = Table(
    "tree_node",
    metadata,
    Column("tree", String, nullable=False),
    Column("number", BigInteger, nullable=False, autoincrement=False),  # see `node_number`
    Column("hash", LargeBinary, nullable=False),
    PrimaryKeyConstraint("tree", "number"),
    sqlite_with_rowid=False,
)
checkpoint = Table(
    "checkpoint",
    metadata,
    Column("tree", String, nullable=False),
    Column("size", Integer, nullable=False, autoincrement=False),
    Column("origin", String, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("note", String, nullable=False),
    PrimaryKeyConstraint("tree", "size"),
)


class Inconsistent(AskfirstError):
    """A tree that is not what was signed of it: nothing more of it may be signed."""


@dataclass(frozen=True)
class Proof:
    """That a leaf stands at a position of the tree that a checkpoint was signed of."""

    note: str
    position: int
    path: tuple[bytes, ...]


# Made once: a statement costs more to make than to run.
_NODES = select(tree_node.c.number, tree_node.c.hash).where(
    tree_node.c.tree == bindparam("of_tree"),
    tree_node.c.number.in_(bindparam("wanted", expanding=True)),
)
_PLACED = (
    update(entry).where(entry.c.idx == bindparam("of_idx")).values(position=bindparam("at_number"))
)
_LEAF = select(entry.c.leaf).where(
    entry.c.tree == bindparam("of_tree"), entry.c.position == bindparam("at_number")
)


def trees(engine: Engine) -> list[str]:
    """The names of all trees."""
    with reading(engine) as connection:
        return list(connection.execute(select(entry.c.tree).distinct()).scalars())


def leaves_of(
    connection: Connection, tree: str, start: int = 0, end: int | None = None
) -> Iterator[bytes]:
    """The leaves of a tree in order, from a position on, up to another; within a transaction."""
    query = select(entry.c.leaf).where(entry.c.tree == tree, entry.c.position >= start)
    if end is not None:
        query = query.where(entry.c.position < end)
    query = query.order_by(entry.c.position)
    yield from connection.execute(query, execution_options=SOME_AT_A_TIME).scalars()


def signed_size(engine: Engine, tree: str) -> int:
    """How many leaves of a tree were signed, as far as this ledger knows; 0 for none."""
    with reading(engine) as connection:
        last = newest_checkpoint(connection, tree)
    return 0 if last is None else int(last.size)


def newest_checkpoint(connection: Connection, tree: str) -> Any:
    """The row of the largest checkpoint of a tree; None for one without."""
    query = select(checkpoint).where(checkpoint.c.tree == tree)
    return connection.execute(query.order_by(checkpoint.c.size.desc()).limit(1)).first()


def sign_tree(
    engine: Engine,
    tree: str,
    *,
    origin: str,
    seed: bytes,
    urandom: Callable[[int], bytes],
    anew: bool = False,
) -> str | None:
    """Sign a checkpoint of what a tree has become; None where nothing was added since the last.

    What was signed before is first derived again from the leaves: where that comes out otherwise,
    Inconsistent is raised and nothing is signed. `origin` is the name of a tree that has none yet,
    and from now on that of one that begins `anew`, as this ledger lost what was signed last. Many
    entries are signed in slices, each a checkpoint by itself, so that grants are recorded between.
    """
    with reading_many(engine) as connection:
        last = newest_checkpoint(connection, tree)
        if last is not None:
            _check(tree, last, root_of(leaves_of(connection, tree, 0, last.size)))
        waiting, placed = _waiting(connection, tree), _size(connection, tree)
    name, note = origin if last is None or anew else last.origin, None
    for part, end in _slices(waiting, 0 if last is None else last.size, placed):
        if note is not None:
            time.sleep(PAUSE)
        with changing(engine) as connection:
            if newest_checkpoint(connection, tree) != last:
                return note  # another process signs it at this moment
            if not part and _size(connection, tree) == (0 if last is None else last.size):
                return note
            last = _sign(connection, tree, last, part, end, name=name, seed=seed, urandom=urandom)
            note = last.note
    return note


def _slices(
    waiting: Sequence[int], signed: int, placed: int
) -> Iterator[tuple[Sequence[int], int | None]]:
    """What is signed together: entries that get a position, or up to which of those that have one.

    The latter are those of before there were trees, as many as a host gathered in years.
    """
    for end in range(signed + SEALED, placed, SEALED):
        yield (), end
    # The last one takes the rest: none is so small that a position says much.
    starts = range(0, max(1, len(waiting) - SLICE + 1), SLICE)
    for start in starts:
        yield waiting[start : start + SLICE] if start != starts[-1] else waiting[start:], None


def _sign(
    connection: Connection,
    tree: str,
    last: Any,
    waiting: Sequence[int],
    end: int | None,
    *,
    name: str,
    seed: bytes,
    urandom: Callable[[int], bytes],
) -> Any:
    """Give these entries their positions, and sign the tree with them; the new checkpoint.

    Where it has an `end`, the tree is signed up to there only.
    """
    old = 0 if last is None else last.size
    if tree != BEFORE and end is None:
        _place(connection, tree, _size(connection, tree), waiting, urandom=urandom)
    nodes: list[dict[str, object]] = []

    def complete(level: int, number: int, node: bytes) -> None:
        if level:
            nodes.append({"tree": tree, "number": node_number(level, number), "hash": node})
        if len(nodes) == ROWS:
            connection.execute(insert(tree_node), nodes)
            nodes.clear()

    frontier = Frontier(old, subtree_of(connection, tree), complete=complete)
    if last is not None:
        _check(tree, last, frontier.root())
    for leaf in leaves_of(connection, tree, old, end):
        frontier.add(leaf)
    if nodes:
        connection.execute(insert(tree_node), nodes)
    signed = Checkpoint(name, frontier.size, frontier.root())
    note = sign_checkpoint(signed, seed)
    connection.execute(
        insert(checkpoint).values(
            tree=tree, size=signed.size, origin=signed.origin, root=signed.root, note=note
        )
    )
    return newest_checkpoint(connection, tree)


def prove(engine: Engine, leaf: bytes) -> Proof | None:
    """The proof of a leaf in the newest checkpoint of its tree; None where there is none yet."""
    with reading(engine) as connection:
        row = _find(connection, leaf)
        last = None if row is None else newest_checkpoint(connection, row.tree)
        if row is None or last is None or row.position >= last.size:
            return None
        write = partial(inclusion_proof, row.position, last.size)
        return Proof(last.note, row.position, tuple(_written(connection, row.tree, write)))


def prove_growth(engine: Engine, leaf: bytes, old: int) -> tuple[str, list[bytes]] | None:
    """The newest note of the tree of a leaf, and that the one of `old` leaves is its beginning.

    None where the leaf has no position yet, or no checkpoint of that size was signed.
    """
    with reading(engine) as connection:
        row = _find(connection, leaf)
        if row is None:
            return None
        sizes = select(checkpoint.c.size).where(checkpoint.c.tree == row.tree)
        last = newest_checkpoint(connection, row.tree)
        if connection.execute(sizes.where(checkpoint.c.size == old)).first() is None:
            return None
        write = partial(consistency_proof, old, last.size)
        return last.note, _written(connection, row.tree, write)


def subtree_of(connection: Connection, tree: str) -> Subtree:
    """The complete subtrees of a tree, as they are stored."""

    def subtree(level: int, number: int) -> bytes:
        if not level:
            place = {"of_tree": tree, "at_number": number}
            return bytes(connection.execute(_LEAF, place).scalar_one())
        wanted = {"of_tree": tree, "wanted": [node_number(level, number)]}
        return bytes(connection.execute(_NODES, wanted).one().hash)

    return subtree


def _written(
    connection: Connection, tree: str, write: Callable[[Subtree], list[bytes]]
) -> list[bytes]:
    """A proof, its nodes read by one question: thirty by themselves cost some milliseconds."""
    wanted: list[int] = []

    def note(level: int, number: int) -> bytes:
        if level:
            wanted.append(node_number(level, number))
        return b""

    write(note)
    stored = subtree_of(connection, tree)
    rows = connection.execute(_NODES, {"of_tree": tree, "wanted": wanted})
    nodes = {row.number: row.hash for row in rows}
    return write(
        lambda level, number: nodes[node_number(level, number)] if level else stored(0, number)
    )


def node_number(level: int, number: int) -> int:
    """A subtree by one number: leaves are even, and a subtree stands between its halves."""
    return (number << level + 1) + (1 << level) - 1


def _find(connection: Connection, leaf: bytes) -> Any:
    """Tree and position of a leaf; None for one that has no position yet."""
    query = select(entry.c.tree, entry.c.position)
    query = query.where(entry.c.leaf == leaf, entry.c.position.is_not(None))
    return connection.execute(query.limit(1)).first()


def _size(connection: Connection, tree: str) -> int:
    top = select(func.max(entry.c.position)).where(entry.c.tree == tree)
    position = connection.execute(top).scalar_one()
    return 0 if position is None else int(position) + 1


def _waiting(connection: Connection, tree: str) -> list[int]:
    """The entries of a tree that have no position yet, in order."""
    query = select(entry.c.idx).where(entry.c.tree == tree, entry.c.position.is_(None))
    return list(connection.execute(query.order_by(entry.c.idx)).scalars())


def _place(
    connection: Connection,
    tree: str,
    size: int,
    waiting: Sequence[int],
    *,
    urandom: Callable[[int], bytes],
) -> None:
    """Draw the positions of what waits, among blank leaves, which look as erased ones do."""
    blank = -(size + len(waiting)) % MULTIPLE
    positions = list(range(size, size + len(waiting) + blank))
    positions.sort(key=lambda _: urandom(DRAW))
    top = connection.execute(select(func.max(entry.c.idx))).scalar_one()
    if waiting:
        rows = [
            {"of_idx": index, "at_number": positions[number]}
            for number, index in enumerate(waiting)
        ]
        connection.execute(_PLACED, rows)
    blanks = [
        {"idx": top + number, "tree": tree, "position": position, "leaf": urandom(LEAF)}
        for number, position in enumerate(positions[len(waiting) :], 1)
    ]
    if blanks:
        connection.execute(insert(entry), blanks)


def _check(tree: str, last: Any, root: bytes) -> None:
    if root != last.root:
        raise Inconsistent(
            f"the tree {tree} is not what was signed at {last.size} leaves: see askfirst ledger "
            "verify, and keep a copy of the folder"
        )
