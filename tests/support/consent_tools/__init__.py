"""Configurations of other consent tools, as their own pages show them, for one small site.

Each asks about the same: analytics (Google Analytics, `_ga`, `_gid`) and advertising; the cookie
`session` is necessary.
"""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent
