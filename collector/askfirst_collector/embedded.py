"""`EmbeddedCollector`: the collector inside the site's own process, behind `CollectorClient`."""

from __future__ import annotations

import asyncio
import os
import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from starlette.types import ASGIApp

from askfirst.client import Caller, Decision, Handle, PendingEntry, Receive, Recorded, Scope, Send
from askfirst.errors import AskfirstError, CollectorUnavailable, Reason, Refused
from askfirst.gate.user_token import UserId
from askfirst.observe.event import DIRECT
from askfirst.observe.location import Locator
from askfirst.observe.network_sizes import SIZED
from askfirst.observe.proxies import Proxies
from askfirst.spool.spool import Spool, renamed
from askfirst.terms.edition import Edition, Editions
from askfirst.terms.policy import Policy, read_policy
from askfirst_collector.api.visitors import tally_refusal
from askfirst_collector.app import collector_app
from askfirst_collector.config import Folder
from askfirst_collector.dashboard.app import host_app
from askfirst_collector.dashboard.auth.oidc_client import Provider
from askfirst_collector.ingest import pending
from askfirst_collector.ingest.events import Events, open_events
from askfirst_collector.ingest.responses import unavailable
from askfirst_collector.jobs.clock import even_seconds
from askfirst_collector.jobs.letters import letter_jobs
from askfirst_collector.jobs.run import JobsThreads
from askfirst_collector.letters.settings import MailServer
from askfirst_collector.letters.smtp import Post
from askfirst_collector.runtime.health import health, health_unopened
from askfirst_collector.runtime.open import is_usable, release_parts, share_parts, sharing
from askfirst_collector.services import Services
from askfirst_collector.store.faults import FAULTS
from askfirst_collector.store.present import after_fork_in_child, before_fork
from askfirst_collector.usecases import record_consent as consents
from askfirst_collector.usecases import users
from askfirst_collector.usecases import visitor_rights as rights

__all__ = ["EmbeddedCollector", "Provider"]

T = TypeVar("T")


@dataclass(frozen=True)
class Opened:
    """What one process has open."""

    pid: int
    parts: Services
    events: Events
    host: ASGIApp
    app: ASGIApp
    jobs: JobsThreads | None

    @property
    def is_usable(self) -> bool:
        """Whether this process opened it, and nothing was replaced since, as far as noticed."""
        parts = self.parts
        return self.pid == os.getpid() and parts.watch.is_whole and parts.events.is_first

    def close(self) -> None:
        """Stop the jobs, and give the parts back."""
        if self.jobs is not None:
            self.jobs.stop()
        release_parts(self.parts)


