"""Where `Provider` was: import it from `askfirst_collector.embedded`."""

from __future__ import annotations

import warnings

from askfirst_collector.dashboard.auth.oidc_client import Provider

__all__ = ["Provider"]

warnings.warn(
    "askfirst_collector.dashboard.provider has moved: write "
    "`from askfirst_collector.embedded import Provider`",
    DeprecationWarning,
    stacklevel=2,
)
