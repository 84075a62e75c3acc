"""Patterns of pages: where a placed collector stands, and the routes of a site.

A pattern is a path whose segments may hold one `*` each (any characters of that segment); `**` as
the last segment means this page and everything below it. What cannot be told apart from another
path (dot segments, encoded slashes) matches nothing: a failure narrows.

A route says what the segments of a page's path are: a word that stands there, `:name` for what is
replaced by that name whatever it is, `*` for a title, which is kept unless it is an identifier, and
`**` as the last segment for titles from there on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
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


KEPT = "*"
_REST = "**"
_NAMED = re.compile(r":[a-z][a-z0-9_-]{0,29}")
_LITERAL = re.compile(r"[^\x00-\x20\x7f/*:?#%\\][^\x00-\x20\x7f/*?#%\\]*")


def route_problem(route: str) -> str | None:
    """What to write instead of a route that cannot be used; None where it can."""
    if not route.startswith("/") or len(route) > LONGEST:
        return f"write a path that begins with '/', at most {LONGEST} characters"
    if "?" in route or "#" in route or _HIDDEN.search(route):
        return "write the path alone: no query, no fragment, no '//', no '.' and '..'"
    *front, last = route[1:].split("/")
    if not all(map(_is_part, front)) or not (_is_part(last) or last == _REST):
        return "write words, ':name', '*' and, as the last segment alone, '**' between slashes"
    # The section is what a page tells of itself alone: no route names it, none keeps all titles.
    if not _LITERAL.fullmatch((*front, last)[0]):
        return "begin with a word, such as '/blog/*': this would match every page"
    return None


def _is_part(part: str) -> bool:
    return part == KEPT or any(form.fullmatch(part) for form in (_NAMED, _LITERAL))


def route_of(routes: Sequence[str], segments: Sequence[str]) -> Sequence[str | None]:
    """What the first route that matches says of each segment (decoded); None where none does.

    That is `*` for a title, a `:name`, or the word itself.
    """
    for route in routes:
        parts = _parts(route)
        if parts[-1] == _REST and len(segments) >= len(parts):
            parts = (*parts[:-1], *[KEPT] * (len(segments) - len(parts) + 1))
        if len(parts) == len(segments) and all(
            part in (segment, KEPT) or part[0] == ":"
            for part, segment in zip(parts, segments, strict=True)
        ):
            return parts
    return [None] * len(segments)


@lru_cache(maxsize=1024)  # routes come from owners, never from visitors
def _parts(route: str) -> tuple[str, ...]:
    return tuple(route[1:].split("/"))


def _segment(segment: str) -> str:
    if segment == "*":
        return "[^/]+"
    return "[^/]*".join(map(re.escape, segment.split("*")))
