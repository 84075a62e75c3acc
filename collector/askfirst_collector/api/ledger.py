"""`/v1/ledger/{leaf}`: that an entry stands in the ledger, to whoever knows its leaf.

Nothing is found here by a site or a handle: a leaf is in a visitor's receipt, and nobody
guesses it.
"""

from __future__ import annotations

import asyncio
import re

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from askfirst.errors import Reason, Refused
from askfirst_collector.ledger.notes import read_checkpoint, verifier_key
from askfirst_collector.ledger.trees import prove, prove_growth
from askfirst_collector.services import Services

_LEAF = re.compile(r"[0-9a-f]{64}")
_SIZE = re.compile(r"[1-9][0-9]{0,17}")
_UNKNOWN = "no checkpoint has this leaf: one is signed once a day"


class LedgerFace:
    """The handlers over the opened parts."""

    def __init__(self, parts: Services) -> None:
        self._parts = parts

    async def inclusion(self, request: Request) -> Response:
        """That the leaf stands in the tree of the newest checkpoint."""
        leaf = _leaf(request)
        proof = await asyncio.to_thread(prove, self._parts.engine, leaf)
        if proof is None:
            raise Refused(Reason.NOT_FOUND, _UNKNOWN)
        answer = {
            **await asyncio.to_thread(self._signed, proof.note),
            "position": proof.position,
            "proof": [node.hex() for node in proof.path],
        }
        return JSONResponse(answer)

    async def consistency(self, request: Request) -> Response:
        """That the tree of an older checkpoint is the beginning of the newest one."""
        leaf, size = _leaf(request), request.path_params["size"]
        if not _SIZE.fullmatch(size):
            raise Refused(Reason.BAD_SHAPE, "send the size of a checkpoint that was signed")
        growth = await asyncio.to_thread(prove_growth, self._parts.engine, leaf, int(size))
        if growth is None:
            raise Refused(Reason.NOT_FOUND, "no checkpoint has this leaf, or none has this size")
        note, path = growth
        signed = await asyncio.to_thread(self._signed, note)
        return JSONResponse({**signed, "proof": [node.hex() for node in path]})

    def _signed(self, note: str) -> dict[str, object]:
        origin = read_checkpoint(note.rpartition("\n\n")[0] + "\n").origin
        keys = [verifier_key(origin, seed) for seed in self._parts.keys.ledger()]
        return {"checkpoint": note, "keys": keys}


def _leaf(request: Request) -> bytes:
    text = request.path_params["leaf"]
    if not _LEAF.fullmatch(text):
        raise Refused(Reason.BAD_SHAPE, "send the leaf of a receipt: 64 hexadecimal digits")
    return bytes.fromhex(text)
