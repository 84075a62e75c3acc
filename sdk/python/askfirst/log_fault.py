"""How our own faults are logged: what kind and where in our code, never what was in the request."""

from __future__ import annotations

import logging
import traceback
from pathlib import PurePath


class _AlwaysOn:
    """A logger that others cannot disable, as they do without meaning to.

    `dictConfig` with `disable_existing_loggers`, its default, silences whatever it does not name.
    Who wants less sets a level.
    """

    @property
    def disabled(self) -> bool:
        return False

    @disabled.setter
    def disabled(self, value: bool) -> None:
        pass


def always_on(name: str) -> logging.Logger:
    """The logger of this name, for whoever else asks for it too, never disabled."""
    logger = logging.getLogger(name)
    if not isinstance(logger, _AlwaysOn):
        logger.__class__ = type("AlwaysOn", (_AlwaysOn, type(logger)), {})
    return logger


log = always_on("askfirst")
always_on("askfirst.collector")


def log_fault(doing: str, error: BaseException) -> None:
    """Log a fault by its type and the line that raised it; messages may hold visitor data (M43)."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{PurePath(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "nowhere"
    log.error("%s failed: %s at %s", doing, type(error).__name__, where)
