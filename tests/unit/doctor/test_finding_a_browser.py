"""Where the doctor looks for a browser, and what it says where there is none."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from askfirst_collector.doctor.browser import NAMES, chromium


def test_what_to_install_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """What to do, in the words that do it."""
    monkeypatch.setitem(sys.modules, "playwright", None)
    assert "askfirst[doctor]" in str(chromium())


def test_one_on_the_path_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the names that systems give it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    found = chromium()
    if isinstance(found, str):
        assert all(name in found for name in NAMES)
    (tmp_path / NAMES[-1]).touch(0o755)
    assert chromium() == tmp_path / NAMES[-1]
