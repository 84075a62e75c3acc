"""When each purpose was last reviewed: whether it is needed, as it is, and for so long.

review   one purpose of a site, by its name in the edition (`collector/purpose` of a placed one),
         that somebody said they looked at; `reviewed` is when
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Column, Connection, Engine, Integer, String, Table, delete, insert, select

from askfirst.terms.edition import Editions
from askfirst_collector.store.database import metadata, reading

YEAR = 365 * 86_400  # seconds that a review holds

review = Table(
    "review",
    metadata,
    Column("site", String, primary_key=True),
    Column("purpose", String, primary_key=True),
    Column("reviewed", Integer, nullable=False),  # unix seconds
)


@dataclass(frozen=True)
class Review:
    """A purpose, and when it was looked at last (unix seconds): reviewed, or written as it is."""

    purpose: str
    last: int
    is_due: bool


def reviews_of(engine: Engine, site: str, editions: Editions, now: float) -> tuple[Review, ...]:
    """Every purpose of a site's current edition, in its order. Raises CollectorUnavailable."""
    query = select(review.c.purpose, review.c.reviewed).where(review.c.site == site)
    with reading(engine) as connection:
        reviewed = {row.purpose: row.reviewed for row in connection.execute(query)}
    names = purposes_of(editions)
    last = {name: max(reviewed.get(name, 0), _written(editions, name)) for name in names}
    return tuple(Review(name, moment, moment + YEAR <= now) for name, moment in last.items())


def purposes_of(editions: Editions) -> tuple[str, ...]:
    """The purposes of the current edition: the site's own, asked or not, then placed ones."""
    current = editions.current
    return tuple(dict.fromkeys((*current.policy.purposes, *current.every)))


def last_review(connection: Connection, site: str, purpose: str) -> int | None:
    """When somebody last said that they looked at it; None for never."""
    own = (review.c.site == site) & (review.c.purpose == purpose)
    moment: int | None = connection.execute(select(review.c.reviewed).where(own)).scalar()
    return moment


def write_review(connection: Connection, site: str, purpose: str, now: float) -> None:
    """Note that a purpose was looked at now."""
    own = (review.c.site == site) & (review.c.purpose == purpose)
    connection.execute(delete(review).where(own))
    connection.execute(insert(review).values(site=site, purpose=purpose, reviewed=int(now)))


def _written(editions: Editions, name: str) -> int:
    """When a purpose became what it is: the first of the editions up to now that have its terms."""
    current = editions.current.purpose(name)
    since = editions.current.effective
    for edition in reversed(editions.all):
        purpose = edition.purpose(name)
        if purpose is None or current is None or purpose.terms != current.terms:
            break
        since = edition.effective
    return since
