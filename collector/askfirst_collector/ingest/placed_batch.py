"""The placed collector that a batch names by its write key, and which events are its own."""

from __future__ import annotations

from collections.abc import Callable

from askfirst.contracts.drops import Drop
from askfirst.contracts.events import Event, read_observed, read_path
from askfirst.terms.pages import covers
from askfirst.terms.placed import Placed, split

# Whether a path is believed to be a page of the site on which this collector may stand.
AcceptsPageToken = Callable[[Placed, str], bool]
_PATH = 2  # the level of `page` that has a path


class PlacedBatch:
    """`placed` is None for a key that no collector has which stands on pages of the site now."""

    def __init__(
        self, placed: Placed | None, accepts_page_token: AcceptsPageToken, *, relay: bool
    ) -> None:
        self._placed = placed
        self._accepts_page_token = accepts_page_token
        self._relay = relay
        self._stands: dict[tuple[Placed, str], bool] = {}

    def wrong(self, event: Event) -> Drop | None:
        """Why an event is none of its own, by key, page and purpose in this order; else None."""
        if self._placed is None:
            return Drop.UNKNOWN_COLLECTOR
        path = self._path(event)
        if path is None:
            return Drop.BAD_EVENT
        if not self._stands_on(self._placed, path):
            return Drop.WRONG_PAGE
        return None if self.is_asked(event.purpose) else Drop.UNKNOWN_PURPOSE

    def is_asked(self, purpose: str) -> bool:
        """Whether a purpose is called one of this collector's."""
        return self._placed is not None and split(purpose)[0] == self._placed.name

    def was_told(self, event: Event, agreed: Placed | None) -> bool:
        """Whether who agreed to it as it was then, was told that it gathers on this page.

        A relay says by which pattern it let the event through, and never the page itself.
        """
        path = self._path(event)
        if agreed is None or not path:
            return False
        if self._relay and not covers(agreed.pages, path):
            return False
        return agreed is self._placed or self._stands_on(agreed, path)

    def _path(self, event: Event) -> str | None:
        """The path of an event's page; "" where it tells none, None where it cannot be read."""
        path = read_path(event)
        return _observed_path(event) if path == "" and self._relay else path

    def _stands_on(self, placed: Placed, path: str) -> bool:
        active = self._stands.get((placed, path))
        if active is None:
            active = placed.is_active_on(path) and self._accepts_page_token(placed, path)
            self._stands[placed, path] = active
        return active


def _observed_path(event: Event) -> str:
    """The path that a relay observed, its identifiers replaced; "" where it said less."""
    observed = read_observed(event) or {}
    value = observed.get("page", ())
    return value[_PATH - 1] if len(value) >= _PATH else ""
