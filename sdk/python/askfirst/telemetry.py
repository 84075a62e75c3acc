"""Where `track` was: import it from `askfirst`."""

from __future__ import annotations

import warnings

from .track import track

__all__ = ["track"]

warnings.warn(
    "askfirst.telemetry has moved: write `from askfirst import track`",
    DeprecationWarning,
    stacklevel=2,
)
