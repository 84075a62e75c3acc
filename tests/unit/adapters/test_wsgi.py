"""ConsentMiddleware as a WSGI application (PEP 3333): what passes, and what is taken out."""

from __future__ import annotations

import asyncio
import io
import sys
from collections.abc import Iterable, Iterator
from typing import Any
from wsgiref.validate import validator

import pytest

from askfirst import PolicyError, identify
from askfirst.adapters.wsgi import askfirst_notice, consent_from
from askfirst.gate.user_token import user_tokens
from tests.support.wsgi import Call, Wrap, page, wrap
from tests.system.frameworks.visitor import until
from tests.unit.gate.memory import MemoryCollector, make_policy, state_token

__all__ = ["wrap"]  # a fixture

GRANTED = state_token({"statistics": 2}).decode()
SECRET = "AAAAAAAAAAAAAAAAAAAAAA"
STATE = f"__Host-askfirst={GRANTED}"
RECEIPT = f"__Host-askfirst-receipt={SECRET}"


def test_a_wrong_policy_is_found_at_start(wrap: Wrap) -> None:
    """A bad setting is found at start."""
    with pytest.raises(PolicyError):
        wrap(page(), policy={"version": 1})


def test_consent_is_read_and_varies(wrap: Wrap) -> None:
    """M39: the same verb as everywhere; only a page that asked says Vary."""
    app = wrap(page(reads="statistics"))
    assert Call(app).read() == b"False"
    asked = Call(app, HTTP_COOKIE=STATE)
    assert asked.read() == b"True"
    assert ("vary", "Cookie, Sec-GPC, DNT, ADPC") in asked.headers
    headers = [("Content-Type", "text/html"), ("X-A", "1")]
    silent = Call(wrap(page(("X-A", "1"))), HTTP_COOKIE=STATE)
    assert silent.headers == headers
    with pytest.raises(LookupError, match="ConsentMiddleware"):
        consent_from({})


def test_the_application_gets_its_own_objects_back(wrap: Wrap) -> None:
    """Nothing is buffered: the server iterates what the application returned, and closes it."""

    class Body:
        closed = False

        def __iter__(self) -> Iterator[bytes]:
            return iter([b"a", b"b"])

        def close(self) -> None:
            self.closed = True

    body = Body()

    def app(environ: Any, start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/html")])
        return body

    call = Call(wrap(app), HTTP_COOKIE=f"{STATE}; {RECEIPT}")
    assert call.body is body
    watched = Call(
        wrap(app, policy=make_policy(server_side=True)), HTTP_COOKIE=f"{STATE}; {RECEIPT}"
    )
    assert not body.closed
    assert watched.read() == b"ab"
    assert body.closed


def test_files_stay_the_servers_own(wrap: Wrap) -> None:
    """A server sends its `wsgi.file_wrapper` faster; it gets the very one, whoever asks."""
    wrapped = [b"svg"]

    def app(environ: Any, start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "image/svg+xml")])
        return wrapped

    call = Call(wrap(app, policy=make_policy(server_side=True)), HTTP_COOKIE=f"{STATE}; {RECEIPT}")
    assert call.body is wrapped


def test_a_sized_body_keeps_its_size(wrap: Wrap) -> None:
    """PEP 3333: a body of one block lets the server write Content-Length."""
    app = wrap(page(), policy=make_policy(server_side=True))
    assert len(Call(app, HTTP_COOKIE=f"{STATE}; {RECEIPT}").body) == 1  # type: ignore[arg-type]


def test_a_late_start(wrap: Wrap) -> None:
    """A generator calls start_response when its first block is asked for; that one is filtered."""

    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [("Set-Cookie", "_ga=1"), ("Set-Cookie", "session=1")])
        yield b"a"

    call = Call(wrap(app))
    assert call.starts == []
    assert call.read() == b"a"
    assert [value for name, value in call.headers if name == "Set-Cookie"] == ["session=1"]


def test_write_and_exc_info_pass(wrap: Wrap) -> None:
    """PEP 3333: the server's `write` is given, and a second start has its `exc_info`."""

    def app(environ: Any, start_response: Any) -> Iterable[bytes]:
        write = start_response("200 OK", [("Set-Cookie", "_fbp=1")])
        write(b"early")
        try:
            raise ZeroDivisionError
        except ZeroDivisionError:
            info = sys.exc_info()
            start_response("500 Broken", [("SET-cookie", "_fbp=1"), ("X-A", "1")], info)
        return [b"sorry"]

    call = Call(wrap(app))
    assert call.written == [b"early"]
    assert call.read() == b"sorry"
    (first, _, none), (second, headers, info) = call.starts
    assert (first, none, second) == ("200 OK", None, "500 Broken")
    assert info[0] is ZeroDivisionError
    assert ("X-A", "1") in headers
    assert "set-cookie" not in {name.lower() for name, _ in headers}


