"""The gate, its relay and its paths, for frameworks whose requests are threads that wait."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Unpack

from askfirst.adapters import asgi_own_paths as asgi_paths
from askfirst.adapters.asgi_in_thread import AsgiInThread, Read
from askfirst.adapters.background_loop import Background
from askfirst.adapters.build import GateOptions, GivenPolicy, build_gate
from askfirst.adapters.wsgi_environ import Environ, Given, read_environ, scope_of
from askfirst.client import CollectorClient, Receive, Send
from askfirst.gate.page_views import handed_on, is_page_view, page_view
from askfirst.gate.read_request import RequestAnswer
from askfirst.gate.receipt import only_handle
from askfirst.gate.server_actions import Teller, Where, server_caller
from askfirst.gate.undeclared_cookies import Sighting
from askfirst.gate.visit import Visit
from askfirst.http.caching import private
from askfirst.http.headers import Header, without
from askfirst.http.mount import mount_at, root_of
from askfirst.http.request import Request
from askfirst.log_fault import log_fault
from askfirst.terms.consent import Consent


class BlockingAdapter:
    """What a blocking shell hands its requests to; safe from any thread, and across a fork."""

    def __init__(
        self, *, policy: GivenPolicy, collector: CollectorClient, **options: Unpack[GateOptions]
    ) -> None:
        parts = build_gate(policy=policy, collector=collector, **options)
        self.gate, self._relay, self._paths = parts.gate, parts.relay, parts.paths
        self.sees_pages = parts.sees_pages
        self._background = Background(self._relay.aclose)

    def read(self, environ: Environ) -> tuple[tuple[bytes, ...], RequestAnswer]:
        """Take the receipt out of a request; its secrets, and what its answer is read from."""
        headers = Given(environ)
        for name, value in self.gate.also_sent(headers):
            key = f"HTTP_{name.decode().upper().replace('-', '_')}"
            environ[key] = ",".join(filter(None, (environ.get(key), value.decode())))
        return read_environ(environ)

    def visit(self, environ: Mapping[str, Any], answer: RequestAnswer) -> Visit:
        """The lazy consent of a request; the very first ones wait until the collector spoke."""
        self.learn()
        return self.visit_at_once(environ, answer)

    def visit_at_once(self, environ: Mapping[str, Any], answer: RequestAnswer) -> Visit:
        """The same for whoever has called `learn`, and may not wait."""
        return self.gate.visit(Given(environ), answer)

    def take_decisions(
        self, visit: Visit, environ: Mapping[str, Any], secrets: tuple[bytes, ...]
    ) -> None:
        """Take what the browser decided by itself as an answer (ADPC); it waits for the ledger."""
        scope = scope_of(environ, visit.headers)

        async def nothing() -> bytes:
            return b""

        request = Request(
            method=scope["method"],
            path=scope["path"],
            query=scope["query_string"],
            headers=visit.headers,
            secrets=secrets,
            body=nothing,
            peer=scope["client"][0],
        )
        try:
            root = root_of(scope["root_path"])
            visit.cookies = self._background.run(self._decide(request, visit.peek(), root))
        except Exception as error:
            log_fault("taking a decision of the browser", error)

    async def _decide(self, request: Request, consent: Consent, root: str) -> tuple[Header, ...]:
        mount_at(root)  # on a loop of its own
        return await self._paths.take_decisions(request, consent)

    @property
    def ready(self) -> bool:
        """Whether `visit` will not wait."""
        return self._relay.ready

    def learn(self) -> None:
        """Ask the collector for what is not known yet, or not fresh any more; never raises."""
        if self._relay.ready:
            return
        try:
            if self.gate.ready:
                self._background.soon(self._relay.renew)
                return
            self._background.run(self._relay.learn())
        except Exception as error:
            log_fault("learning the editions of the site", error)

    def finish(
        self,
        visit: Visit,
        headers: list[Header],
        *,
        status: int,
        path: Callable[[], str],
        route: Callable[[], str | None],
    ) -> list[Header]:
        """The headers of a response as they may leave; the same list where nothing changes.

        `path` gives the page's as the browser sent it, `route` the template that answered.
        """
        try:
            outgoing = self.gate.finish(visit, headers, route=route)
            accepts_page_token = self.gate.sends_page_tokens
            return (
                self.gate.with_page_tokens(visit, outgoing, status, path)
                if accepts_page_token
                else outgoing
            )
        except Exception as error:
            log_fault("filtering a response", error)
            # What cannot be judged does not leave, and no cache may keep the rest.
            return private(without(headers, b"set-cookie", b"accept-ch", b"critical-ch"))

    def answer(
        self, scope: dict[str, Any], *, path: str, secrets: tuple[bytes, ...], read: Read
    ) -> AsgiInThread:
        """The answer to a request for one of our own paths; `path` is below the root."""
        self.learn()

        def serve(receive: Receive, send: Send) -> Coroutine[Any, Any, None]:
            root = root_of(scope["root_path"])
            connection = asgi_paths.Connection(scope, receive, send, path, secrets, root)
            return asgi_paths.answer(self._relay, self._paths, connection)

        return AsgiInThread(self._background, serve, read)

    def hear(self, visit: Visit, secrets: tuple[bytes, ...], where: Callable[[], Where]) -> None:
        """Have a request's actions handed on, if it came with a receipt."""
        if secrets:
            visit.tell = Teller(self._relay, visit, secrets, where, self._background.soon)

    def report_page_view(
        self,
        visit: Visit,
        secrets: tuple[bytes, ...],
        *,
        method: str,
        path: str,
        query: bytes,
        peer: str,
        status: int,
        response: Sequence[Header],
    ) -> None:
        """Hand on the page view that a response was, if it was one; never raises."""
        try:
            headers = visit.headers
            if not is_page_view(method, status, headers, response):
                return
            handle, consent = only_handle(secrets), visit.peek()
            if handle is None or consent.state is None or not consent.editions:
                return
            payload = page_view(consent, path, query, headers, self._relay.urandom)
            if payload is None:
                return
            caller = server_caller(self.gate, consent, handle, visit.user_id)
            forwarded = handed_on(headers)
            self._background.soon(lambda: self._relay.submit(caller, payload, forwarded, peer))
        except Exception as error:
            log_fault("noting a page view", error)

    def undeclared_cookies(self) -> tuple[Sighting, ...]:
        """The undeclared cookies this process met: name, route, first and last day, no counts."""
        return self.gate.undeclared_cookies()

    def close(self) -> None:
        """Write what waits, and close the collector; done by itself when the process ends."""
        self._background.close()
