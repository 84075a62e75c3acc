"""A member's test session: what passes for it, and that it is good for nothing else."""

from __future__ import annotations

import hmac
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askfirst.endpoints.csp import blocked
from askfirst.gate.test_session import SECONDS, is_session, start
from askfirst.http.cookie_header import TEST
from tests.unit.gate.conftest import Shop
from tests.unit.gate.memory import KEY, NOW, make_policy

Build = Callable[..., Shop]
UNDECLARED = (b"set-cookie", b"tracker=1; Path=/")
REPORTING = [
    (b"content-security-policy", b"img-src 'self'; report-uri /askfirst/csp"),
    (b"reporting-endpoints", b'own="/askfirst/csp"'),
]
VIOLATION = {
    "csp-report": {
        "document-uri": "https://shop.example/orders/8812?token=SECRET",
        "effective-directive": "script-src-elem",
        "blocked-uri": "https://ads.example/who/SECRET.js",
        "script-sample": "SECRET",
    }
}


def token(site: str = "shop", key: bytes = KEY, now: float = NOW) -> bytes:
    return start(site, (key,), now=now)[1].partition(b";")[0].partition(b"=")[2]


def test_it_is_for_one_site_and_some_minutes() -> None:
    """Short-lived, signed, not valid for another site, under a label of its own."""
    assert is_session(token(), "shop", (bytes(32), KEY), now=NOW)
    assert is_session(token(), "shop", (KEY,), now=NOW + SECONDS - 1)
    assert not is_session(token(), "shop", (KEY,), now=NOW + SECONDS)
    assert not is_session(token(), "shop", (KEY,), now=NOW - 2), "nor one that lasts longer"
    assert not is_session(token(), "other", (KEY,), now=NOW)
    assert not is_session(token(key=bytes(32)), "shop", (KEY,), now=NOW)
    plain = hmac.digest(KEY, b"shop %d" % (NOW + SECONDS), "sha256").hex().encode()
    assert not is_session(b"%d." % (NOW + SECONDS) + plain[:43], "shop", (KEY,), now=NOW)


@given(st.one_of(st.binary(max_size=80), st.just(token()).map(lambda t: t[:-1] + b"A" + t[-1:])))
def test_anything_else_is_no_session(found: bytes) -> None:
    assert not is_session(found, "shop", (KEY,), now=NOW)


def test_the_cookie_is_for_this_host_and_no_script() -> None:
    line = start("shop", (KEY,), now=NOW)[1]
    assert line.startswith(b"__Host-askfirst-test=")
    for attribute in (b"Path=/", b"Secure", b"HttpOnly", b"SameSite=Strict"):
        assert b"; " + attribute in line
    assert b"Domain" not in line


@pytest.mark.anyio
async def test_undeclared_cookies_pass_for_the_member_alone(shop: Build) -> None:
    """`learn` for a member's session only, as it breaks M01; kept by no cache."""
    site: Shop = shop()
    site.headers = [UNDECLARED, (b"cache-control", b"public, max-age=60")]
    visitor = await site.browser.get("/")
    assert not visitor.all(b"set-cookie")
    assert visitor.one(b"cache-control") == b"public, max-age=60"
    member = site.another()
    member.jar[TEST] = token()
    found = await member.get("/")
    assert found.all(b"set-cookie") == [b"tracker=1; Path=/"]
    assert found.one(b"cache-control") == b"private, no-store"
    member.jar[TEST] = token("other")
    assert not (await member.get("/")).all(b"set-cookie")
    member.jar[TEST] = token()
    site.clock[0] += SECONDS
    assert not (await member.get("/")).all(b"set-cookie")


@pytest.mark.anyio
async def test_no_page_can_set_it(shop: Build) -> None:
    """No visitor is ever given it: not by the application either."""
    site: Shop = shop()
    site.headers = [start("shop", (KEY,), now=NOW)]
    assert not (await site.browser.get("/")).all(b"set-cookie")


