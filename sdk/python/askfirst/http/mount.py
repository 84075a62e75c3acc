"""Where on its origin a site begins: at the root, or in a sub-folder such as `/blog`.

ASGI calls it `root_path`, WSGI `SCRIPT_NAME`. Every address of ours begins there, and so does every
page. A proxy may have cut it off the path, or not. It holds for one request, as Django's script
prefix does: templates need not hand it on.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from contextvars import ContextVar
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from askfirst.http.headers import Header

OWN = "/askfirst/"
ROOT = "askfirst.root"  # in a scope: its root as it was when the request came in
_SAFE = "/:@!$&'()*+,;=~-._"
# Of whole segments: `//host` would be another origin's, and `/a/..` nobody's.
_ROOT = re.compile(r"(/(?!\.{1,2}(/|$))[^/\\?#\x00-\x20\x7f]+)*")
_MOUNT: ContextVar[str] = ContextVar("askfirst_mount", default="")


def root_of(text: object) -> str:
    """The root as a path without a slash at its end; empty for what is none."""
    root = text.rstrip("/") if isinstance(text, str) else ""
    return root if _ROOT.fullmatch(root) else ""


def mount_at(root: str) -> None:
    """Have the addresses of this request begin at `root`, as `root_of` gives it."""
    _MOUNT.set(quote(root, safe=_SAFE) if root else "")


def below(path: str, root: str) -> str:
    """The path without the root, by whole segments: an application at /ask is none at /askfirst."""
    if not root or not (path == root or path.startswith(f"{root}/")):
        return path
    return path[len(root) :] or "/"


def whole(raw_path: str, path: str, root: str) -> str:
    """The raw path as the browser has it; `path` is the same decoded, with the root or without."""
    if not root or path == root or path.startswith(f"{root}/"):
        return raw_path
    return quote(root, safe=_SAFE) + raw_path


def raw_path_of(scope: Mapping[str, Any]) -> str:
    """The path of an ASGI scope as the browser has it, percent-encoded, without its query."""
    path = str(scope.get("path", "/"))
    raw: bytes = scope.get("raw_path") or quote(path, safe=_SAFE).encode("ascii")
    return whole(raw.split(b"?")[0].decode("latin-1"), path, scope.get(ROOT, ""))


def cookie_suffix() -> bytes:
    """What the names of our cookies end with, so that two sites on one origin keep theirs apart."""
    root = _MOUNT.get()
    return _suffix(root) if root else b""


@lru_cache(maxsize=64)
def _suffix(root: str) -> bytes:
    return b"." + hashlib.sha256(root.encode("ascii")).hexdigest()[:8].encode("ascii")


def mounted(address: str) -> str:
    """An address as it is written into a page: ours, and the site's first page, below the root."""
    root = _MOUNT.get()
    is_ours = address == "/" or address.startswith(OWN)
    return root + address if root and is_ours else address


def mounted_headers(headers: list[Header]) -> list[Header]:
    """The same for where a redirect leads."""
    if not _MOUNT.get():
        return headers
    return [
        (name, mounted(value.decode("latin-1")).encode("latin-1") if name == b"location" else value)
        for name, value in headers
    ]