class EmbeddedCollector:
    """A collector over one folder; any number of processes may have one over the same.

    Its files are opened at first use, closed before a fork, and opened again by each process;
    several collectors of one process over one folder share them. `places` is an MMDB file that says
    where addresses are (without it the registries' own allocations do), `proxies` the trusted ones
    in front. Withdrawals that the ledger cannot take now wait in `spool/` in the folder, or in the
    folder `spool`: the same for all processes. What no restore undoes is in
    `FOLDER.revocations.log` beside the folder, or at `revocations`. Without `jobs` nothing closes
    or is destroyed by itself; a `now` of one's own is believed by them, unless `monotonic`, seconds
    that go on evenly, is passed beside it. With `oidc` members may sign in to the dashboard with
    it. `mail` sends members letters who ask for them; their links begin with its `url`, else with
    the policy's first origin and `/askfirst/host`. `sized` is 0 on a campus, say.

    Raises PolicyError at once for a host policy that cannot be used (M32).
    """

    def __init__(
        self,
        folder: Path | str,
        *,
        host_policy: Path | None = None,
        now: Callable[[], float] = time.time,
        monotonic: Callable[[], float] | None = None,
        urandom: Callable[[int], bytes] = os.urandom,
        secure: bool = True,
        places: Path | None = None,
        proxies: Proxies = DIRECT,
        jobs: bool = True,
        spool: Path | str | None = None,
        revocations: Path | str | None = None,
        events: str | None = None,  # the address of a ClickHouse, for rows
        ledger: str | None = None,  # that of a PostgreSQL, for what else is in `ledger.db`
        salts: str | None = None,  # that of another one, for salts
        spill: Path | str | None = None,  # what `spool` was called
        oidc: Provider | None = None,
        mail: MailServer | None = None,
        sized: int = SIZED,  # visitors of a network that count towards a size; 0: all of them
    ) -> None:
        if host_policy is not None:
            read_policy(host_policy, kind="host")
        self._folder = folder
        self._host_policy = host_policy
        self._now = now
        self._monotonic = monotonic or (even_seconds if now is time.time else None)
        self._urandom = urandom
        self._secure = secure
        self._places = places
        self.proxies = proxies
        self._jobs = jobs
        self._oidc = oidc
        self._post = None if mail is None else Post(mail, lambda: self._address)
        self._address = ""  # of the dashboard, once a policy of this process said it
        self._sized = sized
        self._addresses = {"events": events, "ledger": ledger, "salts": salts}
        self._revocations = None if revocations is None else Path(revocations)
        self._spool = Spool(spool or renamed(spill) or Folder(Path(folder)).spool)
        self._lock = threading.Lock()
        self._opened: Opened | None = None
        self._closed = False
        self._published: set[str] = set()
        _collectors.add(self)

    # What a gate asks

    async def editions(self, policy: Policy) -> Editions:
        """All editions of the policy's site; a policy whose hash is new becomes the next one.

        A process publishes each policy once: one that was replaced meanwhile, by a newer version
        of the site beside this one, is not published again by asking.
        """
        return await self._thread(self._editions, policy)

    async def keys(self, site: str) -> tuple[bytes, ...]:
        """The keys of the site's state cookie, newest last. Refused for an unknown site."""
        return await self._thread(self._keys, site)

    async def receipt_keys(self) -> Sequence[Mapping[str, object]]:
        """The public keys (JWKs) that check receipts, newest last."""
        return (await self._parts()).receipts.public()

    async def admits(self, headers: Sequence[tuple[bytes, bytes]], peer: str) -> bool:
        """Count one grant of a network; whether it may be recorded."""
        return (await self._usable()).events.admits(headers, peer)

    def is_sized(
        self, edition: Edition, handle: Handle, headers: Sequence[tuple[bytes, bytes]], peer: str
    ) -> bool:
        """Whether an answer counts towards sizes: of a network a few do in a period."""
        opened = self._opened
        return opened is not None and opened.events.counts_answer(edition, handle, headers, peer)

    async def record(self, decision: Decision) -> Recorded:
        """Append to the ledger; returns once it is on disk."""
        return await consents.record(await self._parts(), decision)

    async def tally_refusal(self, site: str) -> None:
        """Add one to the refusals of the open period, where the policy counts them."""
        await self._thread(tally_refusal, site)

    async def me(self, site: str, handle: Handle) -> Mapping[str, object]:
        """What is kept: record, receipt, history, rows, deliveries, not_linkable."""
        return await self._thread(rights.me, site, handle)

    async def erase(self, site: str, handle: Handle) -> None:
        """Erase every row that is still linkable to the handle; harmless when repeated."""
        await self._thread(rights.erase, site, handle)

    async def restrict(self, site: str, handle: Handle) -> None:
        """Keep what there is and stop using it (GDPR article 18)."""
        await self._thread(rights.restrict, site, handle)

    async def export_user(self, site: str, user_id: UserId) -> Mapping[str, object]:
        """What is linked to a signed-in user, for their account page. The site knows who asks."""
        return await self._thread(users.of_id, users.export_user, site, user_id)

    async def erase_user(self, site: str, user_id: UserId) -> None:
        """End the link of everything to a signed-in user; harmless when repeated."""
        await self._thread(users.of_id, users.erase_user, site, user_id)

    async def owe(self, entry: PendingEntry) -> None:
        """Have on disk, in the spool, what the ledger cannot take now; true in every worker."""
        try:
            parts = await self._parts()
        except CollectorUnavailable:
            if Folder(Path(self._folder)).machine:
                raise  # on this disk alone, no other machine would know of it
            parts = None
        await pending.owe(self._spool, parts, entry)

    async def replay(self, handle: Handle | None = None) -> bool:
        """Tell the ledger what is pending; whether nothing is left."""
        spool = self._spool
        if not (spool.owes(handle) if handle else await asyncio.to_thread(spool.handles)):
            return True
        return await pending.tell_all(await self._parts(), handle)

    async def submit(
        self,
        caller: Caller,
        payload: Mapping[str, object],
        *,
        headers: Sequence[tuple[bytes, bytes]],
        peer: str,
    ) -> None:
        """Events the site's server saw itself; the same rules as `events`; never raises."""
        try:
            opened = await self._usable()
        except CollectorUnavailable:
            return
        await opened.events.submit(caller, payload, headers=headers, peer=peer)

    async def events(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI: `POST /askfirst/events`, its body unread."""
        await self._serve(lambda opened: opened.events, scope, receive, send)

    async def host(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI: the host's dashboard, below the `root_path`."""
        await self._serve(lambda opened: opened.host, scope, receive, send)

    @property
    def app(self) -> ASGIApp:
        """ASGI: the collector's own face, `/v1/*`, for a server of its own."""

        # A function, since servers take a bound method for ASGI 2.
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await self._serve(lambda opened: opened.app, scope, receive, send)

        return app

    async def health(self) -> Mapping[str, object]:
        """Whether it can store, as plain values; never raises."""
        try:
            return await self._thread(health)
        except CollectorUnavailable as error:
            return health_unopened(self._folder, self._spool, error)

    # Opening and closing

    def parts(self) -> Services:
        """The opened parts of this process; blocks. Raises CollectorUnavailable."""
        return self._open().parts

    def close(self) -> None:
        """Write what waits, and stop. Closing twice is harmless."""
        with self._lock:
            self._closed = True
            opened, self._opened = self._opened, None
        if opened is not None and opened.pid == os.getpid():
            opened.close()

    async def aclose(self) -> None:
        """`close`, without blocking the loop."""
        await asyncio.to_thread(self.close)

    async def _usable(self) -> Opened:
        opened = self._opened
        if opened is not None and opened.is_usable:
            return opened
        return await asyncio.to_thread(self._open)  # a thread costs more than all else of a grant

    async def _parts(self) -> Services:
        return (await self._usable()).parts

    async def _thread(self, work: Callable[..., T], *arguments: object) -> T:
        return await asyncio.to_thread(work, await self._parts(), *arguments)

    async def _serve(
        self,
        face: Callable[[Opened], ASGIApp],
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        try:
            opened = await self._usable()
        except CollectorUnavailable as error:
            await unavailable(error).send(send)
            return
        await face(opened)(scope, receive, send)

    def _open(self) -> Opened:
        with self._lock:
            opened = self._opened
            if opened is not None and opened.pid == os.getpid() and is_usable(opened.parts):
                return opened
            if self._closed:
                raise CollectorUnavailable("the collector is closed")
            self._rest()
            try:
                self._opened = self._open_here()
            except CollectorUnavailable:
                raise
            except AskfirstError as error:
                message = f"the collector cannot be opened: {error}"
                FAULTS.failed("the collector", f"askfirst.E100 {message}")
                raise CollectorUnavailable(message) from None
            FAULTS.went_well("the collector")
            return self._opened

    def _rest(self) -> None:
        """Close what is open, until it is used again."""
        opened, self._opened = self._opened, None
        if opened is None:
            return
        if opened.pid == os.getpid():
            opened.close()
        else:
            # Forked by somebody who told nobody.
            after_fork_in_child()

    def _open_here(self) -> Opened:
        parts = share_parts(
            self._folder,
            host_policy=self._host_policy,
            now=self._now,
            urandom=self._urandom,
            secure=self._secure,
            spool=self._spool,
            revocations=self._revocations,
            **self._addresses,
        )
        place = Locator.open(self._places)
        events = open_events(parts, place=place, proxies=self.proxies, sized=self._sized)
        app = collector_app(parts, events)
        extra = () if self._post is None else letter_jobs(self._post)
        jobs = JobsThreads(parts, extra, self._monotonic) if self._jobs else None
        if jobs is not None:
            jobs.start()
        host = host_app(parts, self.proxies, self._oidc, self._post)
        return Opened(os.getpid(), parts, events, host, app, jobs)

    def _editions(self, parts: Services, policy: Policy) -> Editions:
        self._address = self._address or f"{policy.origins[0]}/askfirst/host"
        site = parts.registry.site(policy.site)
        if site is not None and policy.hash in self._published:
            return site.editions
        editions = parts.registry.publish(policy)
        self._published.add(policy.hash)
        parts.keys.site(policy.site)
        return editions

    def _keys(self, parts: Services, site: str) -> tuple[bytes, ...]:
        if parts.registry.site(site) is None:
            raise Refused(Reason.NO_SUCH_SITE, "publish a policy for this site first")
        return parts.keys.site(site)


_collectors: weakref.WeakSet[EmbeddedCollector] = weakref.WeakSet()
_forking: list[EmbeddedCollector] = []


def _before_fork() -> None:
    """Close every file: a child has none of its parent's locks, and SQLite would not notice."""
    sharing.acquire()
    was_open = False
    for collector in list(_collectors):
        collector._lock.acquire()
        _forking.append(collector)
        was_open = was_open or collector._opened is not None
        collector._rest()
    if was_open:
        before_fork()


def _after_fork() -> None:
    for collector in _forking:
        collector._lock.release()
    _forking.clear()
    sharing.release()


def _after_fork_in_child() -> None:
    after_fork_in_child()
    _after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=_after_fork,
        after_in_child=_after_fork_in_child,
    )
