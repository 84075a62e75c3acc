"""The page: section, path without identifiers, listed query. No fragment, no host, no title.

Paths are percent-decoded, their case is kept, empty segments and path parameters (";jsessionid=…")
are cut, so that one page has one name. `:id` stands for a segment that is
no UTF-8 or was encoded twice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from urllib.parse import parse_qsl, quote, unquote

from ..terms.attributes import UNKNOWN, Value
from ..terms.pages import KEPT, route_of
from .identifiers import ID, is_of_archive, template, title
from .recent import PAGES, POLICIES, Recent
from .url import read_page
from .value import NONE, allowed_text

LONGEST = 512  # characters of a path once its identifiers are replaced
# No UTF-8, or encoded twice, which hides what is in it.
_UNREADABLE = re.compile("\ufffd|%[0-9A-Fa-f]{2}")
_READABLE = " /:@!$'()*,;-._~"


def page(
    address: object, listed: Mapping[str, frozenset[str]], routes: Sequence[str] = ()
) -> Value:
    """Section, path, query: ("/shop", "/shop/:id", "sort=price") for "/shop/8812?sort=price&u=7".

    Of the query only listed parameters count, in the order of their names, each once; a value that
    is not listed is `other`; without any the part is `none`. The first of the site's `routes` that
    matches names segments, or says which are titles.
    """
    if not isinstance(address, str):
        return (UNKNOWN,)
    return _pages(frozenset(listed.items()), tuple(routes))(address)


@lru_cache(maxsize=POLICIES)  # what is listed comes from policies, never from visitors
def _pages(listed: frozenset[tuple[str, frozenset[str]]], routes: tuple[str, ...]) -> Recent[Value]:
    return Recent(partial(_read, listed=dict(listed), routes=routes), texts=PAGES)


def _read(address: str, listed: Mapping[str, frozenset[str]], routes: Sequence[str]) -> Value:
    url = read_page(address)
    if url is None:
        return (UNKNOWN,)
    decoded = [segment for raw in url.path.split("/") if (segment := _decoded(raw))]
    segments: list[str] = []
    for segment, part in zip(decoded, route_of(routes, decoded), strict=True):
        if part is not None and part[0] == ":":
            segments.append(part)
        elif segment == ID or is_of_archive(segment, segments):
            segments.append(segment)
        else:
            # A word of a route is judged as any: no policy can declare an address to be a page.
            segments.append(title(segment) if part == KEPT else template(segment))
    section = "/" + "".join(segments[:1])
    path = "/" + "/".join(segments)
    if len(path) > LONGEST:
        return (section, UNKNOWN)
    return (section, path, _query(url.search, listed))


def _decoded(raw: str) -> str:
    decoded = raw.partition(";")[0]
    if "%" in decoded:
        decoded = unquote(decoded, errors="replace")
        if _UNREADABLE.search(decoded):
            return ID
    # A slash that was encoded belongs to the segment; it must not look like another one.
    return decoded.replace("/", " ")


def query_value(value: str, values: frozenset[str]) -> str:
    """The value of a listed parameter as it is stored; `other` where it may not be."""
    return quote(allowed_text(value, values), _READABLE)


def _query(search: str, listed: Mapping[str, frozenset[str]]) -> str:
    if not search or not listed:
        return NONE
    parameters: dict[str, str] = {}
    for name, value in parse_qsl(search[1:], keep_blank_values=True, errors="replace"):
        if name in listed:
            parameters.setdefault(name, query_value(value, listed[name]))
    return "&".join(f"{name}={parameters[name]}" for name in sorted(parameters)) or NONE
