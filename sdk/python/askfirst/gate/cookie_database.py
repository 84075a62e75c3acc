"""What a cookie is usually for, by a copy of the Open Cookie Database that the owner points to.

github.com/jkwakman/Open-Cookie-Database (Apache-2.0); none is shipped.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from ..errors import Unusable
from ..terms.policy import Policy

NAME, CATEGORY, WILDCARD = "Cookie / Data Key name", "Category", "Wildcard match"
LARGEST = 16 * 1024 * 1024  # bytes; the whole database has about one
SHORTEST = 3  # characters a wildcard must fix, so that it does not fit everything
NECESSARY = "necessary"
# Data uses of the Fides taxonomy that a category of the database speaks of.
_USES: Mapping[str, tuple[str, ...]] = {
    "analytics": ("analytics",),
    "marketing": ("marketing", "third_party_sharing"),
    "personalization": ("personalize", "functional"),
    "functional": ("functional", "personalize"),
}


class CookieDatabase:
    """Suggests the purpose of a cookie; a suggestion decides nothing.

    Raises Unusable for a file that cannot be read or has not the columns.
    """

    def __init__(self, path: Path, policy: Policy) -> None:
        self._exact: dict[str, str] = {}
        self._begins: dict[str, str] = {}
        self._purposes = {kind: _purpose(kind, policy) for kind in _USES}
        for name, category, wildcard in _rows(path):
            if wildcard and len(name) >= SHORTEST:
                self._begins.setdefault(name, category)
            else:
                self._exact.setdefault(name, category)

    def purpose(self, name: bytes) -> str | None:
        """A purpose of the policy, "necessary", or the database's own word; None: not known."""
        category = self._category(name.decode("latin-1"))
        if category in ("necessary", "security"):
            return NECESSARY
        return self._purposes.get(category) or category or None

    def _category(self, name: str) -> str:
        category = self._exact.get(name)
        if category is not None:
            return category
        for length in range(len(name), SHORTEST - 1, -1):
            if (begun := self._begins.get(name[:length])) is not None:
                return begun
        return ""


def _rows(path: Path) -> list[tuple[str, str, bool]]:
    try:
        if path.stat().st_size > LARGEST:
            raise Unusable(path, f"is larger than {LARGEST} bytes")
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = csv.DictReader(file)
            if missing := {NAME, CATEGORY, WILDCARD} - {*(table.fieldnames or ())}:
                raise Unusable(path, f"has no column {sorted(missing)[0]!r}")
            return [
                (row[NAME].strip(), row[CATEGORY].strip().lower(), (row[WILDCARD] or "0") == "1")
                for row in table
                if row[NAME] and row[CATEGORY]
            ]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Unusable(path, f"cannot be read ({type(error).__name__})") from error


def _purpose(category: str, policy: Policy) -> str | None:
    for use in _USES[category]:
        for name, purpose in policy.purposes.items():
            if purpose.terms.data_use == use or purpose.terms.data_use.startswith(use + "."):
                return name
    return None
