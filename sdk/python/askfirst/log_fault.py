"""How our own faults are logged: what kind and where in our code, never what was in the request."""

from __future__ import annotations

import logging
import traceback
from pathlib import PurePath

log = logging.getLogger("askfirst")


def note(doing: str, error: BaseException) -> None:
    """Log a fault by its type and the line that raised it; messages may hold visitor data (M43)."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{PurePath(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "nowhere"
    log.error("%s failed: %s at %s", doing, type(error).__name__, where)
