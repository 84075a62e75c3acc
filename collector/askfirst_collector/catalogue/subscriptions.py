"""Who gets letters about a site by e-mail: an address of a member, that the member has confirmed.

subscription   one a member and site: how often, whether alerts too. Until `confirm`, the hash of
               what the mail to it says, was shown, nothing else is sent to it
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    UniqueConstraint,
    delete,
    insert,
    select,
    update,
)

from askfirst_collector.members.rows import digest
from askfirst_collector.store.database import changing, metadata, reading

UNCONFIRMED = 7 * 86_400  # seconds after which an address that nobody confirmed is forgotten
WORD = 16  # bytes of a link

Every = Literal["week", "month", ""]
EVERY: tuple[Every, ...] = ("week", "month", "")

subscription = Table(
    "subscription",
    metadata,
    Column("id", String, primary_key=True),
    Column("site", String, nullable=False),
    Column("member", String, nullable=False),
    Column("email", String, nullable=False),
    Column("every", String, nullable=False),  # "week", "month", or "": alerts alone
    Column("alerts", Boolean, nullable=False),
    Column("word", String, nullable=False, unique=True),  # whoever has it may end it, no more
    Column("confirm", LargeBinary),  # NULL: confirmed
    Column("since", Integer, nullable=False),  # unix seconds; asked for, or confirmed
    UniqueConstraint("site", "member"),
)


@dataclass(frozen=True)
class Subscription:
    """Letters to one address of a member, about one site."""

    id: str
    site: str
    member: str
    email: str
    every: Every
    alerts: bool
    word: str
    is_confirmed: bool
    since: int  # unix seconds


def add_subscription(
    connection: Connection,
    site: str,
    member: str,
    email: str,
    *,
    every: Every,
    alerts: bool,
    now: float,
    urandom: Callable[[int], bytes],
) -> str:
    """Keep an address, in place of another of the same member; what confirms it, for the mail."""
    drop_subscription(connection, site, member)
    confirm = urandom(WORD).hex()
    connection.execute(
        insert(subscription).values(
            id=urandom(8).hex(),
            site=site,
            member=member,
            email=email,
            every=every,
            alerts=alerts,
            word=urandom(WORD).hex(),
            confirm=digest(confirm),
            since=int(now),
        )
    )
    return confirm


def change_subscription(connection: Connection, id: str, *, every: Every, alerts: bool) -> None:
    """How often, and whether alerts too; the address is the same."""
    values = {"every": every, "alerts": alerts}
    connection.execute(update(subscription).where(subscription.c.id == id).values(values))


def find_subscription(connection: Connection, site: str, member: str) -> Subscription | None:
    """A member's own of a site."""
    own = select(subscription).where(subscription.c.site == site, subscription.c.member == member)
    row = connection.execute(own).first()
    return None if row is None else read_row(row)


def read_subscription(engine: Engine, site: str, member: str) -> Subscription | None:
    """The same, by itself."""
    with reading(engine) as connection:
        return find_subscription(connection, site, member)


def confirming(connection: Connection, member: str, word: str, now: float) -> Subscription | None:
    """The one of this very member that a link confirms, for a week; None for any other."""
    own = subscription.c.confirm == digest(word), subscription.c.member == member
    is_new = subscription.c.since >= now - UNCONFIRMED
    row = connection.execute(select(subscription).where(*own, is_new)).first()
    return None if row is None else read_row(row)


def confirm_address(connection: Connection, id: str, now: float) -> None:
    """Letters go to it from now on."""
    values = {"confirm": None, "since": int(now)}
    connection.execute(update(subscription).where(subscription.c.id == id).values(values))


def ending(connection: Connection, word: str) -> Subscription | None:
    """The one that an unsubscribe link ends."""
    row = connection.execute(select(subscription).where(subscription.c.word == word)).first()
    return None if row is None else read_row(row)


def find_ending(engine: Engine, word: str) -> Subscription | None:
    """The same, by itself."""
    with reading(engine) as connection:
        return ending(connection, word)


def drop_subscription(connection: Connection, site: str, member: str) -> None:
    """Forget an address."""
    own = subscription.c.site == site, subscription.c.member == member
    connection.execute(delete(subscription).where(*own))


def drop_subscriptions_of(connection: Connection, member: str) -> None:
    """The same of every site, where a member ends."""
    connection.execute(delete(subscription).where(subscription.c.member == member))


def drop_subscriptions(engine: Engine, ids: Collection[str]) -> None:
    """Forget these, by id."""
    with changing(engine) as connection:
        connection.execute(delete(subscription).where(subscription.c.id.in_(ids)))


def confirmed(engine: Engine) -> tuple[Subscription, ...]:
    """Every subscription that something may be sent to, by site."""
    query = select(subscription).where(subscription.c.confirm.is_(None))
    with reading(engine) as connection:
        return tuple(map(read_row, connection.execute(query.order_by("site", "member"))))


def drop_unconfirmed(connection: Connection, now: float) -> None:
    """Forget addresses that nobody confirmed."""
    old = subscription.c.confirm.is_not(None), subscription.c.since < now - UNCONFIRMED
    connection.execute(delete(subscription).where(*old))


def read_row(row: Row[Any]) -> Subscription:
    """A row of the table."""
    values = row.id, row.site, row.member, row.email, row.every, bool(row.alerts), row.word
    return Subscription(*values, row.confirm is None, row.since)
