"""What a collector elsewhere says of a site: its editions, and the terms of each choice."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from askfirst.errors import CollectorUnavailable, PolicyError
from askfirst.remote.connections import Reply
from askfirst.terms.edition import Choice, Edition, Editions, edition_hash
from askfirst.terms.placed import read_placed
from askfirst.terms.policy import read_policy
from askfirst.terms.purpose import read_terms
from askfirst.terms.reading import Problems, Reader
from askfirst.terms.terms import BOTTOM, Terms

log = logging.getLogger("askfirst")

FRESH = 5.0  # seconds that terms are used before they are asked for again (M33)

Fetch = Callable[[str | None], Awaitable[Reply]]


class RemoteTerms:
    """The last answer of `GET /v1/terms`. `now` gives unix seconds."""

    def __init__(self, fetch: Fetch, *, now: Callable[[], float]) -> None:
        self._fetch = fetch
        self._now = now
        self._etag: str | None = None
        self._asked = float("-inf")
        self._by_choice: dict[tuple[str, Choice], Terms] = {}
        self._oldest: object = None
        self.editions = Editions()
        self.sized = 0  # visitors of a network that count towards sizes; 0: the relay cannot say
        self.sizes_answers = False  # whether an answer may say that it counts towards none
        self.links_users = False  # whether events may say which signed-in user it was
        self.receipt_keys: Sequence[Mapping[str, object]] = ()

    def effective(self, purpose: str, choice: Choice) -> Terms:
        """What may be gathered under a choice, as the collector said last; unknown is none."""
        return self._by_choice.get((purpose, choice), BOTTOM)

    async def refresh(self, *, at_once: bool = False) -> None:
        """Ask again where the last answer is not fresh; raises CollectorUnavailable."""
        if not at_once and 0 <= self._now() - self._asked < FRESH:
            return
        # Whoever asks next does not wait for this one.
        self._asked = self._now()
        reply = await self._fetch(self._etag)
        if reply.status != 304:
            self.learn(_parsed(reply), etag=reply.headers.get("etag"))

    def learn(self, document: Mapping[str, Any], *, etag: str | None) -> None:
        """Take over an answer; raises CollectorUnavailable for one that is none."""
        self._compare(document.get("oldest_sdk"))
        try:
            editions = document["editions"]
            # A collector of before says none: then nobody can check receipts at this site.
            receipt_keys = [dict(key) for key in document.get("receipt_keys", ())]
            read = tuple(_edition(edition) for edition in editions)
            by_choice = {
                (purpose, Choice(int(detail), edition["number"])): _terms(terms)
                for edition in editions
                for purpose, details in edition["terms"].items()
                for detail, terms in details.items()
            }
        except (LookupError, TypeError, ValueError, AttributeError, PolicyError):
            raise CollectorUnavailable("the collector's terms cannot be read") from None
        self._by_choice = by_choice
        sized = document.get("sized")
        self.sized = sized if type(sized) is int else 0
        self.sizes_answers = document.get("sizes_answers") is True
        self.links_users = document.get("links_users") is True
        self.receipt_keys = receipt_keys
        # Editions are compared by identity: the same ones go on being the same.
        then, now = (
            [(edition.number, edition.hash) for edition in all_of]
            for all_of in (self.editions, read)
        )
        if now != then:
            self.editions = Editions(read)
        self._etag = etag
        self._asked = self._now()

    def _compare(self, oldest: object) -> None:
        """Say once that the collector is newer than this site; what cannot be read narrows."""
        if oldest == self._oldest:
            return
        self._oldest = oldest
        from askfirst import __version__  # which imports this module

        if _numbers(oldest) > _numbers(__version__):
            log.error(
                "askfirst.W039 the collector is for askfirst %s and later, this site runs %s: "
                "upgrade the site (`pip install -U askfirst`)",
                oldest,
                __version__,
            )


def _numbers(version: object) -> tuple[int, ...]:
    """`"0.2.0"` as numbers; none for what is no such version."""
    parts = str(version).split(".")
    is_version = len(parts) == 3 and all(re.fullmatch(r"[0-9]{1,4}", part) for part in parts)
    return tuple(map(int, parts)) if is_version else ()


def _edition(document: Mapping[str, Any]) -> Edition:
    policy = read_policy(document["policy"], archived=True)
    placed = {
        name: read_placed(collector, archived=True)
        for name, collector in document.get("placed", {}).items()
    }
    if edition_hash(policy, placed) != document["hash"]:
        raise ValueError("an edition is not what its hash says")
    effective = int(document["effective"])
    return Edition(int(document["number"]), str(document["hash"]), effective, policy, placed)


def _terms(document: Mapping[str, Any]) -> Terms:
    # A host policy may leave terms that no policy could write, such as few days of retention: they
    # only narrow here, so what is odd in them does not matter.
    return read_terms(Reader(document, "", Problems()), kind="site")


def _parsed(reply: Reply) -> Mapping[str, Any]:
    try:
        document = json.loads(reply.body)
    except (ValueError, RecursionError):
        raise CollectorUnavailable("the collector's terms cannot be read") from None
    return document if isinstance(document, dict) else {}
