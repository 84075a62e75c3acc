"""`CollectorClient`: how a gate reaches its collector, in the same process or over HTTP."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from .contracts.consent import Method as Method
from .terms.consent import Consent
from .terms.edition import Choice, Edition, Editions
from .terms.policy import Policy

Handle = str  # 64 hex characters: SHA-256 of the secret's 16 bytes
PendingKind = Literal["answer", "erase", "restrict"]
Status = Literal["granted", "changed", "withdrawn"]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
PageTokenCheck = Callable[[str, str, str], bool]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass(frozen=True)
class Decision:
    """What a visitor answered: `choices` are details 0 to 2, a purpose left out keeps its pair."""

    site: str
    handle: Handle
    edition: str  # the hash of the edition that was shown
    lang: str
    method: Method
    choices: Mapping[str, int]
    adult: bool
    gpc: bool
    sized: bool = True  # False: counts towards no size, as more of the network answered


@dataclass(frozen=True)
class PendingEntry:
    """What a ledger is to be told of a handle: an answer without grants, or what is asked of it."""

    site: str
    handle: Handle
    kind: PendingKind
    decision: Decision | None = None  # of an answer


@dataclass(frozen=True)
class Recorded:
    """What the ledger now says: all pairs of the handle, their end in unix seconds, the JWS."""

    choices: Mapping[str, Choice]
    expires: int
    receipt: str | None
    status: Status


@dataclass(frozen=True)
class Caller:
    """What the gate vouches for about one request; handed on in `scope["askfirst.caller"]`.

    `consent` is for a relay, which generalises by it; a ledger never relies on it. `vouches` says
    whether the gate gave this word for a page of a placed collector: its name, the path, the word.
    """

    site: str
    handle: Handle | None
    gpc: bool
    dnt: bool
    consent: Consent | None = None
    accepts_page_token: PageTokenCheck | None = None
    user: str = ""  # the token of a signed-in user, as the site's own server says; "" for nobody


class TrustedProxies(Protocol):
    """Whom a collector believes about the address of a visitor."""

    def unbelieved(self, peer: str, headers: Sequence[tuple[bytes, bytes]]) -> str:
        """The header in which somebody who is not trusted says whom they speak for; "" for none."""
        ...


class CollectorClient(Protocol):
    """All that a gate asks of a collector. Its errors: `Refused` and `CollectorUnavailable`."""

    @property
    def proxies(self) -> TrustedProxies:
        """The trusted proxies in front of the site."""
        ...

    async def editions(self, policy: Policy) -> Editions:
        """All editions of the policy's site; a policy whose hash is new becomes the next one."""
        ...

    async def keys(self, site: str) -> tuple[bytes, ...]:
        """The keys of the site's state cookie, 32 bytes each, newest last."""
        ...

    async def receipt_keys(self) -> Sequence[Mapping[str, object]]:
        """The public keys (JWKs, RFC 8037) that check receipts, newest last; known to everyone."""
        ...

    async def admits(self, headers: Sequence[tuple[bytes, bytes]], peer: str) -> bool:
        """Count one grant of a network; whether it may be recorded. A refusal is never asked."""
        ...

    def is_sized(
        self, edition: Edition, handle: Handle, headers: Sequence[tuple[bytes, bytes]], peer: str
    ) -> bool:
        """Whether an answer counts towards sizes: of a network a few do in a period (M27)."""
        ...

    async def record(self, decision: Decision) -> Recorded:
        """Append to the ledger; returns once it is on disk. `handle-ended` for a dead handle."""
        ...

    async def tally_refusal(self, site: str) -> None:
        """Add one to the refusals of the open period."""
        ...

    async def me(self, site: str, handle: Handle) -> Mapping[str, object]:
        """What is kept: record, receipt, history, rows, deliveries, not_linkable."""
        ...

    async def erase(self, site: str, handle: Handle) -> None:
        """Erase every row that is still linkable to the handle; harmless when repeated."""
        ...

    async def restrict(self, site: str, handle: Handle) -> None:
        """Keep what there is and stop using it (GDPR article 18)."""
        ...

    async def owe(self, entry: PendingEntry) -> None:
        """Have on disk what the ledger cannot take now, and let no event of the handle in.

        Then that holds in every process. CollectorUnavailable where it cannot be written;
        Refused `no-receipt` where the ledger can be asked, and knows no such handle.
        """
        ...

    async def replay(self, handle: Handle | None = None) -> bool:
        """Tell the ledger what it is owed, of one handle or of all; whether nothing is left.

        False where another process tells it, or more came meanwhile. Raises CollectorUnavailable.
        """
        ...

    async def submit(
        self,
        caller: Caller,
        payload: Mapping[str, object],
        *,
        headers: Sequence[tuple[bytes, bytes]],
        peer: str,
    ) -> None:
        """Events the site's server saw itself; the same rules as `events`; never raises."""
        ...

    async def events(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI: `POST /askfirst/events`, its body unread."""
        ...

    async def host(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI: the host's dashboard, below the `root_path`."""
        ...

    async def health(self) -> Mapping[str, object]:
        """Whether it can store, as plain values."""
        ...