@pytest.mark.anyio
async def test_reports_to_the_site_leave_a_members_browser_alone(shop: Build) -> None:
    """Report directives go to a signed-in member testing; to visitors never."""
    site: Shop = shop(options={"csp": "enforce"})
    site.headers = [*REPORTING]
    visitor = await site.browser.get("/")
    assert not visitor.all(b"reporting-endpoints")
    assert b"report" not in b" ".join(visitor.all(b"content-security-policy"))
    site.browser.jar[TEST] = token()
    member = await site.browser.get("/")
    assert member.all(b"reporting-endpoints") == [b'own="/askfirst/csp"']
    policies = member.all(b"content-security-policy")
    assert [b"report-uri /askfirst/csp" in each for each in policies] == [True, True]


@pytest.mark.anyio
async def test_a_report_is_read_from_a_member_alone(
    shop: Build, caplog: pytest.LogCaptureFixture
) -> None:
    """Other bodies are discarded unread; a member's says directive and host, no more."""
    site: Shop = shop()
    await site.browser.get("/")
    body = json.dumps(VIOLATION).encode()
    with caplog.at_level(logging.DEBUG):
        assert (await _report(site, body, cookie=None)) == (204, 0)
        assert (await _report(site, body, cookie=token("other"))) == (204, 0)
        assert not caplog.messages
        assert (await _report(site, body, cookie=token())) == (204, 1)
        assert (await _report(site, b"{" * 70_000, cookie=token()))[0] == 204
        assert (await _report(site, b"[" * 60_000, cookie=token()))[0] == 204
    assert len(caplog.messages) == 1
    assert "script-src-elem from ads.example" in caplog.text
    assert "SECRET" not in caplog.text


async def _report(site: Shop, body: bytes, *, cookie: bytes | None) -> tuple[int, int]:
    """The status, and how often the body was asked for."""
    asked = 0
    told: list[Any] = []

    async def receive() -> dict[str, Any]:
        nonlocal asked
        asked += 1
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        told.append(message)

    headers = [(b"content-type", b"application/csp-report")]
    if cookie is not None:
        headers.append((b"cookie", TEST + b"=" + cookie))
    scope = {
        "type": "http", "method": "POST", "path": "/askfirst/csp", "raw_path": b"/askfirst/csp",
        "query_string": b"", "root_path": "", "headers": headers, "client": ("203.0.113.9", 4),
    }  # fmt: skip
    await site.app(scope, receive, send)
    return told[0]["status"], asked


@pytest.mark.parametrize(
    ("reported", "pairs"),
    [
        (VIOLATION, [("script-src-elem", "ads.example")]),
        (
            [
                {"type": "csp-violation", "body": {"effectiveDirective": "img-src",
                                                   "blockedURL": "https://u:p@A.example:9/x"}},
                {"type": "deprecation", "body": {"id": "x"}},
                7,
            ],
            [("img-src", "a.example")],
        ),
        ({"csp-report": {"violated-directive": "style-src 'self'", "blocked-uri": "inline"}},
         [("style-src", "inline")]),
        ({"csp-report": {"effective-directive": "x\ny", "blocked-uri": "a"}}, []),
        ({"csp-report": {"effective-directive": "img-src", "blocked-uri": "https://[x"}},
         [("img-src", "-")]),
        ({"csp-report": {"effective-directive": "img-src", "blocked-uri": "https://a b/%0a"}},
         [("img-src", "-")]),
        ("text", []),
        (None, []),
    ],
)  # fmt: skip
def test_what_is_kept_of_a_report(reported: Any, pairs: list[tuple[str, str]]) -> None:
    """Directive and host: no path, no address, nothing a page wrote."""
    assert [*blocked(reported)] == pairs


def test_the_policy_of_these_tests_is_for_visitors_anyone_can_be() -> None:
    """Loopback would let `learn` pass by itself."""
    assert all(each.startswith("https://") for each in make_policy().origins)
