"""The words of notices, archived under the hash that ledger entries name (S13)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    LargeBinary,
    String,
    Table,
    delete,
    insert,
    select,
)

from askfirst.terms.canonical import canonical
from askfirst.terms.edition import Edition
from askfirst.terms.notice_words import merged
from askfirst.terms.policy import Policy
from askfirst.terms.reading import NAME
from askfirst_collector.catalogue.editions import load_editions
from askfirst_collector.store.database import changing, metadata, reading

notice = Table(
    "notice",
    metadata,
    Column("hash", String, primary_key=True),
    Column("words", LargeBinary, nullable=False),  # canonical JSON
)


class Notices:
    """What visitors were shown, kept once however often it was."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._kept: set[str] = set()

    def archive(self, edition: Edition, language: str) -> None:
        """Keep the words of a notice; they are on disk when this returns."""
        digest = notice_hash(edition, language)
        if digest not in self._kept:
            with changing(self._engine) as connection:
                keep_words(connection, edition, language)
            self._kept.add(digest)

    def keeps(self, edition: Edition, language: str) -> bool:
        """Whether the words of a notice are known to be kept; asking looks nowhere."""
        return notice_hash(edition, language) in self._kept

    def words(self, digest: str) -> bytes | None:
        """The archived words of a notice, as canonical JSON."""
        query = select(notice.c.words).where(notice.c.hash == digest)
        with reading(self._engine) as connection:
            document: bytes | None = connection.execute(query).scalar()
        return document


def keep_words(connection: Connection, edition: Edition, language: str) -> None:
    """Archive the words of a notice, unless they are."""
    digest = notice_hash(edition, language)
    if connection.execute(select(notice.c.hash).where(notice.c.hash == digest)).first() is None:
        words = notice_words(edition, language)
        connection.execute(insert(notice).values(hash=digest, words=words))


def forget_words(connection: Connection, site: str) -> None:
    """Remove what the notices of a site said, in every language that it has. Raises Unreadable."""
    for edition in load_editions(connection, site):
        for language in edition.policy.languages:
            digest = notice_hash(edition, language)
            connection.execute(delete(notice).where(notice.c.hash == digest))


@lru_cache(maxsize=256)
def notice_hash(edition: Edition, language: str) -> str:
    """Hex SHA-256 of what the notices of an edition say in a language."""
    return hashlib.sha256(notice_words(edition, language)).hexdigest()


def notice_words(edition: Edition, language: str) -> bytes:
    """What the notices of an edition say in a language: our words, and those of its purposes."""
    placed = {
        name: {
            "controller": collector.policy.controller.name,
            "purposes": _purposes(collector.policy, language),
        }
        for name, collector in edition.placed.items()
    }
    return canonical(
        {
            "language": language,
            "controller": edition.policy.controller.name,
            "policy": edition.hash,
            "purposes": _purposes(edition.policy, language),
            "words": merged(_our_words(language), edition.policy.own_words(language)),
            **({"placed": placed} if placed else {}),
        }
    )


def _purposes(policy: Policy, language: str) -> dict[str, dict[str, str]]:
    return {
        name: {"title": text.title, "text": text.description}
        for name, purpose in policy.purposes.items()
        for _, text in [purpose.text_in(language)]
    }


@lru_cache(maxsize=64)
def _our_words(language: str) -> Mapping[str, Any]:
    # A language is one of a policy's list, yet it becomes a file's name here.
    if not NAME.fullmatch(language.lower()):
        return {}
    file = files("askfirst").joinpath("static", "words", f"{language}.json")
    return json.loads(file.read_bytes()) if file.is_file() else {}
