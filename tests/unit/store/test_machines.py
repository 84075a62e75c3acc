"""In which place a machine is at work."""

from __future__ import annotations

import uuid
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from askfirst_collector.config import Folder, open_folder
from askfirst_collector.store.machines import place_of


def test_a_copy_of_a_folder_is_in_another_place(tmp_path: Path) -> None:
    """M50: by whichever path the folder itself is reached, it is one place."""
    folder, copy = open_folder(tmp_path / "data"), open_folder(tmp_path / "copy")
    (tmp_path / "link").symlink_to(folder.path)
    assert place_of(folder) == place_of(Folder(tmp_path / "link")) != place_of(copy)


def test_all_processes_are_in_one_place_where_nothing_tells_systems_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No file says which start of the system it is, and no hardware has an address.

    Python draws one for each process then: workers would keep each other out.
    """
    folder = open_folder(tmp_path / "data")
    read_text = Path.read_text

    def hidden(path: Path, *arguments: Any) -> str:
        if path.is_relative_to("/proc"):
            raise PermissionError
        return read_text(path, *arguments)

    monkeypatch.setattr(Path, "read_text", hidden)
    drawn = count(0x010000000001)
    monkeypatch.setattr(uuid, "getnode", lambda: next(drawn))
    assert place_of(folder) == place_of(folder)
    hardware = count(0x02FC00000001)
    monkeypatch.setattr(uuid, "getnode", lambda: next(hardware))
    assert place_of(folder) != place_of(folder)
