"""The messages of subscriptions that are on their way, and those that went.

mail   one message. Nothing of it is kept but what it is about: it is written when it is sent. `key`
       is its period or event, which gets no second one

A message is `waiting`, then `begun` in the moment before a server is handed it, then `sent`. What
is found begun was cut off there: nobody knows whether it arrived, and it is not sent again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Integer,
    String,
    Table,
    UniqueConstraint,
    delete,
    func,
    insert,
    select,
    update,
)

from askfirst_collector.catalogue.subscriptions import (
    Subscription,
    drop_unconfirmed,
    read_row,
    subscription,
)
from askfirst_collector.catalogue.webhook_queue import PAUSES
from askfirst_collector.store.database import changing, metadata, reading

KEPT = 40 * 86_400  # seconds: so long no period and no event gets a second message

Kind = Literal["confirm", "letter", "alert", "test"]

mail = Table(
    "mail",
    metadata,
    Column("id", String, primary_key=True),
    Column("site", String, nullable=False),
    Column("member", String, nullable=False),
    Column("subscription", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("key", String, nullable=False),
    Column("word", String, nullable=False),  # of a confirmation that waits; else ""
    Column("state", String, nullable=False),  # waiting, begun, sent, failed
    Column("made", Integer, nullable=False),  # unix seconds
    Column("due", Integer, nullable=False),  # unix seconds
    Column("attempts", Integer, nullable=False),
    Column("fault", String, nullable=False),  # of the last attempt; "" for none
    UniqueConstraint("subscription", "kind", "key"),
)


@dataclass(frozen=True)
class Mail:
    """A message and whom it is to; `word` is that of a confirmation."""

    id: str
    subscription: Subscription
    kind: Kind
    key: str
    word: str
    attempts: int


@dataclass(frozen=True)
class Trouble:
    """A message that did not go: what it was, why, and whether it is tried again."""

    kind: Kind
    fault: str
    is_over: bool


def queue_mail(
    connection: Connection,
    target: Subscription,
    kind: Kind,
    key: str = "",
    *,
    now: float,
    urandom: Callable[[int], bytes],
    word: str = "",
) -> bool:
    """Have a message sent; False where its period or event had one. No key: it is one by itself."""
    id = urandom(8).hex()
    key = key or id
    own = (mail.c.subscription == target.id) & (mail.c.kind == kind) & (mail.c.key == key)
    if connection.execute(select(mail.c.id).where(own)).first() is not None:
        return False
    connection.execute(
        insert(mail).values(
            id=id,
            site=target.site,
            member=target.member,
            subscription=target.id,
            kind=kind,
            key=key,
            word=word,
            state="waiting",
            made=int(now),
            due=int(now),
            attempts=0,
            fault="",
        )
    )
    return True


def queue_mails(
    engine: Engine,
    messages: Iterable[tuple[Subscription, Kind, str]],
    *,
    now: float,
    urandom: Callable[[int], bytes],
) -> int:
    """Have several sent, in one transaction; how many had not been."""
    with changing(engine) as connection:
        return sum(
            queue_mail(connection, target, kind, key, now=now, urandom=urandom)
            for target, kind, key in messages
        )


def count_mails(connection: Connection, member: str, kind: str, since: float) -> int:
    """How many messages of a kind a member asked for since a time, whatever became of them."""
    own = mail.c.member == member, mail.c.kind == kind, mail.c.made > int(since)
    count: int = connection.execute(select(func.count()).select_from(mail).where(*own)).scalar_one()
    return count


def count_questions(connection: Connection, key: str, since: float) -> int:
    """How many times an address, by its key, was asked since a time, whoever asked for it."""
    same = mail.c.kind == "confirm", mail.c.key == key, mail.c.made > int(since)
    query = select(func.count()).select_from(mail).where(*same)
    count: int = connection.execute(query).scalar_one()
    return count


def last_keys(engine: Engine, kind: Kind, since: float) -> dict[str, set[str]]:
    """By subscription, the keys of a kind of message that were made since a time."""
    keys: dict[str, set[str]] = {}
    query = select(mail.c.subscription, mail.c.key)
    query = query.where(mail.c.kind == kind, mail.c.made > int(since))
    with reading(engine) as connection:
        for id, key in connection.execute(query):
            keys.setdefault(id, set()).add(key)
    return keys


def due_mails(engine: Engine, now: float, most: int) -> list[Mail]:
    """What is to be tried now, the oldest first."""
    joined = mail.join(subscription, subscription.c.id == mail.c.subscription)
    columns = (mail.c.id, mail.c.kind, mail.c.key, mail.c.word, mail.c.attempts)
    query = select(*subscription.c, *(column.label(f"m_{column.name}") for column in columns))
    query = query.select_from(joined).where(mail.c.state == "waiting", mail.c.due <= int(now))
    with reading(engine) as connection:
        rows = connection.execute(query.order_by(mail.c.due, mail.c.id).limit(most)).all()
    return [
        Mail(row.m_id, read_row(row), row.m_kind, row.m_key, row.m_word, row.m_attempts)
        for row in rows
    ]


def cut_off(engine: Engine) -> list[str]:
    """End what was begun by a process that is no more; the ids of it."""
    with reading(engine) as connection:
        begun = select(mail.c.id).where(mail.c.state == "begun")
        ids = list(connection.execute(begun).scalars())
    if ids:
        with changing(engine) as connection:
            values = {"state": "failed", "word": "", "fault": "cut off: it may have arrived"}
            connection.execute(update(mail).where(mail.c.id.in_(ids)).values(values))
    return ids


def begin(engine: Engine, message: Mail) -> bool:
    """Say, on disk, that a server is handed it now; False where somebody else did."""
    with changing(engine) as connection:
        own = (mail.c.id == message.id) & (mail.c.state == "waiting")
        return connection.execute(update(mail).where(own).values(state="begun")).rowcount == 1


def sent(engine: Engine, message: Mail) -> None:
    """It went; its word is forgotten, its key is not."""
    with changing(engine) as connection:
        values = {"state": "sent", "word": "", "fault": ""}
        connection.execute(update(mail).where(mail.c.id == message.id).values(values))


def not_sent(engine: Engine, message: Mail, fault: str, now: float, *, again: bool) -> bool:
    """It did not go, for sure where `again`; whether it is tried again."""
    again = again and message.attempts < len(PAUSES)
    values: dict[str, object] = {"state": "failed", "word": "", "fault": fault}
    if again:
        due = int(now) + PAUSES[message.attempts]
        attempts = message.attempts + 1
        values = {"state": "waiting", "fault": fault, "due": due, "attempts": attempts}
    with changing(engine) as connection:
        connection.execute(update(mail).where(mail.c.id == message.id).values(values))
    return again


def trouble(engine: Engine, id: str) -> Trouble | None:
    """What is wrong with the newest message of a subscription; None where it went, or waits."""
    query = select(mail.c.kind, mail.c.fault, mail.c.state).where(mail.c.subscription == id)
    with reading(engine) as connection:
        row = connection.execute(query.order_by(mail.c.made.desc(), mail.c.due.desc())).first()
    if row is None or not row.fault:
        return None
    return Trouble(row.kind, row.fault, row.state == "failed")


def purge_mails(connection: Connection, now: float) -> int:
    """Forget addresses that nobody confirmed, and messages of before; how many messages."""
    drop_unconfirmed(connection, now)
    return connection.execute(delete(mail).where(mail.c.made < now - KEPT)).rowcount
