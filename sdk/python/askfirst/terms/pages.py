"""Page patterns: on which paths of a site a placed collector stands.

A pattern is a path whose segments may hold one `*` each (any characters of that segment); `**` as
the last segment means this page and everything below it. What cannot be told apart from another
path (dot segments, encoded slashes) matches nothing: a failure narrows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

LONGEST = 200  # characters of a pattern
_SEGMENT = re.compile(r"[A-Za-z0-9._~!$&'()+,;=:@%-]*\*?[A-Za-z0-9._~!$&'()+,;=:@%-]*")
_NAMELESS = "\u2205"  # in no pattern, and in no path as it is sent
# Dots, slashes and backslashes that a browser or a server may read as another path.
_HIDDEN = re.compile(r"%(2e|2f|5c|00)|[\\\x00-\x20\x7f]|//|/\.{1,2}(/|$)", re.IGNORECASE)


def pattern_problem(pattern: str) -> str | None:
    """What to write instead of a pattern that cannot be used; None where it can."""
    if not pattern.startswith("/") or len(pattern) > LONGEST:
        return f"write a path that begins with '/', at most {LONGEST} characters"
    if "?" in pattern or "#" in pattern:
        return "write the path alone: queries and fragments are not matched"
    if _HIDDEN.search(pattern):
        return "write it without '//', '.', '..' and encoded slashes: no page has such a path"
    *front, last = pattern[1:].split("/")
    if last == "**":
        last = ""
    if not all(_SEGMENT.fullmatch(segment) for segment in (*front, last)):
        return "write at most one '*' in a segment, and '**' only as the last one"
    if "*" in pattern and not re.sub(r"[/*]", "", pattern):
        return "name at least one part of the path: this would match every page"
    return None


def is_active_on(patterns: Iterable[str], path: str) -> bool:
    """Whether a page's path (without its query; as sent, not decoded) is matched by a pattern."""
    if not path.startswith("/") or _HIDDEN.search(path):
        return False
    return any(_compiled(pattern).fullmatch(path) is not None for pattern in patterns)


def covers(patterns: Iterable[str], pattern: str) -> bool:
    """Whether one of the patterns matches every page that `pattern` does.

    A page of characters that no pattern can name is matched where they are matched by a `*` alone;
    what matches both the page at `/**` and one far below it ends in `/**` itself.
    """
    path = pattern.removesuffix("/**").replace("*", _NAMELESS)
    pages = (path, path + f"/{_NAMELESS}" * 2) if pattern.endswith("/**") else (path,)
    return any(all(is_active_on([other], page) for page in pages) for other in patterns)


@lru_cache(maxsize=1024)  # patterns come from owners, never from visitors
def _compiled(pattern: str) -> re.Pattern[str]:
    below = pattern.endswith("/**")
    segments = pattern.removesuffix("/**").split("/")
    text = "/".join(_segment(segment) for segment in segments)
    return re.compile(text + ("(?:/.*)?" if below else ""))


def _segment(segment: str) -> str:
    if segment == "*":
        return "[^/]+"
    return "[^/]*".join(map(re.escape, segment.split("*")))
