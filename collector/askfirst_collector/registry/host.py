"""The host's policy: the ceiling nothing goes above. Without one that reads, nothing happens."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from askfirst.errors import PolicyError
from askfirst.terms.policy import Policy, read_policy, shipped

log = logging.getLogger("askfirst.collector")

LOOK = 1.0  # seconds between two looks at the file; a change must govern within 5


@dataclass(frozen=True)
class Ceiling:
    """The host's policy as of now; None where it is missing, unreadable or not understood (M32)."""

    policy: Policy | None
    version: int  # moves with every change, within one process


class HostPolicy:
    """The host's policy file, read again when it changes; without a path the shipped one."""

    def __init__(self, path: Path | None, *, now: Callable[[], float]) -> None:
        """Read it; PolicyError where it cannot be used, so that a bad ceiling is found at start."""
        self._path = path
        self._now = now
        self._lock = threading.Lock()
        self._looked = now()
        self._stamp = self._status()
        if path is None:
            self._ceiling = Ceiling(shipped("host-default"), 1)
            log.warning(
                "askfirst.W001 no host policy is set: the shipped host-default governs; "
                "set host_policy to a file of your own"
            )
        else:
            self._ceiling = Ceiling(read_policy(path, kind="host"), 1)

    def current(self) -> Ceiling:
        """The ceiling; looks at the file at most once a second."""
        now = self._now()
        if self._path is not None and not 0 <= now - self._looked < LOOK:
            with self._lock:
                self._looked = now
                stamp = self._status()
                # A file that could not be read is tried again, changed or not.
                if stamp != self._stamp or self._ceiling.policy is None:
                    self._stamp = stamp
                    self._ceiling = self._read(self._path)
        return self._ceiling

    def _read(self, path: Path) -> Ceiling:
        before = self._ceiling
        try:
            policy = read_policy(path, kind="host")
        except PolicyError as error:
            if before.policy is not None:
                log.error("askfirst.E120 the host policy cannot be used: nothing is gathered")
                for problem in error.problems:
                    log.error("askfirst.E120 %s", problem.pointer or "/")
            return Ceiling(None, before.version + (before.policy is not None))
        if before.policy is not None and before.policy.hash == policy.hash:
            return before
        log.warning("askfirst.W002 the host policy changed: %s governs", policy.hash[:12])
        return Ceiling(policy, before.version + 1)

    def _status(self) -> tuple[int, int, int] | None:
        if self._path is None:
            return None
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino
