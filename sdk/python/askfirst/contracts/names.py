"""How names and keys are written; each pattern matches the whole of a text."""

from __future__ import annotations

import re

from ..terms.reading import NAME as NAME

# A purpose of the site, or `collector/purpose` of a placed collector.
PURPOSE = re.compile(f"{NAME.pattern}(/{NAME.pattern})?")
HASH = re.compile(r"[0-9a-f]{64}")  # a SHA-256
HANDLE = HASH  # of the 16 bytes of a receipt's secret
SECRET = re.compile(r"[A-Za-z0-9_-]{22}")  # 16 bytes in base64url
USER = re.compile(r"user:[0-9a-f]{64}")  # the token of a signed-in user
BATCH = SECRET  # drawn by whoever sends


def json_schema(pattern: re.Pattern[str]) -> dict[str, str]:
    """The JSON Schema of a text that the pattern matches whole."""
    return {"type": "string", "pattern": f"^{pattern.pattern}$"}
