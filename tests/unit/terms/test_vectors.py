"""The shared cases are what Python decides today."""

from __future__ import annotations

import subprocess
import sys

from tests.conftest import ROOT


def test_the_vectors_are_current() -> None:
    """M44: TypeScript is checked against what Python decides now, not what it once did."""
    done = subprocess.run(
        [sys.executable, ROOT / "scripts/vectors", "--check"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
