"""One entry of the ledger, and what it says about its handle."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson

from askfirst.terms.edition import Choice
from askfirst.terms.placed import split
from askfirst.terms.token import details_of_four
from askfirst_collector.ledger.packed import unpack

VERSION = 2  # of an entry about a visitor; of version 1 choices had four details
HOUR = 3600  # seconds; nothing finer is ever written
ADMIN = "admin"  # the kind of an entry about what a member changed, not about a visitor
TRANSFER = "transfer"  # the kind of one about a delivery to a third party
OF_NO_VISITOR = (ADMIN, TRANSFER)
ERASE = "erase"  # the method of an ending that an erasure follows

# What an entry did, and how its handle stands after it.
STATUS: dict[str, str] = {
    "grant": "granted",
    "change": "granted",
    "restrict": "restricted",
    "withdraw": "withdrawn",
    "erase": "erased",
}


@dataclass(frozen=True)
class Entry:
    """A decision as recorded: its place, its leaf, the salt of the leaf and its content."""

    index: int
    leaf: bytes
    salt: bytes
    body: Mapping[str, Any]

    @property
    def choices(self) -> dict[str, Choice]:
        """What was chosen, by purpose; of version 1 as much of it as has an equal now."""
        pairs = self.body["choices"]
        details = {name: pair["detail"] for name, pair in pairs.items()}
        if self.body["v"] < VERSION:
            details = details_of_four(details)
        return {name: Choice(detail, pairs[name]["edition"]) for name, detail in details.items()}

    @property
    def as_now(self) -> dict[str, Any]:
        """Its content in the present version, for an entry that follows it; it is never changed."""
        choices = self.choices
        granted = [name for name, choice in choices.items() if choice.detail]
        collectors = {split(name)[0] for name in granted}
        return {
            **self.body,
            "v": VERSION,
            "choices": written(choices),
            "granted": granted,
            "denied": [name for name in choices if name not in granted],
            "collectors": [c for c in self.body["collectors"] if c["name"] in collectors],
            "retention": {n: days for n, days in self.body["retention"].items() if n in granted},
        }

    @property
    def until(self) -> int:
        """When it runs out, in unix seconds."""
        return seconds_of(self.body["until"])


@dataclass(frozen=True)
class ConsentStatus:
    """How a handle stands now: the latest entry of the ledger, judged by the clock."""

    site: str
    handle: str
    alive: bool  # events may be stored: neither ended nor restricted
    ended: bool  # withdrawn, or run out: for good
    restricted: bool
    choices: Mapping[str, Choice]
    expires: int  # unix seconds
    collectors: tuple[str, ...]  # the placed ones that were agreed to, by name
    index: int


def written(choices: Mapping[str, Choice]) -> dict[str, dict[str, int]]:
    """Choices as an entry holds them."""
    return {n: {"detail": c.detail, "edition": c.edition} for n, c in choices.items()}


def is_unused(history: Sequence[Entry]) -> bool:
    """Whether a handle was restricted when it ended: its end does not say that rows may be used."""
    return "restrict" in [entry.body["kind"] for entry in history][-2:]


def status_of(entry: Entry, *, now: float) -> ConsentStatus:
    """The standing that the latest entry of a handle gives it."""
    status = entry.body["status"]
    ended = status == "withdrawn" or entry.until <= now
    return ConsentStatus(
        site=entry.body["site"],
        handle=entry.body["handle"],
        alive=not ended and status == "granted",
        ended=ended,
        restricted=status == "restricted",
        choices=entry.choices,
        expires=entry.until,
        collectors=tuple(collector["name"] for collector in entry.body["collectors"]),
        index=entry.index,
    )


def read_body(stored: bytes, handle: str | None) -> dict[str, Any]:
    """The content of an entry from what stands in its row, beside the handle of a visitor."""
    body: dict[str, Any] = orjson.loads(unpack(stored, handle))
    return body


def read_entry(row: Any) -> Entry:
    """The entry that stands in a row with `idx`, `leaf`, `salt`, `body` and `handle`."""
    return Entry(row.idx, row.leaf, row.salt, read_body(row.body, row.handle))


@lru_cache(maxsize=256)  # hours, and ends of half-years: few in a day
def timestamp(seconds: float) -> str:
    """RFC 3339, UTC, whole seconds."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@lru_cache(maxsize=256)
def seconds_of(stamp: str) -> int:
    """Unix seconds of an RFC 3339 time."""
    return int(datetime.fromisoformat(stamp).timestamp())


def hour_of(now: float) -> int:
    """The hour of a moment, in unix seconds."""
    return int(now) // HOUR * HOUR


def mark_of(site: str, handle: str) -> bytes:
    """What is kept of a handle that ended, when nothing else is: it only recognises it."""
    framed = len(site).to_bytes(4, "big") + site.encode() + handle.encode()
    return hashlib.sha256(b"askfirst ended handle 1\0" + framed).digest()
