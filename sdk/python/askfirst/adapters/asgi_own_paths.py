"""Our own paths over ASGI, and what the collector serves."""

from __future__ import annotations

from dataclasses import dataclass

from askfirst.client import Application, Caller, Message, Receive, Scope, Send
from askfirst.contracts.body import read_body
from askfirst.endpoints.routes import EVENTS, HOST, Paths
from askfirst.errors import CollectorUnavailable
from askfirst.gate.receipt import only_handle
from askfirst.gate.relay import Relay
from askfirst.gate.undeclared_cookies import UNDECLARED
from askfirst.http.mount import mount_at, mounted_headers
from askfirst.http.request import Answer, Request, problem
from askfirst.log_fault import log_fault


@dataclass(frozen=True)
class Connection:
    """One request as the server gave it; `path` is below `root`, `secrets` were taken out."""

    scope: Scope
    receive: Receive
    send: Send
    path: str
    secrets: tuple[bytes, ...]
    root: str  # where the site begins

    @property
    def request(self) -> Request:
        """The same as the gate has it."""
        scope = self.scope
        return Request(
            method=scope["method"],
            path=self.path,
            query=scope.get("query_string", b""),
            headers=scope["headers"],
            secrets=self.secrets,
            body=lambda: read_body(scope["headers"], self.receive),
            peer=(scope.get("client") or ("",))[0],
        )


async def answer(relay: Relay, paths: Paths, connection: Connection) -> None:
    """Answer one request to one of our paths."""
    path = connection.path
    mount_at(connection.root)  # a thread's request is answered on a loop of its own
    if path == EVENTS:
        await _events(relay, connection)
    elif path == HOST or path.startswith(HOST + "/"):
        await _host(relay, connection)
    else:
        await _send(connection, await paths.answer(connection.request))


async def _send(connection: Connection, answer: Answer) -> None:
    headers = mounted_headers(answer.raw())
    start = {"type": "http.response.start", "status": answer.status, "headers": headers}
    await connection.send(start)
    body = b"" if connection.scope["method"] == "HEAD" else answer.body
    await connection.send({"type": "http.response.body", "body": body})


async def _host(relay: Relay, connection: Connection) -> None:
    root = connection.root
    # Whole, whether a proxy cut the root off or not: so the ASGI specification has it.
    inner: dict[str, object] = {"root_path": root + HOST, "path": root + connection.path}
    # The dashboard stands in this process, and shows what this gate met.
    inner[UNDECLARED] = {relay.policy.site: relay.gate.undeclared_cookies()}
    await _by_collector(relay.client.host, {**connection.scope, **inner}, connection)


async def _events(relay: Relay, connection: Connection) -> None:
    scope = connection.scope
    consent = relay.gate.consent(scope["headers"])
    caller = Caller(
        site=relay.policy.site,
        handle=only_handle(connection.secrets),
        gpc=consent.signals.gpc,
        dnt=consent.signals.dnt,
        consent=consent,
        accepts_page_token=relay.gate.accepts_page_token,
    )
    scope["askfirst.caller"] = caller
    await _by_collector(relay.client.events, scope, connection)


async def _by_collector(application: Application, scope: Scope, connection: Connection) -> None:
    started = False

    async def send(message: Message) -> None:
        nonlocal started
        started = True
        await connection.send(message)

    try:
        await application(scope, connection.receive, send)
    except Exception as error:
        log_fault("the collector's own answer", error)
        if started:
            raise
        await _send(connection, problem(CollectorUnavailable("this did not work; try again later")))
