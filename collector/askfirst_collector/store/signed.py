"""The last checkpoint of each tree, in a file beside the data folder: what no restore undoes.

A ledger that is put back from a backup has lost what was signed since. Were it signed on as if
nothing had happened, two checkpoints of one name would contradict each other. So a tree of which
more was signed than its ledger knows goes on under a new name (RFC 9162, section 4.2: a log never
signs two tree heads that disagree).
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from askfirst.errors import AskfirstError
from askfirst.spool.files import sync_folder
from askfirst_collector.config import create_file

UNKNOWN = -1  # leaves, of a tree of which nobody can tell how much was signed


class SignedDamaged(AskfirstError):
    """The file is not what was written."""


def read_signed(path: Path) -> dict[str, int]:
    """The leaves of each tree when it was signed last; nothing where there is no such file.

    Raises SignedDamaged, and OSError.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return {}
    try:
        sizes = json.loads(data)["sizes"]
        if all(type(size) is int for size in sizes.values()):
            return dict(sizes)
    except (ValueError, LookupError, TypeError, AttributeError):
        pass
    raise SignedDamaged(f"{path} is not what was written")


def write_signed(path: Path, sizes: Mapping[str, int]) -> None:
    """Have these on disk when this returns, in the place of what was there. Raises OSError."""
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    create_file(draft)
    with draft.open("w", encoding="utf-8") as file:
        json.dump({"v": 1, "sizes": dict(sorted(sizes.items()))}, file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_folder(path.parent)


def is_cut_off(signed: Mapping[str, int], tree: str, size: int) -> bool:
    """Whether more of a tree was signed than the `size` that its ledger knows of."""
    last = signed.get(tree, 0)
    return last == UNKNOWN or last > size
