"""Where `ConsentMiddleware` was: import it from `askfirst`."""

from __future__ import annotations

import warnings

from .adapters.asgi import ConsentMiddleware

__all__ = ["ConsentMiddleware"]

warnings.warn(
    "askfirst.asgi has moved: write `from askfirst import ConsentMiddleware`",
    DeprecationWarning,
    stacklevel=2,
)
