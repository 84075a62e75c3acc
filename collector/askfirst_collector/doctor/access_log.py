"""Looks in access logs for what one visitor sent: marks that stand nowhere else."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from askfirst_collector.doctor.evidence import Written

PATIENCE = 1.0  # seconds a server may take to write its line
PAUSE = 0.05
MOST = 10_000_000  # bytes of a log that are read


@dataclass(frozen=True)
class Canary:
    """What a visitor sends once: each part is random, and so found only where it was kept."""

    query: str
    agent: str
    referrer: str

    @classmethod
    def of(cls, token: Callable[[int], str]) -> Canary:
        """A new one; `token` gives so many random bytes in hex."""
        return cls(*(f"askfirst-doctor-{kind}-{token(8)}" for kind in ("q", "a", "r")))

    def kinds(self, text: str, addresses: tuple[str, ...]) -> tuple[str, ...]:
        """Which kinds of it stand in a text; `addresses` are as a log would have them."""
        marks = {
            "address": addresses,
            "agent": (self.agent,),
            "referrer": (self.referrer,),
            "query": (self.query,),
        }
        return tuple(
            kind for kind, variants in marks.items() if any(mark in text for mark in variants)
        )


@dataclass(frozen=True)
class Log:
    """A log file, and where it ended before the visit."""

    file: Path
    end: int

    @classmethod
    def of(cls, file: Path) -> Log:
        """The file as it is now."""
        return cls(file, file.stat().st_size)

    def since(self) -> str:
        """What was written since."""
        with self.file.open("rb") as log:
            log.seek(self.end)
            return log.read(MOST).decode("utf-8", "replace")

    def written(self, canary: Canary, addresses: tuple[str, ...]) -> Written:
        """Waits a little for the server to write, then says what it kept."""
        deadline = time.monotonic() + PATIENCE
        while not (kinds := canary.kinds(self.since(), addresses)):
            if time.monotonic() > deadline:
                break
            time.sleep(PAUSE)
        return Written(str(self.file), kinds)
