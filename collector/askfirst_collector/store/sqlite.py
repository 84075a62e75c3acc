"""`EventStore` of one machine: rows in `events.db`, beside the spools that feed it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from .events import Closed, Ended, Gone
from .events_file import EventsFile
from .spooled import Copy, SpooledEvents, no_copy


class SqliteEvents(SpooledEvents[EventsFile]):
    """`EventStore` on one file and its spools; `busy_timeout` is in milliseconds.

    Spools lie in `spool/` beside the file. `ended` and `closed` are asked when a batch is accepted,
    `gone` and `closed` when it is moved; for `copy` see `SpooledEvents`.
    """

    def __init__(
        self,
        path: Path,
        *,
        ended: Ended,
        gone: Gone = lambda judged: frozenset(),
        closed: Closed = lambda key: False,
        copy: Copy = no_copy,
        urandom: Callable[[int], bytes] = os.urandom,
        busy_timeout: int = 5_000,
    ) -> None:
        rows = EventsFile(
            path, gone=gone, closed=closed, urandom=urandom, busy_timeout=busy_timeout
        )
        super().__init__(
            path,
            rows,
            ended=ended,
            closed=closed,
            copy=copy,
            urandom=urandom,
            busy_timeout=busy_timeout,
        )
