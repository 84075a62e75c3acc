"""Lines of access logs, record by record; what real servers write is in tests/system/frameworks."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from askfirst import accesslog
from askfirst.accesslog.formats import LOGGERS, own_route
from askfirst.gate import log_context as seen
from askfirst.gate.gate import Gate, Known
from askfirst.terms.edition import Edition, Editions
from tests.unit.gate.memory import KEY, NOW, make_policy, state_token

AGENT = b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
LEVELS = {"page": 3, "browser": 1, "os": 1, "referrer": 2}


@pytest.fixture(autouse=True)
def _watching(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(seen, "_watching", True)
    yield
    seen.take()


def visit(*, granted: bool, route: str | None = "/orders/{id}") -> None:
    """A visitor comes by, and the response has started."""
    policy = make_policy(purposes={"statistics": {"levels": LEVELS}})
    gate = Gate(policy, now=lambda: NOW)
    gate.learn(Known(Editions((Edition(1, policy.hash, 0, policy),)), (KEY,)))
    cookie = b"__Host-askfirst=" + state_token({"statistics": 2})
    headers = [(b"user-agent", AGENT), (b"referer", b"https://search.example/x?q=secret")]
    found = gate.visit([*headers, *([(b"cookie", cookie)] if granted else [])])
    gate.finish(found, [], route=lambda: route)


def said(logger: str, message: str, *args: Any, level: int = logging.INFO) -> str | None:
    """What a logger with our filter would write; None for nothing."""
    record = logging.LogRecord(logger, level, "", 0, message, args, None)
    record.request = "the whole request"
    only = accesslog.VisitorFilter(LOGGERS[logger], purpose="statistics", place=None)
    kept = only.filter(record)
    assert not logger.startswith("django") or not hasattr(record, "request")
    return record.getMessage() if kept else None


GUNICORN = '%(h)s %(l)s %(u)s "%(r)s" %(s)s "%(f)s" "%(a)s" %({cookie}i)s %({Referer}i)s %(q)s'
ATOMS = {
    "h": "203.0.113.9",
    "l": "-",
    "u": "alice",
    "r": "GET /orders/8812?sort=price&mail=a@b.example HTTP/1.1",
    "m": "GET",
    "H": "HTTP/1.1",
    "U": "/orders/8812",
    "q": "sort=price&mail=a@b.example",
    "s": "200",
    "f": "https://search.example/x?q=secret",
    "a": AGENT.decode(),
    "{cookie}i": "a=1",
}
LINES: dict[str, tuple[str, tuple[Any, ...], str, str]] = {
    "uvicorn.access": (
        '%s - "%s %s HTTP/%s" %d',
        ("203.0.113.9:4711", "GET", "/orders/8812?sort=price&mail=a", "1.1", 200),
        '- - "GET /orders/{id} HTTP/1.1" 200',
        '- - "GET /orders/:id?sort=price HTTP/1.1" 200',
    ),
    "uvicorn.error": (
        '%s - "WebSocket %s" [accepted]',
        ("203.0.113.9:4711", "/orders/8812?mail=a"),
        '- - "WebSocket /orders/{id}" [accepted]',
        '- - "WebSocket /orders/:id" [accepted]',
    ),
    "gunicorn.access": (
        GUNICORN,
        (ATOMS,),
        '- - - "GET /orders/{id} HTTP/1.1" 200 "-" "-" - - ',
        '- - - "GET /orders/:id?sort=price HTTP/1.1" 200 "search.example" "Firefox on Linux" '
        "- search.example sort=price",
    ),
    "gunicorn.error": (
        "Error handling request %s",
        ("/orders/8812?mail=a",),
        "Error handling request /orders/{id}",
        "Error handling request /orders/:id",
    ),
    "granian.access": (
        '%(addr)s "%(method)s %(path)s" %(query_string)s %(_h0)s %(status)d',
        (
            {
                "addr": "203.0.113.9",
                "method": "GET",
                "path": "/orders/8812",
                "query_string": "mail=a",
                "status": 200,
                "_h0": AGENT.decode(),
            },
        ),
        '- "GET /orders/{id}"  - 200',
        '- "GET /orders/:id"  - 200',
    ),
    "werkzeug": (
        'fe80::1%%eth0 - - [22/Nov/2026 00:00:00] "%s" %s %s',
        ("\x1b[33mGET /orders/8812?mail=a HTTP/1.1\x1b[0m", "404", "-"),
        '- - - [22/Nov/2026 00:00:00] "GET /orders/{id} HTTP/1.1" 404 -',
        '- - - [22/Nov/2026 00:00:00] "GET /orders/:id HTTP/1.1" 404 -',
    ),
    "django.server": (
        '"%s" %s %s',
        ("GET /orders/8812?mail=a HTTP/1.1", "200", "12"),
        '"GET /orders/{id} HTTP/1.1" 200 12',
        '"GET /orders/:id HTTP/1.1" 200 12',
    ),
    "django.request": (
        "%s: %s",
        ("Not Found", "/orders/8812"),
        "Not Found: /orders/{id}",
        "Not Found: /orders/:id",
    ),
}


@pytest.mark.parametrize("logger", LINES)
def test_lines(logger: str) -> None:
    """Nothing but method, route and status without consent; with it what was agreed to."""
    message, args, refused, granted = LINES[logger]
    visit(granted=False)
    assert said(logger, message, *args) == refused
    visit(granted=True)
    assert said(logger, message, *args) == granted


@pytest.mark.parametrize("logger", LINES)
def test_a_visit_speaks_for_one_line(logger: str) -> None:
    """The next line may be about somebody whom the gate never saw."""
    message, args, refused, _ = LINES[logger]
    visit(granted=True)
    said(logger, message, *args)
    assert said(logger, message, *args) == refused.replace("/orders/{id}", "-")


@pytest.mark.parametrize("logger", LINES)
def test_what_is_not_known_is_left_out(logger: str) -> None:
    """A server that changes its lines writes none, rather than the visitor."""
    visit(granted=True)
    if logger in ("uvicorn.error", "gunicorn.error", "werkzeug"):
        return  # these also speak of themselves
    found = said(logger, "SECRET %s", 1.5)
    assert found is not None
    assert "SECRET" not in found
    assert "1.5" not in found


@pytest.mark.parametrize(
    ("logger", "message", "args", "level", "expected"),
    [
        ("uvicorn.error", "%sHTTP connection made", ("203.0.113.9:1 - ",), 5, None),
        ("uvicorn.error", "Application startup complete.", (), 20, "Application startup complete."),
        ("gunicorn.error", "%s %s", ("GET", "/a?mail=b"), 10, None),
        ("gunicorn.error", "Invalid request from ip=203.0.113.9: x", (), 30, "Invalid request"),
        ("gunicorn.error", "Booting worker with pid: %s", (7,), 20, "Booting worker with pid: 7"),
        ("werkzeug", " * Running on %s", ("http://x",), 20, " * Running on http://x"),
        (
            "werkzeug",
            "203.0.113.9 - - [22/Nov/2026 00:00:00] code %d, message %s",
            (400, "Bad SECRET"),
            40,
            "- - - [22/Nov/2026 00:00:00] a request that could not be read",
        ),
    ],
)
def test_what_servers_say_of_themselves(
    logger: str, message: str, args: tuple[Any, ...], level: int, expected: str | None
) -> None:
    """Lines that are not about a visitor stay; those that are lose the address."""
    assert said(logger, message, *args, level=level) == expected


@pytest.mark.parametrize(
    ("target", "route"),
    [
        ("/askfirst/consent?x=1", "/askfirst/consent"),
        ("/askfirst/policy/0123", "/askfirst/policy"),
        ("/askfirst/alice@example.org", "/askfirst/*"),
        ("/.well-known/gpc.json", "/.well-known/gpc.json"),
        ("/alice", "-"),
        ("", "-"),
    ],
)
def test_our_own_paths(target: str, route: str) -> None:
    """Our own paths are named from a closed list."""
    assert own_route(target) == route


def test_installing_twice_is_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """One filter a logger, the last call's."""
    try:
        accesslog.install()
        accesslog.install(purpose="marketing")
        for name in LOGGERS:
            found = logging.getLogger(name).filters
            assert len([f for f in found if isinstance(f, accesslog.VisitorFilter)]) == 1
    finally:
        for name in LOGGERS:
            logging.getLogger(name).filters.clear()
