"""How an entry stands in its row: its canonical JSON, byte for byte, in a seventh of the room.

A byte that says how; how many hashes there are; those; what is left, deflated (RFC 1951) over words
that all entries share. The handle is in a column of its own. Leaves are of the JSON, as before.
"""

from __future__ import annotations

import re
import zlib
from functools import lru_cache

_PACKED = b"\1"  # canonical JSON begins with a brace
_HANDLE, _HASH = b"\0", b"\1"  # in the place of each: JSON writes neither of them raw
_HASHES = re.compile(rb"[0-9a-f]{64}")
_BYTES = 32  # of a hash
_MOST = 255
_SHORT = 4_096  # bytes of a text that is remembered
_LONGEST = 1_000_000  # bytes of an entry: a row that says more is none of ours

# What is in a row can only be read with just these bytes: other words are another kind of row.
_WORDS = (
    b'"action":"","actor":"","after":{"site.member.policy.collector.change":"before":{},'
    b'"kind":"admin","site":null,"target":"","kind":"erase","status":"erased","kind":"restrict",'
    b'"status":"restricted","ended":true,"method":"rollback","method":"restrict","method":"restore"'
    b',"method":"erase","method":"reject_all","collectors":[{"controller":"","name":"","recipients"'
    b':[{"country":"US","name":"","role":"processor"}],"retention":{"":30,"":90}}],'
    b'"kind":"withdraw","language":"de","method":"withdraw","recipients":[],"retention":{},'
    b'"status":"withdrawn","kind":"change","method":"save","detail":0,"detail":1,'
    b'"choices":{"functional":{"detail":0,"edition":1},"marketing":{"detail":2,"edition":1},'
    b'"preferences":{"detail":2,"edition":1},"statistics":{"detail":2,"edition":1}},"collectors":[]'
    b',"controller":"Ltd GmbH","denied":["marketing","preferences"],"edition":{"hash":"\1",'
    b'"number":1},"granted":["marketing","preferences","statistics"],"handle":"\0",'
    b'"hour":"2026-12-01T00:00:00Z","jurisdiction":"EU","kind":"grant","language":"en",'
    b'"method":"accept_all","notice":"\1","recipients":[],"retention":{"marketing":365,'
    b'"preferences":365,"statistics":365},"site":"","status":"granted",'
    b'"until":"2027-07-01T00:00:00Z","v":2}'
)


def pack(content: bytes, handle: str | None) -> bytes:
    """The canonical JSON of an entry as its row holds it, beside the handle."""
    own = (handle or "").encode()
    hashes: list[bytes] = []

    def without(match: re.Match[bytes]) -> bytes:
        if match[0] == own:
            return _HANDLE
        hashes.append(bytes.fromhex(match[0].decode()))
        return _HASH

    text = _HASHES.sub(without, content)
    if len(hashes) > _MOST or len(text) > _LONGEST:
        return content
    # What visitors agree to in an hour is the same text again and again.
    short = handle is not None and len(text) <= _SHORT
    deflated = _deflated_before(text) if short else _deflated(text)
    return b"".join((_PACKED, bytes((len(hashes),)), *hashes, deflated))


def _deflated(text: bytes) -> bytes:
    deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS, zdict=_WORDS)
    return deflate.compress(text) + deflate.flush()


_deflated_before = lru_cache(maxsize=64)(_deflated)


def unpack(stored: bytes, handle: str | None) -> bytes:
    """The inverse of `pack`, also of rows of before there was any. ValueError for what is none."""
    if stored[:1] != _PACKED:
        return stored
    try:
        end = 2 + _BYTES * stored[1]
        hashes = (stored[at : at + _BYTES].hex().encode() for at in range(2, end, _BYTES))
        inflate = zlib.decompressobj(wbits=-zlib.MAX_WBITS, zdict=_WORDS)
        text = inflate.decompress(stored[end:], _LONGEST)
        if not inflate.eof or inflate.unused_data:
            raise ValueError("it ends before its end, or goes on after it")
        if handle is None and _HANDLE in text:
            raise ValueError("it is a visitor's, and no handle stands beside it")
        own = (handle or "").encode()
        return re.sub(b"[\\0\\1]", lambda m: own if m[0] == _HANDLE else next(hashes), text)
    except (zlib.error, IndexError, StopIteration, RuntimeError) as error:
        raise ValueError(f"no entry: {type(error).__name__}") from None
