"""A new key of the collector's own, where the older ones go on verifying what they signed."""

from __future__ import annotations

from askfirst.errors import Reason, Refused
from askfirst_collector.ledger.entries import hour_of, timestamp
from askfirst_collector.ledger.receipts import Receipts
from askfirst_collector.members.permissions import Member
from askfirst_collector.members.transaction import transaction
from askfirst_collector.services import Services

KINDS = ("receipts", "ledger")


def rotate_keys(
    parts: Services, actor: Member, kind: str, *, compromised: bool = False
) -> tuple[str, ...]:
    """Draw a key of a kind; with `compromised` name the older ones of receipts as leaked.

    Processes that run use it from their next start on. Returns the `kid`s of those that were named.
    Raises Refused `bad-shape` for compromised keys of another kind.
    """
    # Of checkpoints there is no kid: their keys are named by each tree.
    if compromised and kind != "receipts":
        advice = "compromised is for receipts: of a checkpoint keep one that was signed before"
        raise Refused(Reason.BAD_SHAPE, advice)
    with transaction(parts, actor, "host-policy.change") as work:
        older = len(parts.keys.receipts()) if compromised else 0
        seeds = parts.keys.rotate(kind)
        leaked = tuple(str(key["kid"]) for key in Receipts(seeds).public()[:older])
        if compromised:
            parts.keys.name_compromised(leaked, timestamp(hour_of(work.now)))
        after = {"keys": len(seeds), **({"compromised": list(leaked)} if leaked else {})}
        work.record("keys.rotate", kind, before={"keys": len(seeds) - 1}, after=after)
    return leaked
