"""Sessions of a PostgreSQL: how the driver is connected, and what its errors are called."""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress
from functools import cache
from typing import Any

from askfirst_collector.config import SettingError
from askfirst_collector.store.faults import StoreFault

from .postgresql_address import Address

WAIT = 1.8  # seconds for a lock, for a server to answer at all, and for what is asked all the time
SETTINGS = {
    "lock_timeout": "1800",
    "default_transaction_isolation": "read committed",
    # A machine that is gone keeps no lock.
    "idle_in_transaction_session_timeout": "60000",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
}
LOCK_TIMEOUT = "55P03"
# PostgreSQL's own names for what can be away; with others its five characters say what it was.
_NAMES = {
    "25006": "read_only_sql_transaction",
    "28000": "invalid_authorization_specification",
    "28P01": "invalid_password",
    "3D000": "invalid_catalog_name",
    "40P01": "deadlock_detected",
    "42501": "insufficient_privilege",
    "53100": "disk_full",
    "53200": "out_of_memory",
    "53300": "too_many_connections",
    LOCK_TIMEOUT: "lock_not_available",
    "57P01": "admin_shutdown",
    "57P02": "crash_shutdown",
    "57P03": "cannot_connect_now",
}
_NO_SERVER = "it is no PostgreSQL, or asks for a password that its address does not have"
_NO_TLS = "Server refuses SSL"  # as the driver says it


class ServerError(Exception):
    """What a server answered, by its code: the text would hold what is stored."""

    def __init__(self, code: str) -> None:
        self.reason = f"{_NAMES.get(code, 'SQLSTATE')} {code}"
        super().__init__(self.reason)


def connect(address: Address, wait: float, part: str = "ledger") -> Any:
    """A session at the first server of an address; an answer takes `wait` seconds at most.

    `part` is that of the collector, for faults. Raises StoreFault, and SettingError where the
    driver is missing.
    """
    pg8000 = driver()
    try:
        session = _session_type()(
            address.user,
            host=address.host,
            database=address.database,
            password=address.password or None,
            sock=_socket(address),
            ssl_context=ssl.create_default_context() if address.is_encrypted else False,
            application_name="askfirst",
            startup_params=SETTINGS,
        )
        session._usock.settimeout(wait)
        return session
    except (OSError, pg8000.Error) as error:
        raise StoreFault(part, reason_of(error)) from None
    except Exception:  # whatever the driver stumbles over: its text may hold what was sent
        raise StoreFault(part, _NO_SERVER) from None


def cut(session: Any) -> None:
    """End what waits for an answer that does not come; from another thread."""
    with suppress(OSError, AttributeError):
        session._usock.shutdown(socket.SHUT_RDWR)


def _socket(address: Address) -> socket.socket:
    if address.socket:
        local = socket.socket(socket.AF_UNIX)
        local.settimeout(WAIT)
        try:
            local.connect(address.socket)
        except OSError:
            local.close()
            raise
        return local
    remote = socket.create_connection((address.host, address.port), WAIT)
    remote.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    remote.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        # What nobody takes is no slow statement.
        remote.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(WAIT * 1000))
    return remote


@cache
def driver() -> Any:
    """The driver. SettingError `askfirst.E160` where it is not installed."""
    try:
        import pg8000.dbapi
    except ImportError:
        advice = "install the driver: pip install 'askfirst[postgres]'"
        raise SettingError("askfirst.E160", "pg8000", advice) from None
    return pg8000.dbapi


@cache
def _session_type() -> Any:
    class Session(driver().Connection):  # type: ignore[misc]
        """A session that is closed without a word where its server is gone."""

        def commit(self) -> None:
            self.execute_simple("COMMIT")  # the driver's own takes three round trips

        def rollback(self) -> None:
            if self._in_transaction:
                self.execute_simple("ROLLBACK")

        def close(self) -> None:
            with suppress(Exception):
                super().close()

    return Session


def code_of(error: BaseException) -> str:
    """The five characters by which PostgreSQL knows an error; '' for what is none of its own."""
    answer = error.args[0] if error.args else None
    return str(answer.get("C", "")) if isinstance(answer, dict) else ""


def reason_of(error: BaseException) -> str:
    """Why a server is away, in words that hold nothing of what is stored."""
    code = code_of(error)
    if code:
        return ServerError(code).reason
    if isinstance(error, ssl.SSLCertVerificationError):
        return "its certificate is none that this machine trusts; SSL_CERT_FILE names an authority"
    if error.args == (_NO_TLS,):
        return "it offers no TLS; ?sslmode=disable does without, in a network of your own"
    return "it cannot be reached"