def test_faults_of_the_application_are_its_own(wrap: Wrap) -> None:
    """An error of the application passes on as it is."""

    def app(environ: Any, start_response: Any) -> Iterable[bytes]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Call(wrap(app))


def test_a_valid_application_stays_valid(wrap: Wrap) -> None:
    """PEP 3333, as the standard library's validator reads it, on both sides of the gate."""

    def app(environ: Any, start_response: Any) -> Iterable[bytes]:
        environ["wsgi.input"].read(0)
        start_response("200 OK", [("Content-Type", "text/html"), ("Set-Cookie", "_ga=1")])
        return [b"page"]

    gate = validator(wrap(validator(app)))  # type: ignore[arg-type]
    for path in ("/", "/askfirst/policy", "/askfirst/nothing", "/askfirst/static/askfirst.css"):
        told = {"HTTP_COOKIE": STATE, "SCRIPT_NAME": "", "QUERY_STRING": ""}
        assert Call(gate, path, **told).read()


@pytest.mark.parametrize(
    ("sent", "kept", "counted"),
    [
        (f"{STATE}; {RECEIPT}; b=2", f"{STATE}; b=2", True),
        (RECEIPT, None, False),
        (f"a=1; {RECEIPT}", "a=1", False),
        # Joined by a server that got several Cookie headers.
        (f"{RECEIPT},b=2", "b=2", False),
        (f"{STATE},b=2", f"{STATE}; b=2", True),
        # Behind a comma it may be anybody's text: it is taken out, and grants nothing.
        (f"a=1,{RECEIPT}; b=2", "a=1; b=2", False),
        (f"a=1, {STATE}", f"a=1; askfirst={GRANTED}", False),
        ('prefs={"a":1,"b":2}; c=3', 'prefs={"a":1,"b":2}; c=3', False),
        (f'x="; {STATE}; {RECEIPT}; y="', f'x="; {STATE}; y="', True),
        (f"\xff=\xe9; {STATE}; {RECEIPT}", f"\xff=\xe9; {STATE}", True),
        (f"nul=\x00; {STATE}", f"nul=\x00; {STATE}", True),
    ],
)
def test_cookies_of_the_application(wrap: Wrap, sent: str, kept: str | None, counted: bool) -> None:
    """M40: the receipt is gone before the application looks; what is not ours stays as it was."""
    app = wrap(page(reads="statistics"))
    call = Call(app, HTTP_COOKIE=sent)
    assert call.environ.get("HTTP_COOKIE") == kept
    assert call.read() == str(counted).encode()


def test_a_refusal_behind_a_comma_counts(wrap: Wrap) -> None:
    """M40: what may be anybody's narrows all the same."""
    no = state_token({"statistics": 0}).decode()
    call = Call(wrap(page(reads="statistics")), HTTP_COOKIE=f"{STATE}; a=1,__Host-askfirst={no}")
    assert call.read() == b"False"


def test_signals_joined_by_a_comma(wrap: Wrap) -> None:
    """M21: `0,1` is two headers, of which one is exactly 1."""
    grant = state_token({"marketing": 2}).decode()
    app = wrap(page(reads="marketing"))
    for signal, allowed in (("0", b"True"), ("0,1", b"False"), ("1;x", b"True")):
        call = Call(app, HTTP_COOKIE=f"__Host-askfirst={grant}", HTTP_SEC_GPC=signal)
        assert call.read() == allowed, signal


