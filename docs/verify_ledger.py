"""Derives an exported ledger again, with none of our code: verify_ledger.py EXPORT [NOTE…]."""

import hashlib
import hmac
import json
import sys
from base64 import b64decode
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

lines = [json.loads(line) for line in Path(sys.argv[1]).read_text("utf-8").splitlines()]
keys = {tuple(key[:2]): key[2] for key in (x["key"].split("+", 2) for x in lines if "key" in x)}
notes = [line["checkpoint"] for line in lines if "checkpoint" in line]
trees, roots = {}, {}
for line in (line for line in lines if "leaf" in line):
    (peaks, count), leaf = trees.get(line["tree"], ([], 0)), bytes.fromhex(line["leaf"])
    if "entry" in line:
        inner = hmac.digest(bytes.fromhex(line["salt"]), line["entry"].encode(), "sha256")
        assert hashlib.sha256(b"\0" + inner).digest() == leaf, f"not of its leaf: {line}"
    if line["position"] is None:  # not signed yet
        continue
    assert (line["position"], len(leaf)) == (count, 32), f"not the next leaf: {line}"
    trees[line["tree"]] = peaks, count + 1
    peaks.append(leaf)
    for _ in range((~line["position"] & (line["position"] + 1)).bit_length() - 1):
        peaks[-2:] = [hashlib.sha256(b"\1" + peaks[-2] + peaks[-1]).digest()]
    root = peaks[-1]
    for left in peaks[-2::-1]:
        root = hashlib.sha256(b"\1" + left + root).digest()
    roots[line["position"] + 1, root] = line["tree"]
for note in notes + [Path(name).read_text("utf-8") for name in sys.argv[2:]]:
    (origin, size, root), signature = note.split("\n")[:3], b64decode(note.split()[-1])
    key = Ed25519PublicKey.from_public_bytes(b64decode(keys[origin, signature[:4].hex()])[1:])
    key.verify(signature[4:], f"{origin}\n{size}\n{root}\n".encode())
    print(origin, size, "sound:", roots[int(size), b64decode(root)])
