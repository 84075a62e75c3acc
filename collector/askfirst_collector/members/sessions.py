"""Sessions of members: each of one browser, ended one by one.

A session is bound to the browser it began in: beside its token, which only the cookie holds, the
server keeps a keyed hash of what the browser says of itself. Whoever copies the cookie alone into
another browser is not let in, and ends it. Whoever copies everything the browser sends is not
recognised: against that stand the cookie itself (`__Host-`, HttpOnly, Strict), TLS, and pages that
run no script.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine, delete, insert, select, update

from askfirst.errors import Reason, Refused
from askfirst_collector.members.permissions import Member
from askfirst_collector.members.rows import digest, end_access, find_member
from askfirst_collector.members.tables import COPIED, members, session
from askfirst_collector.store.database import changing, reading

SESSION_SECONDS = 12 * 3600
LARGEST_SESSION_COUNT = 10  # a member's older sessions end when there are more


@dataclass(frozen=True)
class Session:
    """One line of the list: no address, no browser, and of its beginning only the day."""

    id: str
    begun: str  # the day, ISO 8601
    is_current: bool  # the one that asks


class Sessions:
    """Sessions in `ledger.db`; safe in any thread and in any worker."""

    def __init__(
        self, engine: Engine, *, now: Callable[[], float], urandom: Callable[[int], bytes]
    ) -> None:
        self._engine = engine
        self._now = now
        self._urandom = urandom

    def begin(
        self, member: Member, mark: Callable[[str], bytes], *, password: str | None = None
    ) -> str:
        """Start a session; the answer is its token, of which only the hash is kept.

        `mark` makes of the token the keyed hash of the browser that it belongs to. Raises Refused
        where the member was removed meanwhile (it would wait for the next one of that name), or has
        another password by now than `password`, the hash that was checked.
        """
        token = self._urandom(32).hex()
        now = int(self._now())
        with changing(self._engine) as connection:
            query = select(members.c.password).where(members.c.name == member.name)
            password_hash: str | None = connection.execute(query).scalar()
            if password_hash is None or password not in (None, password_hash):
                raise Refused(Reason.NO_SUCH_MEMBER, "sign in again")
            connection.execute(delete(session).where(session.c.expires <= now))
            newest = (
                select(session.c.hash)
                .where(session.c.member == member.name)
                .order_by(session.c.expires.desc())
                .limit(LARGEST_SESSION_COUNT - 1)
            )
            connection.execute(
                delete(session).where(
                    session.c.member == member.name, session.c.hash.not_in(newest.scalar_subquery())
                )
            )
            connection.execute(
                insert(session).values(
                    id=self._urandom(8).hex(),
                    hash=digest(token),
                    member=member.name,
                    browser=mark(token),
                    begun=datetime.fromtimestamp(now, UTC).date().isoformat(),
                    expires=now + SESSION_SECONDS,
                )
            )
        return token

    def member_of(self, token: str, marks: Collection[bytes]) -> Member | None:
        """Whose session this is, as they stand now; None when it ended, expired or never was.

        A session that comes from another browser than it began in ends at once; that it did is
        kept as long as it would have lasted, to be said to whoever it belonged to.
        """
        with reading(self._engine) as connection:
            row = connection.execute(
                select(session.c.member, session.c.browser).where(
                    session.c.hash == digest(token), session.c.expires > int(self._now())
                )
            ).first()
            if row is None:
                return None
            if row.browser != COPIED and row.browser in marks:
                return find_member(connection, row.member)
        if row.browser != COPIED:
            with changing(self._engine) as connection:
                own = session.c.hash == digest(token)
                connection.execute(update(session).where(own).values(browser=COPIED))
        return None

    def was_copied(self, token: str) -> bool:
        """Whether a session ended because another browser sent its cookie."""
        query = select(session.c.id).where(
            session.c.hash == digest(token), session.c.browser == COPIED
        )
        with reading(self._engine) as connection:
            return connection.execute(query).first() is not None

    def end(self, token: str) -> None:
        """End one session."""
        with changing(self._engine) as connection:
            connection.execute(delete(session).where(session.c.hash == digest(token)))

    def end_all(self, name: str) -> None:
        """End every session of a member, on every machine they are signed in on."""
        with changing(self._engine) as connection:
            end_access(connection, name, tokens=False)

    def of(self, name: str, token: str = "") -> tuple[Session, ...]:
        """The sessions of a member, newest first; the one of `token` is marked."""
        query = (
            select(session.c.id, session.c.hash, session.c.begun)
            .where(
                session.c.member == name,
                session.c.expires > int(self._now()),
                session.c.browser != COPIED,
            )
            .order_by(session.c.expires.desc(), session.c.id)
        )
        token_hash = digest(token)
        with reading(self._engine) as connection:
            return tuple(
                Session(row.id, row.begun, row.hash == token_hash)
                for row in connection.execute(query)
            )


def drop_session(connection: Connection, name: str, id: str) -> bool:
    """End one session of a member by its id; whether it was there."""
    own = (session.c.member == name, session.c.id == id)
    return connection.execute(delete(session).where(*own)).rowcount == 1


def name_of_session(connection: Connection, session_hash: bytes, now: float) -> str | None:
    """Whose live session has this hash."""
    query = select(session.c.member).where(
        session.c.hash == session_hash,
        session.c.expires > int(now),
        session.c.browser != COPIED,
    )
    name: str | None = connection.execute(query).scalar()
    return name