def test_our_own_faults_serve_the_page(
    wrap: Wrap, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """M43: no consent, no cookie, the page; and nothing of the visitor in the log."""

    def broken(*_: Any, **__: Any) -> Any:
        raise ValueError("SECRET")

    monkeypatch.setattr("askfirst.gate.gate.read_state", broken)
    monkeypatch.setattr("askfirst.gate.cookie_filter.name_of", broken)
    app = wrap(page(("Set-Cookie", "session=1"), ("Accept-CH", "x"), reads="statistics"))
    call = Call(app, HTTP_COOKIE=STATE)
    assert call.read() == b"False"
    names = [name.lower() for name, _ in call.headers]
    assert "set-cookie" not in names
    assert "accept-ch" not in names
    assert "SECRET" not in caplog.text
    impossible = Call(wrap(page(("X-A", "\u20ac"), ("Set-Cookie", "session=1"))))
    assert "Set-Cookie" not in dict(impossible.headers)
    assert ("Cache-Control", "private") in impossible.headers


def test_a_collector_that_is_away_serves_the_page(wrap: Wrap) -> None:
    """Pages go on; our own answer 503 with Retry-After."""
    collector = MemoryCollector(away=RuntimeError("no"))
    app = wrap(page(), collector, patience=0.05)
    assert Call(app).read() == b"page"
    call = Call(app, "/askfirst/choices")
    assert call.starts[0][0] == "503 Service Unavailable"
    assert ("retry-after", "5") in call.headers


def test_page_views_are_told_when_the_body_is_over(wrap: Wrap) -> None:
    """M45, M40: with the address the server saw, the receipt's handle, and never the receipt."""
    collector = MemoryCollector()
    app = wrap(page(), collector, policy=make_policy(server_side=True))
    below = ".26315ce1="  # of SHA-256 of "/shop"
    environ = {
        "HTTP_COOKIE": f"{STATE}; {RECEIPT}".replace("=", below),
        "SCRIPT_NAME": "/shop",
        "QUERY_STRING": "sort=price&q=secret",
        "REMOTE_ADDR": "203.0.113.9",
    }
    call = Call(app, "/caf\xc3\xa9", **environ)
    assert collector.submitted == []
    assert call.read() == b"page"
    until(lambda: bool(collector.submitted))
    caller, payload, headers, peer = collector.submitted[0]
    assert payload["events"][0]["page"] == "/shop/caf%C3%A9?sort=price"  # type: ignore[index]
    assert peer == "203.0.113.9"
    assert caller.handle is not None
    assert SECRET not in repr((caller, payload, headers))


def test_a_page_view_is_of_the_signed_in_user_that_the_application_names(wrap: Wrap) -> None:
    """By the same call as everywhere; a page without it is of nobody."""

    def account(environ: Any, start_response: Any) -> Any:
        if environ["PATH_INFO"] == "/account":
            identify(environ, 7)
        return page()(environ, start_response)

    collector = MemoryCollector()
    app = wrap(account, collector, policy=make_policy(server_side=True))
    for path in ("/account", "/"):
        Call(app, path, HTTP_COOKIE=f"{STATE}; {RECEIPT}").read()
    until(lambda: len(collector.submitted) == 2)
    tokens = user_tokens(asyncio.run(collector.keys("shop")), make_policy().site, 7)
    assert {caller.user for caller, _, _, _ in collector.submitted} == {tokens[-1], ""}


def test_bodies_are_read_no_further_than_they_reach(wrap: Wrap) -> None:
    """A server's input may go on after the body: CONTENT_LENGTH ends it, and so does 64 kB."""
    app = wrap(page())
    same = {"REQUEST_METHOD": "POST", "HTTP_SEC_FETCH_SITE": "same-origin"}
    kind = {"CONTENT_TYPE": "application/json"}
    endless = io.BytesIO(b"{}" + b"x" * 100)
    short = {"CONTENT_LENGTH": "2", "wsgi.input": endless}
    call = Call(app, "/askfirst/consent", **same, **kind, **short)
    assert b"application/problem+json" in dict(call.headers)["content-type"].encode()
    assert endless.tell() == 2
    large = {"CONTENT_LENGTH": str(10**9), "wsgi.input": io.BytesIO(b"x" * 10)}
    refused = Call(app, "/askfirst/consent", **same, **kind, **large)
    assert refused.starts[0][0].startswith("413")
    chunked = {"wsgi.input": io.BytesIO(b"x" * 70_000), "wsgi.input_terminated": True}
    chunked_call = Call(app, "/askfirst/consent", **same, **kind, **chunked)
    assert chunked_call.starts[0][0].startswith("413")
    for odd in ("-1", "x", "\xb2"):
        call = Call(app, "/askfirst/consent", CONTENT_LENGTH=odd, **same, **kind)
        assert call.starts[0][0].startswith("4"), odd


def test_below_a_root(wrap: Wrap) -> None:
    """Mounted below SCRIPT_NAME, our paths are below it too, and the way back is whole."""
    collector = MemoryCollector()
    app = wrap(page(), collector)
    host = Call(app, "/askfirst/host/x", SCRIPT_NAME="/shop").read()
    assert host == b'["/shop/askfirst/host", "/shop/askfirst/host/x"]'

    def asks(environ: Any, start_response: Any) -> Iterable[bytes]:
        body = askfirst_notice(environ)
        start_response("200 OK", [("Content-Type", "text/html")])
        return [body.encode()]

    html = Call(wrap(asks), "/a b", SCRIPT_NAME="/shop", QUERY_STRING="q=1").read()
    assert b'value="/shop/a%20b?q=1"' in html
