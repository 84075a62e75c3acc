"""Pages that a site leads to: its own, a bounded number, and none that may change something."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from urllib.parse import urljoin, urlsplit

from askfirst_collector.doctor.evidence import Page
from askfirst_collector.doctor.visitor import Unreachable

TRIES = 4  # links that are asked for each page that is wanted
# A link should change nothing, and some do all the same.
_CHANGES = re.compile(
    r"log-?_?out|sign-?_?out|delete|remove|unsubscribe|cancel|/add|/askfirst/", re.IGNORECASE
)


def linked_pages(
    origin: str, pages: Sequence[Page], most: int, visit: Callable[[str], Page]
) -> list[Page]:
    """Up to `most` pages beyond `pages` that links of the site lead to, the nearest first.

    `visit` may raise Unreachable: such a link is passed over, as is what is no page. One that
    answers 500 or above is a page.
    """
    pages_beyond: list[Page] = []
    known = {urlsplit(page.path).path for page in pages}
    waiting, tries = deque(pages), most * TRIES
    while waiting and len(pages_beyond) < most:
        for path in _links(origin, waiting.popleft()):
            place = urlsplit(path).path
            if place in known or tries == 0 or len(pages_beyond) == most:
                continue
            known.add(place)
            tries -= 1
            try:
                page = visit(path)
            except Unreachable:
                continue
            is_new = urlsplit(page.path).path == place or urlsplit(page.path).path not in known
            if is_new and (page.plain.is_html or page.plain.status >= 500):
                known.add(urlsplit(page.path).path)
                pages_beyond.append(page)
                waiting.append(page)
    return pages_beyond


def _links(origin: str, page: Page) -> Iterator[str]:
    """The links of a page that stay on the site, as paths with their query."""
    for link in page.markup.links:
        try:
            parts = urlsplit(urljoin(origin + page.path, link.strip()))
        except ValueError:
            continue
        path = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
        if f"{parts.scheme}://{parts.netloc}" == origin and not _CHANGES.search(path):
            yield path
