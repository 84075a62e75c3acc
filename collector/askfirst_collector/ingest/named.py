"""The placed collector that a batch names by its write key, and which events are its own."""

from __future__ import annotations

from collections.abc import Callable

from askfirst.terms.pages import covers
from askfirst.terms.placed import Placed, split

from . import judging
from .batch import Told, read_fields, read_observed

# Whether a path is believed to be a page of the site on which this collector may stand.
Vouches = Callable[[Placed, str], bool]
_PATH = 2  # the level of `page` that has a path


class Named:
    """`placed` is None for a key that no collector has which stands on pages of the site now."""

    def __init__(self, placed: Placed | None, vouches: Vouches, *, relay: bool) -> None:
        self._placed = placed
        self._vouches = vouches
        self._relay = relay
        self._stands: dict[tuple[Placed, str], bool] = {}

    def wrong(self, told: Told) -> str | None:
        """Why an event is none of its own, by key, page and purpose in this order; else None."""
        if self._placed is None:
            return judging.UNKNOWN_COLLECTOR
        path = self._path(told)
        if path is None:
            return judging.BAD_EVENT
        if not self._stands_on(self._placed, path):
            return judging.WRONG_PAGE
        return None if self.is_asked(told.purpose) else judging.UNKNOWN_PURPOSE

    def is_asked(self, purpose: str) -> bool:
        """Whether a purpose is called one of this collector's."""
        return self._placed is not None and split(purpose)[0] == self._placed.name

    def was_told(self, told: Told, agreed: Placed | None) -> bool:
        """Whether who agreed to it as it was then, was told that it gathers on this page.

        A relay says by which pattern it let the event through, and never the page itself.
        """
        path = self._path(told)
        if agreed is None or not path:
            return False
        if self._relay and not covers(agreed.pages, path):
            return False
        return agreed is self._placed or self._stands_on(agreed, path)

    def _path(self, told: Told) -> str | None:
        """The path of an event's page; "" where it tells none, None where it cannot be read."""
        page = read_fields(told, ("page",))
        if page is None:
            return None
        path = _path(page.get("page", ""))
        return path or (_observed_path(told) if self._relay else "")

    def _stands_on(self, placed: Placed, path: str) -> bool:
        found = self._stands.get((placed, path))
        if found is None:
            found = placed.stands_on(path) and self._vouches(placed, path)
            self._stands[placed, path] = found
        return found


def _path(page: object) -> str:
    """The path as it was sent: what is matched is what was vouched for, to the byte."""
    return page.partition("?")[0].partition("#")[0] if isinstance(page, str) else ""


def _observed_path(told: Told) -> str:
    """The path that a relay observed, its identifiers replaced; "" where it said less."""
    observed = read_observed(told) or {}
    value = observed.get("page", ())
    return value[_PATH - 1] if len(value) >= _PATH else ""
