"""Documents that the registry cannot read any more: their own site goes without, and no other."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from askfirst.errors import CollectorUnavailable, PolicyError

log = logging.getLogger("askfirst.collector")

# What reading raises of bytes that are no JSON, or no document of ours.
_DAMAGE = (PolicyError, ValueError, LookupError, TypeError, AttributeError, RecursionError)


class Unreadable(CollectorUnavailable):
    """One row is damaged: away for whoever asks for it, passed over by whoever asks for all."""


@contextmanager
def unreadable(code: str, what: str, site: str) -> Iterator[None]:
    """Turn what reading a document of a site raises into Unreadable; said with a stable id."""
    try:
        yield
    except _DAMAGE:
        log.error("askfirst.%s %s of site %s cannot be read", code, what, site)
        raise Unreadable(f"{what} cannot be read") from None
