"""The host policy, which nothing goes above. Without one that reads, nothing happens."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sqlalchemy import Engine, func, select

from askfirst.errors import PolicyError, Problem
from askfirst.terms.attributes import ADDED, ATTRIBUTES
from askfirst.terms.policy import Policy, read_policy, shipped
from askfirst_collector.catalogue.host_editions import host_edition, newest
from askfirst_collector.store.database import reading
from askfirst_collector.store.watch import Watch

log = logging.getLogger("askfirst.collector")

_NEWEST = str(select(func.max(host_edition.c.number)))  # asked after every commit
LOOK = 1.0  # seconds between two looks at the file; a change must govern within 5


@dataclass(frozen=True)
class CurrentHostPolicy:
    """The host's policy as of now; None where it is missing, unreadable or not understood (M32)."""

    policy: Policy | None
    version: int  # moves with every change, within one process


class HostPolicy(Protocol):
    """Where the host policy comes from; `file` is its file, None where the registry keeps it."""

    @property
    def file(self) -> Path | None: ...

    def current(self, version: int | None = None) -> CurrentHostPolicy:
        """The host policy as of now. Raises CollectorUnavailable where that cannot be told.

        `version` is the registry's, of whoever has just looked at it.
        """
        ...


class HostFile:
    """The host's policy in a file of its own, read again when it changes."""

    def __init__(self, path: Path, *, now: Callable[[], float]) -> None:
        """Read it; PolicyError where it cannot be used: a bad one is found at start."""
        self._path = path
        self._now = now
        self._lock = threading.Lock()
        self._looked = now()
        self._stamp = self._status()
        self._current = CurrentHostPolicy(read_policy(path, kind="host"), 1)

    @property
    def file(self) -> Path:
        """The file that governs."""
        return self._path

    def current(self, version: int | None = None) -> CurrentHostPolicy:
        """The host policy; looks at the file at most once a second."""
        now = self._now()
        if not 0 <= now - self._looked < LOOK:
            with self._lock:
                stamp = self._status()
                # A file that could not be read is tried again, changed or not.
                if stamp != self._stamp or self._current.policy is None:
                    self._stamp = stamp
                    self._current = self._read()
                self._looked = now
        return self._current

    def _read(self) -> CurrentHostPolicy:
        before = self._current
        try:
            policy = read_policy(self._path, kind="host")
        except PolicyError as error:
            if before.policy is not None:
                log.error("askfirst.E120 the host policy cannot be used: nothing is gathered")
                for problem in error.problems:
                    log.error("askfirst.E120 %s", problem.pointer or "/")
            return CurrentHostPolicy(None, before.version + (before.policy is not None))
        if before.policy is not None and before.policy.hash == policy.hash:
            return before
        log.warning("askfirst.W002 the host policy changed: %s governs", policy.hash[:12])
        return CurrentHostPolicy(policy, before.version + 1)

    def _status(self) -> tuple[int, int, int] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino


class StoredHostPolicy:
    """The host's policy in the registry: the newest host edition, exact in every worker.

    Where none was ever saved, the shipped one governs.
    """

    file = None

    def __init__(self, engine: Engine, watch: Watch) -> None:
        """Look once, and say so where it is the shipped one."""
        self._engine = engine
        self._watch = watch
        self._lock = threading.Lock()
        self._version = -1
        self._number: int | None = -1
        self._current = CurrentHostPolicy(None, 0)
        self.current()
        if self._number is None:
            log.warning(
                "askfirst.W001 no host policy is set: the shipped host-default governs; "
                "write one of your own with askfirst host init"
            )

    def current(self, version: int | None = None) -> CurrentHostPolicy:
        """The host policy; looks at the registry whenever anything was committed to it."""
        if (self._watch.version() if version is None else version) != self._version:
            with self._lock:
                # Read before what it vouches for.
                version = self._watch.version()
                number = self._watch.ask(_NEWEST)
                if number != self._number:
                    with reading(self._engine) as connection:
                        edition = newest(connection)
                    self._current = self._said(
                        edition.policy if edition else shipped("host-default")
                    )
                    self._number = number
                self._version = version
        return self._current

    def _said(self, policy: Policy | None) -> CurrentHostPolicy:
        if policy is None:
            log.error("askfirst.E120 the host policy cannot be read: nothing is gathered")
        elif self._current.version:
            log.warning("askfirst.W002 the host policy changed: %s governs", policy.hash[:12])
        return CurrentHostPolicy(policy, self._current.version + 1)


def newer_attributes(policy: Policy) -> tuple[Problem, ...]:
    """What no purpose of a host policy allows, and may not have been there when it was written."""
    scopes = [purpose.terms.scope for purpose in policy.purposes.values()]
    return tuple(
        Problem(
            "/purposes",
            name,
            f"no site may gather {name}, which is newer than the first host policies: to allow it"
            f" write {name} = {ATTRIBUTES[name].finest}, or less, under [purposes.NAME.levels]",
        )
        for name in ADDED
        if not any(scope.level(name) for scope in scopes)
    )
