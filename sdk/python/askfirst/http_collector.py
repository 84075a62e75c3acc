"""Where `HttpCollector` was: import it from `askfirst`."""

from __future__ import annotations

import warnings

from .remote.collector import HttpCollector

__all__ = ["HttpCollector"]

warnings.warn(
    "askfirst.http_collector has moved: write `from askfirst import HttpCollector`",
    DeprecationWarning,
    stacklevel=2,
)
