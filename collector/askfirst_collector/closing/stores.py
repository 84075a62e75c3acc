"""What closing works on: the stores of one collector, whoever opened them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from askfirst_collector.catalogue.sites import Registry
from askfirst_collector.ledger.records import Ledger
from askfirst_collector.store.database import Database
from askfirst_collector.store.events import EventStore
from askfirst_collector.store.salts import Salts


class Stores(Protocol):
    """Each is safe to use from any thread."""

    @property
    def engine(self) -> Database:
        """Of the ledger's file, with the disclosed tables in it."""
        ...

    @property
    def registry(self) -> Registry:
        """The sites, and what they ask."""
        ...

    @property
    def ledger(self) -> Ledger:
        """What visitors answered."""
        ...

    @property
    def events(self) -> EventStore:
        """The rows."""
        ...

    @property
    def salts(self) -> Salts:
        """What pseudonyms are made with."""
        ...

    @property
    def now(self) -> Callable[[], float]:
        """Unix seconds."""
        ...

    @property
    def urandom(self) -> Callable[[int], bytes]:
        """Random bytes."""
        ...
