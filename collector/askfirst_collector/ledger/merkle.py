"""Merkle trees (RFC 9162, section 2.1) over leaves that are hashes already: roots and proofs.

Proofs are made from the complete subtrees of a tree, wherever those are kept: `subtree(level,
number)` is the root of the leaves [number·2^level, (number+1)·2^level).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence

Subtree = Callable[[int, int], bytes]

EMPTY = hashlib.sha256(b"").digest()


class ProofRefused(ValueError):
    """A proof that proves nothing."""


def parent(before: bytes, after: bytes) -> bytes:
    """The node over two others."""
    return hashlib.sha256(b"\x01" + before + after).digest()


class Frontier:
    """A tree that grows at its end: the complete subtrees at its right, and nothing else of it.

    Adding a million leaves needs as much memory as adding one. `complete` is told of every complete
    subtree: level, number, root.
    """

    def __init__(
        self, size: int = 0, subtree: Subtree | None = None, *, complete: Callable[..., object]
    ) -> None:
        self.size = size
        self._complete = complete
        self._peaks = [] if subtree is None else [subtree(*peak) for peak in peaks(size)]

    def add(self, leaf: bytes) -> None:
        """Append a leaf."""
        number, level, node = self.size, 0, leaf
        self._complete(0, number, node)
        while number & 1:
            node = parent(self._peaks.pop(), node)
            number >>= 1
            level += 1
            self._complete(level, number, node)
        self._peaks.append(node)
        self.size += 1

    def root(self) -> bytes:
        """The root of all that was added."""
        return _fold(self._peaks)


def peaks(size: int) -> Iterator[tuple[int, int]]:
    """The complete subtrees that a tree of this size falls into, from the left: level, number."""
    begin = 0
    for level in range(size.bit_length() - 1, -1, -1):
        if size >> level & 1:
            yield level, begin >> level
            begin += 1 << level


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The root over leaves."""
    tree = Frontier(complete=lambda *_: None)
    for leaf in leaves:
        tree.add(leaf)
    return tree.root()


def root_at(size: int, subtree: Subtree) -> bytes:
    """The root of the first `size` leaves."""
    return _range(0, size, subtree)


def inclusion_proof(index: int, size: int, subtree: Subtree) -> list[bytes]:
    """That a leaf stands at `index` in the tree of `size` (section 2.1.3.1)."""
    if not 0 <= index < size:
        raise ValueError("the tree has no such leaf")
    path, begin, end = [], 0, size
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            path.append(_range(middle, end, subtree))
            end = middle
        else:
            path.append(_range(begin, middle, subtree))
            begin = middle
    return path[::-1]


def consistency_proof(old: int, size: int, subtree: Subtree) -> list[bytes]:
    """That the tree of `old` leaves is the beginning of the one of `size` (section 2.1.4.1)."""
    if not 0 < old <= size:
        raise ValueError("the older tree has to have a leaf, and no more than the newer one")
    path, begin, end, is_whole = [], 0, size, True
    while old != end:
        middle = begin + _split(end - begin)
        if old <= middle:
            path.append(_range(middle, end, subtree))
            end = middle
        else:
            path.append(_range(begin, middle, subtree))
            begin, is_whole = middle, False
    if not is_whole:
        path.append(_range(begin, end, subtree))
    return path[::-1]


def check_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Raises ProofRefused unless the leaf stands at `index` (section 2.1.3.2)."""
    if not 0 <= index < size:
        raise ProofRefused("the tree has no such leaf")
    number, last, node = index, size - 1, _check_hash(leaf)
    for sibling in proof:
        _check_hash(sibling)
        if not last:
            raise ProofRefused("the proof is too long")
        if number & 1 or number == last:
            node = parent(sibling, node)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            node = parent(node, sibling)
        number, last = number >> 1, last >> 1
    if last or node != root:
        raise ProofRefused("the proof leads to another root")


def check_consistency(
    old: int, size: int, proof: Sequence[bytes], old_root: bytes, root: bytes
) -> None:
    """Raises ProofRefused unless the older tree is the newer one's beginning (section 2.1.4.2)."""
    if not 0 < old <= size:
        raise ProofRefused("the older tree has to have a leaf, and no more than the newer one")
    if old == size:
        if proof or old_root != root:
            raise ProofRefused("trees of one size are one tree")
        return
    path = [*([old_root] if old & (old - 1) == 0 else []), *proof]
    if not path:
        raise ProofRefused("the proof is empty")
    number, last = old - 1, size - 1
    while number & 1:
        number, last = number >> 1, last >> 1
    first = second = _check_hash(path[0])
    for sibling in path[1:]:
        _check_hash(sibling)
        if not last:
            raise ProofRefused("the proof is too long")
        if number & 1 or number == last:
            first, second = parent(sibling, first), parent(sibling, second)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            second = parent(second, sibling)
        number, last = number >> 1, last >> 1
    if last or first != old_root or second != root:
        raise ProofRefused("the proof leads to other roots")


def _check_hash(node: bytes) -> bytes:
    if len(node) != hashlib.sha256().digest_size:
        raise ProofRefused("a node has 32 bytes")
    return node


def _split(size: int) -> int:
    """The largest power of two below a size of at least two."""
    return 1 << (size - 1).bit_length() - 1


def _range(begin: int, end: int, subtree: Subtree) -> bytes:
    """The root of leaves that begin where a subtree of at least their size does."""
    return _fold(
        [subtree(level, number + (begin >> level)) for level, number in peaks(end - begin)]
    )


def _fold(nodes: Sequence[bytes]) -> bytes:
    if not nodes:
        return EMPTY
    node = nodes[-1]
    for peak in reversed(nodes[:-1]):
        node = parent(peak, node)
    return node
