"""Write docs/openapi.json from the code; --check only says whether it is right."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
POLICY = ROOT / "docs/policy.schema.json"
COPY = ROOT / "collector/askfirst_collector/openapi/policy.schema.json"


def files() -> dict[Path, bytes]:
    """What each written file should hold; the document is made from the copy of the schema."""
    from askfirst_collector.openapi.document import published

    return {COPY: POLICY.read_bytes(), ROOT / "docs/openapi.json": published()[0]}


def stale() -> list[str]:
    """The files that do not hold it."""
    return [
        str(path.relative_to(ROOT))
        for path, data in files().items()
        if not path.exists() or path.read_bytes() != data
    ]


if __name__ == "__main__":
    if "--check" in sys.argv:
        if found := stale():
            sys.exit(f"{', '.join(found)}: not what the code says; run scripts/build-openapi")
    else:
        # First: what the document is made from.
        COPY.write_bytes(POLICY.read_bytes())
        for path, data in files().items():
            path.write_bytes(data)
