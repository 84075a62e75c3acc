"""Trees and proofs: against other people's vectors where they are here, and against themselves."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from askfirst_collector.ledger import merkle
from askfirst_collector.ledger.merkle import ProofRefused


def leaf(data: bytes) -> bytes:
    return hashlib.sha256(b"\0" + data).digest()


def kept(leaves: list[bytes]) -> merkle.Subtree:
    """Every complete subtree over leaves."""
    nodes: dict[tuple[int, int], bytes] = {}

    def complete(level: int, number: int, node: bytes) -> None:
        nodes[level, number] = node

    tree = merkle.Frontier(complete=complete)
    for node in leaves:
        tree.add(node)
    return lambda level, number: nodes[level, number]


def decoded(text: str | None) -> bytes:
    return base64.b64decode(text or "")


def test_the_vectors_of_others_come_out_right(corpus: Path) -> None:
    """196 proofs of transparency-dev/merkle: 12 are true, and the 184 false ones are refused."""
    document = json.loads((corpus / "merkle/merkle_vectors.json").read_text("utf-8"))
    right: list[bool] = []
    for vector in document["inclusion"]:
        proof = [decoded(node) for node in vector["proof"] or ()]
        position, size = vector["leafIdx"], vector["treeSize"]
        arguments = (position, size, proof, decoded(vector["root"]))
        right.append(
            is_refused(merkle.check_inclusion, decoded(vector["leafHash"]), *arguments)
            == vector["wantErr"]
        )
    for vector in document["consistency"]:
        proof = [decoded(node) for node in vector["proof"] or ()]
        roots = decoded(vector["root1"]), decoded(vector["root2"])
        refused = is_refused(
            merkle.check_consistency, vector["size1"], vector["size2"], proof, *roots
        )
        right.append(refused == vector["wantErr"])
    assert len(right) == 196
    assert all(right)


def is_refused(check: Any, *arguments: Any) -> bool:
    try:
        check(*arguments)
    except ProofRefused:
        return True
    return False


def test_roots_are_those_of_others(corpus: Path) -> None:
    """RFC 6962 and RFC 9162 have one tree; of each size from none to eight."""
    document = json.loads((corpus / "merkle/rfc6962_roots.json").read_text("utf-8"))
    leaves = [leaf(bytes.fromhex(text)) for text in document["leafInputsHex"]]
    roots = [merkle.root_of(leaves[:size]).hex() for size in range(len(leaves) + 1)]
    assert roots == document["rootsBySize"]


def test_every_proof_of_every_size_proves_what_it_says() -> None:
    """Up to 40 leaves: each leaf, each older tree; a node that is changed proves nothing."""
    leaves = [leaf(bytes([number])) for number in range(40)]
    subtree = kept(leaves)
    for size in range(1, len(leaves) + 1):
        root = merkle.root_at(size, subtree)
        assert root == merkle.root_of(leaves[:size])
        for index in range(size):
            proof = merkle.inclusion_proof(index, size, subtree)
            merkle.check_inclusion(leaves[index], index, size, proof, root)
            for wrong in ([*proof, root], [b"\0" * 32, *proof[1:]]):
                arguments = (leaves[index], index, size, wrong, root)
                assert is_refused(merkle.check_inclusion, *arguments)
        for old in range(1, size + 1):
            proof = merkle.consistency_proof(old, size, subtree)
            older = merkle.root_at(old, subtree)
            merkle.check_consistency(old, size, proof, older, root)
            assert is_refused(merkle.check_consistency, old, size, [*proof, root], older, root)
            if old < size:
                assert is_refused(merkle.check_consistency, old, size, proof, root, root)


def test_a_tree_goes_on_where_it_was_left() -> None:
    """From the subtrees that are kept, without the leaves before."""
    leaves = [leaf(bytes([number])) for number in range(29)]
    for size in range(len(leaves)):
        tree = merkle.Frontier(size, kept(leaves[:size]), complete=lambda *_: None)
        for node in leaves[size:]:
            tree.add(node)
        assert tree.root() == merkle.root_of(leaves)


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_there_is_no_proof_of_what_is_not_there(index: int, size: int) -> None:
    """Said at once, as a program asks for it."""
    with pytest.raises(ValueError, match="no such leaf"):
        merkle.inclusion_proof(index, size, kept([leaf(b"")] * 3))
    with pytest.raises(ProofRefused):
        merkle.check_inclusion(leaf(b""), index, size, [], leaf(b""))
