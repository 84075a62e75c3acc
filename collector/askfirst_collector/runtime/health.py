"""Whether a collector can store: what `/readyz` and the gate's health say."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypedDict

from askfirst.errors import CollectorUnavailable
from askfirst.spool.spool import Spool
from askfirst_collector.catalogue.activate import read_revision
from askfirst_collector.jobs.clock import read_seen
from askfirst_collector.services import Services
from askfirst_collector.store.faults import FAULTS, StoreFault

LEAST_FREE = 16 * 2**20  # bytes; under it a commit may fail any moment

# What it is, why; both empty where all is well.
_Fault = tuple[str, str]
_WELL: _Fault = ("", "")


def health(parts: Services) -> dict[str, object]:
    """`{"status": "ok"|"away", "parts": {part: "ok"|fault}, "reason": sentence}`; never raises.

    Faults are types, and reasons name what is at fault: never what is stored. A clock that is
    doubted keeps nothing from being stored, and so is no reason to be away.
    """
    answer = _answer(
        {
            "ledger": _fault(lambda: _check_ledger(parts)),
            "events": _fault(parts.events.check),
            "salts": _fault(parts.salts.check),
            "revocations": _fault(lambda: _check_revocations(parts)),
            "spool": _fault(parts.spool.check),
            "host-policy": _governed(parts),
            "disk": _disk(parts.folder.path),
        }
    )
    # Nor does a ClickHouse that is away: what comes waits in spools, until those are full.
    rows = {"rows": "away"} if parts.events.fault else {}
    return {**answer, "parts": {**answer["parts"], "clock": _clock(parts), **rows}}


def health_unopened(
    folder: Path | str, spool: Spool, error: CollectorUnavailable
) -> dict[str, object]:
    """The same for a collector that cannot be opened, because of `error`."""
    faults = dict.fromkeys(("ledger", "events", "salts", "revocations"), ("away", ""))
    faults["spool"] = _fault(spool.check)
    faults["host-policy"] = ("not-readable", "")
    faults["disk"] = _disk(Path(folder))
    faults["clock"] = ("away", "")
    return {**_answer(faults), "reason": str(error)}


class _Health(TypedDict):
    status: str
    parts: dict[str, str]
    reason: str


def _answer(faults: dict[str, _Fault]) -> _Health:
    reasons = [f"{part}: {reason}" for part, (_, reason) in faults.items() if reason]
    return {
        "status": "away" if any(kind for kind, _ in faults.values()) else "ok",
        "parts": {part: kind or "ok" for part, (kind, _) in faults.items()},
        "reason": "; ".join(reasons),
    }


def _fault(check: Callable[[], object]) -> _Fault:
    try:
        check()
    except StoreFault as error:
        return "away", error.reason
    except CollectorUnavailable as error:
        return "away", str(error)
    except Exception as error:
        name = type(error).__name__
        FAULTS.failed("health", f"askfirst.E112 health cannot be told: {name}")
        return "away", name
    return _WELL


def _clock(parts: Services) -> str:
    try:
        clock = read_seen(parts)
    except CollectorUnavailable:
        return "away"
    return "ok" if clock is None or clock.doubt is None else "doubted"


def _check_ledger(parts: Services) -> None:
    read_revision(parts.engine)
    parts.ledger.check()
    try:
        parts.watch.version()
    except StoreFault as error:
        # It looks at salts and revocations too, which are parts of their own.
        if error.part == "ledger":
            raise


def _check_revocations(parts: Services) -> None:
    parts.revocations.check()
    # Perhaps on another disk than the folder.
    kind, reason = _disk(parts.revocations.path.parent)
    if kind:
        raise CollectorUnavailable(f"{kind}: {reason}")


def _governed(parts: Services) -> _Fault:
    def look() -> None:
        if not parts.registry.governed:
            raise CollectorUnavailable("it cannot be read: nothing is gathered")

    kind, reason = _fault(look)
    return (kind and "not-readable", reason)


def _disk(folder: Path) -> _Fault:
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        return "away", "the folder cannot be read"
    return ("full", f"{free} bytes are free") if free < LEAST_FREE else _WELL
