"""Real collectors over real folders, with a clock that is set by hand."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from askfirst.client import Decision, Method
from askfirst.terms.policy import Policy, read_policy
from askfirst_collector.runtime.open import close_services, open_services
from askfirst_collector.services import Services
from askfirst_collector.store.spooled import SpooledEvents
from askfirst_collector.store.sqlite import SqliteEvents
from tests.support.draws import no_noise
from tests.support.ledger import entries_in
from tests.support.policies import every_purpose

NOON = 1_795_348_800.0  # 2026-11-22T12:00:00Z, a Sunday
HANDLE = "5e" * 32
OTHER = "07" * 32


@dataclass
class Clock:
    """A clock for tests: it stands still until it is set."""

    now: float = NOON + 1234.5

    def __call__(self) -> float:
        return self.now


def policy(name: str = "full", **changes: Any) -> Policy:
    """A shipped policy as the site "shop", with other top-level values."""
    return read_policy(
        {
            **every_purpose(name).document,
            "site": "shop",
            "origins": ["https://shop.example"],
            "languages": ["en"],
            **changes,
        }
    )


def purposes(name: str = "full", **changes: Mapping[str, Any]) -> dict[str, Any]:
    """The purposes of a shipped policy, with other values in those that are named."""
    found = every_purpose(name).document["purposes"]
    return {key: {**value, **changes.get(key, {})} for key, value in found.items()}


def decision(
    edition: Policy,
    method: Method = "accept_all",
    choices: Mapping[str, int] | None = None,
    *,
    handle: str = HANDLE,
    lang: str = "en",
    adult: bool = False,
    gpc: bool = False,
) -> Decision:
    """What a visitor answered to an edition."""
    return Decision("shop", handle, edition.hash, lang, method, choices or {}, adult, gpc)


@contextmanager
def opened(folder: Path, clock: Clock | None = None, **options: Any) -> Iterator[Services]:
    """The parts of a collector on a folder, closed at the end; its figures have no noise."""
    chosen = {"host_policy": None, "urandom": no_noise, **options}
    parts = open_services(folder, now=clock or Clock(), **chosen)
    try:
        yield parts
    finally:
        close_services(parts)


def bytes_of(folder: Path) -> bytes:
    """Every byte of every file in a folder, but SQLite's shared memory, where readers queue.

    And the entries of ledgers as they were written, beside those that are packed.
    """
    files = (file for file in sorted(folder.rglob("*")) if file.is_file())
    data = read_beside(*(file for file in files if not file.name.endswith("-shm")))
    return data + entries_in(folder)


def read_beside(*files: Path) -> bytes:
    """The bytes of files, read by another process: in this one it would drop SQLite's locks."""
    if not files:
        return b""
    return subprocess.run(["cat", "--", *map(str, files)], capture_output=True, check=True).stdout


def believe_every_batch(parts: Services) -> None:
    """Have the event store ask no ledger about handles: for rows that are put in directly."""
    events = parts.events
    assert isinstance(events, SpooledEvents)
    events.spool._ended = events.file._gone = lambda judged: frozenset()


def move_spools(folder: Path) -> None:
    """Have in `events.db` what was accepted: one process more, beside those that live."""
    with closing(SqliteEvents(folder / "events.db", ended=lambda _: frozenset())) as store:
        store.drain()
