"""Handing one message to the server that takes mail, and knowing whether it took it."""

from __future__ import annotations

import smtplib
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from email.message import EmailMessage
from typing import Any
from urllib.parse import urlsplit

from askfirst.errors import AskfirstError
from askfirst_collector.letters.settings import MailServer

PATIENCE = 10.0  # seconds for one answer
LIMIT = 30.0  # seconds for one message, however slowly the server answers


class NotSent(AskfirstError):
    """The server did not take the message, for sure: it may be tried again."""


class PerhapsSent(AskfirstError):
    """The message was handed over and no answer came: it may have arrived."""


class Post:
    """A way to send; `address` is where the dashboard is, "" while that is not known."""

    def __init__(
        self,
        server: MailServer,
        address: Callable[[], str],
        *,
        tls: ssl.SSLContext | None = None,
        limit: float = LIMIT,
    ) -> None:
        self.server = server
        self._address = address
        self._tls = tls or ssl.create_default_context()
        self._limit = limit

    @property
    def url(self) -> str:
        """Where members find the dashboard, without a slash at the end; "" while not known."""
        return (self.server.url or self._address()).rstrip("/")

    def send(self, message: EmailMessage, to: str, begin: Callable[[], bool]) -> bool:
        """Send it to one address; whether `begin`, asked before it is handed over, allowed it.

        Raises NotSent, and PerhapsSent.
        """
        session, begun = None, False
        try:
            session = self._open()
            session.mail(self.server.sender)
            code, _ = session.rcpt(to)
            if code not in (250, 251):
                raise NotSent(f"the server refused the address ({code})")
            begun = begin()
            if begun:
                code, _ = session.data(message.as_bytes())
                if code != 250:
                    raise NotSent(f"the server refused the message ({code})")
        except smtplib.SMTPDataError as error:
            raise NotSent(f"the server refused the message ({error.smtp_code})") from None
        except (OSError, smtplib.SMTPException) as error:
            raise (PerhapsSent if begun else NotSent)(_fault(error)) from None
        finally:
            if session is not None:
                session.end()
        return begun

    def _open(self) -> _Session | _TlsSession:
        server, host = self.server, urlsplit(self.url).hostname or "localhost"
        args: dict[str, Any] = {"timeout": PATIENCE, "local_hostname": host, "limit": self._limit}
        session: _Session | _TlsSession
        if server.security == "tls":
            session = _TlsSession(server.host, server.number, context=self._tls, **args)
        else:
            session = _Session(server.host, server.number, **args)
        try:
            if server.security == "starttls":
                session.starttls(context=self._tls)
            session.ehlo_or_helo_if_needed()
            if server.user:
                session.login(server.user, server.password)
        except BaseException:
            session.end()
            raise
        return session


class _Limited(smtplib.SMTP):
    """A session that is cut off when its time is over, whatever the server does."""

    def __init__(self, *args: Any, limit: float, **options: Any) -> None:
        self._timer = threading.Timer(limit, self._cut)
        self._timer.daemon = True
        try:
            super().__init__(*args, **options)
        except BaseException:
            self._timer.cancel()
            raise

    def connect(self, *args: Any, **options: Any) -> tuple[int, bytes]:
        """Connect, with the clock running."""
        self._timer.start()
        return super().connect(*args, **options)

    def end(self) -> None:
        """Say goodbye, whatever comes of it: the message is taken by now, or is not."""
        with suppress(OSError, smtplib.SMTPException):
            self.quit()
        self._timer.cancel()
        self.close()

    def _cut(self) -> None:
        sock = self.sock
        if sock is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


class _Session(_Limited):
    pass


class _TlsSession(_Limited, smtplib.SMTP_SSL):
    pass


def _fault(error: Exception) -> str:
    """What went wrong, in words that hold nothing of what the server said."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return f"the server refused the user or the password ({error.smtp_code})"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"the server answered {error.smtp_code}"
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "the server offers no STARTTLS, or no way to sign in"
    if isinstance(error, ssl.SSLCertVerificationError):
        return "the server's certificate is not one that this machine trusts"
    if isinstance(error, ssl.SSLError):
        return "the server does not speak TLS as expected"
    if isinstance(error, smtplib.SMTPException):
        return "the server hung up"
    return f"the server cannot be reached ({type(error).__name__})"
