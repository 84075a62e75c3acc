"""`ConsentMiddleware` for WSGI (PEP 3333): translates between the server's environ and the gate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from askfirst.adapters.blocking import BlockingAdapter
from askfirst.adapters.build import GateOptions
from askfirst.adapters.wsgi_environ import (
    VISIT,
    Environ,
    Given,
    consent_in,
    page_scope,
    raw,
    raw_path,
    reader,
    scope_of,
    where_of,
)
from askfirst.client import CollectorClient
from askfirst.endpoints.routes import is_own
from askfirst.gate.undeclared_cookies import Sighting
from askfirst.gate.visit import Visit
from askfirst.http.headers import Header
from askfirst.log_fault import log_fault
from askfirst.pages.html import Html
from askfirst.pages.notice import askfirst_notice as _notice
from askfirst.terms.consent import Consent
from askfirst.terms.policy import Policy

if TYPE_CHECKING:
    from _typeshed import OptExcInfo
    from _typeshed.wsgi import StartResponse, WSGIApplication

ROUTE = "askfirst.route"  # the template that answers, for the report of undeclared cookies

Native = list[tuple[str, str]]


class ConsentMiddleware:
    """Stands in front of a WSGI application: asks, remembers, and lets through what was agreed to.

    `policy` is a Policy, the path of its file, or its table; a wrong one raises PolicyError here.
    What talks to the collector runs on one background thread of the process, started at first use,
    so that a server may fork before. More settings: `askfirst.adapters.build.GateOptions`.
    """

    def __init__(
        self,
        app: WSGIApplication,
        *,
        policy: Policy | Path | str | Mapping[str, Any],
        collector: CollectorClient,
        **options: Unpack[GateOptions],
    ) -> None:
        self.app = app
        self._adapter = BlockingAdapter(policy=policy, collector=collector, **options)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        secrets, answer = self._adapter.read(environ)
        if is_own(environ.get("PATH_INFO", "")):
            return self._own(environ, start_response, secrets)
        visit = environ[VISIT] = self._adapter.visit(environ, answer)
        if answer[3]:
            self._adapter.take_decisions(visit, environ, secrets)
        if secrets:
            self._adapter.hear(visit, secrets, lambda: where_of(environ))
        if not (secrets and self._adapter.sees_pages):
            return self.app(environ, self._starting(environ, visit, start_response, None))
        sight = _Sight()
        body = self.app(environ, self._starting(environ, visit, start_response, sight))
        # What is known not to be a page stays as it is: servers send their own files faster.
        if sight.status and not sight.is_page():
            return body

        def over() -> None:
            self._saw(environ, visit, secrets, sight)

        return (_SizedWatch if hasattr(body, "__len__") else _Watch)(body, over)

    def undeclared_cookies(self) -> tuple[Sighting, ...]:
        """The undeclared cookies this process met: name, route, first and last day, no counts."""
        return self._adapter.undeclared_cookies()

    def close(self) -> None:
        """Write what waits, and close the collector; done by itself when the process ends."""
        self._adapter.close()

    def _starting(
        self,
        environ: Environ,
        visit: Visit,
        start_response: StartResponse,
        sight: _Sight | None,
    ) -> StartResponse:
        def start(
            status: str, headers: Native, exc_info: OptExcInfo | None = None
        ) -> Callable[[bytes], object]:
            try:
                leaving = self._finish(environ, visit, status, headers)
                if sight is not None:
                    sight.status, sight.headers = status, leaving
                if exc_info is None:
                    return start_response(status, leaving)
                return start_response(status, leaving, exc_info)
            finally:
                exc_info = None  # PEP 3333: no circle through the traceback

        return start

    def _finish(self, environ: Environ, visit: Visit, status: str, headers: Native) -> Native:
        try:
            fields = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        except Exception as error:
            log_fault("reading the headers of a response", error)
            return _harmless(headers)
        outgoing = self._adapter.finish(
            visit,
            fields,
            status=_code(status),
            path=lambda: raw_path(environ),
            route=lambda: environ.get(ROUTE),
        )
        return headers if outgoing is fields else _native(outgoing)

    def _saw(
        self, environ: Environ, visit: Visit, secrets: tuple[bytes, ...], sight: _Sight
    ) -> None:
        self._adapter.report_page_view(
            visit,
            secrets,
            method=environ["REQUEST_METHOD"],
            path=raw_path(environ),
            query=raw(environ.get("QUERY_STRING", "")),
            peer=str(environ.get("REMOTE_ADDR", "")),
            status=sight.code,
            response=sight.raw(),
        )

    def _own(
        self, environ: Environ, start_response: StartResponse, secrets: tuple[bytes, ...]
    ) -> Iterable[bytes]:
        scope = scope_of(environ, Given(environ))
        path = environ["PATH_INFO"]
        exchange = self._adapter.answer(scope, path=path, secrets=secrets, read=reader(environ))
        start = exchange.start()
        if start is None:
            start_response("503 Service Unavailable", [("Retry-After", "5")])
            return []
        start_response(status_line(start["status"]), _native(start.get("headers", ())))
        return exchange


class _Sight:
    """How a response started."""

    def __init__(self) -> None:
        self.status = ""
        self.headers: Native = []

    @property
    def code(self) -> int:
        return _code(self.status)

    def raw(self) -> list[Header]:
        return [(raw(name), raw(value)) for name, value in self.headers]

    def is_page(self) -> bool:
        kinds = [value for name, value in self.headers if name.lower() == "content-type"]
        return any(kind.lower().startswith("text/html") for kind in kinds)


class _Watch:
    """A body that says when it is over; the server iterates the application's own."""

    def __init__(self, body: Iterable[bytes], over: Callable[[], None]) -> None:
        self._body = body
        self._over = over

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._body)

    def close(self) -> None:
        try:
            close = getattr(self._body, "close", None)
            if close is not None:
                close()
        finally:
            self._over()


class _SizedWatch(_Watch):
    def __len__(self) -> int:
        return len(self._body)  # type: ignore[arg-type]


def consent_from(environ: Mapping[str, Any]) -> Consent:
    """The consent of a request; reading it makes the response vary on the visitor's answer.

    Raises LookupError where no ConsentMiddleware stands in front.
    """
    consent = consent_in(environ)
    if consent is None:
        raise LookupError("put askfirst.wsgi.ConsentMiddleware in front of this application")
    return consent


def askfirst_notice(
    environ: Mapping[str, Any], *, lang: str | None = None, nonce: str | None = None
) -> Html:
    """The notice where there is something to ask, and the control: for the end of `<body>`."""
    return _notice(page_scope(environ), lang=lang, nonce=nonce)


def status_line(status: int) -> str:
    """The status with its phrase."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"{status} Unknown"


def _code(status: str) -> int:
    return int(status[:3]) if status[:3].isdecimal() else 0


def _native(headers: Iterable[Header]) -> Native:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]


def _harmless(headers: Native) -> Native:
    # What cannot be judged does not leave, and no cache may keep the rest.
    gone = ("set-cookie", "accept-ch", "critical-ch", "cache-control")
    fields = [header for header in headers if str(header[0]).lower() not in gone]
    return [*fields, ("Cache-Control", "private")]
