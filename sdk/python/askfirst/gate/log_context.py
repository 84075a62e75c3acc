"""The request whose response a server is about to log: from the gate to the filters of its log."""

from __future__ import annotations

from contextvars import ContextVar

from askfirst.gate.visit import Visit

_latest: ContextVar[Visit | None] = ContextVar("askfirst.seen", default=None)
_watching = False


def watch() -> None:
    """From now on remember the latest visit of each thread or task."""
    global _watching
    _watching = True


def set_visit(visit: Visit) -> None:
    """A visit has begun."""
    if _watching:
        _latest.set(visit)


def take() -> Visit | None:
    """The visit a line is about, once: the next line may be about somebody the gate never saw."""
    visit = _latest.get()
    if visit is not None:
        _latest.set(None)
    return visit
