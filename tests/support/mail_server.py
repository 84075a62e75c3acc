"""A real SMTP server in the test: STARTTLS, a sign-in, and what it was handed."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as POLICY
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword

from askfirst_collector.letters.settings import MailServer
from askfirst_collector.letters.smtp import LIMIT, Post
from tests.unit.jobs.listener import certificate

USER, PASSWORD = "stats", "a long password"
URL = "https://stats.example/askfirst/host"


@dataclass
class Mailbox:
    """What came, in order, and how the next ones are answered."""

    port: int = 0
    ca: Path = Path()
    came: list[EmailMessage] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)  # of DATA, instead of 250
    at_data: Callable[[], None] = lambda: None

    async def handle_DATA(self, _server: SMTP, _session: Any, envelope: Envelope) -> str:
        """Keep one message, and answer."""
        self.at_data()
        if self.answers:
            return self.answers.pop(0)
        content = envelope.content
        assert isinstance(content, bytes)
        self.raw.append(content)
        message = message_from_bytes(content, policy=POLICY)
        assert isinstance(message, EmailMessage)
        self.came.append(message)
        self.recipients.append(list(envelope.rcpt_tos))
        return "250 taken"

    def server(self, **changes: Any) -> MailServer:
        """The settings of a collector that sends by it."""
        values = {"user": USER, "password": PASSWORD, "port": self.port, "url": URL, **changes}
        return MailServer("localhost", "stats@stats.example", **values)

    def post(self, *, limit: float = LIMIT, url: str = URL, **changes: Any) -> Post:
        """A way to send to it, over TLS that knows its certificate."""
        tls = ssl.create_default_context(cafile=str(self.ca))
        return Post(self.server(url=url, **changes), lambda: "", tls=tls, limit=limit)


def _signed_in(_server: object, _session: object, _envelope: object, _how: str, data: Any) -> Any:
    fits = isinstance(data, LoginPassword) and (data.login, data.password) == (
        USER.encode(),
        PASSWORD.encode(),
    )
    return AuthResult(success=fits, handled=False)


@contextmanager
def mail_server(folder: Path, *, starttls: bool = True) -> Iterator[Mailbox]:
    """A server on a port of its own; without `starttls` it offers none."""
    mailbox = Mailbox()
    chain, private = certificate(folder, "localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(str(chain), str(private))
    options: dict[str, Any] = {
        "hostname": "localhost",
        "tls_context": context if starttls else None,
        "require_starttls": starttls,
        "auth_required": starttls,
        "authenticator": _signed_in,
        "auth_require_tls": starttls,
    }
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        listening = loop.create_server(lambda: SMTP(mailbox, loop=loop, **options), "127.0.0.1", 0)
        server = asyncio.run_coroutine_threadsafe(listening, loop).result()
        mailbox.port, mailbox.ca = server.sockets[0].getsockname()[1], chain
        yield mailbox
        # In its own thread: a session may end at this moment.
        loop.call_soon_threadsafe(server.close)
    finally:
        asyncio.run_coroutine_threadsafe(_end(loop), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end(loop: asyncio.AbstractEventLoop) -> None:
    """End the sessions that are still open."""
    tasks = asyncio.all_tasks(loop) - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
