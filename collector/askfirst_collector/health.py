"""Whether a collector can store: what `/readyz` and the gate's health say."""

from __future__ import annotations

import shutil

from sqlalchemy import select

from askfirst.errors import CollectorAway
from askfirst_collector.jobs.clock import read_seen
from askfirst_collector.parts import Parts
from askfirst_collector.registry.inforce import revision
from askfirst_collector.store.faults import away

LEAST_FREE = 16 * 2**20  # bytes; under it a commit may fail any moment


def health(parts: Parts) -> dict[str, object]:
    """`{"status": "ok"|"away", "parts": {part: "ok"|fault}}`; faults are types, never values.

    A clock that is doubted keeps nothing from being stored, and so is no reason to be away.
    """
    found = {
        "ledger": _ledger(parts),
        "events": getattr(parts.events, "fault", "") and "away",
        "salts": _salts(parts),
        "host-policy": "" if parts.registry.governed else "not-readable",
        "disk": _disk(parts),
    }
    status = "away" if any(found.values()) else "ok"
    found["clock"] = _clock(parts)
    return {"status": status, "parts": {part: fault or "ok" for part, fault in found.items()}}


def _ledger(parts: Parts) -> str:
    try:
        with away("ledger"), parts.engine.connect() as connection:
            connection.execute(select(revision)).all()
        parts.ledger.check()
    except CollectorAway:
        return "away"
    return ""


def _clock(parts: Parts) -> str:
    try:
        with away("ledger"), parts.engine.connect() as connection:
            seen = read_seen(connection)
    except CollectorAway:
        return "away"
    return "doubted" if seen is not None and seen.doubt is not None else ""


def _salts(parts: Parts) -> str:
    try:
        parts.salts.check()
    except CollectorAway:
        return "away"
    return ""


def _disk(parts: Parts) -> str:
    try:
        return "full" if shutil.disk_usage(parts.folder.path).free < LEAST_FREE else ""
    except OSError:
        return "away"
