"""Long lists: those of their items that are searched for, a page at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import urlencode

from starlette.requests import Request

AT_ONCE = 50  # items of a page
LONGEST = 100  # characters that are searched for

T = TypeVar("T")


@dataclass(frozen=True)
class ListPage(Generic[T]):
    """One page of a list; pages count from 1."""

    items: Sequence[T]
    search: str
    number: int
    count: int  # of pages
    total: int  # items that were searched for, of all pages

    @property
    def before(self) -> str:
        """The query of the page before; "" on the first."""
        return self._query(self.number - 1) if self.number > 1 else ""

    @property
    def after(self) -> str:
        """The query of the page after; "" on the last."""
        return self._query(self.number + 1) if self.number < self.count else ""

    def _query(self, number: int) -> str:
        search = {"q": self.search} if self.search else {}
        return f"?{urlencode({**search, 'page': number})}"


def page_of(request: Request, items: Sequence[T], text: Callable[[T], str]) -> ListPage[T]:
    """The page that the address asks for, of items whose `text` holds what it searches for.

    A number that is none, or too large, is that of the first or the last page.
    """
    rest, search = searched(request, items, text), _search(request)
    count = max(1, -(-len(rest) // AT_ONCE))
    wanted = request.query_params.get("page", "")
    is_number = wanted.isascii() and wanted.isdigit() and len(wanted) < 9
    number = min(max(int(wanted), 1), count) if is_number else 1
    start = (number - 1) * AT_ONCE
    return ListPage(rest[start : start + AT_ONCE], search, number, count, len(rest))


def searched(request: Request, items: Sequence[T], text: Callable[[T], str]) -> Sequence[T]:
    """Those of the items whose `text` holds what the address searches for."""
    sought = _search(request).casefold()
    return [item for item in items if sought in text(item).casefold()] if sought else items


def _search(request: Request) -> str:
    return request.query_params.get("q", "").strip()[:LONGEST]
